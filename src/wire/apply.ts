/** Server-side apply and the tracking of field owners on every other write, after sigs.k8s.io/structured-merge-diff. */
import { member } from "#base/dictionary.ts";
import { Fault } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject, sameJson } from "#base/json.ts";
import type { Schema, SchemaTable } from "#base/schema.ts";
import { checkTyped } from "./check-typed.ts";
import { type Conflict, conflictFault } from "./conflict.ts";
import {
  difference,
  EMPTY,
  type FieldSet,
  has,
  intersection,
  isEmpty,
  MEMBER,
  pathsOf,
  recursiveDifference,
  sorted,
  union,
} from "./field-set.ts";
import { lastAppliedFields, withLastApplied } from "./last-applied.ts";
import {
  capped,
  isReset,
  isSameManager,
  type ManagedFields,
  ordered,
  sentManagedFields,
  storedManagedFields,
  withFields,
  withoutEmpty,
} from "./managed-fields.ts";
import { textOf } from "./members.ts";
import {
  compare,
  type Delta,
  ownedBy,
  resolved,
  unionOf,
  withNamedParents,
  withoutFields,
  zeroObject,
} from "./typed.ts";
import { mergeTyped, withoutNulls } from "./typed-merge.ts";

interface Writing {
  /** The field manager; "" counts as "unknown". */
  readonly manager: string;
  readonly subresource?: string;
  readonly schema: Schema;
  readonly table: SchemaTable;
  readonly apiVersion: string;
  /** RFC 3339 in whole seconds. */
  readonly now: string;
  /** Fields that this way of writing does not touch; absent: status on the main path, spec on the status path. */
  readonly resetFields?: FieldSet;
}

export interface Applying extends Writing {
  readonly live: JsonObject | null;
  readonly applied: JsonObject;
  /** Takes fields over instead of failing on conflicts. */
  readonly force: boolean;
}

export interface Updating extends Writing {
  readonly live: JsonObject | null;
  readonly next: JsonObject;
}

// kubectl's own manager name: only for it a client-side applied object may change hands without a conflict.
const KUBECTL = "kubectl";

// What nobody owns: identity and what the server itself writes.
const STRIPPED: FieldSet = {
  "f:apiVersion": MEMBER,
  "f:kind": MEMBER,
  "f:metadata": {
    ".": MEMBER,
    "f:name": MEMBER,
    "f:namespace": MEMBER,
    "f:creationTimestamp": MEMBER,
    "f:selfLink": MEMBER,
    "f:uid": MEMBER,
    "f:clusterName": MEMBER,
    "f:generation": MEMBER,
    "f:managedFields": MEMBER,
    "f:resourceVersion": MEMBER,
  },
};

/**
 * The object after the apply, with its managedFields. Defaults for fields that were removed are the caller's. Throws
 * Conflict with one cause a field, BadRequest for a configuration that does not fit the schema.
 *
 * DIFFERS: entries of another version of the same kind are compared by path, without conversion between versions.
 */
export function applyServerSide(request: Applying): { readonly object: JsonObject } {
  checkConfiguration(request);
  const managed = ownersBeforeApply(request);
  const applied = applyOnce(request, managed);
  if (!Array.isArray(applied)) return finished(request, applied as Applied);
  const conflicts = applied as readonly Conflict[];
  const allowed = request.manager === KUBECTL ? lastAppliedFields(request) : EMPTY;
  const remaining = conflicts.filter(({ path }) => !has(allowed, path));
  if (remaining.length > 0) throw conflictFault(remaining);
  return finished(request, applyOnce({ ...request, force: true }, managed) as Applied);
}

interface Applied {
  readonly object: JsonObject;
  readonly managed: readonly ManagedFields[];
}

function checkConfiguration({ applied, apiVersion, schema, table }: Applying): void {
  const version = member(applied, "apiVersion");
  if (version !== apiVersion) {
    throw new Fault(
      "BadRequest",
      `Incorrect version specified in apply patch. Specified patch version: ${textOf(version)}, expected: ${apiVersion}`,
    );
  }
  const metadata = member(applied, "metadata");
  if (isJsonObject(metadata) && (member(metadata, "managedFields") ?? null) !== null) {
    throw new Fault("BadRequest", "metadata.managedFields must be nil");
  }
  checkTyped(applied, schema, table);
}

/** Who owned what before; an object that was never tracked belongs to "before-first-apply". */
function ownersBeforeApply(request: Applying): readonly ManagedFields[] {
  const { live } = request;
  const managed = storedManagedFields(live);
  if (managed.length > 0 || live === null) return managed;
  return track({ ...request, manager: "before-first-apply", live: null, next: live }, []);
}

/** The merged object and its owners, or the conflicts that stand in the way. */
function applyOnce(request: Applying, managed: readonly ManagedFields[]): Applied | readonly Conflict[] {
  const { applied, schema, table, force } = request;
  const live = request.live ?? {};
  const self = identity(request, "Apply");
  const last = managed.find((entry) => isSameManager(entry, self))?.fieldsV1 ?? EMPTY;
  const owned = filtered(request, ownedBy(applied, schema, table));
  const merged = (mergeTyped(live, applied, schema, table) ?? {}) as JsonObject;
  const others = managed.filter((entry) => !isSameManager(entry, self));
  const pruned = prune({ merged, last, owned, others }, schema, table);
  const delta = filteredDelta(request, compare(withoutOwners(live), withoutOwners(pruned), schema, table));
  const conflicts = others.flatMap((entry) =>
    pathsOf(intersection(entry.fieldsV1, delta.changed)).map((path) => ({ entry, path })),
  );
  if (!force && conflicts.length > 0) return conflicts;
  const object = withoutNulls(pruned) as JsonObject;
  const isIdle = request.live !== null && sameJson(live, object);
  const before = managed.find((entry) => isSameManager(entry, self));
  const time = isIdle ? before?.time : request.now;
  const fields = difference(owned, STRIPPED);
  const mine: ManagedFields = {
    ...self,
    ...(time !== undefined && { time }),
    fieldsType: "FieldsV1",
    fieldsV1: before !== undefined && sameJson(before.fieldsV1, fields) ? before.fieldsV1 : sorted(fields),
  };
  return { object: isIdle ? live : object, managed: withoutEmpty([...disowned(others, delta), mine]) };
}

function finished(request: Applying, { object, managed }: Applied): { readonly object: JsonObject } {
  const entries = ordered(managed);
  const result = request.manager === KUBECTL ? withLastApplied(object, request.applied) : object;
  const before = storedManagedFields(request.live);
  if (result === request.live && sameJson(before, entries)) return { object: request.live };
  return { object: withOwners(result, entries) };
}

interface Pruning {
  readonly merged: JsonObject;
  /** What the manager applied the last time. */
  readonly last: FieldSet;
  /** What it applies now. */
  readonly owned: FieldSet;
  readonly others: readonly ManagedFields[];
}

/** Takes out what the manager applied before and no longer says, unless somebody else owns it too. */
function prune({ merged, last, owned, others }: Pruning, schema: Schema, table: SchemaTable): JsonObject {
  if (isEmpty(difference(last, owned))) return merged;
  const named = (set: FieldSet): FieldSet => withNamedParents(set, schema, table);
  const fieldsOf = (object: Json): FieldSet => named(ownedBy(object, schema, table));
  const without = (fields: FieldSet): JsonObject => (withoutFields(merged, fields, schema, table) ?? {}) as JsonObject;
  const all = fieldsOf(merged);
  const kept = fieldsOf(without(named(last)));
  const managed = named(unionOf([owned, ...others.map((entry) => entry.fieldsV1)]));
  const withOwned = fieldsOf(without(difference(all, union(kept, managed))));
  return without(intersection(difference(all, withOwned), named(last)));
}

/**
 * The managedFields after a create (`live` is null), an update or a patch: the writer owns what it added or changed,
 * what it removed belongs to nobody. Returns the live object's own list when nothing has to change.
 */
export function trackUpdate(request: Updating): readonly ManagedFields[] {
  const { live, next, subresource } = request;
  const isWiped = subresource === undefined && isReset(next);
  const sent = subresource === undefined ? sentManagedFields(next, live) : null;
  const managed = isWiped ? [] : sent !== null && sent.length > 0 ? sent : storedManagedFields(live);
  // An object from before the tracking, or whose entries were wiped, stays untracked until the first apply.
  if (managed.length === 0 && live !== null) return managed;
  try {
    return track(request, managed);
  } catch (thrown) {
    // A list of the object breaks its own keys: the write stands, only the record of owners is given up, as upstream.
    if (thrown instanceof Fault) return [];
    throw thrown;
  }
}

/**
 * Whether a write changed nothing but the times of managedFields: such a write is not stored, as upstream.
 */
export function isSameButTimes(live: JsonObject, next: JsonObject): boolean {
  if (live === next) return true;
  const [before, after] = [storedManagedFields(live), storedManagedFields(next)];
  if (before.length !== after.length) return false;
  const hasSameOwners = before.every((entry, index) => {
    const other = after[index];
    return (
      other !== undefined &&
      isSameManager(entry, other) &&
      entry.apiVersion === other.apiVersion &&
      sameJson(entry.fieldsV1, other.fieldsV1)
    );
  });
  return hasSameOwners && sameJson(withoutOwners(live), withoutOwners(next));
}

function track(request: Updating, managed: readonly ManagedFields[]): readonly ManagedFields[] {
  const { live, next, schema, table } = request;
  const delta = filteredDelta(
    request,
    compare(live === null ? zeroObject(schema, table) : withoutOwners(live), withoutOwners(next), schema, table),
  );
  if (isEmpty(delta.changed) && isEmpty(delta.removed)) return managed;
  const mine = difference(delta.changed, STRIPPED);
  const rest = disowned(managed, delta);
  if (isEmpty(mine)) return rest === managed ? managed : withoutEmpty(rest);
  const self = identity(request, "Update");
  const before = managed.find((entry) => isSameManager(entry, self));
  const fieldsV1 =
    before === undefined
      ? sorted(mine)
      : unchangedOr(before.fieldsV1, union(difference(before.fieldsV1, delta.removed), mine));
  const entry: ManagedFields = { ...self, time: request.now, fieldsType: "FieldsV1", fieldsV1 };
  return ordered(capped([...withoutEmpty(rest.filter((other) => !isSameManager(other, self))), entry]));
}

/** The same set keeps its own order of steps, so that an entry which gained nothing is written as it was. */
function unchangedOr(before: FieldSet, after: FieldSet): FieldSet {
  return sameJson(before, after) ? before : sorted(after);
}

function disowned(entries: readonly ManagedFields[], { changed, removed }: Delta): readonly ManagedFields[] {
  let isSame = true;
  const rest = entries.map((entry) => {
    const left = withFields(entry, difference(difference(entry.fieldsV1, changed), removed));
    isSame &&= left === entry;
    return left;
  });
  return isSame ? entries : rest;
}

function identity(
  { manager, subresource, apiVersion }: Writing,
  operation: "Apply" | "Update",
): Omit<ManagedFields, "fieldsV1" | "fieldsType" | "time"> {
  return {
    manager: manager === "" ? "unknown" : manager,
    operation,
    apiVersion,
    ...(subresource !== undefined && subresource !== "" && { subresource }),
  };
}

const STATUS: FieldSet = { "f:status": MEMBER };
const SPEC: FieldSet = { "f:spec": MEMBER };

function resetFieldsOf({ resetFields, subresource, schema, table }: Writing): FieldSet {
  if (resetFields !== undefined) return resetFields;
  const shape = resolved(schema, table);
  const hasStatus = shape.is === "object" && Object.hasOwn(shape.fields, "status");
  if (!hasStatus) return EMPTY;
  return subresource === "status" ? SPEC : subresource === undefined ? STATUS : EMPTY;
}

function filtered(request: Writing, set: FieldSet): FieldSet {
  return recursiveDifference(set, resetFieldsOf(request));
}

function filteredDelta(request: Writing, delta: Delta): Delta {
  const reset = resetFieldsOf(request);
  return isEmpty(reset)
    ? delta
    : { changed: recursiveDifference(delta.changed, reset), removed: recursiveDifference(delta.removed, reset) };
}

/** The object without its managedFields, which own themselves. */
function withoutOwners(object: JsonObject): JsonObject {
  const metadata = member(object, "metadata");
  if (!isJsonObject(metadata) || !Object.hasOwn(metadata, "managedFields")) return object;
  const { managedFields: _managedFields, ...rest } = metadata;
  return { ...object, metadata: rest };
}

function withOwners(object: JsonObject, entries: readonly ManagedFields[]): JsonObject {
  const { managedFields: _managedFields, ...rest } = (member(object, "metadata") ?? {}) as JsonObject;
  const metadata = entries.length === 0 ? rest : { ...rest, managedFields: entries };
  return { ...object, metadata };
}
