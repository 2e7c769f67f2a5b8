/** Lists in pages: what stands after a marker, in the order of the items' own ids. Pure. */
import { invalid } from "./names.ts";

export interface Paging {
  readonly Marker?: string;
  readonly MaxItems?: number;
}

export interface Page<T> {
  readonly items: readonly T[];
  readonly marker: { readonly NextMarker?: string };
}

// Lambda API Reference, ListFunctions and its kin: "returns a maximum of 50 items in each response, even if you set the number higher".
const MOST = 50;

/** `all` is in the order of `idOf`; what was removed since the last page is not missed. */
export function pageOf<T>(all: readonly T[], idOf: (item: T) => string, { Marker, MaxItems = MOST }: Paging): Page<T> {
  const after = Marker === undefined ? undefined : idOfMarker(Marker);
  const rest = after === undefined ? all : all.filter((item) => idOf(item) > after);
  const items = rest.slice(0, Math.min(MaxItems, MOST));
  const last = items.length < rest.length ? items.at(-1) : undefined;
  return { items, marker: last === undefined ? {} : { NextMarker: Buffer.from(idOf(last)).toString("base64url") } };
}

function idOfMarker(marker: string): string {
  const id = Buffer.from(marker, "base64url").toString();
  if (!/^[\w .$:-]{1,300}$/.test(id)) throw invalid("Invalid value for parameter Marker");
  return id;
}
