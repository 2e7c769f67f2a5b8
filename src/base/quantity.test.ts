/** Tables for quantities: amounts, canonical text, and the laws between them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { canonicalQuantity, millis, parseNanos, units } from "./quantity.ts";

const canonical: readonly (readonly [text: string | number, stored: string])[] = [
  ["0", "0"],
  ["1", "1"],
  [1, "1"],
  [0.5, "500m"],
  ["0.5", "500m"],
  ["1000m", "1"],
  ["1500m", "1500m"],
  ["100m", "100m"],
  ["0.1", "100m"],
  ["1.5Gi", "1536Mi"],
  ["1024Mi", "1Gi"],
  ["1024Ki", "1Mi"],
  ["1Ki", "1Ki"],
  ["0.5Ki", "512"],
  ["64Mi", "64Mi"],
  ["1000k", "1M"],
  ["1G", "1G"],
  ["1e3", "1e3"],
  ["1E3", "1e3"],
  ["12e6", "12e6"],
  ["100e-3", "100e-3"],
  ["+5", "5"],
  ["-100m", "-100m"],
  [".5", "500m"],
  ["5.", "5"],
  ["1n", "1n"],
  ["0.1n", "1n"],
];

for (const [text, stored] of canonical) {
  test(`stores ${text} as ${stored}`, () => assert.equal(canonicalQuantity(text), stored));
}

for (const text of ["", "x", "1x", "1KiB", "1 Gi", "--1", "1e", "0x10", "Ki", "1.2.3", "١"]) {
  test(`refuses "${text}"`, () => assert.equal(parseNanos(text), null));
}

test("rounds up to whole millicores and bytes", () => {
  assert.equal(millis("0.1"), 100);
  assert.equal(millis("1u"), 1);
  assert.equal(units("1Gi"), 2 ** 30);
  assert.equal(units("1500m"), 2);
});

const quantity = fc
  .tuple(
    fc.integer({ min: -99_999, max: 99_999 }),
    fc.nat(999),
    fc.constantFrom("", "m", "k", "M", "G", "Ki", "Mi", "Gi", "e3"),
  )
  .map(([whole, fraction, suffix]) => `${whole}.${fraction}${suffix}`);

test("canonical text keeps the value and is its own canonical text", () => {
  fc.assert(
    fc.property(quantity, (text) => {
      const stored = canonicalQuantity(text);
      // A binary one that loses its suffix is a decimal one when it is read again.
      const settled = text.endsWith("i") && !stored.endsWith("i") ? canonicalQuantity(stored) : stored;
      assert.equal(canonicalQuantity(settled), settled);
      assert.equal(parseNanos(settled), parseNanos(text));
    }),
  );
});

test("a binary quantity that 1024 does not divide is a plain number first, as Quantity.CanonicalizeBytes writes it", () => {
  assert.equal(canonicalQuantity("-99984.375Ki"), "-102384000");
  assert.equal(canonicalQuantity("-102384000"), "-102384k");
});
