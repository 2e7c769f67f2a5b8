/** How slow a watcher may be, alone and among others, and how many there may be. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "#base/fault.ts";
import { WatchRoom } from "./watch-room.ts";

const MIB = 1024 * 1024;

test("a watcher alone may be eight MiB behind", () => {
  const room = new WatchRoom();
  const cases = [0, 1, 8, 9].map((mib) => room.enter("ann", () => mib * MIB).hasRoom());
  assert.deepEqual(cases, [true, true, true, false]);
});

test("many slow watchers of one user are cut before they hold much; those that read, and other users, go on", () => {
  const room = new WatchRoom();
  const waiting = Array.from({ length: 40 }, () => 1 * MIB);
  const places = waiting.map((_, at) => room.enter("ann", () => waiting[at] ?? 0));
  const answers = places.map((place) => place.hasRoom());
  assert.deepEqual([answers.filter(Boolean).length, answers.at(-1)], [32, false]);
  assert.ok(room.enter("ann", () => 1_000).hasRoom());
  assert.ok(room.enter("bob", () => 2 * MIB).hasRoom());
  // They have read meanwhile, though nothing was written to them since.
  waiting.fill(0, 0, 39);
  assert.ok(places[39]?.hasRoom());
});

test("the sum of all users is bounded too", () => {
  const room = new WatchRoom();
  const answers = Array.from({ length: 100 }, (_, at) => room.enter(`user-${at}`, () => MIB).hasRoom());
  assert.equal(answers.filter(Boolean).length, 64);
});

test("a watch that ends gives its room back, once", () => {
  const room = new WatchRoom();
  const places = Array.from({ length: 32 }, () => room.enter("ann", () => MIB));
  for (const place of places) assert.ok(place.hasRoom());
  assert.equal(room.enter("ann", () => MIB).hasRoom(), false);
  for (const place of [...places, ...places]) place[Symbol.dispose]();
  assert.equal(room.enter("ann", () => MIB).hasRoom(), true);
});

test("a user may have 2,000 watches, all together 5,000", () => {
  const room = new WatchRoom();
  const fill = (user: string): number => {
    for (let count = 0; ; count++)
      try {
        room.enter(user, () => 0);
      } catch (thrown) {
        assert.ok(thrown instanceof Fault && thrown.code === "TooManyRequests");
        return count;
      }
  };
  assert.deepEqual([fill("ann"), fill("bob"), fill("eve")], [2_000, 2_000, 1_000]);
});
