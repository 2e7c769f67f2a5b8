/** What makes a definition's JSON schema structural: every node has one type, and combinations only restrict values. */
import { unsupported } from "#base/fault.ts";
import type { JsonSchema } from "./definition-spec.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { compilePattern } from "#kinds/schema/pattern.ts";

const TYPES = ["array", "boolean", "integer", "number", "object", "string"];
type Level = "root" | "items" | "field";

export function checkStructural(root: JsonSchema, path: string, faults: FieldFaults): void {
  if (root.type !== undefined && root.type !== "object")
    faults.invalid(`${path}.type`, root.type, 'only "object" is allowed as the type at the root');
  if (root.nullable === true) faults.forbidden(`${path}.nullable`, "nullable cannot be true at the root");
  if (root.additionalProperties !== undefined)
    faults.forbidden(`${path}.additionalProperties`, "must not be used at the root");
  checkNode(root, path, "root", faults);
}

function checkNode(schema: JsonSchema, path: string, level: Level, faults: FieldFaults): void {
  if ((schema["x-kubernetes-validations"] ?? []).length > 0)
    throw unsupported("CustomResourceDefinition x-kubernetes-validations (CEL rules)");
  if (schema.$ref !== undefined) faults.forbidden(`${path}.$ref`, "$ref is not supported");
  checkType(schema, path, level, faults);
  checkValues(schema, path, faults);
  checkLists(schema, path, faults);
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    if (level === "root" && name === "metadata") checkMetadata(property, `${path}.properties[metadata]`, faults);
    else checkNode(property, `${path}.properties[${name}]`, "field", faults);
  }
  const { additionalProperties, items } = schema;
  if (additionalProperties !== undefined && schema.properties !== undefined) {
    faults.forbidden(`${path}.additionalProperties`, "additionalProperties and properties are mutual exclusive");
  }
  if (typeof additionalProperties === "object")
    checkNode(additionalProperties, `${path}.additionalProperties`, "field", faults);
  if (items !== undefined) checkNode(items, `${path}.items`, "items", faults);
  for (const junctor of ["allOf", "anyOf", "oneOf"] as const) {
    for (const [index, part] of (schema[junctor] ?? []).entries())
      checkPart(part, `${path}.${junctor}[${index}]`, schema, faults);
  }
  if (schema.not !== undefined) checkPart(schema.not, `${path}.not`, schema, faults);
}

function checkType(schema: JsonSchema, path: string, level: Level, faults: FieldFaults): void {
  const { type = "" } = schema;
  const isLoose =
    schema["x-kubernetes-int-or-string"] === true || schema["x-kubernetes-preserve-unknown-fields"] === true;
  if (type !== "") {
    if (!TYPES.includes(type)) faults.notSupported(`${path}.type`, type, TYPES);
    if (schema["x-kubernetes-int-or-string"] === true)
      faults.invalid(`${path}.type`, type, "must be empty if x-kubernetes-int-or-string is true");
  } else if (level === "root") faults.required(`${path}.type`, "must not be empty at the root");
  else if (!isLoose)
    faults.required(
      `${path}.type`,
      `must not be empty for specified ${level === "items" ? "array items" : "object fields"}`,
    );
  if (schema["x-kubernetes-embedded-resource"] === true && type !== "object") {
    faults.invalid(`${path}.type`, type, "must be object if x-kubernetes-embedded-resource is true");
  }
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) {
    faults.invalid(`${path}.x-kubernetes-preserve-unknown-fields`, false, "must be true or undefined");
  }
}

function checkValues(schema: JsonSchema, path: string, faults: FieldFaults): void {
  if (schema.uniqueItems === true)
    faults.forbidden(
      `${path}.uniqueItems`,
      "uniqueItems cannot be set to true since the runtime complexity becomes quadratic",
    );
  if (schema.pattern !== undefined && compilePattern(schema.pattern) === null) {
    faults.invalid(`${path}.pattern`, schema.pattern, "must be a valid regular expression of bounded size, but isn't");
  }
  if (schema.type === "array" && schema.items === undefined) faults.required(`${path}.items`, "must be specified");
}

function checkLists(schema: JsonSchema, path: string, faults: FieldFaults): void {
  const type = schema["x-kubernetes-list-type"];
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  if (type !== undefined) {
    if (schema.type !== "array")
      faults.invalid(`${path}.type`, schema.type ?? "", "must be array if x-kubernetes-list-type is specified");
    if (!["atomic", "map", "set"].includes(type))
      faults.notSupported(`${path}.x-kubernetes-list-type`, type, ["atomic", "map", "set"]);
  }
  if (keys.length > 0 && type !== "map")
    faults.required(`${path}.x-kubernetes-list-type`, "must be map if x-kubernetes-list-map-keys is non-empty");
  if (type !== "map") return;
  if (keys.length === 0)
    faults.required(`${path}.x-kubernetes-list-map-keys`, "must not be empty if x-kubernetes-list-type is map");
  for (const key of keys) {
    if (schema.items?.properties?.[key] === undefined) {
      faults.invalid(`${path}.x-kubernetes-list-map-keys`, keys, "entries must all be names of item properties");
      continue;
    }
    const isGiven =
      schema.items.required?.includes(key) === true || schema.items.properties[key]?.default !== undefined;
    if (!isGiven) {
      const detail =
        "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property";
      faults.required(`${path}.items.properties[${key}].default`, detail);
    }
  }
}

function checkMetadata(schema: JsonSchema, path: string, faults: FieldFaults): void {
  if (schema.type !== "object") faults.invalid(`${path}.type`, schema.type ?? "", "must be object");
  const others = Object.keys(schema.properties ?? {}).filter((name) => name !== "name" && name !== "generateName");
  if (others.length > 0)
    faults.forbidden(
      path,
      "must not specify anything other than name and generateName, but metadata is implicitly specified",
    );
}

const VALUE_ONLY = ["default", "title", "description"] as const;
const STRUCTURE_ONLY = [
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-embedded-resource",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
] as const;

/** Inside combinations only values may be restricted, and only of fields that the structure names. */
function checkPart(part: JsonSchema, path: string, around: JsonSchema, faults: FieldFaults): void {
  if (part.type !== undefined && around["x-kubernetes-int-or-string"] !== true)
    faults.forbidden(`${path}.type`, "must be empty to be structural");
  if (part.additionalProperties !== undefined)
    faults.forbidden(`${path}.additionalProperties`, "must be undefined to be structural");
  for (const name of VALUE_ONLY)
    if (part[name] !== undefined)
      faults.forbidden(
        `${path}.${name}`,
        name === "default" ? "must be undefined to be structural" : "must be empty to be structural",
      );
  for (const name of STRUCTURE_ONLY)
    if (part[name] !== undefined) faults.forbidden(`${path}.${name}`, "must be undefined to be structural");
  if (part.nullable === true) faults.forbidden(`${path}.nullable`, "must be false to be structural");
  checkPartsWithin(part, path, around, faults);
}

function checkPartsWithin(part: JsonSchema, path: string, around: JsonSchema, faults: FieldFaults): void {
  for (const [name, property] of Object.entries(part.properties ?? {})) {
    const named = around.properties?.[name];
    if (named === undefined && typeof around.additionalProperties !== "object")
      faults.required(`${path}.properties[${name}]`, "because it is defined in a combination");
    checkPart(property, `${path}.properties[${name}]`, named ?? {}, faults);
  }
  if (part.items !== undefined) checkPart(part.items, `${path}.items`, around.items ?? {}, faults);
  for (const junctor of ["allOf", "anyOf", "oneOf"] as const) {
    for (const [index, inner] of (part[junctor] ?? []).entries())
      checkPart(inner, `${path}.${junctor}[${index}]`, around, faults);
  }
}
