/** An OpenAPI document as API Gateway reads it: version 2 or 3, in JSON or YAML, with its extensions. Pure. */
import { isJsonObject, type Json } from "#base/json.ts";
import { parseYaml } from "#wire/yaml.ts";

export type JsonObject = { readonly [name: string]: Json };

export interface PathOperation {
  readonly path: string;
  /** In capitals; ANY for x-amazon-apigateway-any-method. */
  readonly method: string;
  readonly operation: JsonObject;
}

/** Says what is wrong with a document; the service says it in its own error. */
export class BadDocument extends Error {}

/** JSON is YAML, but JSON's own reader is faster and says better what is wrong. */
export function readDocument(text: string): JsonObject {
  const document = parsed(text);
  if (!isJsonObject(document)) throw new BadDocument("Invalid OpenAPI input.");
  const { swagger, openapi } = document;
  if (swagger !== "2.0" && !(typeof openapi === "string" && openapi.startsWith("3.")))
    throw new BadDocument("Invalid OpenAPI version specified.");
  return document;
}

function parsed(text: string): Json {
  try {
    return text.trimStart().startsWith("{") ? (JSON.parse(text) as Json) : parseYaml(text);
  } catch {
    throw new BadDocument("Invalid OpenAPI input.");
  }
}

const METHODS: readonly string[] = ["get", "put", "post", "delete", "options", "head", "patch"];
const ANY = "x-amazon-apigateway-any-method";

export function operationsOf(document: JsonObject): readonly PathOperation[] {
  return Object.entries(objectIn(document, "paths")).flatMap(([path, item]) =>
    [...METHODS, ANY].flatMap((name) => {
      const operation = isJsonObject(item) ? item[name] : undefined;
      if (!isJsonObject(operation)) return [];
      return [{ path, method: name === ANY ? "ANY" : name.toUpperCase(), operation }];
    }),
  );
}

/** Who may ask: "securityDefinitions" of version 2, "components.securitySchemes" of version 3. */
export function schemesOf(document: JsonObject): JsonObject {
  return {
    ...objectIn(document, "securityDefinitions"),
    ...objectIn(objectIn(document, "components"), "securitySchemes"),
  };
}

/** Models: "definitions" of version 2, "components.schemas" of version 3. */
export function schemasOf(document: JsonObject): JsonObject {
  return { ...objectIn(document, "definitions"), ...objectIn(objectIn(document, "components"), "schemas") };
}

/** The first scheme that an operation, or else the whole document, asks for, with its scopes. */
export function securityOf(
  document: JsonObject,
  operation: JsonObject,
): readonly (readonly [name: string, scopes: readonly string[]])[] {
  const asked = operation["security"] ?? document["security"];
  if (!Array.isArray(asked)) return [];
  return asked.flatMap((one) =>
    isJsonObject(one) ? Object.entries(one).map(([name, scopes]) => [name, textsIn(scopes)] as const) : [],
  );
}

export function objectIn(of: JsonObject, name: string): JsonObject {
  const value = Object.hasOwn(of, name) ? of[name] : undefined;
  return isJsonObject(value) ? value : {};
}

export function textIn(of: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(of, name) ? of[name] : undefined;
  return typeof value === "string" ? value : undefined;
}

export function numberIn(of: JsonObject, name: string): number | undefined {
  const value = Object.hasOwn(of, name) ? of[name] : undefined;
  return typeof value === "number" ? value : undefined;
}

export function textsIn(value: Json | undefined): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** Numbers and booleans become texts, as they are in maps of API Gateway. */
export function textMap(value: JsonObject): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, typeof one === "string" ? one : JSON.stringify(one)]),
  );
}
