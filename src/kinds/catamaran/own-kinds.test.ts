/** Kinds of our own group: what their descriptions and their rules refuse, and in which words. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "#base/json.ts";
import type { Kind } from "#kinds/kind.ts";
import { checkObject, validateObject } from "#kinds/rules/check.ts";
import { functionKind } from "./function.ts";
import { httpApiKind } from "./http-api.ts";
import { tableKind } from "./table.ts";

const fn = { runtime: "nodejs24.x", handler: "index.handler", code: { sha256: "00", size: 1 } };
const table = {
  attributeDefinitions: [
    { attributeName: "id", attributeType: "S" },
    { attributeName: "at", attributeType: "N" },
  ],
  keySchema: [
    { attributeName: "id", keyType: "HASH" },
    { attributeName: "at", keyType: "RANGE" },
  ],
};
const api = { routes: [{ routeKey: "GET /", function: "f" }] };

function wrongIn(kind: Kind, spec: JsonObject): readonly string[] {
  const document = { metadata: { name: "one", namespace: "default" }, spec };
  const { object } = checkObject(kind, document, { strict: true });
  return validateObject(kind, object, null).map(({ field, message }) => `${field}: ${message}`);
}

const keys = (...types: readonly string[]): JsonObject => ({
  keySchema: types.map((keyType, at) => ({ attributeName: at === 0 ? "id" : "at", keyType })),
});

const cases: readonly (readonly [title: string, kind: Kind, spec: JsonObject, wrong: readonly string[]])[] = [
  ["a function", functionKind, fn, []],
  [
    "a function without anything",
    functionKind,
    {},
    ["spec.runtime: Required value", "spec.handler: Required value", "spec.code: Required value"],
  ],
  [
    "memory, time and storage are Lambda's",
    functionKind,
    { ...fn, memoryMib: 127, timeoutSeconds: 901, ephemeralStorageMib: 511 },
    [
      "spec.memoryMib: Invalid value: 127: must be between 128 and 10240, inclusive",
      "spec.timeoutSeconds: Invalid value: 901: must be between 1 and 900, inclusive",
      "spec.ephemeralStorageMib: Invalid value: 511: must be between 512 and 10240, inclusive",
    ],
  ],
  [
    "at least no concurrency",
    functionKind,
    { ...fn, reservedConcurrency: -1 },
    ["spec.reservedConcurrency: Invalid value: -1: must be greater than or equal to 0"],
  ],
  [
    "two architectures",
    functionKind,
    { ...fn, architectures: ["x86"] },
    ['spec.architectures[0]: Unsupported value: "x86": supported values: "arm64", "x86_64"'],
  ],
  [
    "credentials need origins by name, and methods are methods in any case",
    functionKind,
    {
      ...fn,
      url: { authType: "NONE", cors: { allowCredentials: true, allowOrigins: ["*"], allowMethods: ["get", "SEE"] } },
    },
    [
      'spec.url.cors.allowOrigins: Invalid value: "*": must name the origins when allowCredentials is true',
      'spec.url.cors.allowMethods[1]: Unsupported value: "SEE": supported values: "*", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"',
    ],
  ],
  [
    "origins have a scheme, and their rules an age",
    httpApiKind,
    { ...api, cors: { allowOrigins: ["shop.test"], maxAge: 86_401 } },
    [
      'spec.cors.allowOrigins[0]: Invalid value: "shop.test": must be "*" or a scheme and a host, such as "https://shop.test"',
      "spec.cors.maxAge: Invalid value: 86401: must be between -1 and 86400 seconds",
    ],
  ],
  ["an api", httpApiKind, api, []],
  [
    "routes are there once",
    httpApiKind,
    { routes: [...api.routes, ...api.routes] },
    ['spec.routes[1].routeKey: Duplicate value: "GET /"'],
  ],
  [
    "routes are methods and paths",
    httpApiKind,
    { routes: [...api.routes, { routeKey: "SEE /", function: "f" }] },
    [
      'spec.routes[1].routeKey: Invalid value: "SEE /": must be "$default" or a method and a path, such as "GET /users/{id}"',
    ],
  ],
  ["a table", tableKind, table, []],
  ["a table has one key or two", tableKind, { ...table, keySchema: [] }, ["spec.keySchema: Required value"]],
  [
    "HASH comes first, RANGE second",
    tableKind,
    { ...table, ...keys("RANGE", "HASH") },
    [
      'spec.keySchema[0].keyType: Invalid value: "RANGE": the first key must be HASH',
      'spec.keySchema[1].keyType: Invalid value: "HASH": the second key must be RANGE',
    ],
  ],
  [
    "keys are attributes that are defined",
    tableKind,
    { ...table, attributeDefinitions: [] },
    ["id", "at"].map(
      (name, at) =>
        `spec.keySchema[${at}].attributeName: Invalid value: "${name}": must be one of the attributeDefinitions`,
    ),
  ],
];

for (const [title, kind, spec, wrong] of cases)
  test(`our own kinds: ${title}`, () => assert.deepEqual(wrongIn(kind, spec), wrong));

test("defaults come from the description", () => {
  const document = { metadata: { name: "one", namespace: "default" }, spec: { ...fn, url: {} } };
  assert.deepEqual(checkObject(functionKind, document, { strict: true }).object.spec, {
    ...fn,
    memoryMib: 128,
    timeoutSeconds: 3,
    ephemeralStorageMib: 512,
    architectures: ["x86_64"],
    url: { authType: "NONE", invokeMode: "BUFFERED" },
  });
});
