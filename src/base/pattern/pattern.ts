/**
 * Event patterns: which events somebody wants, by what stands in them (Amazon EventBridge User Guide, "Event patterns"). Shared by
 * buses, topics and event source mappings. Read once, then each match goes over the event a bounded number of times. Pure.
 */
import { plainOf, withoutDots } from "./dotted.ts";
import { type Entries, entriesOf, isRecord, isValue, refused, type Value } from "./matcher.ts";

export interface Pattern {
  matches(event: Fields): boolean;
}

export interface PatternLimits {
  readonly maxCharacters: number;
}

// EventBridge's quota of an event pattern, and Lambda's of a filter.
export const PATTERN_LIMITS: PatternLimits = { maxCharacters: 4_096 };

// Alternatives of "$or" multiply; EventBridge takes as many.
const MAX_COMBINATIONS = 1_000;
const MAX_DEPTH = 64;
// DIFFERS: EventBridge refuses wildcards that its machine would be slow at ("Rule is too complex"); here none is.
const OR = "$or";
// Names that AWS keeps for itself inside of "$or" (event-ruler, Constants.RESERVED_FIELD_NAMES_IN_OR_RELATIONSHIP).
const RESERVED: ReadonlySet<string> = new Set([
  "exactly",
  "prefix",
  "suffix",
  "equals-ignore-case",
  "numeric",
  "anything-but",
  "exists",
  "cidr",
  "wildcard",
]);

/** Fault: BadRequest with the reason, for a text that is no pattern. */
export function readPattern(text: string, { maxCharacters }: PatternLimits = PATTERN_LIMITS): Pattern {
  if (text.length > maxCharacters) throw refused(`Event pattern is longer than ${maxCharacters} characters`);
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    throw refused("Event pattern is not valid JSON");
  }
  return patternOf(given);
}

/** Of a pattern that has been parsed already. */
export function patternOf(given: unknown): Pattern {
  if (!isRecord(given)) throw refused("Filter is not an object");
  const root = nodeOf(withoutDots(given), { depth: 0, isInOr: false });
  if (combinationsOf(root) > MAX_COMBINATIONS)
    throw refused(`Rule is too complex: more than ${MAX_COMBINATIONS} combinations of ${OR}`);
  return { matches: (event) => isMatch(root, plainOf(event)) };
}

type Fields = Readonly<Record<string, unknown>>;

/** All of the fields must match, and one alternative of each "$or". */
interface Node {
  readonly leaves: readonly Leaf[];
  readonly inner: readonly (readonly [name: string, node: Node])[];
  readonly alternatives: readonly (readonly Node[])[];
}

interface Leaf extends Entries {
  readonly name: string;
}

interface Reading {
  readonly depth: number;
  readonly isInOr: boolean;
}

function nodeOf(given: Fields, { depth, isInOr }: Reading): Node {
  if (depth > MAX_DEPTH) throw refused(`Event pattern is nested deeper than ${MAX_DEPTH}`);
  const leaves: Leaf[] = [];
  const inner: (readonly [string, Node])[] = [];
  const alternatives: (readonly Node[])[] = [];
  const fields = Object.entries(given);
  if (fields.length === 0) throw refused("Empty objects are not allowed");
  for (const [name, value] of fields) {
    if (name === OR) alternatives.push(alternativesOf(value, depth));
    else if (isInOr && RESERVED.has(name))
      throw refused(`${name} is Ruler reserved fieldName which cannot be used inside ${OR}.`);
    else if (Array.isArray(value)) leaves.push({ name, ...entriesOf(value) });
    else if (isRecord(value)) inner.push([name, nodeOf(value, { depth: depth + 1, isInOr })]);
    else throw refused(`"${name}" must be an object or an array`);
  }
  return { leaves, inner, alternatives };
}

function alternativesOf(value: unknown, depth: number): readonly Node[] {
  if (!Array.isArray(value)) throw refused(`It must be an Array followed with ${OR}.`);
  const nodes = value.map((one: unknown) => {
    if (!isRecord(one)) throw refused(`Only JSON object is allowed in array of ${OR} relationship.`);
    return nodeOf(one, { depth: depth + 1, isInOr: true });
  });
  if (nodes.length < 2) throw refused(`There must have at least 2 Objects in ${OR} relationship.`);
  return nodes;
}

function combinationsOf({ inner, alternatives }: Node): number {
  const below = inner.reduce((product, [, node]) => product * combinationsOf(node), 1);
  return alternatives.reduce(
    (product, nodes) => product * nodes.reduce((sum, node) => sum + combinationsOf(node), 0),
    below,
  );
}

function isMatch(node: Node, fields: Fields): boolean {
  return (
    node.leaves.every((leaf) => isLeafMatch(leaf, own(fields, leaf.name))) &&
    node.inner.every(([name, below]) => isInnerMatch(below, own(fields, name))) &&
    node.alternatives.every((nodes) => nodes.some((one) => isMatch(one, fields)))
  );
}

/** Of an array one value is enough. A field without any value (an object, an empty array) is not there. */
function isLeafMatch({ matches, mayBeAbsent }: Leaf, given: unknown): boolean {
  if (isValue(given)) return matches(given);
  const values = valuesIn(given);
  return values.length === 0 ? mayBeAbsent : values.some(matches);
}

function valuesIn(given: unknown): readonly Value[] {
  if (Array.isArray(given)) return given.flatMap(valuesIn);
  return isValue(given) ? [given] : [];
}

const NO_FIELDS: Fields = {};

/** Of an array of objects one must match alone: fields of two of them are never put together ("array consistency" of event-ruler). */
function isInnerMatch(node: Node, given: unknown): boolean {
  const candidates = objectsIn(given);
  // Where there is no object, fields that may be missing are missing.
  return candidates.length === 0 ? isMatch(node, NO_FIELDS) : candidates.some((fields) => isMatch(node, fields));
}

function objectsIn(given: unknown): readonly Fields[] {
  if (Array.isArray(given)) return given.flatMap(objectsIn);
  return isRecord(given) ? [given] : [];
}

function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
