/** Descriptions: the schema, the type and the checks that come from one of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { type Description, flag, type Infer, json, list, map, object, optional, text, whole } from "./description.ts";

const item = object("Item", { name: text(), weight: whole({ min: 1, max: 9, unit: "grams" }) });
const order = object("Order", {
  items: list(item, { key: "name", min: 1, max: 2 }),
  state: text({ enum: ["Open", "Closed"], default: "Open" }),
  code: optional(text({ pattern: /^[a-z]+$/, says: "must be small letters" })),
  note: optional(text()),
  count: optional(whole({ min: 0 })),
  least: optional(whole({ max: 5 })),
  share: optional(whole({ min: 0, max: 100 })),
  isGift: optional(flag({ default: false })),
  labels: optional(map(text({ enum: ["x"] }))),
  anything: optional(json()),
});

// The compiler checks it: each member as it is described, and no others.
const complete: Infer<typeof order> = {
  items: [{ name: "a", weight: 2 }],
  state: "Open",
  code: "abc",
  note: "",
  count: 0,
  least: 5,
  share: 100,
  isGift: true,
  labels: { l: "x" },
  anything: [{ of: "any" }],
};
// @ts-expect-error: a closed set knows its values
const _stray: Infer<typeof order>["state"] = "Lost";

function wrongIn(value: unknown, of: Description<unknown> = order): readonly string[] {
  const faults = new FieldFaults();
  of.check(value, "spec", faults);
  return faults.found.map(({ field, message }) => `${field}: ${message}`);
}

const cases: readonly (readonly [title: string, change: object, wrong: readonly string[]])[] = [
  ["nothing", {}, []],
  ["a default may be absent", { state: undefined }, []],
  ["a required member", { items: undefined }, ["spec.items: Required value"]],
  ["too few", { items: [] }, ["spec.items: Required value"]],
  [
    "too many",
    { items: ["a", "b", "c"].map((name) => ({ name, weight: 1 })) },
    ["spec.items: Too many: 3: must have at most 2 items"],
  ],
  [
    "the same key twice",
    { items: [complete.items[0], complete.items[0]] },
    ['spec.items[1].name: Duplicate value: "a"'],
  ],
  ["a required text that is empty", { items: [{ name: "", weight: 1 }] }, ["spec.items[0].name: Required value"]],
  [
    "outside a range",
    { items: [{ name: "a", weight: 10 }], share: 101 },
    [
      "spec.items[0].weight: Invalid value: 10: must be between 1 and 9 grams",
      "spec.share: Invalid value: 101: must be between 0 and 100, inclusive",
    ],
  ],
  ["below", { count: -1 }, ["spec.count: Invalid value: -1: must be greater than or equal to 0"]],
  ["above", { least: 6 }, ["spec.least: Invalid value: 6: must be less than or equal to 5"]],
  ["not of the set", { state: "Lost" }, ['spec.state: Unsupported value: "Lost": supported values: "Open", "Closed"']],
  ["empty, of a set", { state: "" }, ["spec.state: Required value"]],
  ["not of the pattern", { code: "A" }, ['spec.code: Invalid value: "A": must be small letters']],
  ["a value of a map", { labels: { l: "y" } }, ['spec.labels[l]: Unsupported value: "y": supported values: "x"']],
];

for (const [title, change, wrong] of cases)
  test(`a description checks: ${title}`, () => assert.deepEqual(wrongIn({ ...complete, ...change }), wrong));

test("a pattern without words says itself", () =>
  assert.deepEqual(wrongIn("A", text({ pattern: /^a$/ })), ['spec: Invalid value: "A": must match /^a$/']));

test("a description is a schema: defaults, required members, keys, named types", () => {
  assert.deepEqual(order.schema, { is: "ref", type: "dev.catamaran.v1.Order" });
  assert.deepEqual([...order.types.keys()], ["dev.catamaran.v1.Order", "dev.catamaran.v1.Item"]);
  const schema = order.types.get("dev.catamaran.v1.Order");
  assert.deepEqual(schema?.required, ["items"]);
  assert.deepEqual(schema?.fields["state"], { schema: { is: "string", enum: ["Open", "Closed"] }, default: "Open" });
  assert.deepEqual(schema?.fields["items"]?.schema, {
    is: "list",
    of: { is: "ref", type: "dev.catamaran.v1.Item" },
    type: "map",
    keys: ["name"],
    mergeKey: "name",
  });
  assert.deepEqual(schema?.fields["labels"]?.schema, { is: "map", of: { is: "string", enum: ["x"] } });
  assert.deepEqual(schema?.fields["anything"]?.schema, { is: "any" });
});
