/** The paths that EventBridge takes into an event: names and indexes ("$.detail.items[0].id", "$.detail['odd name']"), no filters. Pure. */
import { isJsonObject, type Json } from "#base/json.ts";

export type Path = readonly (string | number)[];

const STEP = /\.([A-Za-z0-9_-]+)|\[(\d{1,6})\]|\['([^']+)'\]|\["([^"]+)"\]/y;

/** Null for a text that is no such path. */
export function parsePath(text: string): Path | null {
  if (!text.startsWith("$")) return null;
  const path: (string | number)[] = [];
  let at = 1;
  while (at < text.length) {
    STEP.lastIndex = at;
    const found = STEP.exec(text);
    if (found === null) return null;
    const [whole, name, index, single, double] = found;
    path.push(index === undefined ? (name ?? single ?? double ?? "") : Number(index));
    at += whole.length;
  }
  return path;
}

/** Undefined where nothing stands. */
export function valueAt(json: Json, path: Path): Json | undefined {
  let value: Json | undefined = json;
  for (const step of path) {
    if (typeof step === "number") value = Array.isArray(value) ? (value as readonly Json[])[step] : undefined;
    else value = isJsonObject(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value;
}
