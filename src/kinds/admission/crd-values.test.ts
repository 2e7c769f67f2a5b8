/** How much work a definition's rules may take for one object: a schema multiplies with what it is asked about. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ValueRules } from "./crd-values.ts";
import type { JsonSchema } from "./definition-spec.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";

const listOf = (items: JsonSchema): JsonSchema => ({ type: "object", properties: { list: { type: "array", items } } });
const alternatives = (count: number): JsonSchema => ({ anyOf: Array.from({ length: count }, () => ({ minimum: 1 })) });
const numbers = (count: number): { readonly list: readonly number[] } => ({
  list: Array.from({ length: count }, () => 0),
});

const cases: readonly (readonly [
  title: string,
  rules: JsonSchema,
  object: { readonly list: readonly (number | string)[] },
  isTaken: boolean,
])[] = [
  ["100 alternatives for each of 1,000 elements", listOf(alternatives(100)), numbers(1_000), true],
  ["1,000 alternatives for each of 1,000 elements", listOf(alternatives(1_000)), numbers(1_000), false],
  [
    "an enum of 1,000 for each of 1,000 elements",
    listOf({ enum: Array.from({ length: 1_000 }, (_, i) => i) }),
    numbers(1_000),
    false,
  ],
  [
    "a pattern on 100 long texts",
    listOf({ pattern: "^(a|b)*c$" }),
    { list: Array.from({ length: 100 }, () => "a".repeat(1_000)) },
    true,
  ],
  [
    "a large pattern on 1,000 long texts",
    listOf({ pattern: "a{500}".repeat(2) }),
    { list: Array.from({ length: 1_000 }, () => "a".repeat(10_000)) },
    false,
  ],
];

for (const [title, rules, object, isTaken] of cases)
  test(`${title}: ${isTaken ? "checked" : "refused before it takes long"}`, () => {
    const check = (): void => new ValueRules(rules).check(object, new FieldFaults());
    if (isTaken) check();
    else assert.throws(check, { code: "RequestTooLarge", message: /too many steps/ });
  });

test("each object has the whole budget", () => {
  const rules = new ValueRules(listOf(alternatives(400)));
  for (let round = 0; round < 5; round++) rules.check(numbers(1_000), new FieldFaults());
});
