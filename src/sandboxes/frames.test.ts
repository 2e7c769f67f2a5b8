/** Frames survive any cutting of the stream; what is no frame is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME, type FrameLimits, FrameReader, frameOf, headedFrame } from "./frames.ts";

const limits: FrameLimits = new Map([
  [FRAME.invoke, 1_000],
  [FRAME.response, 1_000],
  [FRAME.log, 300],
]);

interface Seen {
  readonly type: number;
  readonly id: number;
  readonly text: string;
}

function readAll(bytes: Buffer, step: number): readonly Seen[] {
  const seen: Seen[] = [];
  const reader = new FrameReader(
    limits,
    (type, id, payload) => void seen.push({ type, id, text: payload.toString("utf8") }),
  );
  for (let at = 0; at < bytes.length; at += step) assert.ok(reader.push(bytes.subarray(at, at + step)));
  return seen;
}

const sent: readonly Seen[] = [
  { type: FRAME.invoke, id: 1, text: "" },
  { type: FRAME.response, id: 4_294_967_295, text: "hello" },
  { type: FRAME.log, id: 0, text: "x".repeat(300) },
];
const bytes = Buffer.concat(sent.map(({ type, id, text }) => frameOf(type, id, Buffer.from(text))));

for (const step of [1, 2, 3, 8, 9, 10, 100, bytes.length]) {
  test(`reads frames from chunks of ${step} bytes`, () => assert.deepEqual(readAll(bytes, step), sent));
}

test("a head has its length before it", () => {
  const reader = new FrameReader(limits, (type, id, payload) => {
    const end = 4 + payload.readUInt32BE(0);
    assert.deepEqual([type, id], [FRAME.invoke, 7]);
    assert.deepEqual(JSON.parse(payload.toString("utf8", 4, end)), { a: "ü" });
    assert.equal(payload.toString("utf8", end), "body");
  });
  assert.ok(reader.push(headedFrame(FRAME.invoke, 7, { a: "ü" }, Buffer.from("body"))));
});

const head = (length: number, type: number): Buffer => {
  const bytes_ = Buffer.alloc(9);
  bytes_.writeUInt32BE(length, 0);
  bytes_[8] = type;
  return bytes_;
};
const refused: readonly { readonly title: string; readonly bytes: Buffer }[] = [
  { title: "a length beyond everything", bytes: head(0xffff_ffff, FRAME.log) },
  { title: "a length that does not reach over its own head", bytes: head(2, FRAME.log) },
  { title: "a payload longer than its type may have, before it has come", bytes: head(5 + 301, FRAME.log) },
  { title: "a type that is none of this stream", bytes: head(5, FRAME.tell) },
];

for (const { title, bytes: wrong } of refused) {
  test(`refused: ${title}`, () => {
    const reader = new FrameReader(limits, () => assert.fail("no frame"));
    assert.equal(reader.push(wrong), false);
  });
  test(`refused in pieces and after a good frame: ${title}`, () => {
    let count = 0;
    const reader = new FrameReader(limits, () => void count++);
    const sentBytes = Buffer.concat([frameOf(FRAME.log, 1, Buffer.from("x")), wrong]);
    const taken = [...sentBytes].map((byte) => reader.push(Buffer.from([byte])));
    assert.deepEqual([count, taken.at(-1)], [1, false]);
  });
}
