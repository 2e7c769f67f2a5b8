/** What headers, queries and bodies ask for. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "#base/fault.ts";
import type { JsonObject } from "#base/json.ts";
import { never } from "#base/stop.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import { isTrue, listOptions, removalRequest, representation, textDocument, writeRequest } from "./asked.ts";
import { anonymous } from "./authenticate.ts";
import type { Exchange } from "./exchange.ts";

function asking(query: string, headers: Readonly<Record<string, string>> = {}): Exchange {
  const nothing = { method: "GET", path: "/", socket: undefined, closed: never, status: 0 };
  return { ...nothing, headers, query: new URLSearchParams(query) } as unknown as Exchange;
}

function refusal(run: () => unknown): string {
  try {
    run();
    return "none";
  } catch (thrown) {
    return thrown instanceof Fault ? thrown.code : String(thrown);
  }
}

const forms: readonly (readonly [accept: string | undefined, is: string])[] = [
  [undefined, "object"],
  ["*/*", "object"],
  ["application/json", "object"],
  ["application/json;as=Table;v=v1;g=meta.k8s.io,application/json", "table"],
  [
    "application/vnd.kubernetes.protobuf;as=Table;g=meta.k8s.io;v=v1, application/json;as=Table;g=meta.k8s.io;v=v1",
    "table",
  ],
  ["application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "partial"],
  ["application/json;as=Something,application/json;as=Table;v=v1;g=meta.k8s.io", "table"],
  ["application/vnd.kubernetes.protobuf,application/json", "object"],
  ["application/vnd.kubernetes.protobuf", "object"],
  ["", "object"],
  ["application/json;stream=watch", "object"],
  ["application/json;as=Table;v=v2;g=meta.k8s.io", "NotAcceptable"],
  ["application/json;as=Something;v=v1;g=meta.k8s.io", "NotAcceptable"],
  ["text/html", "NotAcceptable"],
  ["application/yaml", "NotAcceptable"],
];

for (const [accept, is] of forms) {
  test(`Accept ${accept ?? "missing"} asks for the form "${is}"`, () => {
    const exchange = asking("", accept === undefined ? {} : { accept });
    if (is === "NotAcceptable")
      assert.equal(
        refusal(() => representation(exchange)),
        is,
      );
    else assert.equal(representation(exchange).is, is);
  });
}

test("a list: selectors, pages and revisions", () => {
  const options = listOptions(
    asking("labelSelector=a%3Db&limit=5&resourceVersion=7&resourceVersionMatch=Exact"),
    "default",
  );
  assert.deepEqual(
    [options.namespace, options.limit, options.revision, options.match, options.labels?.length],
    ["default", 5, 7, "Exact", 1],
  );
  assert.deepEqual(listOptions(asking("limit=0&continue=&resourceVersion="), ""), { namespace: "", limit: 0 });
  for (const query of [
    "limit=-1",
    "limit=x",
    "resourceVersion=1.5",
    "labelSelector=a%20in",
    "limit=99999999999999999999",
  ])
    assert.equal(
      refusal(() => listOptions(asking(query), "")),
      "BadRequest",
      query,
    );
  for (const query of [
    "resourceVersionMatch=Exact",
    "resourceVersionMatch=Exact&resourceVersion=0",
    "resourceVersionMatch=Near&resourceVersion=1",
    "resourceVersionMatch=Exact&resourceVersion=1&continue=x",
    "sendInitialEvents=true",
  ])
    assert.equal(
      refusal(() => listOptions(asking(query), "")),
      "Invalid",
      query,
    );
});

test("a flag is set by its name alone", () => {
  assert.deepEqual(
    ["watch", "watch=1", "watch=true", "watch=0", "watch=false", ""].map((query) =>
      isTrue(new URLSearchParams(query), "watch"),
    ),
    [true, true, true, false, false, false],
  );
});

test("a write: manager, dry run, validation", () => {
  const request = writeRequest(asking("dryRun=All&fieldValidation=Strict&fieldManager=me"), anonymous);
  assert.deepEqual(request, { manager: "me", subject: anonymous, dryRun: true, fieldValidation: "Strict" });
  assert.equal(
    writeRequest(asking("", { "user-agent": "kubectl/v1.34.1 (linux/amd64)" }), anonymous).manager,
    "kubectl",
  );
  assert.equal(writeRequest(asking(""), anonymous).manager, "unknown");
  for (const query of ["dryRun=Some", "fieldValidation=Loose", `fieldManager=${"x".repeat(129)}`])
    assert.equal(
      refusal(() => writeRequest(asking(query), anonymous)),
      "Invalid",
      query,
    );
});

test("a delete: options in the body win over those in the query", () => {
  const body = {
    gracePeriodSeconds: 0,
    propagationPolicy: "Foreground",
    preconditions: { uid: "u", resourceVersion: "5" },
  };
  const read = (query: string, options: JsonObject | null) => removalRequest(asking(query), anonymous, options);
  assert.deepEqual(read("gracePeriodSeconds=9", body).options, {
    gracePeriodSeconds: 0,
    propagation: "Foreground",
    uid: "u",
    revision: 5,
  });
  assert.deepEqual(read("gracePeriodSeconds=9&orphanDependents=true", null).options, {
    gracePeriodSeconds: 9,
    propagation: "Orphan",
  });
  const dryRuns = [read("dryRun=All", null), read("", { dryRun: ["All"] }), read("", {})];
  assert.deepEqual(
    dryRuns.map(({ request }) => request.dryRun === true),
    [true, true, false],
  );
  const refusals: readonly (readonly [query: string, options: JsonObject | null, code: string])[] = [
    ["gracePeriodSeconds=-1", null, "BadRequest"],
    ["propagationPolicy=Never", null, "Invalid"],
    ["", { dryRun: ["Some"] }, "Invalid"],
    ["", { dryRun: "All" }, "BadRequest"],
    ["", { propagationPolicy: 5 }, "BadRequest"],
    ["", { kind: "Pod" }, "BadRequest"],
  ];
  for (const [query, options, code] of refusals)
    assert.equal(
      refusal(() => read(query, options)),
      code,
      query + JSON.stringify(options),
    );
});

const bodies: readonly (readonly [type: string, text: string, outcome: unknown])[] = [
  ["application/json", '{"a":1}', { a: 1 }],
  ["application/yaml", "a: 1", { a: 1 }],
  ["application/apply-patch+yaml", '{"a":1}', { a: 1 }],
  ["application/merge-patch+json", '{"a":null}', { a: null }],
  ["application/json", "{", "BadRequest"],
  ["application/cbor", "x", "Unsupported"],
  ["text/plain", "x", "UnsupportedMediaType"],
];

for (const [type, text, outcome] of bodies) {
  test(`a body ${text} of type ${type}`, () => {
    if (typeof outcome === "string")
      assert.equal(
        refusal(() => textDocument(encodeUtf8(text), type)),
        outcome,
      );
    else assert.deepEqual(textDocument(encodeUtf8(text), type), outcome);
  });
}
