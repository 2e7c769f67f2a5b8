/** The value rules of a definition's JSON schema: ranges, lengths, patterns, enums, formats, combinations. Types were checked before. */
import { Fault } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject, sameJson } from "#base/json.ts";
import type { JsonSchema } from "./definition-spec.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { formatFits } from "#kinds/schema/formats.ts";
import { compilePattern, type Pattern } from "#kinds/schema/pattern.ts";

// About 50 ms. A schema multiplies with its object: each of 5,000 alternatives may look at each of 50,000 elements.
const MAX_STEPS = 500_000;
// What a visit of a value costs is 1; characters are cheap by comparison.
const CHARACTERS_PER_STEP = 256;

/** Checks objects of one definition; keeps its compiled patterns. */
export class ValueRules {
  readonly #root: JsonSchema;
  readonly #patterns = new Map<string, Pattern | null>();
  #steps = 0;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  check(object: JsonObject, faults: FieldFaults): void {
    this.#steps = 0;
    this.#value(object, this.#root, "", faults);
  }

  #spend(steps: number): void {
    this.#steps += steps;
    if (this.#steps > MAX_STEPS)
      throw new Fault("RequestTooLarge", "the schema of the definition takes too many steps to check this object");
  }

  #value(value: Json, schema: JsonSchema, path: string, faults: FieldFaults): void {
    this.#spend(1 + (schema.enum?.length ?? 0));
    if (value === null) return;
    if (schema.enum !== undefined && !schema.enum.some((one) => sameJson(one, value))) {
      faults.notSupported(
        path,
        value,
        schema.enum.map((one) => (typeof one === "string" ? one : JSON.stringify(one))),
      );
    }
    if (typeof value === "string") this.#text(value, schema, path, faults);
    else if (typeof value === "number" || typeof value === "bigint") checkNumber(value, schema, path, faults);
    else if (Array.isArray(value)) this.#list(value, schema, path, faults);
    else if (isJsonObject(value)) this.#object(value, schema, path, faults);
    this.#combinations(value, schema, path, faults);
  }

  #text(value: string, schema: JsonSchema, path: string, faults: FieldFaults): void {
    const { minLength, maxLength, pattern, format } = schema;
    // Lengths count Unicode characters, as Go's runes do.
    const isMeasured = minLength !== undefined || maxLength !== undefined;
    const compiled = pattern === undefined ? null : this.#pattern(pattern);
    this.#spend((value.length * ((isMeasured ? 1 : 0) + (compiled?.size ?? 0))) / CHARACTERS_PER_STEP);
    const length = isMeasured ? charactersOf(value) : 0;
    if (minLength !== undefined && length < minLength)
      faults.invalid(path, value, `${path} in body should be at least ${minLength} chars long`);
    if (maxLength !== undefined && length > maxLength) faults.tooLong(path, maxLength);
    if (compiled?.occursIn(value) === false) faults.invalid(path, value, `${path} in body should match '${pattern}'`);
    if (format !== undefined && !formatFits(format, value))
      faults.invalid(path, value, `${path} in body must be of type ${format}: ${JSON.stringify(value)}`);
  }

  #pattern(source: string): Pattern | null {
    const known = this.#patterns.get(source);
    if (known !== undefined) return known;
    const compiled = compilePattern(source);
    this.#patterns.set(source, compiled);
    return compiled;
  }

  #list(value: readonly Json[], schema: JsonSchema, path: string, faults: FieldFaults): void {
    const { minItems, maxItems, items } = schema;
    if (minItems !== undefined && value.length < minItems)
      faults.invalid(path, value.length, `${path} in body should have at least ${minItems} items`);
    if (maxItems !== undefined && value.length > maxItems) faults.tooMany(path, value.length, maxItems);
    checkUnique(value, schema, path, faults);
    if (items !== undefined)
      for (const [index, child] of value.entries()) this.#value(child, items, `${path}[${index}]`, faults);
  }

  #object(value: JsonObject, schema: JsonSchema, path: string, faults: FieldFaults): void {
    const { minProperties, maxProperties, properties = {}, additionalProperties } = schema;
    const count = Object.keys(value).length;
    if (minProperties !== undefined && count < minProperties)
      faults.invalid(path, count, `${path} in body should have at least ${minProperties} properties`);
    if (maxProperties !== undefined && count > maxProperties) faults.tooMany(path, count, maxProperties);
    for (const [name, child] of Object.entries(value)) {
      const rule = Object.hasOwn(properties, name)
        ? properties[name]
        : typeof additionalProperties === "object"
          ? additionalProperties
          : undefined;
      if (rule !== undefined) this.#value(child, rule, path === "" ? name : `${path}.${name}`, faults);
    }
  }

  #combinations(value: Json, schema: JsonSchema, path: string, faults: FieldFaults): void {
    const at = path === "" ? "<nil>" : path;
    for (const part of schema.allOf ?? []) this.#partly(value, part, path, faults);
    if (schema.anyOf !== undefined && !schema.anyOf.some((part) => this.#fits(value, part))) {
      faults.invalid(at, "", `"${path}" must validate at least one schema (anyOf)`);
    }
    if (schema.oneOf !== undefined) {
      const fitting = schema.oneOf.filter((part) => this.#fits(value, part)).length;
      const found = fitting === 0 ? "none valid" : `${fitting} valid alternatives`;
      if (fitting !== 1)
        faults.invalid(at, "", `"${path}" must validate one and only one schema (oneOf). Found ${found}`);
    }
    if (schema.not !== undefined && this.#fits(value, schema.not))
      faults.invalid(at, "", `"${path}" must not validate the schema (not)`);
  }

  #fits(value: Json, schema: JsonSchema): boolean {
    const faults = new FieldFaults();
    this.#partly(value, schema, "", faults);
    return faults.found.length === 0;
  }

  /** Inside combinations types and required fields count as well; the main walk has checked its own. */
  #partly(value: Json, schema: JsonSchema, path: string, faults: FieldFaults): void {
    if (schema.type !== undefined && !isOfType(value, schema.type))
      faults.wrongType(path, value, `${path} in body must be of type ${schema.type}`);
    if (isJsonObject(value)) {
      for (const name of schema.required ?? [])
        if (!Object.hasOwn(value, name)) faults.required(path === "" ? name : `${path}.${name}`);
    }
    this.#value(value, schema, path, faults);
  }
}

function charactersOf(text: string): number {
  let count = 0;
  for (const _character of text) count++;
  return count;
}

function checkNumber(value: number | bigint, schema: JsonSchema, path: string, faults: FieldFaults): void {
  const { minimum, maximum, multipleOf } = schema;
  if (minimum !== undefined && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    faults.invalid(
      path,
      value,
      `${path} in body should be greater than ${schema.exclusiveMinimum === true ? "" : "or equal to "}${minimum}`,
    );
  }
  if (maximum !== undefined && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    faults.invalid(
      path,
      value,
      `${path} in body should be less than ${schema.exclusiveMaximum === true ? "" : "or equal to "}${maximum}`,
    );
  }
  if (multipleOf !== undefined && !Number.isInteger(Number(value) / multipleOf))
    faults.invalid(path, value, `${path} in body should be a multiple of ${multipleOf}`);
}

function checkUnique(value: readonly Json[], schema: JsonSchema, path: string, faults: FieldFaults): void {
  const type = schema["x-kubernetes-list-type"];
  if (type !== "set" && type !== "map") return;
  const keys = schema["x-kubernetes-list-map-keys"] ?? [];
  const seen = new Set<string>();
  for (const [index, child] of value.entries()) {
    const mark =
      type === "map" && isJsonObject(child) ? Object.fromEntries(keys.map((key) => [key, child[key] ?? null])) : child;
    const text = JSON.stringify(mark);
    if (seen.has(text)) faults.duplicate(`${path}[${index}]`, mark);
    seen.add(text);
  }
}

function isOfType(value: Json, type: string): boolean {
  switch (type) {
    case "array":
      return Array.isArray(value);
    case "object":
      return isJsonObject(value);
    case "integer":
      return typeof value === "bigint" || Number.isInteger(value);
    case "number":
      return typeof value === "bigint" || typeof value === "number";
    default:
      return typeof value === type;
  }
}
