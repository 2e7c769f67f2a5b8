/** The values of templates: what they are, how they are printed, and the methods that they have; nothing of JavaScript's own objects is in reach. */
import { RE2JS } from "re2js";
import { type Json, isJsonObject } from "#base/json.ts";
import { TemplateFault } from "./syntax.ts";

export type Value = string | number | boolean | null | undefined | Value[] | Map<string, Value> | Host;

/** An object of the engine's surroundings, such as $input: the methods that it names, and no others. */
export class Host {
  readonly methods: ReadonlyMap<string, (parameters: readonly Value[]) => Value>;
  readonly members: ReadonlyMap<string, Value>;

  constructor(
    methods: Readonly<Record<string, (parameters: readonly Value[]) => Value>>,
    members: Readonly<Record<string, Value>> = {},
  ) {
    this.methods = new Map(Object.entries(methods));
    this.members = new Map(Object.entries(members));
  }
}

const MAX_TEXT = 10 * 1024 * 1024; // API Gateway's payload quota.

/** Objects become maps, so that no key of a stranger's is special. */
export function valueOfJson(json: Json): Value {
  if (Array.isArray(json)) return json.map(valueOfJson);
  if (isJsonObject(json)) return new Map(Object.entries(json).map(([key, value]) => [key, valueOfJson(value)]));
  return json as string | number | boolean | null;
}

/** As Java prints it: maps as {a=1, b=2}, lists as [1, 2]. */
export function printed(value: Value): string {
  if (value === null || value === undefined) return "null";
  if (Array.isArray(value)) return `[${value.map(printed).join(", ")}]`;
  if (value instanceof Map) return `{${[...value].map(([key, one]) => `${key}=${printed(one)}`).join(", ")}}`;
  return value instanceof Host ? "" : String(value);
}

/** As a JSON document. */
export function jsonOf(value: Value): string {
  if (value === null || value === undefined || value instanceof Host) return "null";
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(",")}]`;
  if (value instanceof Map)
    return `{${[...value].map(([key, one]) => `${JSON.stringify(key)}:${jsonOf(one)}`).join(",")}}`;
  return JSON.stringify(value);
}

export function isTrue(value: Value): boolean {
  return value !== null && value !== undefined && value !== false;
}

export function memberOf(value: Value, name: string): Value {
  if (value instanceof Map) return value.get(name);
  if (value instanceof Host) return value.members.get(name);
  // $list.size and $text.length are read as getters are.
  return undefined;
}

export function indexOf(value: Value, at: Value): Value {
  if (Array.isArray(value) && typeof at === "number") return value.at(at);
  return value instanceof Map ? value.get(printed(at)) : undefined;
}

/** Undefined when the value has no such method: the reference then has no value. */
export function call(value: Value, name: string, parameters: readonly Value[]): Value {
  if (value instanceof Host) return value.methods.get(name)?.(parameters);
  if (typeof value === "string") return own(TEXT, name)?.(value, parameters);
  if (Array.isArray(value)) return own(LIST, name)?.(value, parameters);
  if (value instanceof Map) return own(MAP, name)?.(value, parameters);
  if (typeof value === "number") return own(NUMBER, name)?.(value, parameters);
  return name === "toString" && typeof value === "boolean" ? String(value) : undefined;
}

type Methods<T> = Readonly<Record<string, (of: T, parameters: readonly Value[]) => Value>>;

function own<T>(methods: Methods<T>, name: string): Methods<T>[string] | undefined {
  return Object.hasOwn(methods, name) ? methods[name] : undefined;
}

const text = (value: Value): string => printed(value);
const whole = (value: Value, otherwise: number): number => (typeof value === "number" ? Math.trunc(value) : otherwise);

/** Java's and RE2's patterns are the same but for what takes more than linear time. */
function pattern(source: Value): RE2JS {
  try {
    return RE2JS.compile(text(source));
  } catch {
    throw new TemplateFault(`the pattern ${text(source)} cannot be read`);
  }
}

function bounded(made: string): string {
  if (made.length > MAX_TEXT) throw new TemplateFault("a text has become too long");
  return made;
}

const TEXT: Methods<string> = {
  charAt: (of, [at]) => of.charAt(whole(at, 0)),
  concat: (of, [other]) => bounded(of + text(other)),
  contains: (of, [other]) => of.includes(text(other)),
  endsWith: (of, [other]) => of.endsWith(text(other)),
  equals: (of, [other]) => of === other,
  equalsIgnoreCase: (of, [other]) => of.toLowerCase() === text(other).toLowerCase(),
  indexOf: (of, [other, from]) => of.indexOf(text(other), whole(from, 0)),
  isEmpty: (of) => of === "",
  lastIndexOf: (of, [other]) => of.lastIndexOf(text(other)),
  length: (of) => of.length,
  matches: (of, [other]) => pattern(other).matches(of),
  replace: (of, [other, by]) => bounded(of.replaceAll(text(other), () => text(by))),
  replaceAll: (of, [other, by]) => bounded(pattern(other).matcher(of).replaceAll(text(by))),
  replaceFirst: (of, [other, by]) => bounded(pattern(other).matcher(of).replaceFirst(text(by))),
  split: (of, [other]) => withoutEmptyEnd(pattern(other).split(of)),
  startsWith: (of, [other]) => of.startsWith(text(other)),
  substring: (of, [from, to]) => of.slice(whole(from, 0), whole(to, of.length)),
  toLowerCase: (of) => of.toLowerCase(),
  toString: (of: string) => of,
  toUpperCase: (of) => of.toUpperCase(),
  trim: (of) => of.trim(),
};

/** Java's split drops the empty texts at the end. */
function withoutEmptyEnd(parts: readonly string[]): Value[] {
  const kept = [...parts];
  while (kept.at(-1) === "") kept.pop();
  return kept;
}

const MAX_ITEMS = 10_000;

function grown<T extends Value[] | Map<string, Value>>(of: T): T {
  if ((Array.isArray(of) ? of.length : of.size) > MAX_ITEMS)
    throw new TemplateFault("a list or map has become too large");
  return of;
}

const LIST: Methods<Value[]> = {
  add: (of, [item]) => grown(of).push(item) > 0,
  addAll: (of, [items]) => Array.isArray(items) && grown(of).push(...items.slice(0, MAX_ITEMS)) > 0,
  contains: (of, [item]) => of.includes(item),
  get: (of, [at]) => of[whole(at, -1)],
  indexOf: (of, [item]) => of.indexOf(item),
  isEmpty: (of) => of.length === 0,
  remove: (of, [at]) => of.splice(whole(at, of.length), 1)[0],
  set: (of, [at, item]) => of.splice(whole(at, of.length), 1, item)[0],
  size: (of) => of.length,
  subList: (of, [from, to]) => of.slice(whole(from, 0), whole(to, of.length)),
  toString: (of: Value[]) => printed(of),
};

const MAP: Methods<Map<string, Value>> = {
  containsKey: (of, [key]) => of.has(text(key)),
  containsValue: (of, [value]) => [...of.values()].includes(value),
  entrySet: (of) => [...of].map(([key, value]) => entry(key, value)),
  get: (of, [key]) => of.get(text(key)),
  getOrDefault: (of, [key, otherwise]) => of.get(text(key)) ?? otherwise,
  isEmpty: (of) => of.size === 0,
  keySet: (of) => [...of.keys()],
  put: (of, [key, value]) => {
    const before = of.get(text(key));
    grown(of).set(text(key), value);
    return before;
  },
  putAll: (of, [other]) => {
    if (other instanceof Map) for (const [key, value] of other) grown(of).set(key, value);
    return null;
  },
  remove: (of, [key]) => {
    const before = of.get(text(key));
    of.delete(text(key));
    return before;
  },
  size: (of) => of.size,
  toString: (of: Map<string, Value>) => printed(of),
  values: (of) => [...of.values()],
};

function entry(key: string, value: Value): Host {
  return new Host({ getKey: () => key, getValue: () => value }, { key, value });
}

const NUMBER: Methods<number> = {
  doubleValue: (of) => of,
  intValue: (of) => Math.trunc(of),
  longValue: (of) => Math.trunc(of),
  toString: (of: number) => String(of),
};
