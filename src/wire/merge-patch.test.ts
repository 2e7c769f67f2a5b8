/** What a JSON merge patch does: RFC 7386's own table, and that a computed patch leads where it should. */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { isJsonObject, type Json, sameJson } from "#base/json.ts";
import { applyMergePatch, mergePatchOf } from "./merge-patch.ts";

const cases: readonly { readonly target: Json; readonly patch: Json; readonly result: Json }[] = [
  { target: { a: "b" }, patch: { a: "c" }, result: { a: "c" } },
  { target: { a: "b" }, patch: { b: "c" }, result: { a: "b", b: "c" } },
  { target: { a: "b" }, patch: { a: null }, result: {} },
  { target: { a: "b", b: "c" }, patch: { a: null }, result: { b: "c" } },
  { target: { a: ["b"] }, patch: { a: "c" }, result: { a: "c" } },
  { target: { a: "c" }, patch: { a: ["b"] }, result: { a: ["b"] } },
  { target: { a: { b: "c" } }, patch: { a: { b: "d", c: null } }, result: { a: { b: "d" } } },
  { target: { a: [{ b: "c" }] }, patch: { a: [1] }, result: { a: [1] } },
  { target: ["a", "b"], patch: ["c", "d"], result: ["c", "d"] },
  { target: { a: "b" }, patch: ["c"], result: ["c"] },
  { target: { a: "foo" }, patch: null, result: null },
  { target: { a: "foo" }, patch: "bar", result: "bar" },
  { target: { e: null }, patch: { a: 1 }, result: { e: null, a: 1 } },
  { target: [1, 2], patch: { a: "b", c: null }, result: { a: "b" } },
  { target: {}, patch: { a: { bb: { ccc: null } } }, result: { a: { bb: {} } } },
];

for (const { target, patch, result } of cases) {
  test(`merge patch: ${JSON.stringify(target)} with ${JSON.stringify(patch)}`, () =>
    assert.deepEqual(applyMergePatch(target, patch), result));
}

test("an idle patch returns the same object", () => {
  const target = { a: { b: [1, { c: 2 }] }, d: "e" };
  assert.equal(applyMergePatch(target, { a: { b: [1, { c: 2 }], x: null }, d: "e" }), target);
});

test("a member called __proto__ is a member like any other", () => {
  const patch = JSON.parse('{"__proto__":{"x":1}}') as Json;
  const merged = applyMergePatch({}, patch);
  assert.equal(JSON.stringify(merged), '{"__proto__":{"x":1}}');
  assert.equal(Object.getPrototypeOf(merged), Object.prototype);
});

const scalar = fc.oneof(fc.boolean(), fc.integer(), fc.string());
const { value: document } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "__proto__", "~/"), tie("value"), {
      maxKeys: 4,
      noNullPrototype: true,
    }),
  ),
}));

test("law: applying the patch from a to b to a gives b", () => {
  fc.assert(fc.property(document, document, (a, b) => sameJson(applyMergePatch(a, mergePatchOf(a, b)), b)));
});

/** The pseudo-code of RFC 7386 §2, word by word. */
function naively(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return patch;
  const result = new Map<string, Json>(Object.entries(isJsonObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) result.delete(name);
    else result.set(name, naively(result.get(name), value));
  }
  return Object.fromEntries(result);
}

const { value: change } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, 1, "x"),
    fc.array(fc.constantFrom(1, null), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "__proto__"), tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

test("law: the result is RFC 7386's, neither target nor patch is touched, a second time nothing changes", () => {
  fc.assert(
    fc.property(document, change, (target, patch) => {
      const before = JSON.stringify([target, patch]);
      const result = applyMergePatch(target, patch);
      assert.ok(sameJson(result, naively(target, patch)));
      assert.equal(JSON.stringify([target, patch]), before);
      assert.equal(applyMergePatch(result, patch), result);
    }),
  );
});
