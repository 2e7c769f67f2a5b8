/** Who owns which field after applies and updates; golden/apply.json holds answers of upstream's own field manager. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { Fault } from "#base/fault.ts";
import { type Json, type JsonObject, sameJson } from "#base/json.ts";
import { seededRandom } from "#base/random.ts";
import { builtinTable } from "#kinds/schema/schema-table.ts";
import { applyServerSide, isSameButTimes, trackUpdate } from "./apply.ts";
import type { ManagedFields } from "./managed-fields.ts";
import { sample } from "./sample-object.ts";

const NOW = "2030-01-01T00:00:00Z";
const deployment = builtinTable.resolve("io.k8s.api.apps.v1.Deployment");
const writing = { schema: deployment, table: builtinTable, apiVersion: "apps/v1", now: NOW };

interface Golden {
  readonly type: string;
  readonly write: "apply" | "update";
  readonly manager: string;
  readonly force?: boolean;
  readonly live: JsonObject | null;
  readonly input: JsonObject;
  readonly result?: JsonObject;
  readonly causes?: readonly (readonly [field: string, message: string])[];
}

const goldens = JSON.parse(readFileSync(new URL("golden/apply.json", import.meta.url), "utf8")) as readonly Golden[];

for (const [index, golden] of goldens.entries()) {
  const title = golden.causes === undefined ? golden.write : "conflict";
  test(`as upstream: row ${index}, ${title} by ${golden.manager} of ${golden.type}`, () => {
    const request = {
      live: golden.live,
      manager: golden.manager,
      schema: builtinTable.resolve(golden.type),
      table: builtinTable,
      apiVersion: golden.input["apiVersion"] as string,
      now: NOW,
    };
    if (golden.write === "update") {
      assert.deepEqual(trackUpdate({ ...request, next: golden.input }), ownersOf(golden.result ?? {}));
      return;
    }
    const apply = (): JsonObject =>
      applyServerSide({ ...request, applied: golden.input, force: golden.force === true }).object;
    if (golden.causes !== undefined) assert.deepEqual(causesOf(apply).toSorted(byText), golden.causes.toSorted(byText));
    else assert.deepEqual(bare(apply()), bare(golden.result ?? {}));
  });
}

function byText(a: readonly string[], b: readonly string[]): number {
  return a.join() < b.join() ? -1 : 1;
}

/** Without the empty values that a Go type writes or leaves out on its own; defaulting is not this folder's. */
function bare(value: Json): Json {
  if (Array.isArray(value)) return value.map((element: Json) => bare(element));
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(
    ([name, child]) => [name, name === "fieldsV1" ? child : bare(child)] as const,
  );
  return Object.fromEntries(
    entries.filter(
      ([, child]) =>
        child !== "" &&
        child !== 0 &&
        child !== false &&
        !(typeof child === "object" && child !== null && Object.keys(child).length === 0),
    ),
  );
}

function ownersOf(object: JsonObject): readonly ManagedFields[] {
  return ((object["metadata"] as JsonObject)["managedFields"] ?? []) as unknown as readonly ManagedFields[];
}

function causesOf(work: () => unknown): (readonly [string, string])[] {
  const fault = faultOf(work);
  return (fault.details.causes ?? []).map(({ field, message }) => [field, message] as const);
}

function faultOf(work: () => unknown): Fault {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error("nothing was thrown");
}

function configOf(spec: JsonObject, metadata: JsonObject = {}): JsonObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "default", ...metadata },
    spec,
  };
}

const clientSide = "kubectl-client-side-apply";
const configured = configOf({ replicas: 3, selector: { matchLabels: { app: "web" } } });
const annotated = configOf(
  { replicas: 3, selector: { matchLabels: { app: "web" } } },
  { uid: "u", annotations: { "kubectl.kubernetes.io/last-applied-configuration": JSON.stringify(configured) } },
);

function createdBy(manager: string, object: JsonObject): JsonObject {
  const managedFields = trackUpdate({ ...writing, live: null, next: object, manager });
  return {
    ...object,
    metadata: { ...(object["metadata"] as JsonObject), managedFields: managedFields as unknown as Json },
  };
}

test("one conflict is told in upstream's words", () => {
  const live = createdBy(clientSide, configured);
  const fault = faultOf(() =>
    applyServerSide({ ...writing, live, applied: configOf({ replicas: 5 }), manager: "me", force: false }),
  );
  assert.equal(fault.code, "Conflict");
  assert.equal(
    fault.message,
    'Apply failed with 1 conflict: conflict with "kubectl-client-side-apply" using apps/v1: .spec.replicas',
  );
  assert.deepEqual(fault.details.causes, [
    {
      reason: "FieldManagerConflict",
      message: 'conflict with "kubectl-client-side-apply" using apps/v1',
      field: ".spec.replicas",
    },
  ]);
});

test("several conflicts are grouped by manager", () => {
  const first = createdBy("a", configOf({ replicas: 3 }));
  const second = applyServerSide({
    ...writing,
    live: first,
    applied: configOf({ paused: true, minReadySeconds: 1 }),
    manager: "b",
    force: false,
  }).object;
  const fault = faultOf(() =>
    applyServerSide({
      ...writing,
      live: second,
      applied: configOf({ replicas: 5, paused: false, minReadySeconds: 2 }),
      manager: "c",
      force: false,
    }),
  );
  assert.equal(
    fault.message,
    'Apply failed with 3 conflicts: conflicts with "a" using apps/v1:\n- .spec.replicas\nconflicts with "b":\n- .spec.minReadySeconds\n- .spec.paused',
  );
});

test("force takes the field over", () => {
  const live = createdBy("a", configOf({ replicas: 3 }));
  const { object } = applyServerSide({
    ...writing,
    live,
    applied: configOf({ replicas: 5 }),
    manager: "b",
    force: true,
  });
  assert.deepEqual((object["spec"] as JsonObject)["replicas"], 5);
  assert.deepEqual(
    ownersOf(object).map(({ manager, operation, fieldsV1 }) => [manager, operation, fieldsV1]),
    [["b", "Apply", { "f:spec": { "f:replicas": {} } }]],
  );
});

test("a field that is applied no longer goes, unless somebody else owns it", () => {
  const one = applyServerSide({
    ...writing,
    live: null,
    applied: configOf({ replicas: 3, paused: true }),
    manager: "a",
    force: false,
  }).object;
  const two = applyServerSide({
    ...writing,
    live: one,
    applied: configOf({ paused: true }),
    manager: "b",
    force: false,
  }).object;
  const three = applyServerSide({ ...writing, live: two, applied: configOf({}), manager: "a", force: false }).object;
  assert.deepEqual(three["spec"], { paused: true });
  assert.deepEqual(
    ownersOf(three).map(({ manager }) => manager),
    ["b", "a"],
  );
});

test("list elements are found by their keys, a missing key by its default", () => {
  const withPort = (port: JsonObject): JsonObject =>
    configOf({ template: { spec: { containers: [{ name: "c", ports: [port] }] } } });
  const one = applyServerSide({
    ...writing,
    live: null,
    applied: withPort({ containerPort: 80, protocol: "TCP", name: "http" }),
    manager: "a",
    force: false,
  }).object;
  const two = applyServerSide({
    ...writing,
    live: one,
    applied: withPort({ containerPort: 80, hostPort: 8080 }),
    manager: "b",
    force: false,
  }).object;
  const three = applyServerSide({
    ...writing,
    live: two,
    applied: withPort({ containerPort: 80, protocol: "UDP" }),
    manager: "c",
    force: false,
  }).object;
  const { containers } = ((three["spec"] as JsonObject)["template"] as JsonObject)["spec"] as {
    containers: [{ ports: Json }];
  };
  assert.deepEqual(containers[0].ports, [
    { containerPort: 80, protocol: "TCP", name: "http", hostPort: 8080 },
    { containerPort: 80, protocol: "UDP" },
  ]);
});

test("an idle apply returns the same object and keeps the time", () => {
  const applied = configOf({ replicas: 3, selector: { matchLabels: { app: "web" } } });
  const { object } = applyServerSide({ ...writing, live: null, applied, manager: "a", force: false });
  assert.equal(
    applyServerSide({ ...writing, now: "2031-01-01T00:00:00Z", live: object, applied, manager: "a", force: false })
      .object,
    object,
  );
});

test("what client-side apply set may be taken over by kubectl's server-side apply, and only that", () => {
  const live = createdBy(clientSide, annotated);
  const { object } = applyServerSide({
    ...writing,
    live,
    applied: configOf({ replicas: 5, selector: { matchLabels: { app: "web" } } }),
    manager: "kubectl",
    force: false,
  });
  assert.deepEqual((object["spec"] as JsonObject)["replicas"], 5);
  const annotations = (object["metadata"] as JsonObject)["annotations"] as JsonObject;
  assert.match(annotations["kubectl.kubernetes.io/last-applied-configuration"] as string, /"replicas":5.*\n$/);
  const scaled = createdBy(clientSide, { ...annotated, spec: { ...(annotated["spec"] as JsonObject), replicas: 4 } });
  assert.throws(
    () =>
      applyServerSide({
        ...writing,
        live: scaled,
        applied: configOf({ replicas: 5 }),
        manager: "kubectl",
        force: false,
      }),
    /1 conflict/,
  );
});

test("status belongs to the status subresource", () => {
  const one = createdBy("a", { ...configOf({ replicas: 1 }), status: { replicas: 7 } });
  const next = { ...one, spec: { replicas: 9 }, status: { replicas: 1 } };
  const owners = trackUpdate({ ...writing, live: one, next, manager: "controller", subresource: "status" });
  assert.deepEqual(
    owners.map(({ manager, subresource, fieldsV1 }) => [manager, subresource, fieldsV1]),
    [
      ["a", undefined, { "f:spec": { "f:replicas": {} } }],
      ["controller", "status", { "f:status": { "f:replicas": {} } }],
    ],
  );
});

test("an update that changes nothing returns the very list", () => {
  const live = createdBy("a", configured);
  assert.equal(trackUpdate({ ...writing, live, next: structuredClone(live), manager: "b" }), ownersOf(live));
});

test("a client may wipe the entries; an untracked object is tracked from its first apply on", () => {
  const live = createdBy("a", annotated);
  const wiped = { ...live, metadata: { name: "web", uid: "u", managedFields: [{}] } };
  assert.deepEqual(trackUpdate({ ...writing, live, next: wiped, manager: "b" }), []);
  const untracked = configOf({ replicas: 3 }, { uid: "u" });
  assert.deepEqual(
    trackUpdate({ ...writing, live: untracked, next: configOf({ replicas: 4 }, { uid: "u" }), manager: "b" }),
    [],
  );
  const { object } = applyServerSide({
    ...writing,
    live: untracked,
    applied: configOf({ paused: true }),
    manager: "c",
    force: false,
  });
  assert.deepEqual(
    ownersOf(object).map(({ manager }) => manager),
    ["c", "before-first-apply"],
  );
});

test("the eleventh updater folds the oldest ones together", () => {
  let live: JsonObject = createdBy("m0", configOf({ replicas: 0 }));
  for (let i = 1; i < 14; i++) {
    const next = {
      ...live,
      metadata: {
        ...(live["metadata"] as JsonObject),
        labels: Object.fromEntries(Array.from({ length: i }, (_, n) => [`l${n}`, "x"])),
      },
    };
    const owners = trackUpdate({ ...writing, live, next, manager: `m${i}`, now: `2030-01-01T00:00:${10 + i}Z` });
    live = { ...next, metadata: { ...next.metadata, managedFields: owners as unknown as Json } };
  }
  assert.equal(ownersOf(live).length, 10);
  assert.equal(ownersOf(live)[0]?.manager, "ancient-changes");
});

const misfits: readonly { readonly title: string; readonly applied: JsonObject; readonly message: RegExp }[] = [
  {
    title: "an unknown field",
    applied: configOf({ replica: 3 }),
    message:
      /^failed to create typed patch object \(default\/web; apps\/v1, Kind=Deployment\): \.spec\.replica: field not declared in schema$/,
  },
  {
    title: "a wrong type",
    applied: configOf({ replicas: "3" }),
    message: /\.spec\.replicas: expected numeric \(int or float\), got "3"/,
  },
  {
    title: "a key twice",
    applied: configOf({ template: { spec: { containers: [{ name: "a" }, { name: "a" }] } } }),
    message: /\.spec\.template\.spec\.containers: duplicate entries for key \[name="a"\]/,
  },
  {
    title: "another version",
    applied: { ...configOf({}), apiVersion: "apps/v1beta1" },
    message: /Specified patch version: apps\/v1beta1, expected: apps\/v1/,
  },
  {
    title: "its own managedFields",
    applied: configOf({}, { managedFields: [] }),
    message: /metadata.managedFields must be nil/,
  },
];

for (const { title, applied, message } of misfits) {
  test(`an applied configuration is refused with ${title}`, () => {
    const fault = faultOf(() => applyServerSide({ ...writing, live: null, applied, manager: "a", force: false }));
    assert.equal(fault.code, "BadRequest");
    assert.match(fault.message, message);
  });
}

test("law: the second of two equal applies changes nothing but times, whoever else writes before", () => {
  const sampleOf = (seed: number): JsonObject => {
    const { status: _status, ...object } = sample(deployment, {
      random: seededRandom(seed),
      table: builtinTable,
      density: 0.25,
      depth: 7,
    }) as JsonObject;
    return configOf((object["spec"] ?? {}) as JsonObject);
  };
  for (let seed = 0; seed < 150; seed++) {
    const live = applyServerSide({
      ...writing,
      live: createdBy("x", sampleOf(seed)),
      applied: sampleOf(seed + 1000),
      manager: "y",
      force: true,
    }).object;
    const applied = sampleOf(seed + 2000);
    const once = applyServerSide({ ...writing, live, applied, manager: "z", force: true }).object;
    const twice = applyServerSide({ ...writing, live: once, applied, manager: "z", force: false }).object;
    assert.ok(isSameButTimes(once, twice), `seed ${seed}`);
    assert.ok(sameJson(once["spec"], twice["spec"]), `seed ${seed}`);
  }
});
