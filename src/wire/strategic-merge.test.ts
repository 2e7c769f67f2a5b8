/** What a strategic merge patch does; the expected documents were checked against upstream's own library. */
import assert from "node:assert/strict";
import test from "node:test";
import fc from "fast-check";
import { Fault } from "#base/fault.ts";
import { type Json, type JsonObject, sameJson } from "#base/json.ts";
import { seededRandom } from "#base/random.ts";
import { builtinTable } from "#kinds/schema/schema-table.ts";
import { sample } from "./sample-object.ts";
import { applyStrategicMerge } from "./strategic-merge.ts";

const pod = builtinTable.resolve("io.k8s.api.core.v1.Pod");
const deployment = builtinTable.resolve("io.k8s.api.apps.v1.Deployment");
const service = builtinTable.resolve("io.k8s.api.core.v1.Service");

interface Case {
  readonly title: string;
  readonly schema?: typeof pod;
  readonly live: JsonObject;
  readonly patch: JsonObject;
  readonly result?: JsonObject;
  readonly fault?: RegExp;
}

const two = {
  spec: {
    containers: [
      { name: "a", image: "x" },
      { name: "b", image: "y" },
    ],
  },
};

const cases: readonly Case[] = [
  {
    title: "merges an element by its key",
    live: two,
    patch: { spec: { containers: [{ name: "b", image: "z" }] } },
    result: {
      spec: {
        containers: [
          { name: "a", image: "x" },
          { name: "b", image: "z" },
        ],
      },
    },
  },
  {
    title: "puts a new element first",
    live: two,
    patch: { spec: { containers: [{ name: "c", image: "z" }] } },
    result: { spec: { containers: [{ name: "c", image: "z" }, ...two.spec.containers] } },
  },
  {
    title: "orders by $setElementOrder",
    live: two,
    patch: {
      spec: { "$setElementOrder/containers": [{ name: "b" }, { name: "a" }], containers: [{ name: "a", image: "z" }] },
    },
    result: {
      spec: {
        containers: [
          { name: "b", image: "y" },
          { name: "a", image: "z" },
        ],
      },
    },
  },
  {
    title: "makes a list that was not there in the order that $setElementOrder says",
    live: { spec: {} },
    patch: {
      spec: {
        "$setElementOrder/containers": [{ name: "b" }, { name: "a" }],
        containers: [{ name: "b" }, { name: "a" }],
      },
    },
    result: { spec: { containers: [{ name: "b" }, { name: "a" }] } },
  },
  {
    title: "keeps the place of elements that $setElementOrder does not name",
    live: { spec: { containers: [{ name: "a" }, { name: "sidecar" }, { name: "b" }] } },
    patch: { spec: { "$setElementOrder/containers": [{ name: "b" }, { name: "a" }] } },
    result: { spec: { containers: [{ name: "sidecar" }, { name: "b" }, { name: "a" }] } },
  },
  {
    title: "deletes an element with $patch: delete",
    live: two,
    patch: { spec: { containers: [{ name: "a", $patch: "delete" }] } },
    result: { spec: { containers: [{ name: "b", image: "y" }] } },
  },
  {
    title: "replaces a list with $patch: replace",
    live: two,
    patch: { spec: { containers: [{ $patch: "replace" }, { name: "c" }] } },
    result: { spec: { containers: [{ name: "c" }] } },
  },
  {
    title: "replaces a map with $patch: replace",
    live: { metadata: { labels: { a: "1", b: "2" } } },
    patch: { metadata: { labels: { $patch: "replace", c: "3" } } },
    result: { metadata: { labels: { c: "3" } } },
  },
  {
    title: "empties a map with $patch: delete",
    live: { metadata: { labels: { a: "1" } } },
    patch: { metadata: { labels: { $patch: "delete" } } },
    result: { metadata: { labels: {} } },
  },
  {
    title: "deletes with null",
    live: { metadata: { labels: { a: "1", b: "2" } } },
    patch: { metadata: { labels: { a: null, c: null } } },
    result: { metadata: { labels: { b: "2" } } },
  },
  {
    title: "replaces lists without a merge key",
    live: { spec: { containers: [{ name: "a", command: ["x", "y"] }] } },
    patch: { spec: { containers: [{ name: "a", command: ["z"] }] } },
    result: { spec: { containers: [{ name: "a", command: ["z"] }] } },
  },
  {
    title: "merges a list of primitives as a set",
    live: { metadata: { finalizers: ["a", "b"] } },
    patch: { metadata: { finalizers: ["b", "c"] } },
    result: { metadata: { finalizers: ["a", "b", "c"] } },
  },
  {
    title: "deletes from a list of primitives",
    live: { metadata: { finalizers: ["a", "b", "c"] } },
    patch: { metadata: { "$deleteFromPrimitiveList/finalizers": ["a", "c", "d"] } },
    result: { metadata: { finalizers: ["b"] } },
  },
  {
    title: "retains only $retainKeys",
    schema: deployment,
    live: { spec: { strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1 } } } },
    patch: { spec: { strategy: { $retainKeys: ["type"], type: "Recreate" } } },
    result: { spec: { strategy: { type: "Recreate" } } },
  },
  {
    title: "merges env by name, as kubectl set env",
    schema: deployment,
    live: {
      spec: {
        template: {
          spec: {
            containers: [
              {
                name: "a",
                env: [
                  { name: "X", value: "1" },
                  { name: "Y", value: "2" },
                ],
              },
            ],
          },
        },
      },
    },
    patch: { spec: { template: { spec: { containers: [{ name: "a", env: [{ name: "Y", value: "3" }] }] } } } },
    result: {
      spec: {
        template: {
          spec: {
            containers: [
              {
                name: "a",
                env: [
                  { name: "X", value: "1" },
                  { name: "Y", value: "3" },
                ],
              },
            ],
          },
        },
      },
    },
  },
  {
    title: "merges service ports by port alone",
    schema: service,
    live: { spec: { ports: [{ port: 80, name: "a" }] } },
    patch: { spec: { ports: [{ port: 80, targetPort: 8080 }] } },
    result: { spec: { ports: [{ port: 80, name: "a", targetPort: 8080 }] } },
  },
  {
    title: "merges maps that server-side apply takes for atomic",
    live: { spec: { nodeSelector: { a: "1" } } },
    patch: { spec: { nodeSelector: { b: "2" } } },
    result: { spec: { nodeSelector: { a: "1", b: "2" } } },
  },
  {
    title: "removes nulls and directives from what is new",
    live: {},
    patch: { metadata: { labels: { a: "1", b: null }, "$setElementOrder/finalizers": ["x"], finalizers: ["x"] } },
    result: { metadata: { labels: { a: "1" }, finalizers: ["x"] } },
  },
  {
    title: "names the field that lacks its merge key",
    live: two,
    patch: { spec: { containers: [{ image: "z" }] } },
    fault: /spec\.containers: map: \{"image":"z"\} does not contain declared merge key: name/,
  },
  {
    title: "refuses an order that contradicts the patch",
    live: two,
    patch: {
      spec: {
        "$setElementOrder/containers": [{ name: "b" }, { name: "a" }],
        containers: [{ name: "a" }, { name: "b" }],
      },
    },
    fault: /doesn't match \$setElementOrder list/,
  },
  {
    title: "refuses an unknown directive",
    live: two,
    patch: { spec: { $patch: "mix" } },
    fault: /spec: unknown patch type: "mix"/,
  },
  {
    title: "refuses a member that is not retained",
    schema: deployment,
    live: { spec: { strategy: {} } },
    patch: { spec: { strategy: { $retainKeys: ["type"], rollingUpdate: {} } } },
    fault: /spec.strategy: invalid patch format of retainKeys/,
  },
  {
    title: "refuses lists of lists",
    live: { metadata: { finalizers: ["a"] } },
    patch: { metadata: { finalizers: [["b"]] } },
    fault: /lists of lists/,
  },
];

for (const { title, schema = pod, live, patch, result, fault } of cases) {
  test(`strategic merge: ${title}`, () => {
    if (fault === undefined) assert.deepEqual(applyStrategicMerge(live, patch, schema, builtinTable), result);
    else
      assert.throws(
        () => applyStrategicMerge(live, patch, schema, builtinTable),
        (thrown) => thrown instanceof Fault && fault.test(thrown.message),
      );
  });
}

test("an idle patch returns the same object", () => {
  const patch: Json = {
    spec: { "$setElementOrder/containers": [{ name: "a" }, { name: "b" }], containers: [{ name: "a", image: "x" }] },
  };
  assert.equal(applyStrategicMerge(two, patch, pod, builtinTable), two);
});

test("law: a patch without directives is idempotent and leaves the live object alone", () => {
  for (let seed = 0; seed < 200; seed++) {
    const random = seededRandom(seed);
    const [live, patch] = [0.3, 0.2].map((density) =>
      sample(pod, { random, table: builtinTable, density, depth: 6, hasUniqueMergeKeys: true }),
    ) as [Json, Json];
    const before = structuredClone(live);
    const once = applyStrategicMerge(live, patch, pod, builtinTable);
    const twice = applyStrategicMerge(once, patch, pod, builtinTable);
    assert.ok(sameJson(once, twice), `seed ${seed}`);
    assert.deepEqual(live, before, `seed ${seed}`);
  }
});

/** Lists by key, each element looked for in the whole list, and put in order as the patch names them. */
function mergedNaively(live: readonly JsonObject[], patch: readonly JsonObject[]): ReadonlyMap<Json, JsonObject> {
  const merged = live.map((element) => ({ ...element }));
  for (const element of patch) {
    const at = merged.findIndex(({ name }) => name === element["name"]);
    if (at < 0) merged.push({ ...element });
    else merged[at] = { ...merged[at], ...element };
  }
  return new Map(merged.map((element) => [element["name"] ?? null, element]));
}

const variables = fc.uniqueArray(
  fc.record(
    { name: fc.constantFrom<string[]>("a", "b", "c", "d", "e", "f"), value: fc.constantFrom("1", "2", "3") },
    { noNullPrototype: true },
  ),
  { selector: ({ name }) => name, maxLength: 6 },
);

test("law: a list by key comes to the same elements as a search for each; those that the patch names stand in its order", () => {
  fc.assert(
    fc.property(variables, variables, (live, patch) => {
      const containers = (env: readonly JsonObject[]): Json => ({ spec: { containers: [{ name: "c", env }] } });
      const result = applyStrategicMerge(containers(live), containers(patch), pod, builtinTable);
      const [container] = ((result as JsonObject)["spec"] as JsonObject)["containers"] as readonly JsonObject[];
      const env = container?.["env"] as readonly JsonObject[];
      assert.deepEqual(new Map(env.map((element) => [element["name"] ?? null, element])), mergedNaively(live, patch));
      const named = patch.map(({ name }) => name);
      assert.deepEqual(
        env.map((element) => element["name"]).filter((name) => named.includes(name as string)),
        named,
      );
      // Applied again it changes nothing.
      assert.equal(applyStrategicMerge(result, containers(patch), pod, builtinTable), result);
    }),
  );
});
