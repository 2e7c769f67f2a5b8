/** The algebra of field sets: its laws, and reading what clients send. */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { type Json, sameJson } from "#base/json.ts";
import {
  difference,
  EMPTY,
  type FieldSet,
  has,
  intersection,
  keyStep,
  pathsOf,
  printPath,
  readFields,
  recursiveDifference,
  sorted,
  union,
} from "./field-set.ts";

const steps = ["f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'];
const node = fc.letrec<{ node: FieldSet }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 3 },
    fc.constant(EMPTY),
    fc
      .tuple(
        fc.boolean(),
        fc.dictionary(fc.constantFrom(...steps), tie("node"), { minKeys: 1, maxKeys: 3, noNullPrototype: true }),
      )
      .map(([isSelf, below]) => (isSelf ? { ".": {}, ...below } : below)),
  ),
})).node;
const set = fc.dictionary(fc.constantFrom(...steps), node, { maxKeys: 4, noNullPrototype: true });

function texts(fields: FieldSet): ReadonlySet<string> {
  return new Set(pathsOf(fields).map((path) => path.join(" ")));
}

const laws: readonly { readonly title: string; readonly holds: (a: FieldSet, b: FieldSet) => boolean }[] = [
  { title: "union", holds: (a, b) => isSameSet(texts(union(a, b)), texts(a).union(texts(b))) },
  { title: "intersection", holds: (a, b) => isSameSet(texts(intersection(a, b)), texts(a).intersection(texts(b))) },
  { title: "difference", holds: (a, b) => isSameSet(texts(difference(a, b)), texts(a).difference(texts(b))) },
  {
    title: "recursive difference",
    holds: (a, b) =>
      [...texts(recursiveDifference(a, b))].every(
        (path) => ![...texts(b)].some((other) => path === other || path.startsWith(`${other} `)),
      ),
  },
  { title: "membership", holds: (a) => pathsOf(a).every((path) => has(a, path)) },
  { title: "sorting keeps the set", holds: (a) => sameJson(sorted(a), a) },
  {
    title: "reading what was written",
    holds: (a) => readFields(JSON.parse(JSON.stringify(a)) as Json) !== null && sameJson(readFields(a), a),
  },
  {
    title: "nothing changes in place",
    holds: (a, b) => {
      const before = JSON.stringify([a, b]);
      union(a, b);
      difference(a, b);
      recursiveDifference(a, b);
      return JSON.stringify([a, b]) === before;
    },
  },
  { title: "what changes nothing returns the same set", holds: (a) => union(a, a) === a && difference(a, EMPTY) === a },
];

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && a.isSubsetOf(b);
}

for (const { title, holds } of laws) {
  test(`field sets, law: ${title}`, () => {
    fc.assert(fc.property(set, set, (a, b) => holds(a, b)));
  });
}

test("keys are written in order and printed as upstream does", () => {
  const step = keyStep([
    ["protocol", "TCP"],
    ["port", 80],
  ]);
  assert.equal(step, 'k:{"port":80,"protocol":"TCP"}');
  assert.equal(printPath(["f:spec", "f:ports", step, "f:name"]), '.spec.ports[port=80,protocol="TCP"].name');
  assert.equal(printPath(["f:metadata", "f:finalizers", 'v:"x"', "i:3"]), '.metadata.finalizers[="x"][3]');
});

test("a client's fields are made canonical, unknown steps dropped, rubbish refused", () => {
  assert.deepEqual(readFields({ 'k:{"b": 1,"a":2}': {}, "x:new": {}, "f:a": { ".": {} } }), {
    'k:{"a":2,"b":1}': {},
    "f:a": { ".": {} },
  });
  for (const bad of [{ "k:{": {} }, { nonsense: {} }, { "f:a": 3 }, ["f:a"], { 'k:"text"': {} }] as readonly Json[])
    assert.equal(readFields(bad), null, JSON.stringify(bad));
});
