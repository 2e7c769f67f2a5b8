/** FunctionVersion and FunctionAlias: what their names and rules refuse. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "#base/json.ts";
import type { Kind } from "#kinds/kind.ts";
import { checkObject, validateObject } from "#kinds/rules/check.ts";
import { functionAliasKind } from "./function-alias.ts";
import { functionVersionKind } from "./function-version.ts";

const version = {
  function: "f",
  version: 3,
  publishedFrom: "digest",
  runtime: "nodejs24.x",
  handler: "index.handler",
  role: "arn:aws:iam::000000000000:role/r",
  description: "third",
  memoryMib: 256,
  timeoutSeconds: 9,
  ephemeralStorageMib: 512,
  architectures: ["x86_64"],
  environment: { A: "b" },
  logGroup: "/g",
  logging: { format: "Text" },
  layers: [],
  code: { sha256: "00", size: 1 },
};
const alias = { function: "f", alias: "live", version: "3" };

function wrongIn(kind: Kind, name: string, spec: JsonObject, live: JsonObject | null = null): readonly string[] {
  const document = (of: JsonObject): JsonObject => ({
    apiVersion: "catamaran.dev/v1",
    kind: kind.kind,
    metadata: { name, namespace: "default" },
    spec: of,
  });
  const { object } = checkObject(kind, document(spec), { strict: true });
  const before = live === null ? null : checkObject(kind, document(live), { strict: true }).object;
  return validateObject(kind, object, before).map(({ field, message }) => `${field}: ${message}`);
}

const cases: readonly {
  readonly title: string;
  readonly kind: Kind;
  readonly name: string;
  readonly spec: JsonObject;
  readonly live?: JsonObject;
  readonly wrong: RegExp | null;
}[] = [
  { title: "a version", kind: functionVersionKind, name: "f.3", spec: version, wrong: null },
  {
    title: "a version under another name",
    kind: functionVersionKind,
    name: "f.4",
    spec: version,
    wrong: /must be "f\.3"/,
  },
  {
    title: "a version that changes",
    kind: functionVersionKind,
    name: "f.3",
    spec: { ...version, memoryMib: 512 },
    live: version,
    wrong: /a published version never changes/,
  },
  {
    title: "a version that stays",
    kind: functionVersionKind,
    name: "f.3",
    spec: version,
    live: version,
    wrong: null,
  },
  { title: "an alias", kind: functionAliasKind, name: "f.live", spec: alias, wrong: null },
  {
    title: "an alias with a URL, a description and a second version",
    kind: functionAliasKind,
    name: "f.live",
    spec: { ...alias, description: "d", url: { authType: "NONE" }, additional: { version: "4", weight: 0.1 } },
    wrong: null,
  },
  {
    title: "an alias that is a number",
    kind: functionAliasKind,
    name: "f.7",
    spec: { ...alias, alias: "7" },
    wrong: /and not be a number/,
  },
  {
    title: "an alias of nothing that is a version",
    kind: functionAliasKind,
    name: "f.live",
    spec: { ...alias, version: "other" },
    wrong: /must be a version/,
  },
  {
    title: "a weight of more than everything",
    kind: functionAliasKind,
    name: "f.live",
    spec: { ...alias, additional: { version: "4", weight: 1.5 } },
    wrong: /must be between 0 and 1/,
  },
  {
    title: "the same version twice",
    kind: functionAliasKind,
    name: "f.live",
    spec: { ...alias, additional: { version: "3", weight: 0.5 } },
    wrong: /must be another version/,
  },
  {
    title: "$LATEST beside a version",
    kind: functionAliasKind,
    name: "f.live",
    spec: { ...alias, version: "$LATEST", additional: { version: "3", weight: 0.5 } },
    wrong: /must be a published version/,
  },
];

for (const { title, kind, name, spec, live, wrong } of cases)
  test(`${title} is ${wrong === null ? "accepted" : "refused"}`, () => {
    const said = wrongIn(kind, name, spec, live).join("\n");
    if (wrong === null) assert.equal(said, "");
    else assert.match(said, wrong);
  });
