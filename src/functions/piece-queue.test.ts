/** Pieces of a response: in order, no faster than they are read, and never in the way when nobody reads. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import { settle } from "./fakes.ts";
import { PieceQueue } from "./piece-queue.ts";

const HEAD = { contentType: "text/plain", executedVersion: "1", requestId: "r", isCold: false };

test("pieces come in order, and a writer waits until its piece was taken", async () => {
  const queue = new PieceQueue();
  queue.begin(HEAD);
  assert.deepEqual(await queue.head, HEAD);
  const taken: string[] = [];
  void queue.write(encodeUtf8("a")).then(() => taken.push("a"));
  void queue.write(encodeUtf8("b")).then(() => taken.push("b"));
  const reader = queue.pieces();
  await settle();
  assert.deepEqual(taken, []);
  assert.equal(decodeUtf8((await reader.next()).value ?? encodeUtf8("")), "a");
  const second = await reader.next();
  assert.equal(decodeUtf8(second.value ?? encodeUtf8("")), "b");
  assert.deepEqual(taken, ["a"]);
  const last = reader.next();
  queue.end();
  assert.deepEqual(await last, { value: undefined, done: true });
  assert.deepEqual(taken, ["a", "b"]);
});

test("a reader that leaves sets the writer free", async () => {
  const queue = new PieceQueue();
  const reader = queue.pieces();
  const writes = [queue.write(encodeUtf8("a")), queue.write(encodeUtf8("b"))];
  await reader.next();
  await reader.return(undefined);
  await Promise.all(writes.slice(1));
  await queue.write(encodeUtf8("c"));
  assert.equal(queue.hasBegun, false);
});
