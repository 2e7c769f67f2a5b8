/** What OpenAPI says of custom resources: all that the definition says, and for v2 what upstream's conversion leaves of it. */
import assert from "node:assert/strict";
import test from "node:test";
import type { JsonObject } from "#base/json.ts";
import type { JsonSchema } from "#kinds/admission/definition-spec.ts";
import { publishedDefinition } from "./openapi-definition.ts";

const metadata = { $ref: "ObjectMeta" };
const typeMeta = {
  apiVersion: {
    type: "string",
    description: "APIVersion defines the versioned schema of this representation of an object.",
  },
  kind: { type: "string", description: "Kind is the type that this object is of, in CamelCase." },
};
const WORDS = "Standard object's metadata: names, labels, owners and what the server knows of the object.";
const own = {
  v2: { ...typeMeta, metadata: { ...metadata, description: WORDS } },
  v3: { ...typeMeta, metadata: { allOf: [metadata], description: WORDS } },
};

interface Case {
  readonly title: string;
  readonly schema: JsonSchema;
  readonly v2: JsonObject;
  /** Absent: as the definition has it. */
  readonly v3?: JsonObject;
}

const values: JsonSchema = {
  type: "string",
  pattern: "^a",
  format: "date",
  minLength: 1,
  maxLength: 2,
  enum: ["a"],
  default: "a",
  description: "d",
};
const numbers: JsonSchema = {
  type: "integer",
  minimum: 0,
  maximum: 9,
  exclusiveMinimum: true,
  exclusiveMaximum: true,
  multipleOf: 3,
};
const junctors = { anyOf: [{ minimum: 1 }], allOf: [{ maximum: 3 }], oneOf: [{ minimum: 2 }], not: { maximum: 0 } };
const list: JsonSchema = {
  type: "array",
  minItems: 0,
  maxItems: 5,
  items: { type: "object", required: ["name"], properties: { name: { type: "string" } } },
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": ["name"],
};

const cases: readonly Case[] = [
  { title: "texts", schema: values, v2: values },
  { title: "numbers", schema: numbers, v2: numbers },
  { title: "junctors", schema: { type: "number", ...junctors }, v2: { type: "number" } },
  { title: "lists", schema: list, v2: list },
  {
    title: "plain lists",
    schema: { type: "array", items: { type: "string" } },
    v2: { type: "array", items: { type: "string" } },
  },
  {
    title: "maps",
    schema: {
      type: "object",
      additionalProperties: { type: "string", maxLength: 3 },
      minProperties: 1,
      maxProperties: 2,
    },
    v2: { type: "object", additionalProperties: { type: "string", maxLength: 3 }, minProperties: 1, maxProperties: 2 },
  },
  { title: "nullable fields", schema: { type: "string", nullable: true }, v2: {} },
  {
    title: "what is nullable is not required",
    schema: {
      type: "object",
      required: ["a", "b"],
      properties: { a: { type: "string", nullable: true }, b: { type: "string" } },
    },
    v2: { type: "object", required: ["b"], properties: { a: {}, b: { type: "string" } } },
  },
  {
    title: "open objects",
    schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { a: { type: "string" } } },
    v2: { "x-kubernetes-preserve-unknown-fields": true },
  },
  {
    title: "int-or-string",
    schema: { "x-kubernetes-int-or-string": true },
    v2: { "x-kubernetes-int-or-string": true },
    v3: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
  },
];

for (const { title, schema, v2, v3 = schema as unknown as JsonObject } of cases)
  test(`OpenAPI of a definition: ${title}`, () => {
    const root: JsonSchema = { type: "object", properties: { field: schema } };
    assert.deepEqual(publishedDefinition(root, metadata, "v2"), {
      type: "object",
      properties: { field: v2, ...own.v2 },
    });
    assert.deepEqual(publishedDefinition(root, metadata, "v3"), {
      type: "object",
      properties: { field: v3, ...own.v3 },
    });
  });

test("v2 knows nothing of a definition without schema or with an open root; v3 says that the root is open", () => {
  const open: JsonSchema = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
  assert.deepEqual(publishedDefinition(undefined, metadata, "v2"), { type: "object" });
  assert.deepEqual(publishedDefinition(open, metadata, "v2"), { type: "object" });
  assert.deepEqual(publishedDefinition(open, metadata, "v3"), { ...open, properties: own.v3 });
});
