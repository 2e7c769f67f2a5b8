/** The pool's targets: what waiting raises and quiet lowers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { afterClaim, afterWhile, type Stock } from "./shelf.ts";

const stock: Stock = { flavour: "node", classMib: 128, base: 2, target: 2, usedMs: 0, settledMs: 0 };

const claims = [
  { title: "found one", before: stock, hadToWait: false, target: 2 },
  { title: "had to wait", before: stock, hadToWait: true, target: 4 },
  { title: "had to wait again and again", before: { ...stock, target: 8 }, hadToWait: true, target: 8 },
  { title: "the first of its class", before: { ...stock, target: 0 }, hadToWait: true, target: 2 },
  {
    title: "more than the most from the start",
    before: { ...stock, base: 20, target: 20 },
    hadToWait: true,
    target: 20,
  },
];

for (const { title, before, hadToWait, target } of claims) {
  test(`after a claim: ${title}`, () => assert.equal(afterClaim(before, hadToWait, 5).target, target));
}

const whiles = [
  { title: "too early", before: { ...stock, target: 8 }, keepsBase: true, now: 59_000, target: 8 },
  { title: "a quiet minute", before: { ...stock, target: 8 }, keepsBase: true, now: 60_000, target: 4 },
  { title: "never below the base", before: { ...stock, target: 3 }, keepsBase: true, now: 60_000, target: 2 },
  { title: "forgotten", before: stock, keepsBase: false, now: 600_001, target: 0 },
  { title: "kept from the start", before: stock, keepsBase: true, now: 600_001, target: 2 },
];

for (const { title, before, keepsBase, now, target } of whiles) {
  test(`as time goes by: ${title}`, () => assert.equal(afterWhile(before, keepsBase, now).target, target));
}
