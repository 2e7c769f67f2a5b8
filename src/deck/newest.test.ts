/** What is kept goes by number, by bytes and by age, the oldest first. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Newest } from "./newest.ts";

function filled(steps: readonly string[]): readonly string[] {
  const dropped: string[] = [];
  const newest = new Newest<string>({ count: 3, bytes: 10 }, (one) => dropped.push(one));
  for (const step of steps) {
    if (step === "age") newest.age();
    else newest.keep(step, step.length);
  }
  return dropped;
}

for (const { title, steps, dropped } of [
  { title: "within both limits nothing goes", steps: ["a", "b", "c"], dropped: [] },
  { title: "beyond the number the oldest goes", steps: ["a", "b", "c", "d"], dropped: ["a"] },
  { title: "beyond the bytes as many go as need be", steps: ["a", "bb", "cccccccccc"], dropped: ["a", "bb"] },
  { title: "what is larger than all the room is not kept", steps: ["ccccccccccc"], dropped: ["ccccccccccc"] },
  { title: "what is kept already is not counted again", steps: ["aaaa", "aaaa", "aaaa"], dropped: [] },
  { title: "one look leaves everything", steps: ["a", "b", "age"], dropped: [] },
  { title: "the second look takes what the first saw", steps: ["a", "b", "age", "c", "age"], dropped: ["a", "b"] },
  { title: "a third takes the rest", steps: ["a", "age", "b", "age", "age"], dropped: ["a", "b"] },
  {
    title: "what went before a look is not counted by it",
    steps: ["a", "b", "c", "age", "d", "e", "age"],
    dropped: ["a", "b", "c"],
  },
])
  test(`newest: ${title}`, () => assert.deepEqual(filled(steps), dropped));
