/** Makes a document conform to a schema, in one walk: types checked, unknown fields dropped, amounts and times canonical, defaults set. */
import { type Draft, draft, put } from "#base/dictionary.ts";
import { Fault, type FieldFault } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject } from "#base/json.ts";
import { canonicalQuantity, parseNanos } from "#base/quantity.ts";
import type { Field, Scalar, Schema, SchemaTable } from "#base/schema.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { inertIn } from "#kinds/inert.ts";
import type { Kind } from "#kinds/kind.ts";
import type { ObjectSchema } from "./schema-table.ts";

export interface Conformed {
  readonly object: JsonObject;
  /** Paths of fields that the schema does not know: "spec.containers[0].foo". */
  readonly unknown: readonly string[];
  /** Members that are set and that nothing acts on: "ServiceSpec.loadBalancerIP". */
  readonly inert: readonly string[];
  readonly faults: readonly FieldFault[];
}

/**
 * How strangers are told: "decode" throws BadRequest in the words of Go's JSON decoder, as built-in kinds do;
 * "report" collects faults in the words of the custom resource validator.
 */
type Manner = "decode" | "report";

type Shape = Pick<Kind, "kind" | "schema" | "table" | "definedBy" | "typeName">;

export function conform(document: JsonObject, kind: Shape): Conformed {
  const manner = kind.definedBy === undefined ? "decode" : "report";
  const walk = new Walk(kind.table, manner);
  const struct = manner === "decode" ? kind.kind : "";
  const object = walk.object(document, kind.schema, { parent: undefined, step: "", struct });
  if (kind.typeName !== undefined) walk.inert.push(...inertIn(kind.typeName, document));
  return { object, unknown: walk.unknown, inert: walk.inert, faults: walk.faults.found };
}

type ScalarSchema = Schema & { readonly is: Scalar | "intOrString" };

/** Where the walk is. `struct` is the Go type around it, for the decoder's words. */
interface Place {
  readonly parent: Place | undefined;
  /** ".name", "[0]" or "" at the root. */
  readonly step: string;
  /** An index or the key of a map: Go leaves it out when it names a field. */
  readonly isInside?: true;
  readonly struct: string;
}

// Upstream stops collecting after as many; more would only make the answer unreadable.
const MAX_UNKNOWN = 100;
// Writing an object takes 5 µs for each key of a large map, owners and all.
export const MAX_KEYS = 10_000;

class Walk {
  readonly unknown: string[] = [];
  readonly inert: string[] = [];
  readonly faults = new FieldFaults();
  readonly #table: SchemaTable;
  readonly #manner: Manner;

  constructor(table: SchemaTable, manner: Manner) {
    this.#table = table;
    this.#manner = manner;
  }

  object(document: JsonObject, schema: ObjectSchema, at: Place): JsonObject {
    const kept = draft<Json>();
    for (const name in document) {
      const value = document[name] ?? null;
      const field = Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
      if (field !== undefined) this.#member({ kept, name, value, field, at });
      else if (schema.preserveUnknown === true) put(kept, name, value);
      else if (this.unknown.length < MAX_UNKNOWN) this.unknown.push(pathOf(step(at, name)));
    }
    for (const { name, value, schema: of } of defaultsOf(schema))
      if (!Object.hasOwn(kept, name)) put(kept, name, this.#value(value, of, step(at, name)));
    this.#requireAll(kept, schema, at);
    return kept;
  }

  #member(member: { kept: Draft<Json>; name: string; value: Json; field: Field; at: Place }): void {
    const { kept, name, value, field, at } = member;
    if (value === null && field.nullable !== true && (this.#manner === "decode" || field.default !== undefined)) return;
    if (value === null && field.nullable === true) {
      put(kept, name, null);
      return;
    }
    const conformed = this.#value(value, field.schema, step(at, name));
    if (field.omitsEmpty === true && isEmpty(conformed)) return;
    put(kept, name, conformed);
  }

  #requireAll(kept: JsonObject, schema: ObjectSchema, at: Place): void {
    if (this.#manner === "decode") return;
    for (const name of schema.required ?? []) {
      if (!Object.hasOwn(kept, name)) this.faults.required(pathOf(step(at, name)));
    }
  }

  #value(value: Json, schema: Schema, at: Place): Json {
    switch (schema.is) {
      case "any":
        return value;
      case "ref":
        return this.#named(value, schema.type, at);
      case "object":
        return isJsonObject(value) ? this.object(value, schema, at) : this.#mistyped(value, "object", at);
      case "map":
        return isJsonObject(value) ? this.#map(value, schema.of, at) : this.#mistyped(value, "object", at);
      case "list":
        return Array.isArray(value) ? this.#list(value, schema.of, at) : this.#mistyped(value, "array", at);
      case "quantity":
        return this.#quantity(value);
      case "time":
      case "microTime":
        return this.#time(value, schema.is);
      case "bytes":
        return this.#bytes(value, at);
      case "string":
      case "boolean":
      case "number":
      case "integer":
      case "intOrString":
        return this.#scalar(value, schema, at);
    }
  }

  #scalar(value: Json, schema: ScalarSchema, at: Place): Json {
    switch (schema.is) {
      case "string":
      case "boolean":
        return typeof value === schema.is ? value : this.#mistyped(value, schema.is, at);
      case "number":
        return this.#number(value, at);
      case "integer": {
        const wanted = schema.format === "int32" ? "int32" : "integer";
        return isInteger(value, schema.format) ? value : this.#mistyped(value, wanted, at);
      }
      case "intOrString":
        return typeof value === "string" || isInteger(value, this.#manner === "decode" ? "int32" : undefined)
          ? value
          : this.#mistyped(value, "integer or string", at);
    }
  }

  /** Go's float64, where the type is Go's own. */
  #number(value: Json, at: Place): Json {
    if (typeof value === "bigint") return this.#manner === "decode" ? Number(value) : value;
    return typeof value === "number" ? value : this.#mistyped(value, "number", at);
  }

  #named(value: Json, type: string, at: Place): Json {
    const schema = this.#table.resolve(type);
    const inside = { ...at, struct: type.slice(type.lastIndexOf(".") + 1) };
    if (isJsonObject(value)) {
      const inert = inertIn(type, value);
      if (inert.length > 0) this.inert.push(...inert);
      return this.object(value, schema, inside);
    }
    return value === null ? this.object({}, schema, inside) : this.#mistyped(value, `v1.${inside.struct}`, at);
  }

  #map(value: JsonObject, of: Schema, at: Place): JsonObject {
    const kept = draft<Json>();
    const entries = Object.entries(value);
    // DIFFERS: a map has at most 10,000 keys; upstream is bounded by the size of the object alone.
    if (entries.length > MAX_KEYS)
      throw new Fault("RequestTooLarge", `${pathOf(at)} has ${entries.length} keys; the limit is ${MAX_KEYS}`);
    for (const [name, child] of entries) put(kept, name, this.#child(child, of, { ...step(at, name), isInside: true }));
    return kept;
  }

  #list(value: readonly Json[], of: Schema, at: Place): readonly Json[] {
    return value.map((child, index) =>
      this.#child(child, of, { parent: at, step: `[${index}]`, struct: at.struct, isInside: true }),
    );
  }

  /** Go decodes null inside lists and maps as the zero value. */
  #child(child: Json, of: Schema, at: Place): Json {
    if (child !== null || this.#manner === "report") return this.#value(child, of, at);
    return of.is === "string"
      ? ""
      : of.is === "integer" || of.is === "number"
        ? 0
        : of.is === "ref"
          ? this.#value({}, of, at)
          : null;
  }

  #quantity(value: Json): Json {
    if (typeof value !== "string" && !isNumeric(value)) throw new Fault("BadRequest", QUANTITY_FORM);
    if (parseNanos(value) !== null) return canonicalQuantity(value);
    const isSuffixWrong = /^[+-]?(\d+\.?\d*|\.\d+)[eEinumkKMGTP]/.test(String(value));
    throw new Fault("BadRequest", isSuffixWrong ? "unable to parse quantity's suffix" : QUANTITY_FORM);
  }

  #time(value: Json, form: "time" | "microTime"): Json {
    if (value === null) return null;
    if (typeof value !== "string")
      throw new Fault("BadRequest", `json: cannot unmarshal ${nameOfType(value)} into Go value of type string`);
    const match = TIME.exec(value);
    const ms = match === null ? Number.NaN : Date.parse(value);
    if (match === null || Number.isNaN(ms)) {
      const layout = form === "time" ? "2006-01-02T15:04:05Z07:00" : "2006-01-02T15:04:05.000000Z07:00";
      throw new Fault(
        "BadRequest",
        `parsing time ${JSON.stringify(value)} as "${layout}": cannot parse ${JSON.stringify(value)} as "2006"`,
      );
    }
    const seconds = new Date(ms).toISOString().slice(0, 19);
    return form === "time" ? `${seconds}Z` : `${seconds}.${(match[1] ?? "").slice(1, 7).padEnd(6, "0")}Z`;
  }

  #bytes(value: Json, at: Place): Json {
    if (typeof value !== "string") return this.#mistyped(value, "[]uint8", at);
    const compact = value.replace(/[\r\n]/g, "");
    const bad =
      /[^A-Za-z0-9+/=]/.exec(compact)?.index ??
      (compact.length % 4 === 0 && /^[^=]*={0,2}$/.test(compact) ? undefined : compact.length);
    if (bad !== undefined) throw new Fault("BadRequest", `illegal base64 data at input byte ${bad}`);
    return compact;
  }

  #mistyped(value: Json, wanted: string, at: Place): Json {
    const path = pathOf(at);
    if (this.#manner === "report" && at.struct === "") {
      const plain = wanted === "int32" ? "integer" : wanted;
      const shown = value === null ? "null" : nameOfType(value);
      this.faults.wrongType(path, shown, `${path} in body must be of type ${plain}: ${JSON.stringify(shown)}`);
      return value;
    }
    const got = isNumeric(value) && wanted.startsWith("int") ? `number ${value}` : nameOfType(value);
    const into = at.parent === undefined ? "Go value" : `Go struct field ${at.struct}.${goPathOf(at)}`;
    throw new Fault("BadRequest", `json: cannot unmarshal ${got} into ${into} of type ${GO_TYPES[wanted] ?? wanted}`);
  }
}

interface Default {
  readonly name: string;
  readonly value: Json;
  readonly schema: Schema;
}

/** Found once for each type: a pod has sixty objects, most of forty fields without a default. */
const defaults = new WeakMap<ObjectSchema, readonly Default[]>();

function defaultsOf(schema: ObjectSchema): readonly Default[] {
  let found = defaults.get(schema);
  if (found === undefined) {
    found = Object.entries(schema.fields).flatMap(([name, field]): readonly Default[] => {
      const { default: value } = field;
      const isLeftOut = value === undefined || (field.omitsEmpty === true && isEmpty(value));
      return isLeftOut ? [] : [{ name, value, schema: field.schema }];
    });
    defaults.set(schema, found);
  }
  return found;
}

const QUANTITY_FORM = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(?:Z|[+-]\d{2}:\d{2})$/;
const GO_TYPES: Readonly<Record<string, string>> = {
  integer: "int64",
  boolean: "bool",
  number: "float64",
  array: "[]interface {}",
  object: "map[string]interface {}",
  "integer or string": "int32",
};

function step(parent: Place, name: string): Place {
  return { parent, step: parent.parent === undefined && parent.step === "" ? name : `.${name}`, struct: parent.struct };
}

function pathOf(at: Place): string {
  return at.parent === undefined ? at.step : pathOf(at.parent) + at.step;
}

function goPathOf(at: Place): string {
  if (at.parent === undefined) return at.step;
  return at.isInside === true ? goPathOf(at.parent) : goPathOf(at.parent) + at.step;
}

function isNumeric(value: Json): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function isInteger(value: Json, format: string | undefined): boolean {
  if (typeof value === "bigint") return format !== "int32";
  if (typeof value !== "number" || !Number.isInteger(value)) return false;
  return format !== "int32" || (value >= -2_147_483_648 && value <= 2_147_483_647);
}

function isEmpty(value: Json): boolean {
  if (value === "" || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isJsonObject(value) && Object.keys(value).length === 0;
}

function nameOfType(value: Json): string {
  if (Array.isArray(value)) return "array";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "bigint") return "number";
  return value === null ? "null" : typeof value;
}
