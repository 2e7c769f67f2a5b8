/** API Gateway's members as its model names them ("RouteKey"), and as its objects keep them ("routeKey"). Pure. */
import { draft, put } from "#base/dictionary.ts";

type Lowered<T> = { readonly [K in keyof T as K extends string ? Uncapitalize<K> : never]: T[K] };
type Raised<T> = { readonly [K in keyof T as K extends string ? Capitalize<K> : never]: T[K] };

/** What the input says of these members; what it does not say is not there. */
export function stored<T extends object, K extends keyof T & string>(
  input: T,
  members: readonly K[],
): Lowered<Pick<T, K>> {
  const kept = draft<unknown>();
  for (const name of members)
    if (input[name] !== undefined) put(kept, name.charAt(0).toLowerCase() + name.slice(1), input[name]);
  return kept as Lowered<Pick<T, K>>;
}

/** An object's members under the names of the model. */
export function told<T extends object>(part: T): Raised<T> {
  const members = draft<unknown>();
  for (const [name, value] of Object.entries(part))
    if (value !== undefined) put(members, name.charAt(0).toUpperCase() + name.slice(1), value);
  return members as Raised<T>;
}

type Texts = Readonly<Record<string, string>>;

/** Of a map an update says what changes; an empty text takes a name away (what Terraform's provider relies on). */
export function mergedTexts(before: Texts | undefined, change: Texts | undefined): Texts | undefined {
  if (change === undefined) return before;
  const merged = Object.entries({ ...before, ...change }).filter(([, value]) => value !== "");
  return merged.length === 0 ? undefined : Object.fromEntries(merged);
}
