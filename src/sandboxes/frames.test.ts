/** Frames survive any cutting of the stream; what is no frame is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FRAME, FrameReader, frameOf, headedFrame } from "./frames.ts";

interface Seen {
  readonly type: number;
  readonly id: number;
  readonly text: string;
}

function readAll(bytes: Buffer, step: number): readonly Seen[] {
  const seen: Seen[] = [];
  const reader = new FrameReader((type, id, payload) => void seen.push({ type, id, text: payload.toString("utf8") }));
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
  const reader = new FrameReader((type, id, payload) => {
    const end = 4 + payload.readUInt32BE(0);
    assert.deepEqual([type, id], [FRAME.invoke, 7]);
    assert.deepEqual(JSON.parse(payload.toString("utf8", 4, end)), { a: "ü" });
    assert.equal(payload.toString("utf8", end), "body");
  });
  assert.ok(reader.push(headedFrame(FRAME.invoke, 7, { a: "ü" }, Buffer.from("body"))));
});

test("a length beyond every frame of ours is refused", () => {
  const reader = new FrameReader(() => assert.fail("no frame"));
  assert.equal(reader.push(Buffer.from([0xff, 0xff, 0xff, 0xff, 0])), false);
});
