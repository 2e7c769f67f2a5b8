/** Texts of policies that stand for many: "*" and "?", and variables that the request fills in (IAM User Guide, "IAM policy elements: Variables and tags"). */

/** The values of a condition key, whose name is in lower case; undefined when the request has none. */
export type FindKey = (key: string) => readonly string[] | undefined;

type Part =
  | { readonly is: "text"; readonly text: string }
  | { readonly is: "any" }
  | { readonly is: "one" }
  | { readonly is: "variable"; readonly key: string; readonly otherwise: string | null };

/** A text between two "*". */
interface Segment {
  readonly text: string;
  /** Where any one character stands. */
  readonly ones: readonly number[];
}

/** The segments between its "*": one alone is the whole text. */
export type Glob = readonly Segment[];

export interface Pattern {
  readonly parts: readonly Part[];
  /** What it always is; null: it has variables. */
  readonly fixed: Glob | null;
}

interface PatternOptions {
  readonly hasWildcards: boolean;
  /** Policies of before 2012-10-17 have none: "${" is text there. */
  readonly hasVariables: boolean;
}

export function patternOf(text: string, options: PatternOptions): Pattern {
  const parts = options.hasVariables ? withVariables(text, options) : plainParts(text, options);
  const isFixed = parts.every(({ is }) => is !== "variable");
  return { parts, fixed: isFixed ? globOf(parts) : null };
}

const VARIABLE = /\$\{([^{}]*)\}/g;

function withVariables(text: string, options: PatternOptions): readonly Part[] {
  const parts: Part[] = [];
  let from = 0;
  for (const found of text.matchAll(VARIABLE)) {
    parts.push(...plainParts(text.slice(from, found.index), options), variableOf(found[1] ?? ""));
    from = found.index + found[0].length;
  }
  return [...parts, ...plainParts(text.slice(from), options)];
}

/** "${*}", "${?}" and "${$}" are those characters themselves. */
function variableOf(inside: string): Part {
  if (inside === "*" || inside === "?" || inside === "$") return { is: "text", text: inside };
  const [, key = inside, otherwise = null] = /^([^,']*?)\s*,\s*'([^']*)'$/.exec(inside) ?? [];
  return { is: "variable", key: key.trim().toLowerCase(), otherwise };
}

function plainParts(text: string, { hasWildcards }: PatternOptions): readonly Part[] {
  if (text === "") return [];
  if (!hasWildcards) return [{ is: "text", text }];
  return text
    .split(/([*?])/)
    .filter((piece) => piece !== "")
    .map((piece): Part =>
      piece === "*" ? { is: "any" } : piece === "?" ? { is: "one" } : { is: "text", text: piece },
    );
}

/** With its variables filled in; null when one has no value, or several. What is filled in is text: a "*" in it is a star. */
export function filled({ parts, fixed }: Pattern, find: FindKey): Glob | null {
  if (fixed !== null) return fixed;
  const known: Part[] = [];
  for (const part of parts) {
    if (part.is !== "variable") {
      known.push(part);
      continue;
    }
    const [value = part.otherwise, ...more] = find(part.key) ?? [];
    if (value === null || more.length > 0) return null;
    known.push({ is: "text", text: value });
  }
  return globOf(known);
}

function globOf(parts: readonly Part[]): Glob {
  const segments: { text: string; readonly ones: number[] }[] = [{ text: "", ones: [] }];
  for (const part of parts) {
    const last = segments.at(-1);
    if (part.is === "any" || last === undefined) {
      segments.push({ text: "", ones: [] });
      continue;
    }
    if (part.is === "one") last.ones.push(last.text.length);
    last.text += part.is === "text" ? part.text : "?";
  }
  return segments;
}

/** Each segment is looked for once, from left to right: the work is that of a search, whatever stars there are. */
export function matches(glob: Glob, value: string): boolean {
  const [first, ...rest] = glob;
  const last = rest.pop();
  if (first === undefined || !fitsAt(first, value, 0)) return false;
  if (last === undefined) return value.length === first.text.length;
  const end = value.length - last.text.length;
  let at = first.text.length;
  for (const segment of rest) {
    const found = find(segment, value, at);
    if (found < 0) return false;
    at = found + segment.text.length;
  }
  return end >= at && fitsAt(last, value, end);
}

function find(segment: Segment, value: string, from: number): number {
  if (segment.ones.length === 0) return value.indexOf(segment.text, from);
  for (let at = from; at + segment.text.length <= value.length; at++) if (fitsAt(segment, value, at)) return at;
  return -1;
}

function fitsAt({ text, ones }: Segment, value: string, at: number): boolean {
  if (ones.length === 0) return value.startsWith(text, at);
  if (at + text.length > value.length) return false;
  let from = 0;
  for (const one of ones) {
    if (!value.startsWith(text.slice(from, one), at + from)) return false;
    from = one + 1;
  }
  return value.startsWith(text.slice(from), at + from);
}

/** Of a pattern without wildcards. */
export function textOf(glob: Glob): string {
  return glob[0]?.text ?? "";
}
