/** Messages as AWS's own test vectors have them, and events of an output one after the other. */
import assert from "node:assert/strict";
import test from "node:test";
import { crc32 } from "node:zlib";
import type { Members, Service } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { operationOf } from "../operation.ts";
import { eventMessage } from "./event-stream.ts";
import { json } from "./json.ts";
import { sampleModel } from "./sample-model.ts";

test("a message has lengths, headers, payload and two checksums", () => {
  // smithy-lang/smithy-typescript, eventstream-codec, "empty_message" and "payload_no_headers" of TestVectors.fixture.
  assert.equal(Buffer.from(eventMessage({}, new Uint8Array())).toString("hex"), "000000100000000005c248eb7d98c8ff");
  const payload = Buffer.from("{'foo':'bar'}");
  assert.equal(
    Buffer.from(eventMessage({}, payload)).toString("hex"),
    `0000001d00000000fd528c5a${payload.toString("hex")}c3653936`,
  );
});

async function* sequence(events: readonly Members[], end?: AwsError): AsyncIterable<Members> {
  yield* events;
  if (end !== undefined) throw end;
}

interface Message {
  readonly headers: Readonly<Record<string, unknown>>;
  readonly payload: string;
}

/** Reads texts and booleans, which is all that these messages have. */
function parse(message: Buffer): Message {
  const headLength = message.readUInt32BE(4);
  assert.equal(message.readUInt32BE(0), message.length);
  assert.equal(message.readUInt32BE(message.length - 4), crc32(message.subarray(0, -4)));
  const headers: [string, unknown][] = [];
  for (let at = 12; at < 12 + headLength;) {
    const name = message.subarray(at + 1, at + 1 + (message[at] ?? 0)).toString();
    at += 1 + name.length;
    const type = message[at++] ?? 0;
    if (type < 2) headers.push([name, type === 0]);
    else {
      const length = message.readUInt16BE(at);
      headers.push([name, message.subarray(at + 2, at + 2 + length).toString()]);
      at += 2 + length;
    }
  }
  return { headers: Object.fromEntries(headers), payload: message.subarray(12 + headLength, -4).toString() };
}

test("the other members come first, then each event, and an error ends the stream", async () => {
  const service: Service = { model: sampleModel, actions: [] };
  const events = sequence(
    [{ Said: { Word: "w", Loud: true } }, { Sent: { Data: Buffer.from("abc") } }],
    new AwsError("Gone", 400, "over"),
  );
  const { headers, body } = json.write({ Id: "1", Events: events }, operationOf(sampleModel, "Listen"), {
    service,
    requestId: "id",
    headers: {},
  });
  assert.equal(headers["content-type"], "application/vnd.amazon.eventstream");
  const said: Message[] = [];
  for await (const piece of body as AsyncIterable<Uint8Array>) said.push(parse(Buffer.from(piece)));
  const event = { ":message-type": "event" };
  assert.deepEqual(said, [
    {
      headers: { ...event, ":event-type": "initial-response", ":content-type": "application/json" },
      payload: '{"Id":"1"}',
    },
    {
      headers: { ...event, ":event-type": "Said", ":content-type": "application/json", Loud: true },
      payload: '{"Word":"w"}',
    },
    { headers: { ...event, ":event-type": "Sent", ":content-type": "application/octet-stream" }, payload: "abc" },
    {
      headers: { ":message-type": "exception", ":exception-type": "Gone", ":content-type": "application/json" },
      payload: '{"message":"over"}',
    },
  ]);
});
