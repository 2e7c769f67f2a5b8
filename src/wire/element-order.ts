/** The lists of a strategic merge patch: merging elements by key and the order in which they end up. Never a schema. */
import type { Fault } from "#base/fault.ts";
import type { Json, JsonObject } from "#base/json.ts";

interface Merging {
  readonly keyOf: (element: Json) => Json;
  readonly merge: (live: JsonObject, patch: JsonObject) => JsonObject;
  readonly clean: (element: JsonObject) => JsonObject;
  readonly refuse: (why: string) => Fault;
}

/** Merges lists of objects; an element with `$patch: delete` removes its twin, one with `$patch: replace` all of `live`. */
export function mergeLists(
  live: readonly JsonObject[],
  patch: readonly JsonObject[],
  merging: Merging,
): readonly Json[] {
  const { keyOf } = merging;
  const plain: JsonObject[] = [];
  const deleted = new Set<Json>();
  let isReplaced = false;
  for (const element of patch) {
    const directive = element["$patch"];
    if (directive === undefined) plain.push(element);
    else if (directive === "delete") deleted.add(keyOf(element));
    else if (directive === "replace") isReplaced = true;
    else if (directive === "merge") throw merging.refuse("merging lists cannot yet be specified in the patch");
    else throw merging.refuse(`unknown patch type: ${JSON.stringify(directive)}`);
  }
  if (isReplaced) return plain.map((element) => merging.clean(element));
  const kept = live.filter((element) => !deleted.has(keyOf(element)));
  const merged: JsonObject[] = [...kept];
  const places = new Map(positions(kept, keyOf));
  for (const element of plain) {
    const key = keyOf(element);
    const at = places.get(key);
    if (at !== undefined) merged[at] = merging.merge(merged[at] ?? {}, element);
    else places.set(key, merged.push(merging.clean(element)) - 1);
  }
  return reorder({ elements: merged, order: plain, serverOrder: kept, keyOf });
}

interface Ordering {
  readonly elements: readonly Json[];
  /** The order the client wants for the elements it names. */
  readonly order: readonly Json[];
  /** The order in which the server had its own elements. */
  readonly serverOrder: readonly Json[];
  readonly keyOf: (element: Json) => Json;
}

/**
 * Named elements come in the client's order, the others in the server's; a server's element goes before a named one
 * only if both were on the server in that order.
 */
export function reorder({ elements, order, serverOrder, keyOf }: Ordering): readonly Json[] {
  const wanted = positions(order, keyOf);
  const before = positions(serverOrder, keyOf);
  const place = (places: ReadonlyMap<Json, number>, element: Json): number =>
    places.get(keyOf(element)) ?? Number.MAX_SAFE_INTEGER;
  const named = elements
    .filter((element) => wanted.has(keyOf(element)))
    .toSorted((a, b) => place(wanted, a) - place(wanted, b));
  const others = elements
    .filter((element) => !wanted.has(keyOf(element)))
    .toSorted((a, b) => place(before, a) - place(before, b));
  const all: Json[] = [];
  let next = 0;
  for (const element of others) {
    const own = before.get(keyOf(element));
    while (next < named.length && !isBefore(own, before.get(keyOf(named[next] as Json))))
      all.push(named[next++] as Json);
    all.push(element);
  }
  return [...all, ...named.slice(next)];
}

function positions(elements: readonly Json[], keyOf: (element: Json) => Json): ReadonlyMap<Json, number> {
  const places = new Map<Json, number>();
  for (const [index, element] of elements.entries()) {
    const key = keyOf(element);
    if (!places.has(key)) places.set(key, index);
  }
  return places;
}

function isBefore(a: number | undefined, b: number | undefined): boolean {
  return a !== undefined && b !== undefined && a < b;
}
