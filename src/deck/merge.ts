/** JSON merge patch (RFC 7386) that keeps what did not change identical, so that an idle patch is recognised at once. */
import { isJsonObject, type Json, sameJson } from "#base/json.ts";

export function mergePatched(target: Json | undefined, patch: Json): Json {
  if (!isJsonObject(patch)) return target !== undefined && sameJson(target, patch) ? target : patch;
  const base = isJsonObject(target) ? target : {};
  const merged: Record<string, Json> = { ...base };
  let isChanged = base !== target;
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) {
      isChanged ||= Object.hasOwn(base, key);
      delete merged[key];
      continue;
    }
    const value = mergePatched(base[key], change);
    isChanged ||= value !== base[key];
    merged[key] = value;
  }
  return isChanged ? merged : base;
}
