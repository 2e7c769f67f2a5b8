/** JSONPath as mapping templates use it: members, indexes, slices, wildcards and descent (goessner.net, "JSONPath"). Pure. */
import { TemplateFault } from "./syntax.ts";
import type { Value } from "./values.ts";

type Step =
  | { readonly is: "member"; readonly names: readonly string[] }
  | { readonly is: "index"; readonly at: readonly number[] }
  | { readonly is: "slice"; readonly from: number | undefined; readonly to: number | undefined }
  | { readonly is: "all" }
  | { readonly is: "descent" };

/** What the path finds: one value, or a list of them where it may find several; undefined when there is none. */
export function found(path: string, root: Value): Value {
  const steps = stepsOf(path.trim());
  let values: readonly Value[] = [root];
  for (const step of steps) {
    values = values.flatMap((value) => taken(step, value));
    if (values.length > MAX_FOUND) throw new TemplateFault("a path finds too many values");
  }
  return steps.every(isDefinite) ? values[0] : [...values];
}

const MAX_FOUND = 100_000;

function isDefinite(step: Step): boolean {
  return (step.is === "member" && step.names.length === 1) || (step.is === "index" && step.at.length === 1);
}

const NAME = /\.?([\w-]+|\p{L}[\p{L}\p{N}_-]*)/uy;
const QUOTED = /\[\s*((?:'[^']*'|"[^"]*")(?:\s*,\s*(?:'[^']*'|"[^"]*"))*)\s*\]/y;
const INDEX = /\[\s*(-?\d+(?:\s*,\s*-?\d+)*)\s*\]/y;
const SLICE = /\[\s*(-?\d*)\s*:\s*(-?\d*)\s*\]/y;
const ALL = /\[\s*\*\s*\]|\.\*/y;
const DESCENT = /\.\.(?=[\w[*])/y;

function stepsOf(path: string): readonly Step[] {
  const steps: Step[] = [];
  let at = path.startsWith("$") ? 1 : 0;
  const next = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(path);
    if (match !== null) at += match[0].length;
    return match;
  };
  while (at < path.length) {
    const step = stepAt(next);
    if (step === null) throw new TemplateFault(`the path ${path.slice(0, 100)} cannot be read at ${at}`);
    steps.push(step);
  }
  return steps;
}

function stepAt(next: (pattern: RegExp) => RegExpExecArray | null): Step | null {
  if (next(DESCENT) !== null) return { is: "descent" };
  if (next(ALL) !== null) return { is: "all" };
  const name = next(NAME);
  if (name !== null) return { is: "member", names: [name[1] ?? ""] };
  const quoted = next(QUOTED);
  if (quoted !== null) {
    const names = [...(quoted[1] ?? "").matchAll(/'([^']*)'|"([^"]*)"/g)].map(([, one, two]) => one ?? two ?? "");
    return { is: "member", names };
  }
  const index = next(INDEX);
  if (index !== null) return { is: "index", at: (index[1] ?? "").split(",").map(Number) };
  const slice = next(SLICE);
  if (slice === null) return null;
  return { is: "slice", from: numberOr(slice[1]), to: numberOr(slice[2]) };
}

function numberOr(text: string | undefined): number | undefined {
  return text === undefined || text === "" ? undefined : Number(text);
}

function taken(step: Step, value: Value): readonly Value[] {
  switch (step.is) {
    case "member":
      return value instanceof Map ? step.names.filter((name) => value.has(name)).map((name) => value.get(name)) : [];
    case "index":
      return Array.isArray(value) ? step.at.filter((at) => at in value || at < 0).map((at) => value.at(at)) : [];
    case "slice":
      return Array.isArray(value) ? value.slice(step.from, step.to) : [];
    case "all":
      return childrenOf(value);
    case "descent":
      return everythingIn(value, []);
  }
}

function childrenOf(value: Value): readonly Value[] {
  if (Array.isArray(value)) return value;
  return value instanceof Map ? [...value.values()] : [];
}

function everythingIn(value: Value, into: Value[]): readonly Value[] {
  if (into.length > MAX_FOUND) throw new TemplateFault("a path finds too many values");
  into.push(value);
  for (const child of childrenOf(value)) everythingIn(child, into);
  return into;
}
