/** The protobuf form of the OpenAPI v2 document, read again by gnostic's field numbers (OpenAPIv2.proto). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeUtf8Strictly } from "#base/utf8.ts";
import { openApiV2 } from "#kinds/schema/openapi.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { DELIMITED, ProtoReader } from "#wire/proto-wire.ts";
import { openApiProtobuf } from "./openapi-protobuf.ts";

/** Every field that the numbers lead to; a last one that is no message is its number. */
function at(bytes: Uint8Array, [first, ...rest]: readonly number[]): readonly (Uint8Array | number)[] {
  const found: (Uint8Array | number)[] = [];
  const reader = new ProtoReader(bytes);
  while (!reader.isDone) {
    const { number, type } = reader.tag();
    if (number !== first) reader.skip(type);
    else found.push(type === DELIMITED ? reader.bytes() : reader.unsigned());
  }
  if (rest.length === 0) return found;
  return found.flatMap((each) => (typeof each === "number" ? [] : at(each, rest)));
}

function texts(bytes: Uint8Array, ...path: readonly number[]): readonly (string | number)[] {
  return at(bytes, path).map((each) => (typeof each === "number" ? each : decodeUtf8Strictly(each)));
}

const mark = { group: "g", version: "v1", kind: "Thing" };
const document = {
  swagger: "2.0",
  info: { title: "Kubernetes", version: "v1" },
  definitions: {
    "g.v1.Thing": {
      description: "a thing",
      type: "object",
      required: ["spec"],
      properties: {
        spec: { $ref: "#/definitions/g.v1.Spec" },
        list: { type: "array", items: { type: "string", enum: ["a", "b"], default: "a" } },
        map: { additionalProperties: { type: "integer", format: "int32", maxLength: 300 } },
        free: { additionalProperties: true },
      },
      "x-kubernetes-group-version-kind": [mark],
    },
  },
  paths: {
    "/apis/g/v1/things": {
      patch: {
        "x-kubernetes-group-version-kind": mark,
        consumes: ["application/json-patch+json"],
        parameters: [
          { in: "body", name: "body", required: true, schema: { $ref: "#/definitions/g.v1.Thing" } },
          { in: "query", name: "dryRun", type: "string", uniqueItems: true },
        ],
        responses: { "200": { description: "OK", schema: { $ref: "#/definitions/g.v1.Thing" } } },
      },
      parameters: [{ in: "path", name: "name", type: "string", required: true, uniqueItems: true }],
    },
  },
};
const bytes = openApiProtobuf(document);
const schema = [9, 1, 2] as const;
const property = [...schema, 25, 1] as const;
const patch = [8, 2, 2, 8] as const;

const rows: readonly (readonly [what: string, path: readonly number[], wanted: readonly (string | number)[]])[] = [
  ["the version", [1], ["2.0"]],
  ["the title", [2, 1], ["Kubernetes"]],
  ["names of definitions", [9, 1, 1], ["g.v1.Thing"]],
  ["descriptions", [...schema, 4], ["a thing"]],
  ["types", [...schema, 22, 1], ["object"]],
  ["what is required", [...schema, 19], ["spec"]],
  ["names of properties", [...property, 1], ["spec", "list", "map", "free"]],
  ["references", [...property, 2, 1], ["#/definitions/g.v1.Spec"]],
  ["items", [...property, 2, 23, 1, 22, 1], ["string"]],
  ["enums as YAML", [...property, 2, 23, 1, 20, 2], ['"a"', '"b"']],
  ["defaults as YAML", [...property, 2, 23, 1, 5, 2], ['"a"']],
  ["values of maps", [...property, 2, 21, 1, 2], ["int32"]],
  ["whole numbers", [...property, 2, 21, 1, 11], [300]],
  ["maps of anything", [...property, 2, 21, 2], [1]],
  ["extensions as YAML", [...schema, 31, 2, 2], [JSON.stringify([mark])]],
  ["paths", [8, 2, 1], ["/apis/g/v1/things"]],
  ["an operation's kind", [...patch, 13, 2, 2], [JSON.stringify(mark)]],
  ["what is consumed", [...patch, 7], ["application/json-patch+json"]],
  ["the body", [...patch, 8, 1, 1, 5, 1], ["#/definitions/g.v1.Thing"]],
  ["parameters of the query", [...patch, 8, 1, 2, 3, 4], ["dryRun"]],
  ["their type and that each comes once", [...patch, 8, 1, 2, 3, 20], [1]],
  ["parameters of the path", [8, 2, 2, 9, 1, 2, 4, 4], ["name"]],
  ["that each comes once", [8, 2, 2, 9, 1, 2, 4, 19], [1]],
  ["codes of answers", [...patch, 9, 1, 1], ["200"]],
  ["what is answered", [...patch, 9, 1, 2, 1, 2, 1, 1], ["#/definitions/g.v1.Thing"]],
];
for (const [what, path, wanted] of rows)
  test(`OpenAPI v2 in protobuf has ${what}`, () => assert.deepEqual(texts(bytes, ...path), wanted));

test("OpenAPI v2 in protobuf has every definition and every path of the built-in kinds", () => {
  const whole = openApiV2(builtinKinds);
  const encoded = openApiProtobuf(whole);
  assert.deepEqual(texts(encoded, 9, 1, 1), Object.keys(whole["definitions"] as object));
  assert.deepEqual(texts(encoded, 8, 2, 1), Object.keys(whole["paths"] as object));
});
