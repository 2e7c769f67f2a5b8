/** Merges an applied configuration into a live object by schema; the order of list elements follows upstream's rules. */
import { type Draft, drop, member, put } from "#base/dictionary.ts";
import { Fault } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject } from "#base/json.ts";
import type { Schema, SchemaTable } from "#base/schema.ts";
import { isList } from "./members.ts";
import { elementSchema, elementsOf, elementStep, formOf, memberSchema, resolved } from "./typed.ts";

/** What the configuration says wins; what it does not say stays. undefined only if both sides say nothing. */
export function mergeTyped(
  live: Json | undefined,
  applied: Json | undefined,
  schema: Schema,
  table: SchemaTable,
): Json | undefined {
  if (applied === undefined) return live;
  if (live === undefined && !isJsonObject(applied)) return applied;
  const shape = resolved(schema, table);
  const form = formOf(shape, applied);
  if (form === "leaf" || (isBare(live) && isBare(applied))) return applied;
  return form === "members"
    ? mergeMembers(isJsonObject(live) ? live : {}, isJsonObject(applied) ? applied : {}, shape, table)
    : mergeElements(isList(live) ? live : [], isList(applied) ? applied : [], shape, table);
}

function isBare(value: Json | undefined): boolean {
  return typeof value !== "object" || value === null || Object.keys(value).length === 0;
}

function mergeMembers(live: JsonObject, applied: JsonObject, schema: Schema, table: SchemaTable): Json {
  const merged: Draft<Json> = { ...live };
  for (const [name, value] of Object.entries(applied)) {
    const inner = memberSchema(schema, name) ?? { is: "any" };
    put(merged, name, mergeTyped(member(live, name), value, inner, table) ?? null);
  }
  return merged;
}

/**
 * Elements of both sides come in the order of the configuration; those that only the live list has keep their place
 * before the shared element that followed them.
 */
function mergeElements(live: readonly Json[], applied: readonly Json[], schema: Schema, table: SchemaTable): Json {
  if (schema.is !== "list") return applied;
  const left = live.map((element) => elementStep(schema, element, table));
  const right = applied.map((element) => elementStep(schema, element, table));
  const [lefts, rights] = [elementsOf(schema, live, table), elementsOf(schema, applied, table)];
  for (const [step, element] of rights)
    if (element === null) throw new Fault("BadRequest", `duplicate entries for key ${step.slice(2)}`);
  const shared = right.filter((step) => lefts.has(step));
  const of = elementSchema(schema);
  const merged: Json[] = [];
  const done = new Set<string>();
  let next = 0;
  const take = (step: string): void => {
    done.add(step);
    const value = mergeTyped(lefts.get(step) ?? undefined, rights.get(step) ?? undefined, of, table);
    if (value !== undefined) merged.push(value);
    if (shared[next] === step) next++;
  };
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    const [own, wanted] = [left[l], right[r]];
    if (own !== undefined && wanted !== undefined) {
      if (own === wanted) {
        take(own);
        l++;
        r++;
        continue;
      }
      if (rights.has(own) && shared[next] !== undefined && shared[next] !== own) {
        l++;
        continue;
      }
    }
    if (own !== undefined && !rights.has(own)) {
      merged.push(live[l++] ?? null);
      continue;
    }
    if (own !== undefined && done.has(own)) l++;
    if (wanted !== undefined) {
      take(wanted);
      r++;
    }
  }
  return merged;
}

/** Drops members that are null; inside lists nulls of elements stay as they are. */
export function withoutNulls(value: Json): Json {
  if (isList(value)) return value.some((element) => typeof element === "object") ? value.map(withoutNulls) : value;
  if (!isJsonObject(value)) return value;
  let kept: Draft<Json> | undefined;
  for (const [name, child] of Object.entries(value)) {
    const clean = child === null ? null : withoutNulls(child);
    if (clean === child && clean !== null) continue;
    kept ??= { ...value };
    if (clean === null) drop(kept, name);
    else put(kept, name, clean);
  }
  return kept ?? value;
}
