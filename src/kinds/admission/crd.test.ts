/** Kinds from definitions: pruning, defaults, value rules, columns, versions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "#base/json.ts";
import { checkObject, validateObject } from "#kinds/rules/check.ts";
import { kindOfDefinition } from "./crd.ts";
import { customResourceDefinitionKind } from "./custom-resource-definition.ts";
import { parseJsonPath } from "#kinds/schema/json-path.ts";
import type { KubeObject } from "#kinds/object.ts";
import { openApiV3 } from "#kinds/schema/openapi.ts";

const spec: JsonObject = {
  type: "object",
  required: ["cron"],
  properties: {
    cron: { description: "when it runs", type: "string", pattern: "^(\\d+|\\*)$", maxLength: 3 },
    replicas: { type: "integer", minimum: 1, maximum: 10, default: 1 },
    mode: { type: "string", enum: ["a", "b"] },
    port: { "x-kubernetes-int-or-string": true },
    note: { type: "string", nullable: true },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    labels: { type: "object", additionalProperties: { type: "string" } },
    ports: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      items: { type: "object", required: ["name"], properties: { name: { type: "string" }, at: { type: "integer" } } },
    },
  },
};

const document: JsonObject = {
  metadata: { name: "tabs.stable.example.com", creationTimestamp: "2026-01-01T00:00:00Z" },
  spec: {
    group: "stable.example.com",
    scope: "Namespaced",
    names: { plural: "tabs", kind: "Tab", shortNames: ["tb"] },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: { description: "A tab", type: "object", properties: { spec, status: { type: "object" } } },
        },
        subresources: {
          status: {},
          scale: { specReplicasPath: ".spec.replicas", statusReplicasPath: ".status.replicas" },
        },
        additionalPrinterColumns: [
          { name: "Cron", type: "string", jsonPath: ".spec.cron" },
          { name: "Replicas", type: "integer", jsonPath: ".spec.replicas" },
          { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
        ],
      },
      {
        name: "v1beta1",
        served: true,
        storage: false,
        schema: { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
};

const definition = checkObject(customResourceDefinitionKind, document, { strict: true }).object;
const kind = kindOfDefinition(definition, "v1");
const metadata = { name: "a", namespace: "default", creationTimestamp: "2026-01-01T00:00:00Z" };

test("the definition is right and gets its names and conditions", () => {
  assert.deepEqual(validateObject(customResourceDefinitionKind, definition, null), []);
  const created = customResourceDefinitionKind.onCreate?.(definition);
  assert.deepEqual(created?.status?.acceptedNames, {
    plural: "tabs",
    singular: "tab",
    kind: "Tab",
    listKind: "TabList",
    shortNames: ["tb"],
  });
  assert.deepEqual(created?.status?.storedVersions, ["v1"]);
  assert.deepEqual(
    created?.status?.conditions?.map(({ type, status }) => `${type}=${status}`),
    ["NamesAccepted=True", "Established=True"],
  );
});

test("the kind has the definition's names, subresources and columns", () => {
  assert.deepEqual(
    [kind.plural, kind.singular, kind.subresources.map(({ name }) => name), kind.scale?.specReplicas, kind.definedBy],
    ["tabs", "tab", ["status", "scale"], ".spec.replicas", "tabs.stable.example.com"],
  );
  const object = { metadata, spec: { cron: "*", replicas: 2 } } as KubeObject;
  assert.deepEqual(
    kind.columns.map((column) => column.cell(object, Date.parse("2026-01-01T01:00:00Z"))),
    ["*", 2, "60m"],
  );
});

test("prunes, defaults, and keeps what may be kept", () => {
  const { object, faults, warnings } = checkObject(
    kind,
    { metadata, spec: { cron: "*", extra: 1, note: null, free: { any: [1] }, port: "http", labels: { a: "b" } } },
    { strict: false },
  );
  assert.deepEqual(faults, []);
  assert.deepEqual(warnings, ['unknown field "spec.extra"']);
  assert.deepEqual(object, {
    metadata,
    spec: { cron: "*", note: null, free: { any: [1] }, port: "http", labels: { a: "b" }, replicas: 1 },
  });
});

const wrong: readonly (readonly [spec: JsonObject, faults: readonly string[]])[] = [
  [{}, ["spec.cron: Required value"]],
  [{ cron: 5 }, ['spec.cron: Invalid value: "number": spec.cron in body must be of type string: "number"']],
  [
    { cron: "*", replicas: "x" },
    ['spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"'],
  ],
  [
    { cron: "*", replicas: 11 },
    ["spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10"],
  ],
  [{ cron: "x" }, ["spec.cron: Invalid value: \"x\": spec.cron in body should match '^(\\d+|\\*)$'"]],
  [{ cron: "1234" }, ["spec.cron: Too long: may not be more than 3 bytes"]],
  [{ cron: "*", mode: "c" }, ['spec.mode: Unsupported value: "c": supported values: "a", "b"']],
  [{ cron: "*", ports: [{ name: "a" }, { name: "a" }] }, ['spec.ports[1]: Duplicate value: {"name":"a"}']],
];

for (const [bad, expected] of wrong) {
  test(`refuses ${JSON.stringify(bad)}`, () => {
    const { object, faults } = checkObject(kind, { metadata, spec: bad }, { strict: true });
    const all = faults.length > 0 ? faults : validateObject(kind, object, null);
    assert.deepEqual(
      all.map(({ field, message }) => `${field}: ${message}`),
      expected,
    );
  });
}

test("a strict unknown field of a custom resource", () => {
  const message = 'Tab in version "v1" cannot be handled as a Tab: strict decoding error: unknown field "spec.extra"';
  assert.throws(() => checkObject(kind, { metadata, spec: { cron: "*", extra: 1 } }, { strict: true }), {
    code: "BadRequest",
    message,
  });
});

test("another version is stored as the storage version", () => {
  const beta = kindOfDefinition(definition, "v1beta1");
  assert.equal(beta.storedAs?.kind.version, "v1");
  const stored = beta.storedAs?.toStored({ apiVersion: "stable.example.com/v1beta1", kind: "Tab", metadata });
  assert.equal(stored?.apiVersion, "stable.example.com/v1");
});

const paths: readonly (readonly [path: string, found: readonly unknown[]])[] = [
  [".a.b", [1]],
  ["{.a.b}", [1]],
  [".list[1].n", ["y"]],
  [".list[*].n", ["x", "y"]],
  ['.list[?(@.n=="y")].v', [2]],
  [".list[?(@.n!='y')].v", [1]],
  [".a['c.d/e']", [3]],
  [".missing.b", []],
];

for (const [path, found] of paths) {
  test(`finds ${path}`, () => {
    const object = {
      a: { b: 1, "c.d/e": 3 },
      list: [
        { n: "x", v: 1 },
        { n: "y", v: 2 },
      ],
    };
    assert.deepEqual(parseJsonPath(path)?.find(object), found);
  });
}

test("what is no path is null", () => {
  for (const bad of ["a b", ".a[", "..a", ".a[?(x)]"]) assert.equal(parseJsonPath(bad), null, bad);
});

test("kubectl explain finds the definition's descriptions", () => {
  const written = JSON.stringify(openApiV3([kind], "stable.example.com", "v1"));
  assert.match(written, /"description":"A tab","type":"object"/);
  assert.match(written, /"cron":\{"description":"when it runs","type":"string"/);
});

const approvals: readonly (readonly [group: string, annotation: string | undefined, fault: RegExp | undefined])[] = [
  ["example.com", undefined, undefined],
  ["not-k8s.io", undefined, undefined],
  [
    "x.k8s.io",
    undefined,
    /Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see/,
  ],
  ["kubernetes.io", "soon", /Invalid value: "soon": .* with either a URL or a reason starting with "unapproved", see/],
  ["x.k8s.io", "unapproved, for a test", undefined],
  ["x.k8s.io", "https://github.com/kubernetes-sigs/gateway-api/pull/2466", undefined],
];

for (const [group, annotation, fault] of approvals)
  test(`a definition in the group ${group}, ${annotation ?? "not annotated"}: ${fault === undefined ? "taken" : "refused"}`, () => {
    const annotations = annotation === undefined ? {} : { "api-approved.kubernetes.io": annotation };
    const next = {
      ...definition,
      metadata: { ...definition.metadata, name: `${definition.spec.names.plural}.${group}`, annotations },
      spec: { ...definition.spec, group },
    };
    const faults = validateObject(customResourceDefinitionKind, next, null);
    if (fault === undefined) assert.deepEqual(faults, []);
    else assert.match(faults.map(({ message }) => message).join(), fault);
    assert.deepEqual(validateObject(customResourceDefinitionKind, next, next), []);
  });
