/** From a definition's JSON schema to the Schema by which its objects are checked, pruned, defaulted and merged. */
import type { Field, Schema } from "#base/schema.ts";
import type { JsonSchema } from "./definition-spec.ts";
import type { ObjectSchema } from "#kinds/schema/schema-table.ts";

const META: Field = { schema: { is: "ref", type: "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta" }, default: {} };
const TEXT: Field = { schema: { is: "string" } };

/** The root: apiVersion, kind and metadata are always there, whatever the definition says of them. */
export function rootSchema(schema: JsonSchema | undefined): ObjectSchema {
  const root: ObjectSchema =
    schema === undefined ? { is: "object", fields: {}, preserveUnknown: true } : objectSchema(schema);
  return {
    ...root,
    fields: { ...root.fields, apiVersion: TEXT, kind: TEXT, metadata: META },
  };
}

function objectSchema(schema: JsonSchema): ObjectSchema {
  const fields = Object.entries(schema.properties ?? {}).map(([name, property]) => [name, fieldOf(property)] as const);
  const embedded =
    schema["x-kubernetes-embedded-resource"] === true ? { apiVersion: TEXT, kind: TEXT, metadata: META } : {};
  return {
    is: "object",
    fields: { ...Object.fromEntries(fields), ...embedded },
    ...(schema.required !== undefined && { required: schema.required }),
    ...(schema["x-kubernetes-map-type"] === "atomic" && { atomic: true }),
    ...(schema["x-kubernetes-preserve-unknown-fields"] === true && { preserveUnknown: true }),
  };
}

function fieldOf(schema: JsonSchema): Field {
  return {
    schema: schemaOf(schema),
    ...(schema.default !== undefined && { default: schema.default }),
    ...(schema.nullable === true && { nullable: true }),
  };
}

function schemaOf(schema: JsonSchema): Schema {
  if (schema["x-kubernetes-int-or-string"] === true) return { is: "intOrString" };
  const format = schema.format === undefined ? {} : { format: schema.format };
  const choices = schema.enum === undefined ? {} : { enum: schema.enum };
  switch (schema.type) {
    case "string":
    case "integer":
    case "number":
    case "boolean":
      return { is: schema.type, ...format, ...choices };
    case "array":
      return listSchema(schema);
    case "object":
      return mapOrObject(schema);
    case undefined:
    default:
      return { is: "any" };
  }
}

function listSchema(schema: JsonSchema): Schema {
  const type = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"];
  return {
    is: "list",
    of: schemaOf(schema.items ?? {}),
    ...(type !== undefined && { type }),
    ...(keys !== undefined && { keys }),
  };
}

function mapOrObject(schema: JsonSchema): Schema {
  const { additionalProperties, properties } = schema;
  if (properties !== undefined || additionalProperties === undefined || additionalProperties === false) {
    const isOpen =
      properties === undefined &&
      schema["x-kubernetes-preserve-unknown-fields"] === true &&
      schema["x-kubernetes-embedded-resource"] !== true;
    return isOpen ? { is: "map", of: { is: "any" }, ...atomicOf(schema) } : objectSchema(schema);
  }
  const of: Schema = additionalProperties === true ? { is: "any" } : schemaOf(additionalProperties);
  return { is: "map", of, ...atomicOf(schema) };
}

function atomicOf(schema: JsonSchema): { readonly atomic?: true } {
  return schema["x-kubernetes-map-type"] === "atomic" ? { atomic: true } : {};
}
