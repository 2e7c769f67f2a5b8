/** Whether an applied configuration fits its schema: no unknown field, no value of the wrong type, no key twice. */
import { member } from "#base/dictionary.ts";
import { Fault } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject } from "#base/json.ts";
import type { Schema, SchemaTable } from "#base/schema.ts";
import { MAX_KEYS } from "#kinds/schema/conform.ts";
import { printPath } from "./field-set.ts";
import { isList, textOf } from "./members.ts";
import { elementStep, formOf, memberSchema, resolved } from "./typed.ts";

interface Scalar {
  readonly what: string;
  /** What typeof may say of a value. */
  readonly types: readonly string[];
}

const TEXT: Scalar = { what: "string", types: ["string"] };
const NUMBER: Scalar = { what: "numeric (int or float)", types: ["number", "bigint"] };
const TEXT_OR_NUMBER: Scalar = { what: "untyped", types: ["string", "number", "bigint"] };

const SCALARS: Readonly<Partial<Record<Schema["is"], Scalar>>> = {
  string: TEXT,
  bytes: TEXT,
  time: TEXT,
  microTime: TEXT,
  integer: NUMBER,
  number: NUMBER,
  boolean: { what: "boolean", types: ["boolean"] },
  quantity: TEXT_OR_NUMBER,
  intOrString: TEXT_OR_NUMBER,
};

/** Throws BadRequest that names all that is wrong, as upstream does when it reads the configuration by type. */
export function checkTyped(applied: JsonObject, schema: Schema, table: SchemaTable): void {
  const found: string[] = [];
  new Checking(table, found).check(applied, schema, "");
  if (found.length === 0) return;
  const reason = found.length === 1 ? found[0] : `errors:\n${found.map((line) => `  ${line}`).join("\n")}`;
  throw new Fault("BadRequest", `failed to create typed patch object (${nameOf(applied)}): ${reason}`);
}

function nameOf(applied: JsonObject): string {
  const metadata = member(applied, "metadata");
  const [namespace, name] = isJsonObject(metadata) ? [metadata["namespace"], metadata["name"]] : [];
  return `${textOf(namespace)}/${textOf(name)}; ${textOf(applied["apiVersion"])}, Kind=${textOf(applied["kind"])}`;
}

class Checking {
  readonly #table: SchemaTable;
  readonly #found: string[];

  constructor(table: SchemaTable, found: string[]) {
    this.#table = table;
    this.#found = found;
  }

  check(value: Json, unresolved: Schema, path: string): void {
    if (value === null) return;
    const schema = resolved(unresolved, this.#table);
    if (schema.is === "object" || schema.is === "map") return this.#checkMembers(value, schema, path);
    if (schema.is === "list") return this.#checkElements(value, schema, path);
    const scalar = SCALARS[schema.is];
    if (scalar !== undefined && !scalar.types.includes(typeof value)) this.#expect(scalar.what, value, path);
  }

  #checkMembers(value: Json, schema: Schema, path: string): void {
    if (!isJsonObject(value)) return this.#expect("map", value, path);
    const entries = Object.entries(value);
    if (entries.length > MAX_KEYS)
      throw new Fault("RequestTooLarge", `${path} has ${entries.length} keys; the limit is ${MAX_KEYS}`);
    for (const [name, child] of entries) {
      const inner = memberSchema(schema, name);
      if (inner === undefined) this.#found.push(`${path}.${name}: field not declared in schema`);
      else this.check(child, inner, `${path}.${name}`);
    }
  }

  #checkElements(value: Json, schema: Schema & { readonly is: "list" }, path: string): void {
    if (!isList(value)) return this.#expect("list", value, path);
    const seen = new Set<string>();
    for (const [index, element] of value.entries()) {
      if (formOf(schema, value) === "leaf") {
        this.check(element, schema.of, `${path}[${index}]`);
        continue;
      }
      try {
        const step = elementStep(schema, element, this.#table);
        if (seen.has(step)) this.#found.push(`${path}: duplicate entries for key ${printPath([step])}`);
        seen.add(step);
        this.check(element, schema.of, `${path}${printPath([step])}`);
      } catch (thrown) {
        if (!(thrown instanceof Fault)) throw thrown;
        this.#found.push(`${path}: element ${index}: ${thrown.message}`);
      }
    }
  }

  #expect(what: string, value: Json, path: string): void {
    const got = isList(value) ? "list" : isJsonObject(value) ? "map" : JSON.stringify(value);
    this.#found.push(`${path}: expected ${what}, got ${got}`);
  }
}
