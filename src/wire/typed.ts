/** Objects seen through their schema as server-side apply sees them: which fields they have, what differs, merge and removal. */
import { type Draft, draft, member, put } from "#base/dictionary.ts";
import { Fault } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject, sameJson } from "#base/json.ts";
import type { Schema, SchemaTable } from "#base/schema.ts";
import {
  below,
  EMPTY,
  type FieldSet,
  fieldStep,
  isEmpty,
  isMember,
  keyStep,
  MEMBER,
  nodeOf,
  union,
  valueStep,
} from "./field-set.ts";
import { isList } from "./members.ts";

type ListSchema = Schema & { readonly is: "list" };

const ANY: Schema = { is: "any" };

/** What a schema means for ownership: one leaf, named members, or elements that are found by a key or by value. */
export type Form = "leaf" | "members" | "elements";

export function resolved(schema: Schema, table: SchemaTable): Schema {
  return schema.is === "ref" ? table.resolve(schema.type) : schema;
}

/** `schema` must be resolved. Values of unknown schema are granular objects; their lists are atomic. */
export function formOf(schema: Schema, value: Json | undefined): Form {
  switch (schema.is) {
    case "object":
    case "map":
      return schema.atomic === true ? "leaf" : "members";
    case "list":
      return schema.type === "map" || schema.type === "set" ? "elements" : "leaf";
    case "any":
      return isJsonObject(value) ? "members" : "leaf";
    case "ref":
    case "string":
    case "integer":
    case "number":
    case "boolean":
    case "bytes":
    case "quantity":
    case "intOrString":
    case "time":
    case "microTime":
      return "leaf";
  }
}

/** The schema of a member; undefined for a field that the type does not have. */
export function memberSchema(schema: Schema, name: string): Schema | undefined {
  if (schema.is === "map") return schema.of;
  if (schema.is !== "object") return ANY;
  if (Object.hasOwn(schema.fields, name)) return schema.fields[name]?.schema;
  return schema.preserveUnknown === true ? ANY : undefined;
}

function isDeclared(schema: Schema, name: string): boolean {
  return schema.is === "object" && Object.hasOwn(schema.fields, name);
}

/** The step that finds an element of a set or of a list with keys; a missing key counts with its default. */
export function elementStep(schema: ListSchema, element: Json, table: SchemaTable): string {
  if (schema.type === "set") {
    if (typeof element === "object")
      throw new Fault("BadRequest", "associative list without keys has an element that is not a scalar");
    return valueStep(element);
  }
  if (!isJsonObject(element)) throw new Fault("BadRequest", "associative list with keys may not have non-map elements");
  const keys: (readonly [string, Json])[] = [];
  const of = resolved(schema.of, table);
  for (const name of schema.keys ?? []) {
    const value = member(element, name) ?? (of.is === "object" ? of.fields[name]?.default : undefined);
    if (value !== undefined) keys.push([name, value]);
  }
  if (keys.length > 0) return keyStep(keys);
  const names = JSON.stringify(schema.keys ?? []);
  throw new Fault(
    "BadRequest",
    `associative list with keys has an element that omits all key fields ${names} (and doesn't have default values for any key fields)`,
  );
}

/** The elements by step, in order; one that occurs twice maps to null. */
export function elementsOf(schema: Schema, list: Json | undefined, table: SchemaTable): Map<string, Json | null> {
  const elements = new Map<string, Json | null>();
  if (!isList(list) || schema.is !== "list") return elements;
  for (const element of list) {
    const step = elementStep(schema, element, table);
    elements.set(step, elements.has(step) ? null : element);
  }
  return elements;
}

export function elementSchema(schema: Schema): Schema {
  return schema.is === "list" ? schema.of : ANY;
}

/** What an apply of `value` owns: its leaves, its list elements and its empty objects. */
export function ownedBy(value: Json, schema: Schema, table: SchemaTable): FieldSet {
  return below(ownedNode(value, resolved(schema, table), table) ?? EMPTY);
}

function ownedNode(value: Json, schema: Schema, table: SchemaTable): FieldSet | undefined {
  const form = formOf(schema, value);
  if (form === "leaf") return MEMBER;
  const steps = draft<FieldSet>();
  if (form === "elements") {
    for (const [step, element] of elementsOf(schema, value, table)) {
      const node = element === null ? MEMBER : ownedNode(element, resolved(elementSchema(schema), table), table);
      put(steps, step, nodeOf(true, below(node ?? EMPTY)) ?? MEMBER);
    }
    return isEmpty(steps) && value !== null ? undefined : nodeOf(false, steps);
  }
  for (const [name, child] of Object.entries(isJsonObject(value) ? value : {})) {
    const node = ownedNode(child, resolved(memberSchema(schema, name) ?? ANY, table), table);
    const isSelf = child === null || (isJsonObject(child) && isEmpty(child)) || !isDeclared(schema, name);
    const whole = isSelf ? (nodeOf(true, below(node ?? EMPTY)) ?? MEMBER) : node;
    if (whole !== undefined) put(steps, fieldStep(name), whole);
  }
  return nodeOf(false, steps);
}

/** Every path of a value, its objects and lists themselves included: what appears or vanishes with it. */
function everyNode(value: Json, schema: Schema, table: SchemaTable): FieldSet {
  const form = formOf(schema, value);
  if (form === "leaf" || value === null) return MEMBER;
  const steps = draft<FieldSet>();
  if (form === "elements") {
    const of = resolved(elementSchema(schema), table);
    for (const [step, element] of elementsOf(schema, value, table))
      put(steps, step, element === null ? MEMBER : everyNode(element, of, table));
  } else {
    const members = isJsonObject(value) ? value : EMPTY;
    for (const name in members)
      put(
        steps,
        fieldStep(name),
        everyNode(members[name] ?? null, resolved(memberSchema(schema, name) ?? ANY, table), table),
      );
  }
  return nodeOf(true, steps) ?? MEMBER;
}

/** What differs between two objects: paths that were added or have another value, and paths that are gone. */
export interface Delta {
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

const NOTHING: Delta = { changed: EMPTY, removed: EMPTY };

/** What differs in one value; absent where nothing does. */
interface Difference {
  readonly changed?: FieldSet;
  readonly removed?: FieldSet;
}

/** Compares two objects. Members of the root named in `skipped` ("managedFields" of metadata, say) are the caller's affair. */
export function compare(before: Json, after: Json, schema: Schema, table: SchemaTable): Delta {
  const found = differenceOf(before, after, resolved(schema, table), table);
  return found === null ? NOTHING : { changed: below(found.changed ?? EMPTY), removed: below(found.removed ?? EMPTY) };
}

/** Null when there is none. `schema` must be resolved. */
function differenceOf(
  before: Json | undefined,
  after: Json | undefined,
  schema: Schema,
  table: SchemaTable,
): Difference | null {
  if (before === after) return null;
  if (before === undefined) return { changed: everyNode(after ?? null, schema, table) };
  if (after === undefined) return { removed: everyNode(before, schema, table) };
  const form = formOf(schema, before);
  if (form !== formOf(schema, after)) return differentForms(before, after, schema, table);
  if (form === "leaf" || (isBare(before) && isBare(after)))
    return sameJson(before, after) || isSameEmptyList(before, after) ? null : { changed: MEMBER };
  return form === "members"
    ? differentMembers(before, after, schema, table)
    : differentElements(before, after, schema, table);
}

/** Gathers what differs below a value. */
class Differences {
  #changed: Draft<FieldSet> | null = null;
  #removed: Draft<FieldSet> | null = null;

  add(step: string, found: Difference | null): void {
    if (found === null) return;
    if (found.changed !== undefined) put((this.#changed ??= draft<FieldSet>()), step, found.changed);
    if (found.removed !== undefined) put((this.#removed ??= draft<FieldSet>()), step, found.removed);
  }

  all(): Difference | null {
    if (this.#changed === null && this.#removed === null) return null;
    return { ...(this.#changed && { changed: this.#changed }), ...(this.#removed && { removed: this.#removed }) };
  }
}

/** Neither members nor elements. */
function isBare(value: Json): boolean {
  return typeof value !== "object" || value === null || (isList(value) ? value.length === 0 : isEmpty(value));
}

/** Go has two empty lists, nil and []; which of them is written is no difference. */
function isSameEmptyList(before: Json, after: Json): boolean {
  return (
    (before === null && isList(after) && after.length === 0) ||
    (after === null && isList(before) && before.length === 0)
  );
}

/**
 * The object as Go has it before anything is set: structs inside structs are there, empty. A create is compared with
 * it, so that the writer of a Deployment owns `.spec.replicas` and not `.spec` itself.
 */
export function zeroObject(schema: Schema, table: SchemaTable): JsonObject {
  const shape = resolved(schema, table);
  let zero = zeros.get(shape);
  if (zero === undefined) zeros.set(shape, (zero = zeroOf(shape, table)));
  return zero;
}

/** Made once for each type: schemas are values that do not change. */
const zeros = new WeakMap<Schema, JsonObject>();

function zeroOf(shape: Schema, table: SchemaTable): JsonObject {
  const zero = draft<FieldSet>();
  if (shape.is !== "object") return zero;
  for (const [name, field] of Object.entries(shape.fields)) {
    // A field number means a Go type; a CRD's own defaults are no zero values.
    if (field.default === undefined || field.proto === undefined || field.omitsEmpty === true) continue;
    if (isJsonObject(field.default) && isEmpty(field.default)) put(zero, name, zeroObject(field.schema, table));
    else if (isZero(field.default)) put(zero, name, field.default);
  }
  return zero;
}

function isZero(value: Json): boolean {
  return (
    value === null ||
    value === 0 ||
    value === "" ||
    value === false ||
    value === "0" ||
    (isList(value) && value.length === 0)
  );
}

/** Without a schema an object may become a scalar and the other way round: the path itself changes either way. */
function differentForms(before: Json, after: Json, schema: Schema, table: SchemaTable): Difference {
  const gone = below(everyNode(before, schema, table));
  const come = below(everyNode(after, schema, table));
  const changed = nodeOf(true, come) ?? MEMBER;
  return isEmpty(gone) ? { changed } : { changed, removed: gone };
}

function differentMembers(before: Json, after: Json, schema: Schema, table: SchemaTable): Difference | null {
  const old = isJsonObject(before) ? before : EMPTY;
  const young = isJsonObject(after) ? after : EMPTY;
  const found = new Differences();
  const schemaOf = (name: string): Schema => resolved(memberSchema(schema, name) ?? ANY, table);
  for (const name in old) {
    const [a, b] = [old[name], member(young, name)];
    if (a !== b) found.add(fieldStep(name), differenceOf(a, b, schemaOf(name), table));
  }
  for (const name in young)
    if (!Object.hasOwn(old, name))
      found.add(fieldStep(name), differenceOf(undefined, young[name], schemaOf(name), table));
  return found.all();
}

function differentElements(before: Json, after: Json, schema: Schema, table: SchemaTable): Difference | null {
  const old = elementsOf(schema, before, table);
  const young = elementsOf(schema, after, table);
  const of = resolved(elementSchema(schema), table);
  const found = new Differences();
  for (const [step, a] of old) {
    const b = young.get(step);
    if (a !== null && b !== null) found.add(step, differenceOf(a, b, of, table));
    else
      found.add(
        step,
        differentDuplicates(allOf(before, step, schema, table), allOf(after, step, schema, table), of, table),
      );
  }
  for (const [step, b] of young) {
    if (old.has(step)) continue;
    found.add(step, b === null ? { changed: MEMBER } : differenceOf(undefined, b, of, table));
  }
  return found.all();
}

function allOf(list: Json, step: string, schema: Schema, table: SchemaTable): readonly Json[] {
  return isList(list) ? list.filter((element) => elementStep(schema as ListSchema, element, table) === step) : [];
}

/** A key that occurs twice is owned as a whole. */
function differentDuplicates(
  old: readonly Json[],
  young: readonly Json[],
  of: Schema,
  table: SchemaTable,
): Difference | null {
  if (old.length > 1 && young.length > 1) return sameJson(old, young) ? null : { changed: MEMBER };
  if (old.length > 1)
    return { removed: MEMBER, ...(young[0] !== undefined && { changed: everyNode(young[0], of, table) }) };
  return { changed: MEMBER, ...(old[0] !== undefined && { removed: everyNode(old[0], of, table) }) };
}

/**
 * The value without the given fields. An object or list that loses everything becomes null, so that its own path does
 * not count as removed; withoutNulls takes those out at the end.
 */
export function withoutFields(value: Json, fields: FieldSet, schema: Schema, table: SchemaTable): Json {
  const shape = resolved(schema, table);
  const form = formOf(shape, value);
  if (form === "members" && isJsonObject(value)) {
    const kept = draft<FieldSet>();
    for (const [name, child] of Object.entries(value)) {
      const node = fields[fieldStep(name)] as FieldSet | undefined;
      if (node !== undefined && isMember(node)) continue;
      put(kept, name, node === undefined ? child : withoutFields(child, node, memberSchema(shape, name) ?? ANY, table));
    }
    return isEmpty(kept) ? null : kept;
  }
  if (form === "elements" && isList(value)) {
    const kept = value.flatMap((element) => {
      const node = fields[elementStep(shape as ListSchema, element, table)] as FieldSet | undefined;
      if (node === undefined) return [element];
      return isMember(node) ? [] : [withoutFields(element, node, elementSchema(shape), table)];
    });
    return kept.length === 0 ? null : kept;
  }
  return form === "leaf" && typeof value !== "object" ? value : null;
}

/** Named fields that have something of the set below them are put into the set; list elements and map entries are not. */
export function withNamedParents(set: FieldSet, schema: Schema, table: SchemaTable): FieldSet {
  const shape = resolved(schema, table);
  let result: Draft<FieldSet> | undefined;
  for (const [step, node] of Object.entries(set)) {
    if (step === "." || isEmpty(node as FieldSet)) continue;
    const name = step.slice(2);
    const isField = step.startsWith("f:");
    const inner = isField ? (memberSchema(shape, name) ?? ANY) : elementSchema(shape);
    const children = withNamedParents(below(node as FieldSet), inner, table);
    const isSelf = isMember(node as FieldSet) || (isField && isDeclared(shape, name));
    put((result ??= { ...set }), step, nodeOf(isSelf, children) ?? MEMBER);
  }
  return result ?? set;
}

/** Union of many. */
export function unionOf(sets: readonly FieldSet[]): FieldSet {
  return sets.reduce((all, set) => union(all, set), EMPTY);
}
