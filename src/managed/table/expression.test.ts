/** Table expressions: conditions, updates, projections and key ranges, on the examples of the developer guide and on bad input. */
import assert from "node:assert/strict";
import test from "node:test";
import { Fault } from "#base/fault.ts";
import type { Item } from "./attribute.ts";
import { compareBytes } from "./attribute.ts";
import { holds } from "./condition.ts";
import { compareDecimals, encodeDecimal, formatDecimal, parseDecimal } from "./decimal.ts";
import { parseExpressions } from "./expression.ts";
import { keyOfItem, type KeySchema } from "./item-key.ts";
import { keyRange } from "./key-condition.ts";
import { project } from "./projection.ts";
import { applyUpdate } from "./update.ts";

const BIKE: Item = {
  id: { N: "123" },
  title: { S: "Bicycle" },
  price: { N: "500" },
  colours: { SS: ["red", "black"] },
  gears: { NS: ["1", "2"] },
  pictures: { M: { front: { S: "f.jpg" }, rear: { S: "r.jpg" } } },
  parts: { L: [{ S: "bell" }, { M: { name: { S: "chain" } } }] },
  isNew: { BOOL: true },
  gone: { NULL: true },
};

const conditions: readonly (readonly [expression: string, values: object, expected: boolean])[] = [
  ["price = :v", { ":v": { N: "500.0" } }, true],
  ["price <> :v", { ":v": { N: "500" } }, false],
  ["price < :v", { ":v": { N: "5E2" } }, false],
  ["price <= :v", { ":v": { N: "5E2" } }, true],
  ["price > :v", { ":v": { S: "1" } }, false],
  ["price BETWEEN :a AND :b", { ":a": { N: "400" }, ":b": { N: "600" } }, true],
  ["title IN (:a, :b)", { ":a": { S: "Car" }, ":b": { S: "Bicycle" } }, true],
  ["attribute_exists(pictures.front)", {}, true],
  ["attribute_not_exists(pictures.side)", {}, true],
  ["attribute_exists(parts[2])", {}, false],
  ["attribute_type(colours, :t)", { ":t": { S: "SS" } }, true],
  ["begins_with(title, :p)", { ":p": { S: "Bi" } }, true],
  ["contains(colours, :c)", { ":c": { S: "red" } }, true],
  ["contains(gears, :c)", { ":c": { N: "2.0" } }, true],
  ["contains(parts, :c)", { ":c": { S: "bell" } }, true],
  ["size(colours) = :n", { ":n": { N: "2" } }, true],
  ["size(pictures) > :n AND NOT price = :p", { ":n": { N: "1" }, ":p": { N: "1" } }, true],
  ["price = :x OR title = :y AND isNew = :z", { ":x": { N: "1" }, ":y": { S: "Bicycle" }, ":z": { BOOL: true } }, true],
  [
    "(price = :x OR title = :y) AND isNew = :z",
    { ":x": { N: "1" }, ":y": { S: "Bicycle" }, ":z": { BOOL: false } },
    false,
  ],
  ["colours = :s", { ":s": { SS: ["black", "red"] } }, true],
  ["missing = :v", { ":v": { N: "1" } }, false],
  ["missing <> :v", { ":v": { N: "1" } }, true],
];
for (const [condition, values, expected] of conditions) {
  test(`condition: ${condition} is ${expected}`, () => {
    const parsed = parseExpressions({ condition, values: values as Record<string, unknown> });
    assert.ok(parsed.condition);
    assert.equal(holds(parsed.condition, BIKE, parsed.values), expected);
  });
}

const updates: readonly {
  readonly title: string;
  readonly update: string;
  readonly values?: object;
  readonly item: object;
  readonly becomes: object;
}[] = [
  {
    title: "SET sees the item as it was",
    update: "SET a = b, b = a",
    item: { a: { N: "1" }, b: { N: "2" } },
    becomes: { a: { N: "2" }, b: { N: "1" } },
  },
  {
    title: "plus and minus are exact",
    update: "SET a = a + :x, b = b - :x",
    values: { ":x": { N: "0.1" } },
    item: { a: { N: "0.2" }, b: { N: "0.3" } },
    becomes: { a: { N: "0.3" }, b: { N: "0.2" } },
  },
  {
    title: "if_not_exists",
    update: "SET n = if_not_exists(n, :z) + :one",
    values: { ":z": { N: "0" }, ":one": { N: "1" } },
    item: {},
    becomes: { n: { N: "1" } },
  },
  {
    title: "list_append",
    update: "SET l = list_append(:head, l)",
    values: { ":head": { L: [{ N: "0" }] } },
    item: { l: { L: [{ N: "1" }] } },
    becomes: { l: { L: [{ N: "0" }, { N: "1" }] } },
  },
  {
    title: "a nested path",
    update: "SET m.k[1].x = :v",
    values: { ":v": { S: "y" } },
    item: { m: { M: { k: { L: [{ N: "1" }, { M: {} }] } } } },
    becomes: { m: { M: { k: { L: [{ N: "1" }, { M: { x: { S: "y" } } }] } } } },
  },
  {
    title: "an index beyond the end appends",
    update: "SET l[9] = :v",
    values: { ":v": { N: "9" } },
    item: { l: { L: [{ N: "1" }] } },
    becomes: { l: { L: [{ N: "1" }, { N: "9" }] } },
  },
  {
    title: "REMOVE takes several of one list",
    update: "REMOVE l[0], l[2]",
    item: { l: { L: [{ N: "0" }, { N: "1" }, { N: "2" }] } },
    becomes: { l: { L: [{ N: "1" }] } },
  },
  {
    title: "ADD starts at nothing",
    update: "ADD n :v",
    values: { ":v": { N: "5" } },
    item: {},
    becomes: { n: { N: "5" } },
  },
  {
    title: "ADD joins sets",
    update: "ADD s :v",
    values: { ":v": { SS: ["b", "c"] } },
    item: { s: { SS: ["a", "b"] } },
    becomes: { s: { SS: ["a", "b", "c"] } },
  },
  {
    title: "DELETE of the last member takes the set",
    update: "DELETE s :v",
    values: { ":v": { SS: ["a"] } },
    item: { s: { SS: ["a"] }, k: { N: "1" } },
    becomes: { k: { N: "1" } },
  },
];
for (const { title, update, values = {}, item, becomes } of updates) {
  test(`update: ${title}`, () => {
    const parsed = parseExpressions({ update, values: values as Record<string, unknown> });
    assert.ok(parsed.update);
    assert.deepEqual(applyUpdate(item as Item, parsed.update, parsed.values), becomes);
  });
}

const refusals: readonly (readonly [title: string, texts: Parameters<typeof parseExpressions>[0], message: RegExp])[] =
  [
    ["an empty expression", { condition: " " }, /Invalid ConditionExpression: The expression can not be empty/],
    ["a syntax error", { condition: "a = = :b", values: { ":b": { N: "1" } } }, /Syntax error; token: "="/],
    ["a stray sign", { condition: "a ~ b" }, /Syntax error; token: "~"/],
    [
      "an unknown function",
      { condition: "starts(a, :b)", values: { ":b": { S: "x" } } },
      /Invalid function name; function: starts/,
    ],
    [
      "an undefined name",
      { condition: "attribute_exists(#a)" },
      /attribute name used in the document path is not defined; attribute name: #a/,
    ],
    ["an undefined value", { condition: "a = :b" }, /attribute value: :b/],
    [
      "an unused value",
      { condition: "attribute_exists(a)", values: { ":b": { N: "1" } } },
      /unused in expressions: keys: \{:b\}/,
    ],
    ["two of one section", { update: "SET a = b SET c = d" }, /"SET" section can only be used once/],
    ["a value of two types", { condition: "a = :b", values: { ":b": { N: "1", S: "x" } } }, /more than one datatypes/],
    ["39 digits", { condition: "a = :b", values: { ":b": { N: "1".repeat(39) } } }, /more than 38 significant digits/],
    ["no number", { condition: "a = :b", values: { ":b": { N: "one" } } }, /cannot be converted to a numeric value/],
  ];
for (const [title, texts, message] of refusals) {
  test(`refused: ${title}`, () => {
    assert.throws(
      () => parseExpressions(texts),
      (thrown: unknown) => thrown instanceof Fault && message.test(thrown.message),
    );
  });
}

test("overlapping paths of an update are refused", () => {
  const { update, values } = parseExpressions({ update: "SET a.b = :v, a = :v", values: { ":v": { N: "1" } } });
  assert.ok(update);
  assert.throws(() => applyUpdate({}, update, values), /Two document paths overlap/);
});

test("a projection keeps only its paths, in their places", () => {
  const { projection = [] } = parseExpressions({ projection: "title, pictures.rear, parts[1], nothing" });
  assert.deepEqual(project(BIKE, projection), {
    title: { S: "Bicycle" },
    pictures: { M: { rear: { S: "r.jpg" } } },
    parts: { L: [{ M: { name: { S: "chain" } } }] },
  });
});

const NUMBERS = [
  "-1E+125",
  "-1000",
  "-10.5",
  "-10",
  "-1",
  "-0.001",
  "-1E-129",
  "0",
  "1E-130",
  "0.001",
  "0.5",
  "1",
  "1.5",
  "9",
  "10",
  "10.5",
  "99",
  "100",
  "1E+125",
];
test("numbers sort by their bytes as by their values", () => {
  const decimals = NUMBERS.map(parseDecimal);
  for (const [i, a] of decimals.entries()) {
    for (const [j, b] of decimals.entries()) {
      const wanted = Math.sign(i - j);
      assert.equal(Math.sign(compareDecimals(a, b)) || 0, wanted, `${NUMBERS[i]} and ${NUMBERS[j]}`);
      assert.equal(
        Math.sign(compareBytes(encodeDecimal(a), encodeDecimal(b))) || 0,
        wanted,
        `bytes of ${NUMBERS[i]} and ${NUMBERS[j]}`,
      );
    }
  }
});

for (const [text, canonical] of [
  ["1.0", "1"],
  ["-0", "0"],
  ["0010", "10"],
  ["1e3", "1000"],
  ["1.50E1", "15"],
  [".5", "0.5"],
  ["1E-3", "0.001"],
] as const) {
  test(`the number ${text} is ${canonical}`, () => assert.equal(formatDecimal(parseDecimal(text)), canonical));
}

const SCHEMA: KeySchema = { partition: { name: "p", type: "S" }, sort: { name: "s", type: "N" } };
const ROWS = [
  ["a", "-5"],
  ["a", "1.5"],
  ["a", "9"],
  ["a", "10"],
  ["a\u0000", "1"],
  ["ab", "1"],
] as const;
const ranges: readonly (readonly [condition: string, values: object, found: readonly string[]])[] = [
  ["p = :p", { ":p": { S: "a" } }, ["-5", "1.5", "9", "10"]],
  ["p = :p AND s > :s", { ":p": { S: "a" }, ":s": { N: "1.5" } }, ["9", "10"]],
  ["p = :p AND s >= :s", { ":p": { S: "a" }, ":s": { N: "1.5" } }, ["1.5", "9", "10"]],
  ["p = :p AND s < :s", { ":p": { S: "a" }, ":s": { N: "9" } }, ["-5", "1.5"]],
  ["s <= :s AND p = :p", { ":p": { S: "a" }, ":s": { N: "9" } }, ["-5", "1.5", "9"]],
  ["p = :p AND s BETWEEN :a AND :b", { ":p": { S: "a" }, ":a": { N: "1.5" }, ":b": { N: "9" } }, ["1.5", "9"]],
  ["p = :p AND s = :s", { ":p": { S: "a" }, ":s": { N: "10.0" } }, ["10"]],
];
for (const [keyCondition, values, found] of ranges) {
  test(`key range: ${keyCondition}`, () => {
    const parsed = parseExpressions({ keyCondition, values: values as Record<string, unknown> });
    assert.ok(parsed.keyCondition);
    const { from, to } = keyRange(parsed.keyCondition, SCHEMA, parsed.values);
    const inside = ROWS.filter(([p, s]) => {
      const key = keyOfItem({ p: { S: p }, s: { N: s } }, SCHEMA);
      return compareBytes(key, from) >= 0 && (to === undefined || compareBytes(key, to) < 0);
    });
    assert.deepEqual(
      inside.map(([, s]) => s),
      found,
    );
  });
}
