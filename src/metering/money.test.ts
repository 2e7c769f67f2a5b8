/** Money is exact: decimal text in, whole digits within, rounded once when it is printed. */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { apportion, formatUsd, money, sum, times, toNumber } from "./money.ts";

const ONE = 10n ** 30n;

for (const [text, amount] of [
  ["0", 0n],
  ["1", ONE],
  ["-1.5", (-3n * ONE) / 2n],
  ["0.0000166667", 166_667n * 10n ** 20n],
  [`0.${"0".repeat(29)}1`, 1n],
] as const)
  test(`"${text}" is ${amount}`, () => assert.equal(money(text), amount));

for (const text of ["", ".5", "1.", "1e3", "+1", " 1", "1,000", `0.${"1".repeat(31)}`])
  test(`"${text}" is not a decimal amount`, () => assert.throws(() => money(text), RangeError));

for (const [amount, decimals, printed] of [
  ["1234567.891", undefined, "$1,234,567.89"],
  ["0.005", undefined, "$0.01"],
  ["0.0049999", undefined, "$0.00"],
  ["-0.5", 0, "-$1"],
  ["999.5", 0, "$1,000"],
  ["-1234.5", 1, "-$1,234.5"],
] as const)
  test(`${amount} is printed as ${printed}`, () => assert.equal(formatUsd(money(amount), decimals), printed));

for (const [rate, numerator, denominator, expected] of [
  [1n, 1n, 2n, 1n],
  [1n, 1n, 3n, 0n],
  [-1n, 1n, 2n, -1n],
  [1n, -2n, 3n, -1n],
  [7n, 3n, 1n, 21n],
] as const)
  test(`${rate} x ${numerator}/${denominator} is ${expected}, rounded half away from zero`, () =>
    assert.equal(times(rate, numerator, denominator), expected));

test("a float for plots keeps fifteen decimals", () => {
  assert.deepEqual(
    [toNumber(money("0.000000000000001")), toNumber(money("0.0000000000000009")), toNumber(money("12.5"))],
    [1e-15, 0, 12.5],
  );
});

for (const [title, amount, weights, parts] of [
  ["by weight", 10n, [1n, 4n], [2n, 8n]],
  ["what does not divide goes where the running sum ends", 10n, [1n, 1n, 1n], [3n, 4n, 3n]],
  ["no weight at all: the first is everything", 10n, [0n, 0n], [10n, 0n]],
  ["nobody to share", 10n, [], []],
] as const)
  test(`an amount is cut: ${title}`, () => assert.deepEqual(apportion(amount, weights), parts));

test("parts add up to the amount, follow their weights to the last digit, and are never negative", () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 10n ** 36n), fc.array(fc.bigInt(0n, 10n ** 20n), { minLength: 1 }), (amount, weights) => {
      const parts = apportion(amount, weights);
      const whole = sum(weights);
      assert.equal(sum(parts), amount);
      for (const [place, part] of parts.entries()) {
        assert.ok(part >= 0n);
        if (whole > 0n) assert.ok(Math.abs(Number(part * whole - amount * (weights[place] ?? 0n))) <= Number(whole));
      }
    }),
  );
});
