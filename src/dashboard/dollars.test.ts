/** Amounts: enough digits for what is tiny, none that say nothing, points below each other. */
import assert from "node:assert/strict";
import test from "node:test";
import { money } from "#metering/money.ts";
import { alignedDollars, dollars } from "./dollars.ts";

for (const [amount, shown] of [
  ["0", "$0"],
  ["0.000012", "$0.000012"],
  ["0.0000120004", "$0.000012"],
  ["0.00001234", "$0.0000123"],
  ["0.0009996", "$0.001"],
  ["0.0323456", "$0.0323"],
  ["0.5", "$0.50"],
  ["0.096", "$0.096"],
  ["0.9999", "$1.00"],
  ["1", "$1.00"],
  ["12.345", "$12.35"],
  ["1234.5", "$1,234.50"],
  ["0.000000000001", "$0.000000000001"],
  ["0.0000000000000001", "<$0.000000000001"],
  ["0.0000000000004", "<$0.000000000001"],
] as const)
  test(`$${amount} reads as ${shown}`, () => assert.equal(dollars(money(amount)), shown));

test("decimal points are in one column", () => {
  const aligned = alignedDollars(["0", "0.5", "0.000012", "12"].map(money));
  const lengths = aligned.map((text) => text.length - (text.search(/[.\u2008]/) + 1));
  assert.deepEqual(lengths, [6, 6, 6, 6]);
});

test("no decimals at all need no room for them", () => assert.deepEqual(alignedDollars([0n, 0n]), ["$0", "$0"]));
