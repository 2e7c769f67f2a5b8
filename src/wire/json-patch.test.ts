/** What a JSON patch does: the examples of RFC 6902's appendix A, upstream's bounds, and hostile pointers. */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import type { Json } from "#base/json.ts";
import { applyJsonPatch } from "./json-patch.ts";

interface Case {
  readonly title: string;
  readonly document: Json;
  readonly patch: Json;
  readonly result?: Json;
  readonly fault?: RegExp;
}

const cases: readonly Case[] = [
  {
    title: "A.1 adds an object member",
    document: { foo: "bar" },
    patch: [{ op: "add", path: "/baz", value: "qux" }],
    result: { baz: "qux", foo: "bar" },
  },
  {
    title: "A.2 adds an array element",
    document: { foo: ["bar", "baz"] },
    patch: [{ op: "add", path: "/foo/1", value: "qux" }],
    result: { foo: ["bar", "qux", "baz"] },
  },
  {
    title: "A.3 removes an object member",
    document: { baz: "qux", foo: "bar" },
    patch: [{ op: "remove", path: "/baz" }],
    result: { foo: "bar" },
  },
  {
    title: "A.4 removes an array element",
    document: { foo: ["bar", "qux", "baz"] },
    patch: [{ op: "remove", path: "/foo/1" }],
    result: { foo: ["bar", "baz"] },
  },
  {
    title: "A.5 replaces a value",
    document: { baz: "qux", foo: "bar" },
    patch: [{ op: "replace", path: "/baz", value: "boo" }],
    result: { baz: "boo", foo: "bar" },
  },
  {
    title: "A.6 moves a value",
    document: { foo: { bar: "baz", waldo: "fred" }, qux: { corge: "grault" } },
    patch: [{ op: "move", from: "/foo/waldo", path: "/qux/thud" }],
    result: { foo: { bar: "baz" }, qux: { corge: "grault", thud: "fred" } },
  },
  {
    title: "A.7 moves an array element",
    document: { foo: ["all", "grass", "cows", "eat"] },
    patch: [{ op: "move", from: "/foo/1", path: "/foo/3" }],
    result: { foo: ["all", "cows", "eat", "grass"] },
  },
  {
    title: "A.8 tests a value with success",
    document: { baz: "qux", foo: ["a", 2, "c"] },
    patch: [
      { op: "test", path: "/baz", value: "qux" },
      { op: "test", path: "/foo/1", value: 2 },
    ],
    result: { baz: "qux", foo: ["a", 2, "c"] },
  },
  {
    title: "A.9 tests a value with error",
    document: { baz: "qux" },
    patch: [{ op: "test", path: "/baz", value: "bar" }],
    fault: /testing value \/baz failed/,
  },
  {
    title: "A.10 adds a nested member object",
    document: { foo: "bar" },
    patch: [{ op: "add", path: "/child", value: { grandchild: {} } }],
    result: { foo: "bar", child: { grandchild: {} } },
  },
  {
    title: "A.11 ignores unrecognized elements",
    document: { foo: "bar" },
    patch: [{ op: "add", path: "/baz", value: "qux", xyz: 123 }],
    result: { foo: "bar", baz: "qux" },
  },
  {
    title: "A.12 does not add to a nonexistent target",
    document: { foo: "bar" },
    patch: [{ op: "add", path: "/baz/bat", value: "qux" }],
    fault: /add operation does not apply: \/baz\/bat/,
  },
  {
    title: "A.14 orders the escapes ~ and /",
    document: { "/": 9, "~1": 10 },
    patch: [{ op: "test", path: "/~01", value: 10 }],
    result: { "/": 9, "~1": 10 },
  },
  {
    title: "A.15 does not compare strings and numbers",
    document: { "/": 9, "~1": 10 },
    patch: [{ op: "test", path: "/~01", value: "10" }],
    fault: /testing value/,
  },
  {
    title: "A.16 adds an array value",
    document: { foo: ["bar"] },
    patch: [{ op: "add", path: "/foo/-", value: ["abc", "def"] }],
    result: { foo: ["bar", ["abc", "def"]] },
  },
  {
    title: "copies a value",
    document: { a: { b: [1] } },
    patch: [{ op: "copy", from: "/a", path: "/c" }],
    result: { a: { b: [1] }, c: { b: [1] } },
  },
  {
    title: "replaces the whole document",
    document: { a: 1 },
    patch: [{ op: "replace", path: "", value: { b: 2 } }],
    result: { b: 2 },
  },
  {
    title: "is all or nothing",
    document: { a: 1 },
    patch: [
      { op: "remove", path: "/a" },
      { op: "remove", path: "/a" },
    ],
    fault: /remove operation does not apply: \/a/,
  },
  {
    title: "tests a missing member for null, as upstream",
    document: { a: {} },
    patch: [{ op: "test", path: "/a/b", value: null }],
    result: { a: {} },
  },
  {
    title: "does not move a value into itself",
    document: { a: { b: 1 } },
    patch: [{ op: "move", from: "/a", path: "/a/b" }],
    fault: /inside/,
  },
  {
    title: "refuses an index with a leading zero",
    document: { a: [1, 2] },
    patch: [{ op: "remove", path: "/a/01" }],
    fault: /not an index/,
  },
  {
    title: "refuses an index behind the end",
    document: { a: [1, 2] },
    patch: [{ op: "add", path: "/a/3", value: 1 }],
    fault: /out of bounds/,
  },
  {
    title: "refuses to replace what is not there",
    document: {},
    patch: [{ op: "replace", path: "/a", value: 1 }],
    fault: /replace operation does not apply/,
  },
  {
    title: "refuses inherited members",
    document: {},
    patch: [{ op: "copy", from: "/constructor", path: "/a" }],
    fault: /copy operation does not apply/,
  },
  { title: "refuses an unknown op", document: {}, patch: [{ op: "merge", path: "/a" }], fault: /unknown op "merge"/ },
  { title: "refuses an add without a value", document: {}, patch: [{ op: "add", path: "/a" }], fault: /has no value/ },
  {
    title: "refuses a pointer without a slash",
    document: {},
    patch: [{ op: "remove", path: "a" }],
    fault: /not a JSON pointer/,
  },
  { title: "refuses an object", document: {}, patch: { op: "remove", path: "/a" }, fault: /list of operations/ },
  {
    title: "takes 10,000 operations at most",
    document: {},
    patch: Array.from({ length: 10_001 }, () => ({ op: "add", path: "/a", value: 1 })),
    fault: /maximum operations in a JSON patch is 10000, got 10001/,
  },
  {
    title: "bounds copies of copies",
    document: { a: "x".repeat(100) },
    patch: Array.from({ length: 40 }, (_, i) => ({ op: "copy", from: "", path: `/c${i}` })),
    fault: /copy operations/,
  },
];

for (const { title, document, patch, result, fault } of cases) {
  test(`JSON patch: ${title}`, () => {
    if (fault === undefined) assert.deepEqual(applyJsonPatch(document, patch), result);
    else assert.throws(() => applyJsonPatch(document, patch), fault);
  });
}

test("a value's depth counts from where it is put", () => {
  const nested = (depth: number): Json => JSON.parse(`${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`) as Json;
  const path = `${"/a".repeat(300)}/b`;
  const add = (value: Json): unknown => applyJsonPatch(nested(301), [{ op: "add", path, value }]);
  assert.doesNotThrow(() => add(nested(200)));
  assert.throws(() => add(nested(212)), /nests deeper/);
});

test("depth stays bounded when copies nest", () => {
  const deep = Array.from({ length: 20 }, () => ({ op: "copy", from: "", path: "/a" }));
  const path = "/a".repeat(500);
  const nested = JSON.parse(`${'{"a":'.repeat(501)}1${"}".repeat(501)}`) as Json;
  assert.throws(() => applyJsonPatch(nested, [{ op: "copy", from: "", path }, ...deep]), /nests deeper/);
});

test("law: add then remove of the same member is nothing; add then test holds", () => {
  const names = fc.string({ minLength: 1 });
  fc.assert(
    fc.property(
      fc.dictionary(names, fc.jsonValue(), { noNullPrototype: true }),
      names,
      fc.jsonValue(),
      (dictionary, name, value) => {
        const document = dictionary as Json;
        const path = `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`;
        const added = applyJsonPatch(document, [
          { op: "add", path, value: value as Json },
          { op: "test", path, value: value as Json },
        ]);
        assert.deepEqual(Object.keys(added as object).includes(name), true);
        if (!Object.hasOwn(document as object, name))
          assert.deepEqual(applyJsonPatch(added, [{ op: "remove", path }]), document);
      },
    ),
  );
});

interface Step {
  readonly op: "add" | "remove" | "replace" | "move" | "copy" | "test";
  readonly path: string;
  readonly from: string;
  readonly value: Json;
}

/** RFC 6902 word by word on a copy of the whole document for each operation; throws where one does not apply. */
function naively(document: Json, steps: readonly Step[]): Json {
  let holder = { root: structuredClone(document) as unknown };
  const tokensOf = (path: string): readonly string[] => ["root", ...path.split("/").slice(1)];
  const at = (tokens: readonly string[]): unknown =>
    tokens.reduce<unknown>((value, token) => {
      const child =
        typeof value === "object" &&
        value !== null &&
        Object.hasOwn(value, token) &&
        !(Array.isArray(value) && token === "length")
          ? (value as Record<string, unknown>)[token]
          : undefined;
      if (child === undefined) throw new RangeError(`nothing at ${tokens.join("/")}`);
      return child;
    }, holder);
  const write = (tokens: readonly string[], value: unknown, isInsert: boolean): void => {
    const parent = at(tokens.slice(0, -1)) as Record<string, unknown> | unknown[];
    const last = tokens.at(-1) ?? "";
    if (typeof parent !== "object" || parent === null) throw new RangeError("no container");
    if (!Array.isArray(parent)) return void (parent[last] = value);
    const index = last === "-" && isInsert ? parent.length : Number(last);
    if (!/^(0|[1-9]\d*)$/.test(String(index)) || index > parent.length - (isInsert ? 0 : 1))
      throw new RangeError("bounds");
    parent.splice(index, isInsert ? 0 : 1, value);
  };
  const take = (tokens: readonly string[]): unknown => {
    const value = at(tokens);
    const parent = at(tokens.slice(0, -1)) as Record<string, unknown> | unknown[];
    if (Array.isArray(parent)) parent.splice(Number(tokens.at(-1)), 1);
    else delete parent[tokens.at(-1) ?? ""];
    return value;
  };
  for (const { op, path, from, value } of steps) {
    holder = structuredClone(holder);
    if (path === "" || (op === "move" && path.startsWith(`${from}/`))) throw new RangeError("not in this game");
    if (op === "add") write(tokensOf(path), value, true);
    else if (op === "remove") take(tokensOf(path));
    else if (op === "replace") {
      at(tokensOf(path));
      write(tokensOf(path), value, false);
    } else if (op === "copy") write(tokensOf(path), structuredClone(at(tokensOf(from))), true);
    else if (op === "move" && path !== from) write(tokensOf(path), take(tokensOf(from)), true);
    else if (op === "move") at(tokensOf(from));
    else assert.deepEqual(at(tokensOf(path)), value);
  }
  return holder.root as Json;
}

const paths = fc
  .array(fc.constantFrom("a", "b", "0", "1", "-"), { minLength: 1, maxLength: 3 })
  .map((tokens) => `/${tokens.join("/")}`);
const { value: small } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ min: 0, max: 3 }),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "0"), tie("value"), { maxKeys: 3, noNullPrototype: true }),
  ),
}));
const steps = fc.array(
  fc.record<Step>({
    op: fc.constantFrom("add", "remove", "replace", "move", "copy"),
    path: paths,
    from: paths,
    value: small,
  }),
  { maxLength: 8 },
);

function outcomeOf(work: () => Json): Json {
  try {
    return work();
  } catch {
    return "refused";
  }
}

test("law: edits in place come to the same as a copy for each operation, and touch neither document nor patch", () => {
  fc.assert(
    fc.property(small, steps, (document, patch) => {
      const before = JSON.stringify([document, patch]);
      const wanted = outcomeOf(() => naively(document, patch));
      assert.deepEqual(
        outcomeOf(() => applyJsonPatch(document, patch as unknown as Json)),
        wanted,
      );
      assert.equal(JSON.stringify([document, patch]), before);
    }),
    { numRuns: 2_000 },
  );
});

const MANY = 10_000;
const large = Object.fromEntries(Array.from({ length: 20_000 }, (_, i) => [`k${i}`, "v"]));
const heavy: readonly {
  readonly title: string;
  readonly document: Json;
  readonly patch: Json;
  readonly fault?: RegExp;
}[] = [
  {
    title: "adds to one map",
    document: { data: {} },
    patch: Array.from({ length: MANY }, (_, i) => ({ op: "add", path: `/data/k${i}`, value: "v" })),
  },
  {
    title: "replaces in a large map",
    document: { data: large },
    patch: Array.from({ length: MANY }, (_, i) => ({ op: "replace", path: `/data/k${i}`, value: "w" })),
  },
  {
    title: "inserts at the head of a long list",
    document: { list: Array.from({ length: 500_000 }, () => 1) },
    patch: Array.from({ length: MANY }, () => ({ op: "add", path: "/list/0", value: 1 })),
    fault: /inserts and removes too many elements/,
  },
  {
    title: "moves a large value down and up",
    document: { a: large, b: {} },
    patch: Array.from({ length: MANY }, (_, i) => ({
      op: "move",
      from: i % 2 === 0 ? "/a" : "/b/a",
      path: i % 2 === 0 ? "/b/a" : "/a",
    })),
    fault: /move operations of the patch make more/,
  },
];

for (const { title, document, patch, fault } of heavy)
  test(`${MANY} operations do not copy what they do not change: ${title}`, () => {
    // Copying the container at each operation would take minutes; the figure itself is bench/limits.ts's.
    if (fault === undefined) applyJsonPatch(document, patch);
    else assert.throws(() => applyJsonPatch(document, patch), fault);
  });
