/** Kubernetes' strategic merge patch: a merge patch that merges lists by key, told by the schema and by `$` directives. */
import { draft, type Draft, drop, member, put } from "#base/dictionary.ts";
import { Fault } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject, sameJson } from "#base/json.ts";
import type { Field, Schema, SchemaTable } from "#base/schema.ts";
import { mergeLists, reorder } from "./element-order.ts";
import { isList } from "./members.ts";

const PATCH = "$patch";
const RETAIN_KEYS = "$retainKeys";
const ORDER_PREFIX = "$setElementOrder/";
const DELETE_PREFIX = "$deleteFromPrimitiveList/";

/** Where in the document a merge is, for error messages and for the schema. */
interface Place {
  readonly path: string;
  readonly schema: Schema | undefined;
  readonly table: SchemaTable;
  /** The patch strategy of the field that holds the value. */
  readonly isReplaced: boolean;
}

/**
 * Returns `live` itself when the patch changes nothing. Throws BadRequest for a malformed directive and Invalid when an
 * element lacks its merge key.
 */
export function applyStrategicMerge(live: Json, patch: Json, schema: Schema, table: SchemaTable): Json {
  if (!isJsonObject(patch) || !isJsonObject(live))
    throw new Fault("BadRequest", "a strategic merge patch must be an object");
  const merged = mergeObject(live, patch, { path: "", schema, table, isReplaced: false });
  return sameJson(live, merged) ? live : merged;
}

function mergeObject(live: JsonObject, patch: JsonObject, place: Place): JsonObject {
  const directive = member(patch, PATCH);
  if (directive !== undefined) return directed(directive, patch, place);
  const merged: Draft<Json> = retained(live, patch, place);
  const done = new Set<string>([RETAIN_KEYS]);
  for (const name of Object.keys(patch)) {
    if (!name.startsWith(ORDER_PREFIX)) continue;
    mergeOrdered(merged, patch, name, place);
    done.add(name).add(name.slice(ORDER_PREFIX.length));
  }
  for (const [name, change] of Object.entries(patch)) {
    if (done.has(name)) continue;
    if (name.startsWith(DELETE_PREFIX)) deleteFromPrimitives(merged, name, change, place);
    else mergeMember(merged, name, change, inside(place, name));
  }
  return merged;
}

function directed(directive: Json, patch: JsonObject, place: Place): JsonObject {
  if (directive === "delete") return {};
  if (directive !== "replace") throw refusal(place, `unknown patch type: ${JSON.stringify(directive)}`);
  const { [PATCH]: _directive, ...rest } = patch;
  return cleaned(rest) as JsonObject;
}

/** `$retainKeys` lists all members that may stay; whatever else the live object has is dropped. */
function retained(live: JsonObject, patch: JsonObject, place: Place): Draft<Json> {
  const keys = member(patch, RETAIN_KEYS);
  if (keys === undefined) return { ...live };
  if (!isList(keys)) throw refusal(place, "invalid patch format of retainKeys");
  const names = new Set(keys);
  for (const [name, change] of Object.entries(patch)) {
    const isAsked =
      change !== null && name !== RETAIN_KEYS && !name.startsWith(ORDER_PREFIX) && !name.startsWith(DELETE_PREFIX);
    if (isAsked && !names.has(name))
      throw refusal(place, `invalid patch format of retainKeys: "${name}" is set but not retained`);
  }
  const kept = draft<Json>();
  for (const [name, value] of Object.entries(live)) if (names.has(name)) put(kept, name, value);
  return kept;
}

function mergeMember(merged: Draft<Json>, name: string, change: Json, place: Place): void {
  if (change === null) {
    drop(merged, name);
    return;
  }
  const before = member(merged, name);
  if (isJsonObject(before) && isJsonObject(change)) {
    put(merged, name, place.isReplaced ? (cleaned(change) ?? {}) : mergeObject(before, change, place));
    return;
  }
  if (isList(before) && isList(change)) {
    put(merged, name, isMergedList(place) ? mergeList(before, change, place) : (cleaned(change) ?? []));
    return;
  }
  const value = cleaned(change);
  if (value === undefined) drop(merged, name);
  else put(merged, name, value);
}

function deleteFromPrimitives(merged: Draft<Json>, directive: string, unwanted: Json, place: Place): void {
  const name = directive.slice(DELETE_PREFIX.length);
  if (!isList(unwanted)) throw refusal(inside(place, name), "invalid patch format of primitive list");
  const before = member(merged, name);
  const gone = new Set(unwanted);
  if (isList(before))
    put(
      merged,
      name,
      before.filter((value) => !gone.has(value)),
    );
}

/** `$setElementOrder/<list>`: the list is merged first, then put in that order; elements it does not name keep their places. */
function mergeOrdered(merged: Draft<Json>, patch: JsonObject, directive: string, parent: Place): void {
  const name = directive.slice(ORDER_PREFIX.length);
  const place = inside(parent, name);
  const order = patch[directive];
  const before = member(merged, name);
  const change = member(patch, name);
  if (!isList(order)) throw refusal(place, "invalid patch format of setElementOrder list");
  if (before !== undefined && !isList(before)) return mergeMember(merged, name, change ?? null, place);
  if (change !== undefined && !isList(change)) return mergeMember(merged, name, change, place);
  const key = mergeKeyOf(place);
  checkOrder(change ?? [], order, key, place);
  if (before === undefined && change === undefined) return;
  const both =
    before === undefined
      ? (cleaned(change ?? []) as readonly Json[])
      : change === undefined
        ? before
        : isMergedList(place)
          ? mergeList(before, change, place)
          : (cleaned(change) as readonly Json[]);
  put(
    merged,
    name,
    reorder({ elements: both, order, serverOrder: before ?? [], keyOf: (element) => keyOf(element, key, place) }),
  );
}

/** The patch's own elements must stand in the order that the directive wants. */
function checkOrder(change: readonly Json[], order: readonly Json[], key: string, place: Place): void {
  if (change.length === 0 || order.length === 0) return;
  const wanted = change.filter((element) => !hasDirective(element)).map((element) => keyOf(element, key, place));
  let found = 0;
  for (const element of order) if (found < wanted.length && keyOf(element, key, place) === wanted[found]) found++;
  if (found === wanted.length) return;
  const text = `The order in patch list:\n${JSON.stringify(change)}\n doesn't match $setElementOrder list:\n${JSON.stringify(order)}\n`;
  throw refusal(place, text);
}

function mergeList(live: readonly Json[], patch: readonly Json[], place: Place): readonly Json[] {
  if (live.length === 0 && patch.length === 0) return live;
  checkElements([...live, ...patch], place);
  const isOfObjects = isJsonObject(live[0] ?? patch[0]);
  const key = mergeKeyOf(place);
  if (!isOfObjects) {
    const elements = [...new Set([...live, ...patch])];
    return reorder({ elements, order: patch, serverOrder: live, keyOf: (element) => element });
  }
  if (key === "") throw refusal(place, "cannot merge lists without merge key");
  return mergeLists(live as readonly JsonObject[], patch as readonly JsonObject[], {
    keyOf: (element) => keyOf(element, key, place),
    merge: (before, change) =>
      mergeObject(before, change, {
        ...place,
        path: `${place.path}[${key}=${JSON.stringify(before[key])}]`,
        schema: elementSchema(place),
        isReplaced: false,
      }),
    clean: (element) => cleaned(element) as JsonObject,
    refuse: (why) => refusal(place, why),
  });
}

function checkElements(elements: readonly Json[], place: Place): void {
  const first = elements[0] ?? null;
  for (const element of elements) {
    if (isList(element)) throw refusal(place, "lists of lists are not supported");
    if (isJsonObject(element) !== isJsonObject(first)) throw refusal(place, "list element types are not identical");
  }
}

function keyOf(element: Json, key: string, place: Place): Json {
  if (key === "") return element;
  if (!isJsonObject(element))
    throw refusal(place, `expected an object with the merge key ${key}, but received ${JSON.stringify(element)}`);
  const value = member(element, key);
  if (value !== undefined) return value;
  const message = `map: ${JSON.stringify(element)} does not contain declared merge key: ${key}`;
  throw new Fault("Invalid", `${place.path}: ${message}`, {
    causes: [{ reason: "FieldValueRequired", field: `${place.path}.${key}`, message }],
  });
}

function hasDirective(element: Json): boolean {
  return isJsonObject(element) && member(element, PATCH) !== undefined;
}

/** A value of the patch that meets no live value: without directives and nulls; undefined when it is itself a directive, as upstream. */
function cleaned(value: Json): Json | undefined {
  if (isList(value))
    return value.filter((element) => !hasDirective(element)).map((element) => cleaned(element) ?? null);
  if (!isJsonObject(value)) return value;
  if (hasDirective(value)) return undefined;
  const kept = draft<Json>();
  for (const [name, child] of Object.entries(value)) {
    if (child === null || name === RETAIN_KEYS || name.startsWith(ORDER_PREFIX) || name.startsWith(DELETE_PREFIX))
      continue;
    const clean = cleaned(child);
    if (clean !== undefined) put(kept, name, clean);
  }
  return kept;
}

function inside(place: Place, name: string): Place {
  const field = fieldOf(place, name);
  return {
    path: place.path === "" ? name : `${place.path}.${name}`,
    schema: field?.schema,
    table: place.table,
    isReplaced: field?.strategy === "replace",
  };
}

function fieldOf(place: Place, name: string): Field | undefined {
  const schema = resolved(place);
  if (schema?.is === "map") return { schema: schema.of };
  return schema?.is === "object" && Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
}

function resolved({ schema, table }: Place): Schema | undefined {
  return schema?.is === "ref" ? table.resolve(schema.type) : schema;
}

function isMergedList(place: Place): boolean {
  const schema = resolved(place);
  return !place.isReplaced && schema?.is === "list" && schema.mergeKey !== undefined;
}

function mergeKeyOf(place: Place): string {
  const schema = resolved(place);
  return schema?.is === "list" ? (schema.mergeKey ?? "") : "";
}

function elementSchema(place: Place): Schema | undefined {
  const schema = resolved(place);
  return schema?.is === "list" ? schema.of : undefined;
}

function refusal(place: Place, why: string): Fault {
  return new Fault("BadRequest", place.path === "" ? why : `${place.path}: ${why}`);
}
