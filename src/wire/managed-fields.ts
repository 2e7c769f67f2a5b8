/** metadata.managedFields: who owns which fields. Reading, identifying, capping and ordering its entries. */
import { member } from "#base/dictionary.ts";
import { isJsonObject, type Json, type JsonObject, sameJson } from "#base/json.ts";
import { type FieldSet, isEmpty, readFields, sorted, union } from "./field-set.ts";
import { isList } from "./members.ts";

/** metav1.ManagedFieldsEntry, as it is stored. */
export type ManagedFields = {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly time?: string;
  readonly fieldsType: "FieldsV1";
  readonly fieldsV1: FieldSet;
  readonly subresource?: string;
};

/** One identity may have one entry: an applier in any version, an updater in each. */
export function isSameManager(a: ManagedFields, b: Omit<ManagedFields, "fieldsV1" | "fieldsType" | "time">): boolean {
  return (
    a.manager === b.manager &&
    a.operation === b.operation &&
    (a.subresource ?? "") === (b.subresource ?? "") &&
    (a.operation === "Apply" || a.apiVersion === b.apiVersion)
  );
}

/** The entries of a stored object: they were checked when they came in. */
export function storedManagedFields(object: JsonObject | null): readonly ManagedFields[] {
  const entries = entriesOf(object);
  return isList(entries) ? (entries as unknown as readonly ManagedFields[]) : [];
}

/** The entries that a client sends with an object; null when one of them is malformed. Those of `live` need no check. */
export function sentManagedFields(object: JsonObject, live: JsonObject | null): readonly ManagedFields[] | null {
  const entries = entriesOf(object);
  if (entries === undefined || entries === null) return [];
  const stored = entriesOf(live);
  if (stored !== undefined && sameJson(entries, stored)) return storedManagedFields(live);
  if (!isList(entries)) return null;
  const read = entries.map(readEntry);
  return read.every((entry) => entry !== null) ? read : null;
}

function entriesOf(object: JsonObject | null): Json | undefined {
  const metadata = object === null ? undefined : member(object, "metadata");
  return isJsonObject(metadata) ? member(metadata, "managedFields") : undefined;
}

function readEntry(entry: Json): ManagedFields | null {
  if (!isJsonObject(entry)) return null;
  const { manager, operation, apiVersion, fieldsType, fieldsV1, time, subresource } = entry;
  if (
    (operation !== "Apply" && operation !== "Update") ||
    typeof apiVersion !== "string" ||
    apiVersion === "" ||
    fieldsType !== "FieldsV1"
  )
    return null;
  const fields = readFields(fieldsV1);
  if (fields === null) return null;
  if (fields === fieldsV1 && typeof manager === "string") return entry as unknown as ManagedFields;
  return {
    manager: typeof manager === "string" ? manager : "",
    operation,
    apiVersion,
    ...(typeof time === "string" && { time }),
    fieldsType,
    fieldsV1: fields,
    ...(typeof subresource === "string" && { subresource }),
  };
}

/** A client wipes all entries by sending one empty list, or a list of one empty entry. */
export function isReset(object: JsonObject): boolean {
  const entries = entriesOf(object);
  if (!isList(entries)) return false;
  const [first] = entries;
  return (
    entries.length === 0 ||
    (entries.length === 1 && isJsonObject(first ?? null) && Object.keys(first as JsonObject).length === 0)
  );
}

export function withFields(entry: ManagedFields, fields: FieldSet): ManagedFields {
  return fields === entry.fieldsV1 ? entry : { ...entry, fieldsV1: fields };
}

export function withoutEmpty(entries: readonly ManagedFields[]): readonly ManagedFields[] {
  return entries.some((entry) => isEmpty(entry.fieldsV1))
    ? entries.filter((entry) => !isEmpty(entry.fieldsV1))
    : entries;
}

// Upstream's bound: an object that everybody writes would otherwise grow with every new writer.
const MAX_UPDATERS = 10;
const ANCIENT = "ancient-changes";

/** Folds the oldest updaters of one version into one entry when there are too many. */
export function capped(entries: readonly ManagedFields[]): readonly ManagedFields[] {
  const updaters = entries.filter((entry) => entry.operation === "Update");
  if (updaters.length <= MAX_UPDATERS) return entries;
  const oldest = updaters.toSorted(
    (a, b) => compareText(a.time ?? "", b.time ?? "") || compareText(a.manager, b.manager),
  );
  const gone = new Set<ManagedFields>();
  const firsts = new Map<string, ManagedFields>();
  const buckets = new Map<string, ManagedFields>();
  let count = updaters.length;
  for (const entry of oldest) {
    if (count <= MAX_UPDATERS) break;
    const first = firsts.get(entry.apiVersion);
    if (first === undefined) {
      firsts.set(entry.apiVersion, entry);
      continue;
    }
    const bucket = buckets.get(entry.apiVersion) ?? first;
    const { subresource: _subresource, ...rest } = bucket;
    gone.add(first).add(entry);
    buckets.set(entry.apiVersion, {
      ...rest,
      manager: ANCIENT,
      ...(entry.time !== undefined && { time: entry.time }),
      fieldsV1: union(bucket.fieldsV1, entry.fieldsV1),
    });
    count--;
  }
  return [
    ...entries.filter((entry) => !gone.has(entry)),
    ...[...buckets.values()].map((entry) => ({ ...entry, fieldsV1: sorted(entry.fieldsV1) })),
  ];
}

/** Appliers first, then by time, manager, version and subresource. */
export function ordered(entries: readonly ManagedFields[]): readonly ManagedFields[] {
  return entries.toSorted(
    (a, b) =>
      compareText(a.operation, b.operation) ||
      compareText(a.time ?? "", b.time ?? "") ||
      compareText(a.manager, b.manager) ||
      compareText(a.apiVersion, b.apiVersion) ||
      compareText(a.subresource ?? "", b.subresource ?? ""),
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `"kubectl-client-side-apply" using apps/v1`, as conflicts name a manager. */
export function printManager({ manager, operation, apiVersion, subresource }: ManagedFields): string {
  const who =
    JSON.stringify(manager) +
    (subresource === undefined || subresource === "" ? "" : ` with subresource ${JSON.stringify(subresource)}`);
  return operation === "Update" ? `${who} using ${apiVersion}` : who;
}
