/** What YAML means to Kubernetes; the values were checked against its own library (sigs.k8s.io/yaml). */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { stringify } from "yaml";
import { Fault } from "#base/fault.ts";
import { type Json, sameJson } from "#base/json.ts";
import { parseYaml, parseYamlAll, parseYamlBody } from "./yaml.ts";

const values: readonly { readonly title: string; readonly text: string; readonly value: Json }[] = [
  {
    title: "a manifest",
    text: "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  k: |\n    x\n    y\n",
    value: { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" }, data: { k: "x\ny\n" } },
  },
  {
    title: "YAML 1.1 booleans",
    text: "[y, Y, yes, on, On, true, TRUE, n, no, off, OFF, false]",
    value: [true, true, true, true, true, true, true, false, false, false, false, false],
  },
  {
    title: "words that look like booleans",
    text: "[tRue, yEs, oN, 'yes', \"no\"]",
    value: ["tRue", "yEs", "oN", "yes", "no"],
  },
  {
    title: "keys are words too",
    text: "y: 1\nno: 2\n1: 3\n0x10: 4\n1.5: 5",
    value: { true: 1, false: 2, "1": 3, "16": 4, "1.5": 5 },
  },
  {
    title: "nulls",
    text: "a: ~\nb: null\nc: Null\nd:\ne: nULL",
    value: { a: null, b: null, c: null, d: null, e: "nULL" },
  },
  {
    title: "integers",
    text: "[010, 0o10, 0x1F, 0b101, 1_000, +1, -0, 089, -010, -0b11, 0o8, 1:30, _1]",
    value: [8, 8, 31, 5, 1000, 1, 0, 89, -8, -3, "0o8", "1:30", "_1"],
  },
  {
    title: "floats",
    text: "[1e3, .5, 1., 12e03, -1.5E-3, 6.02e+23, 1_0.5, 1e400, 1.2.3, 0.1e]",
    value: [1000, 0.5, 1, 12_000, -0.0015, 6.02e23, 10.5, "1e400", "1.2.3", "0.1e"],
  },
  {
    title: "timestamps stay text",
    text: "[2001-12-14, 2001-12-14T21:59:43.10-05:00]",
    value: ["2001-12-14", "2001-12-14T21:59:43.10-05:00"],
  },
  {
    title: "tags",
    text: '[!!str 1, !!int "1", !!binary aGVsbG8=, !!float 1, !foo bar, !!bool yes]',
    value: ["1", 1, "hello", 1, "bar", true],
  },
  {
    title: "anchors and merge keys",
    text: "a: &x {b: 1}\nc: *x\nd:\n  <<: *x\n  e: 2\nf:\n  <<: [{a: 1}, {a: 2, b: 3}]\n  b: 4",
    value: { a: { b: 1 }, c: { b: 1 }, d: { e: 2, b: 1 }, f: { b: 4, a: 1 } },
  },
  { title: "JSON", text: '{"a":[1,null,"x"]}', value: { a: [1, null, "x"] } },
  { title: "a byte order mark", text: "\ufeffa: 1", value: { a: 1 } },
  { title: "nothing", text: "# only a comment\n", value: null },
  {
    title: "__proto__ is a key like any other",
    text: "x:\n  __proto__: {a: 1}",
    value: JSON.parse('{"x":{"__proto__":{"a":1}}}') as Json,
  },
];

for (const { title, text, value } of values) {
  test(`YAML: ${title}`, () => assert.deepEqual(parseYaml(text), value));
}

const billion = [
  "a0: &a0 [x, x, x, x, x, x, x, x, x]",
  ...Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(", ")}]`),
].join("\n");

const faults: readonly { readonly title: string; readonly text: string; readonly message: RegExp }[] = [
  {
    title: "duplicate keys",
    text: "a: 1\nb:\n  c: 1\n  c: 2",
    message: /line 4, column 3: key "c" already set in map/,
  },
  {
    title: "duplicate keys after resolving",
    text: "true: a\nyes: b",
    message: /line 2, column 1: key "true" already set/,
  },
  { title: "tabs as indentation", text: "a:\n\t- b", message: /line 2, column 1: Tabs/ },
  { title: "an unclosed list", text: "a: [1, 2", message: /line 1/ },
  { title: "infinity", text: "a: .inf", message: /line 1, column 4: cannot decode "\.inf"/ },
  { title: "keys that are no words", text: "? [a]\n: b", message: /a key must be/ },
  { title: "an unknown anchor", text: "a: *x", message: /unknown anchor 'x' referenced/ },
  { title: "an anchor in itself", text: "a: &x [*x]", message: /anchor 'x' value contains itself/ },
  { title: "a billion laughs", text: billion, message: /excessive aliasing|too large/ },
  { title: "deep flow lists", text: `a: ${"[".repeat(100_000)}`, message: /line 1|deeper/ },
  { title: "deep block lists", text: `${"- ".repeat(5_000)}a`, message: /deeper/ },
  { title: "deep JSON", text: "[".repeat(1000) + "]".repeat(1000), message: /deeper/ },
  { title: "two documents where one is wanted", text: "a: 1\n---\nb: 2", message: /expected one document, got 2/ },
  { title: "a text beyond the limit", text: "x".repeat(3 * 1024 * 1024 + 1), message: /larger than/ },
];

for (const { title, text, message } of faults) {
  test(`YAML refuses ${title}`, () =>
    assert.throws(
      () => parseYaml(text),
      (thrown) => thrown instanceof Fault && message.test(thrown.message),
    ));
}

test("a manifest file may hold several documents and empty ones", () => {
  assert.deepEqual(parseYamlAll("---\na: 1\n---\n# nothing\n---\nb: 2\n...\n"), [{ a: 1 }, { b: 2 }]);
});

test("law: what a YAML 1.1 writer wrote reads as the same value", () => {
  const names = fc.oneof(
    fc.string(),
    fc.constantFrom("yes", "no", "y", "0x1", "1e3", "~", "a: b", "- a", "010", "#", "null", " x", "multi\nline\n"),
  );
  const value = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      names,
      fc.integer(),
      fc.boolean(),
      fc.constant(null),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(names, tie("value"), { maxKeys: 3, noNullPrototype: true }),
    ),
  })).value;
  fc.assert(
    fc.property(fc.record({ value }), (wanted) => {
      assert.ok(
        sameJson(
          parseYaml(
            stringify(wanted, { version: "1.1", defaultStringType: "QUOTE_DOUBLE", defaultKeyType: "QUOTE_DOUBLE" }),
          ),
          wanted,
        ),
      );
    }),
  );
});

const bodies: readonly (readonly [title: string, text: string, code: string | undefined])[] = [
  ["JSON of 1.4 MB under YAML's name", JSON.stringify({ data: { a: "x".repeat(1_400_000) } }), undefined],
  ["flow-style YAML", "{a: b}", undefined],
  ["a manifest", "a:\n  - b\n".repeat(1), undefined],
  ["2.9 MB of comments", "#\n".repeat(1_450_000), "RequestTooLarge"],
  ["7,000 lines", "- a\n".repeat(7_000), "RequestTooLarge"],
  ["7,000 elements in one line", `[${"a, ".repeat(7_000)}a]`, "RequestTooLarge"],
  ["JSON with too many values", JSON.stringify({ a: Array.from({ length: 60_000 }, () => 1) }), "RequestTooLarge"],
  ["an integer that a double cannot hold", "a: 9007199254740993", undefined],
];

for (const [title, text, code] of bodies)
  test(`a body of YAML, ${title}: ${code ?? "taken"}`, () => {
    const parse = (): unknown => parseYamlBody(text, { values: 50_000 });
    if (code === undefined) assert.ok(parse());
    else assert.throws(parse, { code });
  });
