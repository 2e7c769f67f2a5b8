/** The annotation of client-side apply: how an object moves from `kubectl apply` to `kubectl apply --server-side`. */
import { member } from "#base/dictionary.ts";
import { Fault } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject, parseExactly } from "#base/json.ts";
import type { Schema, SchemaTable } from "#base/schema.ts";
import { difference, EMPTY, type FieldSet } from "./field-set.ts";
import { textOf } from "./members.ts";
import { compare, ownedBy } from "./typed.ts";

const ANNOTATION = "kubectl.kubernetes.io/last-applied-configuration";
// The API server's bound on all annotations of an object together.
const MAX_ANNOTATIONS = 256 * 1024;

interface Question {
  readonly live: JsonObject | null;
  readonly apiVersion: string;
  readonly schema: Schema;
  readonly table: SchemaTable;
}

/** Fields that the last client-side apply set and that still have the value it gave: taking them over is no conflict. */
export function lastAppliedFields({ live, apiVersion, schema, table }: Question): FieldSet {
  const text = live === null ? undefined : annotationOf(live);
  if (live === null || text === undefined) return EMPTY;
  const applied = tryParse(text);
  if (!isJsonObject(applied) || member(applied, "apiVersion") !== apiVersion) return EMPTY;
  try {
    const { changed, removed } = compare(applied, live, schema, table);
    return difference(difference(ownedBy(applied, schema, table), changed), removed);
  } catch (thrown) {
    if (thrown instanceof Fault) return EMPTY; // the annotation does not fit the schema: it allows nothing
    throw thrown;
  }
}

/** Keeps the annotation true, so that a later client-side apply computes the right patch. */
export function withLastApplied(object: JsonObject, applied: JsonObject): JsonObject {
  if (annotationOf(object) === undefined) return object;
  const metadata = member(object, "metadata") as JsonObject;
  const annotations = member(metadata, "annotations") as JsonObject;
  const text = `${JSON.stringify(sortedJson(withoutAnnotation(applied)))}\n`;
  const { [ANNOTATION]: before, ...rest } = annotations;
  if (before === text) return object;
  const size = Object.entries(rest).reduce(
    (sum, [name, value]) => sum + name.length + textOf(value).length,
    ANNOTATION.length + text.length,
  );
  return {
    ...object,
    metadata: { ...metadata, annotations: size > MAX_ANNOTATIONS ? rest : { ...rest, [ANNOTATION]: text } },
  };
}

function annotationOf(object: JsonObject): string | undefined {
  const metadata = member(object, "metadata");
  const annotations = isJsonObject(metadata) ? member(metadata, "annotations") : undefined;
  const text = isJsonObject(annotations) ? member(annotations, ANNOTATION) : undefined;
  return typeof text === "string" && text !== "" ? text : undefined;
}

function withoutAnnotation(applied: JsonObject): JsonObject {
  const metadata = member(applied, "metadata");
  const annotations = isJsonObject(metadata) ? member(metadata, "annotations") : undefined;
  if (!isJsonObject(metadata) || !isJsonObject(annotations) || !Object.hasOwn(annotations, ANNOTATION)) return applied;
  const { [ANNOTATION]: _before, ...rest } = annotations;
  return { ...applied, metadata: { ...metadata, annotations: rest } };
}

/** Go writes the members of a map in order. */
function sortedJson(value: Json): Json {
  if (Array.isArray(value)) return value.map((element: Json) => sortedJson(element));
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, child]) => [name, sortedJson(child)]),
  );
}

function tryParse(text: string): Json | undefined {
  try {
    return parseExactly(text) as Json;
  } catch {
    return undefined; // a broken annotation allows nothing; the conflict is reported as it is
  }
}
