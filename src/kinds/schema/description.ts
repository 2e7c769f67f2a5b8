/**
 * Types of our own, described once as data: from one description come the schema that documents are held against, the TypeScript
 * type (`Infer`), the defaults, and the checks of ranges, patterns and closed sets. Rules that join members are a kind's own.
 */
import type { Json } from "#base/json.ts";
import type { Field, Schema, TypeName } from "#base/schema.ts";
import { isJsonObject } from "#base/json.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import type { ObjectSchema } from "./schema-table.ts";

export interface Description<T> {
  readonly schema: Schema;
  /** The named types that it is made of, itself included. */
  readonly types: ReadonlyMap<TypeName, ObjectSchema>;
  readonly default?: Json;
  readonly isOptional?: true;
  /** What is wrong with a value whose JSON types are right already. `at` is its path, as Kubernetes prints it. */
  readonly check: (value: unknown, at: string, faults: FieldFaults) => void;
  /** Never there: it carries the type to `Infer`. */
  readonly infers?: T;
}

/** The TypeScript type of what is described. */
export type Infer<D> = D extends Description<infer T> ? T : never;

export interface Optional<T> extends Description<T> {
  readonly isOptional: true;
}

type Members = Readonly<Record<string, Description<unknown>>>;
type OptionalNames<M extends Members> = {
  [K in keyof M]: M[K] extends { readonly isOptional: true } ? K : never;
}[keyof M];
type Parts<M extends Members> = { readonly [K in Exclude<keyof M, OptionalNames<M>>]: Infer<M[K]> } & {
  readonly [K in OptionalNames<M>]?: Infer<M[K]>;
};
/** Written out, so that editors show members instead of an intersection. */
type ObjectOf<M extends Members> = { readonly [K in keyof Parts<M>]: Parts<M>[K] };

const NO_TYPES: ReadonlyMap<TypeName, ObjectSchema> = new Map();

/** Where the names of our types are at home, in OpenAPI and in the tables of proofs. */
export const OWN_TYPES = "dev.catamaran.v1.";

interface TextRules<E extends string> {
  /** A closed set. */
  readonly enum?: readonly E[];
  readonly pattern?: RegExp;
  /** What is said of a text that the pattern refuses. */
  readonly says?: string;
  readonly default?: NoInfer<E>;
}

/** A text. "" is refused as missing, unless the text is optional and from no closed set. */
export function text<const E extends string = string>(rules: TextRules<E> = {}): Description<E> {
  const { enum: values, pattern, says = `must match ${String(pattern)}`, default: initial } = rules;
  return {
    schema: { is: "string", ...(values && { enum: values }) },
    types: NO_TYPES,
    ...(initial !== undefined && { default: initial }),
    check(value, at, faults) {
      if (typeof value !== "string") return;
      if (values !== undefined) faults.oneOf(at, value, values);
      else if (pattern?.test(value) === false) faults.invalid(at, value, says);
    },
  };
}

interface WholeRules {
  readonly min?: number;
  readonly max?: number;
  /** "seconds": said with the range. */
  readonly unit?: string;
  readonly default?: number;
}

/** A whole number of 64 bits. */
export function whole({ min, max, unit, default: initial }: WholeRules = {}): Description<number> {
  const isOut = (value: number): boolean => value < (min ?? value) || value > (max ?? value);
  return {
    schema: { is: "integer", format: "int64" },
    types: NO_TYPES,
    ...(initial !== undefined && { default: initial }),
    check(value, at, faults) {
      if (typeof value === "number" && isOut(value)) faults.invalid(at, value, rangeText({ min, max, unit }));
    },
  };
}

/** A number that may have a fraction. */
export function number(rules: WholeRules = {}): Description<number> {
  return { ...whole(rules), schema: { is: "number" } };
}

interface Range {
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly unit: string | undefined;
}

function rangeText({ min, max, unit }: Range): string {
  const end = unit === undefined ? "" : ` ${unit}`;
  if (max === undefined) return `must be greater than or equal to ${min}${end}`;
  if (min === undefined) return `must be less than or equal to ${max}${end}`;
  return `must be between ${min} and ${max}${end || ", inclusive"}`;
}

/** A number between 0 and 1, the limits included. */
export function fraction(): Description<number> {
  return {
    schema: { is: "number" },
    types: NO_TYPES,
    check(value, at, faults) {
      if (typeof value === "number" && !(value >= 0 && value <= 1))
        faults.invalid(at, value, "must be between 0 and 1, inclusive");
    },
  };
}

export function flag(rules: { readonly default?: boolean } = {}): Description<boolean> {
  return { schema: { is: "boolean" }, types: NO_TYPES, ...rules, check: () => {} };
}

/** Any JSON, kept as it is: what a document of another language says is its reader's to check. */
export function json(): Description<Json> {
  return { schema: { is: "any" }, types: NO_TYPES, check: () => {} };
}

interface ListRules<T> {
  readonly min?: number;
  readonly max?: number;
  /** The member that tells items apart: patches merge by it, and no two items have the same. */
  readonly key?: keyof T & string;
  readonly default?: readonly Json[];
}

export function list<T>(of: Description<T>, rules: ListRules<T> = {}): Description<readonly T[]> {
  const { min = 0, max, key, default: initial } = rules;
  return {
    schema: { is: "list", of: of.schema, ...(key !== undefined && { type: "map", keys: [key], mergeKey: key }) },
    types: of.types,
    ...(initial !== undefined && { default: initial }),
    check(value, at, faults) {
      if (!Array.isArray(value)) return;
      if (value.length < min) faults.required(at, min === 1 ? "" : `must have at least ${min} items`);
      if (max !== undefined && value.length > max) faults.tooMany(at, value.length, max);
      for (const [index, item] of value.entries()) of.check(item, `${at}[${index}]`, faults);
      if (key !== undefined) checkKeys(value, key, { at, faults });
    },
  };
}

function checkKeys(
  items: readonly unknown[],
  key: string,
  { at, faults }: { readonly at: string; readonly faults: FieldFaults },
): void {
  const seen = new Set<unknown>();
  for (const [index, item] of items.entries()) {
    const value = isJsonObject(item) ? item[key] : undefined;
    if (seen.has(value)) faults.duplicate(`${at}[${index}].${key}`, value);
    seen.add(value);
  }
}

/** Names of the user's choice, and a value for each. */
export function map<T>(of: Description<T>): Description<Readonly<Record<string, T>>> {
  return {
    schema: { is: "map", of: of.schema },
    types: of.types,
    check(value, at, faults) {
      if (isJsonObject(value))
        for (const [name, member] of Object.entries(value)) of.check(member, `${at}[${name}]`, faults);
    },
  };
}

/** A member that may be absent. One with a default is there once the object is stored, and may be absent before. */
export function optional<T>(of: Description<T>): Optional<T> {
  return { ...of, isOptional: true };
}

/** A type with a name, under which it is published. Members are required unless they are optional or have a default. */
export function object<M extends Members>(name: string, members: M): Description<ObjectOf<M>> {
  const type = OWN_TYPES + name;
  const entries = Object.entries(members);
  return {
    schema: { is: "ref", type },
    types: new Map([[type, objectSchema(members)], ...entries.flatMap(([, member]) => [...member.types])]),
    check(value, at, faults) {
      if (!isJsonObject(value)) return;
      for (const [member, of] of entries) {
        const part = value[member];
        if (part !== undefined && (part !== "" || !isRequired(of))) of.check(part, `${at}.${member}`, faults);
        else if (isRequired(of)) faults.required(`${at}.${member}`);
      }
    },
  };
}

function isRequired({ isOptional, default: initial }: Description<unknown>): boolean {
  return isOptional !== true && initial === undefined;
}

function objectSchema(members: Members): ObjectSchema {
  const entries = Object.entries(members);
  const fields = entries.map(([name, { schema, default: initial }]): readonly [string, Field] => [
    name,
    { schema, ...(initial !== undefined && { default: initial }) },
  ]);
  const required = entries.filter(([, member]) => isRequired(member)).map(([name]) => name);
  return { is: "object", fields: Object.fromEntries(fields), ...(required.length > 0 && { required }) };
}
