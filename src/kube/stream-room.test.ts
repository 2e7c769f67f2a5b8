/** How many streams into pods one user may have open, and all. */
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { Fault, reasonOf } from "#base/fault.ts";
import { StreamRoom } from "./stream-room.ts";

/** How many more fit, and what the next one is told. */
function fill(room: StreamRoom, user: string): readonly [count: number, why: string] {
  for (let count = 0; ; count++)
    try {
      room.enter(user);
    } catch (thrown) {
      assert.ok(thrown instanceof Fault && thrown.code === "TooManyRequests");
      assert.equal(thrown.details.retryAfterSeconds, 1);
      return [count, reasonOf(thrown)];
    }
}

test("one user cannot take what others may have, all together have a limit", () => {
  const room = new StreamRoom({ total: 5, perUser: 3 });
  assert.deepEqual(fill(room, "ann"), [3, '3 streams of "ann" are open already; try again later']);
  assert.deepEqual(fill(room, "bob"), [2, "5 streams are open already; try again later"]);
});

test("by default 256 of a user and 384 in all", () => {
  const room = new StreamRoom();
  assert.deepEqual([fill(room, "ann")[0], fill(room, "bob")[0]], [256, 128]);
});

test("a stream that ends gives its place back, once", () => {
  const room = new StreamRoom({ total: 2, perUser: 1 });
  const place = room.enter("ann");
  room.enter("bob");
  for (const each of [place, place]) each[Symbol.dispose]();
  assert.deepEqual([room.size, fill(room, "ann")[0], fill(room, "eve")[0]], [1, 1, 0]);
});

test("what is held is cut when the door closes", () => {
  const [room, own, others] = [new StreamRoom(), new PassThrough(), new PassThrough()];
  room.enter("ann").hold(own);
  const left = room.enter("bob");
  left.hold(others);
  left[Symbol.dispose]();
  room.cutAll();
  assert.deepEqual([own.destroyed, others.destroyed], [true, false]);
});
