/** Sets of field paths as Kubernetes writes them (FieldsV1), and their algebra. Never a schema, never an object's values. */
import { draft, type Draft, drop, put } from "#base/dictionary.ts";
import type { Json, JsonObject } from "#base/json.ts";
import { isJsonObject, parseExactly } from "#base/json.ts";

/**
 * A trie in FieldsV1's own form. The root is a set; {} as a root is the empty set. Below the root a node without
 * members is a member of the set itself; one with members is in the set only if it has "." beside them.
 * Steps: `f:name`, `k:{"key":"value"}`, `v:value`, `i:index`.
 */
export interface FieldSet {
  readonly [step: string]: FieldSet;
}

const SELF = ".";
/** A path that is in the set and has nothing below it. */
export const MEMBER: FieldSet = {};
export const EMPTY: FieldSet = {};

export function isEmpty(set: JsonObject): boolean {
  for (const _step in set) return false;
  return true;
}

export function isMember(node: FieldSet): boolean {
  return node[SELF] !== undefined || isEmpty(node);
}

/** A node from its parts; undefined when it would hold nothing. */
export function nodeOf(isSelf: boolean, below: FieldSet): FieldSet | undefined {
  if (isEmpty(below)) return isSelf ? MEMBER : undefined;
  return isSelf ? { [SELF]: MEMBER, ...below } : below;
}

export function union(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b || isEmpty(b)) return a;
  if (isEmpty(a)) return b;
  let result: Draft<FieldSet> | undefined;
  for (const step in b) {
    const node = b[step] as FieldSet;
    const own = a[step];
    const both = own === undefined ? node : unionOfNodes(own, node);
    if (both !== own) put((result ??= { ...a }), step, both);
  }
  return result ?? a;
}

function unionOfNodes(a: FieldSet, b: FieldSet): FieldSet {
  if (a === b) return a;
  const isSelf = isMember(a) || isMember(b);
  if (isEmpty(a)) return withSelf(b, isSelf);
  return withSelf(isEmpty(b) ? a : union(a, b), isSelf);
}

function withSelf(node: FieldSet, isSelf: boolean): FieldSet {
  if (!isSelf || isMember(node)) return node;
  return { [SELF]: MEMBER, ...node };
}

/** The paths of `a` that are not in `b`; what lies below a path of `b` stays. */
export function difference(a: FieldSet, b: FieldSet): FieldSet {
  return without(a, b, (own, other) => nodeOf(isMember(own) && !isMember(other), difference(below(own), below(other))));
}

/** The paths of `a` that are neither in `b` nor below a path of `b`. */
export function recursiveDifference(a: FieldSet, b: FieldSet): FieldSet {
  return without(a, b, (own, other) =>
    isMember(other) ? undefined : nodeOf(isMember(own), recursiveDifference(below(own), below(other))),
  );
}

function without(
  a: FieldSet,
  b: FieldSet,
  remaining: (own: FieldSet, other: FieldSet) => FieldSet | undefined,
): FieldSet {
  let result: Draft<FieldSet> | undefined;
  for (const step in b) {
    const own = a[step];
    if (own === undefined || step === SELF) continue;
    const rest = remaining(own, b[step] as FieldSet);
    if (rest !== undefined && (rest === own || (isEmpty(rest) && isEmpty(own)) || sizeIsSame(rest, own))) continue;
    result ??= { ...a };
    if (rest === undefined) drop(result, step);
    else put(result, step, rest);
  }
  return result ?? a;
}

/** After a removal a node is the same if it still has all its steps and they are the same nodes. */
function sizeIsSame(rest: FieldSet, own: FieldSet): boolean {
  for (const step in own) if (rest[step] === undefined || (step !== SELF && rest[step] !== own[step])) return false;
  return true;
}

export function intersection(a: FieldSet, b: FieldSet): FieldSet {
  const result = draft<FieldSet>();
  for (const step in a) {
    const other = b[step];
    if (other === undefined || step === SELF) continue;
    const own = a[step] as FieldSet;
    const both = nodeOf(isMember(own) && isMember(other), intersection(below(own), below(other)));
    if (both !== undefined) put(result, step, both);
  }
  return result;
}

/** The node without its own membership, as a set. */
export function below(node: FieldSet): FieldSet {
  if (node[SELF] === undefined) return node;
  const { [SELF]: _self, ...rest } = node;
  return rest;
}

export function has(set: FieldSet, path: readonly string[]): boolean {
  let node: FieldSet | undefined = set;
  for (const step of path) node = node?.[step];
  return node !== undefined && path.length > 0 && isMember(node);
}

/** All paths, shallow ones first as upstream lists them. */
export function pathsOf(set: FieldSet, prefix: readonly string[] = []): readonly (readonly string[])[] {
  const steps = Object.keys(set)
    .filter((step) => step !== SELF)
    .toSorted(compareSteps);
  const here = steps.filter((step) => isMember(set[step] ?? MEMBER)).map((step) => [...prefix, step]);
  return [...here, ...steps.flatMap((step) => pathsOf(set[step] ?? MEMBER, [...prefix, step]))];
}

/** `.spec.containers[name="a"].image`, as conflicts name a field. */
export function printPath(path: readonly string[]): string {
  return path.map(printStep).join("");
}

function printStep(step: string): string {
  const rest = step.slice(2);
  if (step.startsWith("f:")) return `.${rest}`;
  if (step.startsWith("v:")) return `[=${rest}]`;
  if (step.startsWith("i:")) return `[${rest}]`;
  const keys = parseExactly(rest) as JsonObject;
  return `[${Object.entries(keys)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(",")}]`;
}

/** Reads fieldsV1 of a client: canonical steps, unknown kinds of steps left out; null when it is not a trie. */
export function readFields(fields: Json | undefined): FieldSet | null {
  if (fields === undefined || fields === null) return EMPTY;
  if (!isJsonObject(fields)) return null;
  let isCanonical = true;
  const result = draft<FieldSet>();
  for (const [step, node] of Object.entries(fields)) {
    const read = step === SELF ? MEMBER : readFields(node);
    const canonical = canonicalStep(step);
    if (read === null || canonical === null) return null;
    isCanonical &&= read === node && canonical === step;
    if (canonical !== undefined) put(result, canonical, read);
  }
  // Every step and node of it has been read.
  return isCanonical ? (fields as FieldSet) : result;
}

function canonicalStep(step: string): string | null | undefined {
  if (step === SELF || step.startsWith("f:")) return step;
  if (/^i:-?\d+$/.test(step)) return step;
  if (!/^[kv]:/.test(step)) return step[1] === ":" ? undefined : null;
  try {
    const value = parseExactly(step.slice(2)) as Json;
    return step.startsWith("v:") ? valueStep(value) : isJsonObject(value) ? keyStep(Object.entries(value)) : null;
  } catch {
    return null; // not JSON: the caller refuses the whole entry
  }
}

export function fieldStep(name: string): string {
  return `f:${name}`;
}

export function valueStep(value: Json): string {
  return `v:${JSON.stringify(value)}`;
}

export function keyStep(keys: readonly (readonly [string, Json])[]): string {
  const sorted = keys.length === 1 ? keys : keys.toSorted(([a], [b]) => (a < b ? -1 : 1));
  let step = "";
  for (const [name, value] of sorted)
    step += `${step === "" ? "k:{" : ","}${JSON.stringify(name)}:${JSON.stringify(value)}`;
  return `${step}}`;
}

const RANK: Readonly<Record<string, number>> = { ".": 0, f: 1, k: 2, v: 3, i: 4 };

function compareSteps(a: string, b: string): number {
  // Almost always both are fields.
  if (a.charCodeAt(0) === b.charCodeAt(0)) return a < b ? -1 : a > b ? 1 : 0;
  const rank = (RANK[a[0] ?? ""] ?? 9) - (RANK[b[0] ?? ""] ?? 9);
  return rank !== 0 ? rank : a < b ? -1 : a > b ? 1 : 0;
}

/** In the order in which upstream writes it; the same set when it is in that order. */
export function sorted(set: FieldSet): FieldSet {
  const steps = Object.keys(set);
  let isSame = true;
  const nodes = new Map<string, FieldSet>();
  let last = "";
  for (const step of steps) {
    const node = set[step] ?? MEMBER;
    const inOrder = isEmpty(node) ? node : sorted(node);
    nodes.set(step, inOrder);
    if (inOrder !== node || (last !== "" && compareSteps(last, step) > 0)) isSame = false;
    last = step;
  }
  if (isSame) return set;
  const result = draft<FieldSet>();
  for (const step of steps.sort(compareSteps)) put(result, step, nodes.get(step) ?? MEMBER);
  return result;
}
