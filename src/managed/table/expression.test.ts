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
import { updated } from "./update.ts";

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
  image: { B: "AQIDBA==" },
  nested: { L: [{ SS: ["a", "b"] }, { M: { n: { NS: ["1", "2"] } } }] },
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
  ["lacking = :v", { ":v": { N: "1" } }, false],
  ["lacking <> :v", { ":v": { N: "1" } }, true],
  ["lacking <> absent", {}, true],
  ["lacking = absent", {}, false],
  ["size(:v) = size(title)", { ":v": { S: "1234567" } }, true],
  ["(price) = (:v)", { ":v": { N: "500" } }, true],
  ["(price = :v AND (NOT attribute_exists(lacking)))", { ":v": { N: "500" } }, true],
  ["nested = :v", { ":v": { L: [{ SS: ["b", "a"] }, { M: { n: { NS: ["2", "1.0"] } } }] } }, true],
  ["nested = :v", { ":v": { L: [{ SS: ["b", "c"] }, { M: { n: { NS: ["2", "1"] } } }] } }, false],
  ["contains(image, :v)", { ":v": { B: "AgM=" } }, true],
  ["contains(image, :v)", { ":v": { B: "AwI=" } }, false],
  ["attribute_exists(toString)", {}, false],
];
for (const [condition, values, expected] of conditions) {
  test(`condition: ${condition} is ${expected}`, () => {
    const parsed = parseExpressions({ condition, values: values as Record<string, unknown> });
    assert.ok(parsed.condition);
    assert.equal(holds(parsed.condition, BIKE), expected);
  });
}

const updates: readonly {
  readonly title: string;
  readonly update: string;
  readonly values?: object;
  readonly names?: Readonly<Record<string, string>>;
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
    title: "indexes beyond the end append in their order",
    update: "SET l[84] = :c, b = :a, l[37] = :b",
    values: { ":a": { N: "1" }, ":b": { N: "37" }, ":c": { N: "84" } },
    item: { l: { L: [] } },
    becomes: { l: { L: [{ N: "37" }, { N: "84" }] }, b: { N: "1" } },
  },
  {
    title: "REMOVE means the indexes of before at every depth",
    update: "REMOVE l[0], l[1].x",
    item: { l: { L: [{ N: "0" }, { M: { x: { N: "1" }, y: { N: "2" } } }] } },
    becomes: { l: { L: [{ M: { y: { N: "2" } } }] } },
  },
  {
    title: "names of a prototype are names",
    update: "SET #p = :v",
    values: { ":v": { N: "1" } },
    names: { "#p": "__proto__" },
    item: {},
    becomes: JSON.parse('{"__proto__": {"N": "1"}}') as object,
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
for (const { title, update, values = {}, names = {}, item, becomes } of updates) {
  test(`update: ${title}`, () => {
    const parsed = parseExpressions({ update, names, values: values as Record<string, unknown> });
    assert.ok(parsed.update);
    assert.deepEqual(updated(item as Item, {}, parsed.update), becomes);
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
    [
      "a reserved word",
      { condition: "attribute_exists(status)" },
      /Attribute name is a reserved keyword; reserved keyword: status/,
    ],
    ["parentheses of parentheses", { condition: "((a = b))" }, /The expression has redundant parentheses;/],
    ["a name that begins with _", { update: "SET _a = b" }, /Syntax error; token: "_"/],
    [
      "a function of conditions in an update",
      { update: "SET a = contains(b, c)" },
      /The function is not allowed in an update expression; function: contains/,
    ],
    ["a sum within a function", { update: "SET a = if_not_exists(a, b + c)" }, /Syntax error; token: "\+"/],
    [
      "list_append of list_append",
      { update: "SET a = list_append(list_append(a, b), c)" },
      /function is not allowed to be used this way.*list_append/,
    ],
    ["a size alone", { condition: "size(a)" }, /not allowed to be used this way in an expression; function: size/],
    [
      "a size of a number",
      { condition: "size(:a) = :a", values: { ":a": { N: "1" } } },
      /operator or function: size, operand type: N/,
    ],
    [
      "too few operands",
      { condition: "begins_with(a)" },
      /Incorrect number of operands.*begins_with, number of operands: 1/,
    ],
    [
      "a comparison with itself",
      { condition: "a = a" },
      /first operand must be distinct.*operator: =, first operand: \[a\]/,
    ],
    [
      "an order of what has none",
      { condition: "a < :a", values: { ":a": { BOOL: true } } },
      /operator or function: <, operand type: BOOL/,
    ],
    [
      "begins_with a number",
      { condition: "begins_with(a, :a)", values: { ":a": { N: "1" } } },
      /begins_with, operand type: N/,
    ],
    [
      "a type that is none",
      { condition: "attribute_type(a, :a)", values: { ":a": { S: "DOG" } } },
      /Invalid attribute type name found; type: DOG/,
    ],
    [
      "bounds the wrong way round",
      { condition: "a BETWEEN :a AND :b", values: { ":a": { N: "5" }, ":b": { N: "3" } } },
      /upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: \{N:5\}/,
    ],
    [
      "overlapping paths of a projection",
      { projection: "a.b, a" },
      /Two document paths overlap.*path one: \[a, b\], path two: \[a\]/,
    ],
    [
      "conflicting paths of a projection",
      { projection: "a.b, a[0]" },
      /Two document paths conflict.*path two: \[a, \[0\]\]/,
    ],
    ["overlapping paths of an update", { update: "SET a.b = c, a = c" }, /Two document paths overlap/],
    ["33 levels", { projection: `a${".b".repeat(32)}` }, /too many nesting levels; nesting levels: 33/],
    ["an index of 14 digits", { projection: "a[99999999999999]" }, /List index is not within the allowable range/],
    [
      "301 operators",
      { condition: Array.from({ length: 151 }, () => "a<b").join(" or ") },
      /too many operators; operator count: 301/,
    ],
    ["4,000 parentheses", { condition: "(".repeat(4_000) }, /Syntax error/],
    ["4,000 closed parentheses", { condition: `${"(".repeat(2_000)}a=b${")".repeat(2_000)}` }, /redundant parentheses/],
    ["an empty name", { projection: "#a", names: { "#a": "" } }, /Empty attribute name/],
    [
      "a placeholder with a hyphen",
      { projection: "#a", names: { "#a-b": "x" } },
      /invalid key: Syntax error; key: "#a-b"/,
    ],
    ["ADD of a text", { update: "ADD a :a", values: { ":a": { S: "1" } } }, /operator: ADD, operand type: STRING/],
    ["an exponent of many digits", { condition: "a = :b", values: { ":b": { N: "1e1000000000" } } }, /Number overflow/],
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

const KEY: Item = { p: { S: "k" } };
const onNothing: readonly (readonly [update: string, values: object, becomes: object | null])[] = [
  ["REMOVE a", {}, null],
  ["REMOVE a.b, c[0]", {}, null],
  ["DELETE a :s", { ":s": { SS: ["x"] } }, null],
  ["SET a = :v", { ":v": { N: "1" } }, { ...KEY, a: { N: "1" } }],
  ["ADD a :v", { ":v": { N: "1" } }, { ...KEY, a: { N: "1" } }],
];
for (const [update, values, becomes] of onNothing) {
  test(`update: ${update} of a missing item makes ${becomes === null ? "nothing" : "one"}`, () => {
    const parsed = parseExpressions({ update, ...(Object.keys(values).length > 0 && { values: { ...values } }) });
    assert.ok(parsed.update);
    assert.deepEqual(updated(null, KEY, parsed.update), becomes);
  });
}

const badPaths = [
  "SET a.c = :v",
  "SET l.c = :v",
  "SET x.c = :v",
  "SET a[0] = :v",
  "SET x[0] = :v",
  "REMOVE a.c",
  "REMOVE x[0]",
];
for (const update of badPaths) {
  test(`update: ${update} has no such path`, () => {
    const parsed = parseExpressions({ update, ...(update.includes(":v") && { values: { ":v": { N: "1" } } }) });
    assert.ok(parsed.update);
    const item = { ...KEY, a: { S: "text" }, l: { L: [] } };
    const apply = updated.bind(null, item, KEY, parsed.update);
    assert.throws(apply, /document path provided in the update expression is invalid/);
  });
}

const LARGE: Item = {
  many: { L: Array.from({ length: 100_000 }, () => ({ N: "1" })) },
  long: { S: "a".repeat(400_000) },
};
const costly: readonly (readonly [title: string, term: string, value: object])[] = [
  ["equalities of long lists", "#m = :v", LARGE["many"] ?? {}],
  ["searches in long lists", "NOT contains(#m, :v)", { S: "x" }],
  ["searches for long texts", "NOT contains(#l, :v)", { S: `b${"a".repeat(200_000)}` }],
];
for (const [title, term, value] of costly) {
  test(`100 ${title} are refused before they hold up everybody`, () => {
    const condition = Array.from({ length: 100 }, () => term).join(" AND ");
    const names = term.includes("#m") ? { "#m": "many" } : { "#l": "long" };
    const parsed = parseExpressions({ condition, names, values: { ":v": value } });
    assert.throws(() => parsed.condition && holds(parsed.condition, LARGE), /compares more data/);
    const one = parseExpressions({ condition: term, names, values: { ":v": value } });
    assert.ok(one.condition !== undefined && holds(one.condition, LARGE));
  });
}

test("100,000 names that nobody uses are refused in a short sentence", () => {
  const names = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`#n${i}`, "a"]));
  assert.throws(
    () => parseExpressions({ projection: "a", names }),
    (thrown: unknown) => thrown instanceof Fault && thrown.message.length < 2_000,
  );
});

test("a projection keeps only its paths, in their places", () => {
  const { projection } = parseExpressions({
    projection: "title, pictures.rear, parts[1], nothing, valueOf, gone.x",
  });
  assert.ok(projection);
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
    const { from, to } = keyRange(parsed.keyCondition, SCHEMA);
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
