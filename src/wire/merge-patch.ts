/** JSON merge patch (RFC 7386): applying one and computing one. What does not change stays identical (===). */
import { draft, type Draft, drop, member, put } from "#base/dictionary.ts";
import { isJsonObject, type Json, sameJson } from "#base/json.ts";

/** Returns `target` itself when the patch changes nothing, so that an idle patch is recognised at once. */
export function applyMergePatch(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return target !== undefined && sameJson(target, patch) ? target : patch;
  const base = isJsonObject(target) ? target : {};
  // Copied when the first member changes: most of what a patch repeats is the same already.
  let merged: Draft<Json> | undefined = base === target ? undefined : {};
  for (const name in patch) {
    const change = patch[name] ?? null;
    const before = member(base, name);
    const after = change === null ? undefined : applyMergePatch(before, change);
    if (after === before) continue;
    merged ??= { ...base };
    if (after === undefined) drop(merged, name);
    else put(merged, name, after);
  }
  return merged ?? base;
}

/**
 * The smallest patch that turns `from` into `to`; {} when they are the same. A null inside an object of `to` cannot be
 * said in a merge patch: it is read as absent.
 */
export function mergePatchOf(from: Json, to: Json): Json {
  if (!isJsonObject(to)) return to;
  const base = isJsonObject(from) ? from : {};
  const patch = draft<Json>();
  for (const name of Object.keys(base)) if (member(to, name) === undefined) put(patch, name, null);
  for (const [name, wanted] of Object.entries(to)) {
    const before = member(base, name);
    if (before !== undefined && sameJson(before, wanted)) continue;
    const isDeeper = isJsonObject(wanted) && isJsonObject(before);
    put(patch, name, isDeeper ? mergePatchOf(before, wanted) : wanted);
  }
  return patch;
}
