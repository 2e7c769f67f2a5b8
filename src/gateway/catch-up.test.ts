/** Questions are shared, but never with somebody who came after they were asked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CatchUp } from "./catch-up.ts";

test("one question under way, one for all who came since", async () => {
  const asked: PromiseWithResolvers<void>[] = [];
  const catchUp = new CatchUp(() => {
    asked.push(Promise.withResolvers<void>());
    return (asked.at(-1) as PromiseWithResolvers<void>).promise;
  });
  const done: string[] = [];
  const waiting = ["a", "b", "c"].map((name) => catchUp.wait().then(() => done.push(name)));
  assert.equal(asked.length, 1);
  asked[0]?.resolve();
  await waiting[0];
  assert.deepEqual([done, asked.length], [["a"], 2]);
  asked[1]?.reject(new Error("away"));
  await Promise.all(waiting);
  assert.deepEqual([done, asked.length], [["a", "b", "c"], 2]);
  const again = catchUp.wait();
  assert.equal(asked.length, 3);
  asked[2]?.resolve();
  await again;
});
