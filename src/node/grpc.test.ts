/** gRPC's framing: messages from pieces of any size, each joined once, and none that is too long. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { framed, Messages } from "./grpc.ts";

const texts = ["", "a", "b".repeat(1_000), "c"];
const stream = Buffer.concat(texts.map((text) => framed(Buffer.from(text))));

for (const size of [1, 3, 5, 7, 64, stream.length])
  test(`messages come whole out of pieces of ${size} bytes`, () => {
    const messages = new Messages(1_000);
    const found: string[] = [];
    for (let at = 0; at < stream.length; at += size)
      for (const message of messages.add(stream.subarray(at, at + size))) found.push(Buffer.from(message).toString());
    assert.deepEqual(found, texts);
  });

test("a message that says it is too long is refused before it is there", () => {
  const messages = new Messages(999);
  assert.throws(() => [...messages.add(framed(Buffer.alloc(1_000)).subarray(0, 5))], /over the limit of 999/);
});
