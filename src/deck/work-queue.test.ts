/** The work queue: no key twice in line, no key in two hands, delays and back-off by the clock it is given. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FakeClock } from "./fake-clock.ts";
import { WorkQueue } from "./work-queue.ts";

test("a key waits in line once, in order of its first add", async () => {
  using queue = new WorkQueue(new FakeClock());
  for (const key of ["a", "b", "a"]) queue.add(key);
  assert.deepEqual([await queue.take(), await queue.take(), queue.size], ["a", "b", 0]);
});

test("a key that changes while it is worked on comes again afterwards, never before", async () => {
  using queue = new WorkQueue(new FakeClock());
  queue.add("a");
  await queue.take();
  queue.add("a");
  queue.add("a");
  assert.equal(queue.size, 0);
  queue.done("a");
  assert.equal(queue.size, 1);
  assert.equal(await queue.take(), "a");
  queue.done("a");
  assert.equal(queue.size, 0);
});

test("takers that wait are served in order", async () => {
  using queue = new WorkQueue(new FakeClock());
  const taken = [queue.take(), queue.take()];
  queue.add("a");
  queue.add("b");
  assert.deepEqual(await Promise.all(taken), ["a", "b"]);
});

test("the earliest of several delays counts", () => {
  const clock = new FakeClock();
  using queue = new WorkQueue(clock);
  queue.addAfter("a", 100);
  queue.addAfter("a", 50);
  queue.addAfter("a", 200);
  clock.advance(49);
  assert.equal(queue.size, 0);
  clock.advance(1);
  assert.equal(queue.size, 1);
  clock.advance(200);
  assert.equal(queue.size, 1);
});

test("failures back off from 5 ms, twice as long each time, up to 1000 s, until forgotten", async () => {
  const clock = new FakeClock();
  using queue = new WorkQueue(clock);
  const delays: number[] = [];
  for (let i = 0; i < 20; i++) {
    const before = clock.monotonicMs();
    queue.addRateLimited("a");
    const taking = queue.take();
    clock.advance(1_000_000);
    await taking;
    queue.done("a");
    delays.push(queue.failures("a") === 0 ? -1 : before);
  }
  assert.equal(queue.failures("a"), 20);
  queue.forget("a");
  for (const expected of [5, 10, 20, 40]) {
    queue.addRateLimited("a");
    clock.advance(expected - 1);
    assert.equal(queue.size, 0, `not before ${expected} ms`);
    clock.advance(1);
    assert.equal(await queue.take(), "a");
    queue.done("a");
  }
});

test("closing lets everybody go", async () => {
  const queue = new WorkQueue(new FakeClock());
  const waiting = queue.take();
  queue.addAfter("a", 10);
  queue[Symbol.dispose]();
  queue.add("b");
  assert.deepEqual([await waiting, await queue.take()], [null, null]);
});
