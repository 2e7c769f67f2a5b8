/** The heap gives back what it was given, smallest first. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Heap } from "./heap.ts";

test("pops in order whatever the order of pushes", () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (numbers) => {
      const heap = new Heap<number>((a, b) => a < b);
      for (const number of numbers) heap.push(number);
      assert.equal(heap.size, numbers.length);
      const popped: number[] = [];
      while (heap.size > 0) popped.push(heap.pop() ?? Number.NaN);
      assert.deepEqual(
        popped,
        numbers.toSorted((a, b) => a - b),
      );
    }),
  );
});

test("an empty heap has nothing to give", () => {
  const heap = new Heap<number>((a, b) => a < b);
  assert.equal(heap.peek(), undefined);
  assert.equal(heap.pop(), undefined);
});
