/** The schema of a custom resource as OpenAPI publishes it: what its definition says, nothing added, and for v2 without what kubectl cannot read there. */
import { draft, put } from "#base/dictionary.ts";
import type { Json, JsonObject } from "#base/json.ts";
import type { JsonSchema } from "#kinds/admission/definition-spec.ts";
import type { Dialect } from "./openapi-schema.ts";

/** Members that are published as they are, as apiextensions-apiserver's ToKubeOpenAPI. */
const VERBATIM = [
  "description",
  "title",
  "type",
  "format",
  "default",
  "required",
  "maximum",
  "exclusiveMaximum",
  "minimum",
  "exclusiveMinimum",
  "maxLength",
  "minLength",
  "pattern",
  "maxItems",
  "minItems",
  "uniqueItems",
  "multipleOf",
  "enum",
  "maxProperties",
  "minProperties",
  "nullable",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-int-or-string",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-validations",
] as const;
const JUNCTORS = ["allOf", "anyOf", "oneOf"] as const;
// What `kubectl explain` says of every object; suites of others look for it.
const TYPE_META: JsonObject = {
  apiVersion: {
    type: "string",
    description: "APIVersion defines the versioned schema of this representation of an object.",
  },
  kind: { type: "string", description: "Kind is the type that this object is of, in CamelCase." },
};

export function publishedDefinition(root: JsonSchema | undefined, metadata: JsonObject, dialect: Dialect): JsonObject {
  // kubectl would complain of unknown fields if anything more were known, TypeMeta and ObjectMeta included.
  if (root === undefined || (dialect === "v2" && isOpen(root))) return { type: "object" };
  return withIdentity(new Publishing(metadata, dialect).schema(root), metadata, dialect);
}

class Publishing {
  readonly #metadata: JsonObject;
  readonly #dialect: Dialect;

  constructor(metadata: JsonObject, dialect: Dialect) {
    this.#metadata = metadata;
    this.#dialect = dialect;
  }

  schema(source: JsonSchema): JsonObject {
    const schema = this.#dialect === "v2" ? readableByV2(source) : unfolded(source);
    const { properties, items, additionalProperties, not } = schema;
    const published = draft<Json>();
    for (const name of VERBATIM) {
      const value = schema[name];
      if (value !== undefined && value !== false) put(published, name, value);
    }
    if (properties !== undefined) put(published, "properties", this.#properties(properties));
    if (items !== undefined) put(published, "items", this.schema(items));
    if (additionalProperties !== undefined)
      put(
        published,
        "additionalProperties",
        typeof additionalProperties === "boolean" ? additionalProperties : this.schema(additionalProperties),
      );
    for (const junctor of JUNCTORS) {
      const parts = schema[junctor];
      if (parts !== undefined)
        put(
          published,
          junctor,
          parts.map((part) => this.schema(part)),
        );
    }
    if (not !== undefined) put(published, "not", this.schema(not));
    const isEmbedded = schema["x-kubernetes-embedded-resource"] === true && !(this.#dialect === "v2" && isOpen(source));
    return isEmbedded ? withIdentity(published, this.#metadata, this.#dialect) : published;
  }

  #properties(properties: Readonly<Record<string, JsonSchema>>): JsonObject {
    return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, this.schema(property)]));
  }
}

function withIdentity(published: JsonObject, metadata: JsonObject, dialect: Dialect): JsonObject {
  const own = published["properties"] as JsonObject | undefined;
  return { ...published, properties: { ...own, ...TYPE_META, metadata: described(metadata, dialect) } };
}

/** In v3 nothing may stand beside a reference. */
function described(metadata: JsonObject, dialect: Dialect): JsonObject {
  const description = "Standard object's metadata: names, labels, owners and what the server knows of the object.";
  return dialect === "v3" ? { allOf: [metadata], description } : { ...metadata, description };
}

function isOpen(schema: JsonSchema): boolean {
  return schema["x-kubernetes-preserve-unknown-fields"] === true;
}

/** Structural.Unfold: what int-or-string means to those who do not know it. */
function unfolded(schema: JsonSchema): JsonSchema {
  if (schema["x-kubernetes-int-or-string"] !== true || schema.anyOf !== undefined) return schema;
  return { ...schema, anyOf: [{ type: "integer" }, { type: "string" }] };
}

/** ToStructuralOpenAPIV2: no junctors, and no structure where null or unknown members may stand. */
function readableByV2(source: JsonSchema): JsonSchema {
  const {
    allOf: _all,
    anyOf: _any,
    oneOf: _one,
    not: _not,
    nullable,
    items,
    properties,
    type,
    required,
    ...rest
  } = source;
  const isNullable = nullable === true;
  const isBare = isNullable || isOpen(source);
  // kubectl cannot read lists without elements, nor objects of which nothing is known.
  const isUnreadable = (type === "array" && (isBare || items === undefined)) || (type === "object" && isOpen(source));
  const hasType = type !== undefined && !isNullable && !isUnreadable;
  const { additionalProperties } = source;
  const hasNullableMembers = typeof additionalProperties === "object" && additionalProperties.nullable === true;
  const demanded = hasNullableMembers ? [] : (required ?? []).filter((name) => properties?.[name]?.nullable !== true);
  return {
    ...rest,
    ...(hasType && { type }),
    ...(!isBare && items !== undefined && { items }),
    ...(!isBare && properties !== undefined && { properties }),
    ...(demanded.length > 0 && { required: demanded }),
  };
}
