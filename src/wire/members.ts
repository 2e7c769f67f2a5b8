/** What a JSON value is and how much of it there is: list or not, as text, how deep, how heavy. */
import type { Json } from "#base/json.ts";

export function isList(value: unknown): value is readonly Json[] {
  return Array.isArray(value);
}

/** A value as text: strings as they are, nothing as "". */
export function textOf(value: Json | undefined): string {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

/** How many levels of lists and objects a value has; a scalar has none. */
export function nesting(value: Json): number {
  if (typeof value !== "object" || value === null) return 0;
  let deepest = 0;
  if (isList(value)) for (const child of value) deepest = Math.max(deepest, nesting(child));
  // Members without a list of them: half a million names are not made just to be forgotten.
  else for (const name in value) deepest = Math.max(deepest, nesting(value[name] ?? null));
  return deepest + 1;
}

/** About how many bytes the value takes as JSON. */
export function weight(value: Json): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 5;
  let sum = 2;
  if (isList(value)) for (const child of value) sum += weight(child) + 1;
  else for (const name in value) sum += name.length + 4 + weight(value[name] ?? null);
  return sum;
}
