/** InvokeWithResponseStream at the door: events as they are written, and how the function ended as the last. */
import assert from "node:assert/strict";
import test, { after, before } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import type { Script } from "#functions/fakes.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleDoor } from "../sample-door.ts";

let door: SampleDoor;
const FAILURE = Buffer.from('{"errorType":"RangeError","errorMessage":"no"}');
const EMPTY = new Uint8Array();

const script: Script = async ({ payload, sink }) => {
  const what = JSON.parse(Buffer.from(payload).toString()) as string;
  if (what === "whole") return { is: "response", payload };
  if (what === "fail") return { is: "error", payload: FAILURE, errorType: "RangeError" };
  sink?.begin("text/plain");
  await sink?.write(Buffer.from("one"));
  await sink?.write(Buffer.from("two"));
  if (what === "break") return { is: "error", payload: FAILURE, errorType: "RangeError" };
  return { is: "response", payload: EMPTY };
};

before(async () => {
  const memory = { journal: new MemoryJournal(new FakeClock()), database: new MemoryDatabase() };
  door = await SampleDoor.open(memory, script);
  await door.lambda("POST /2015-03-31/functions", {
    FunctionName: "f",
    Runtime: "nodejs24.x",
    Handler: "index.handler",
    Role: "arn:aws:iam::000000000000:role/r",
    Code: { ZipFile: "UEsDBA==" },
  });
});
after(() => door[Symbol.asyncDispose]());

const INVOKE = "POST /2021-11-15/functions/f/response-streaming-invocations";
const COMPLETE = "InvokeComplete";
const CHUNK = "PayloadChunk";

const cases: readonly (readonly [title: string, payload: string, said: readonly RegExp[]])[] = [
  ["a streamed response", "stream", [/one/, /two/, /InvokeComplete/]],
  ["a response that comes whole", "whole", [/"whole"/, /InvokeComplete/]],
  ["a failure", "fail", [/InvokeComplete/, /"ErrorCode":"RangeError"/]],
  ["a stream that breaks off", "break", [/one/, /two/, /"ErrorCode":"RangeError"/]],
];
for (const [title, payload, said] of cases)
  test(`${title} is answered as events`, async () => {
    const { status, headers, text } = await door.lambda(INVOKE, JSON.stringify(payload));
    assert.deepEqual([status, headers["content-type"]], [200, "application/vnd.amazon.eventstream"]);
    assert.equal(headers["x-amz-executed-version"], "$LATEST");
    for (const what of said) assert.match(text, what);
    assert.equal(text.includes(CHUNK), payload !== "fail");
    assert.ok(text.includes(COMPLETE));
  });

test("the end of the log comes with the last event when asked for", async () => {
  const { text } = await door.lambda(INVOKE, '"stream"', { "x-amz-log-type": "Tail" });
  assert.match(text, /"LogResult":"[A-Za-z0-9+/=]{20,}"/);
});

test("what does not run is refused as Invoke refuses it", async () => {
  const { status } = await door.lambda(INVOKE.replace("/f/", "/none/"), "{}");
  assert.equal(status, 404);
});
