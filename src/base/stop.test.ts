/** Being told that work should end. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { stopper, whenStopped } from "./stop.ts";

test("who waits for a stop is told once, before or after it fired, unless it no longer waits", () => {
  const { stop, fire } = stopper();
  const told: string[] = [];
  whenStopped(stop, () => void told.push("before"));
  whenStopped(stop, () => void told.push("never"))[Symbol.dispose]();
  fire();
  fire();
  whenStopped(stop, () => void told.push("after"));
  assert.deepEqual(told, ["before", "after"]);
});
