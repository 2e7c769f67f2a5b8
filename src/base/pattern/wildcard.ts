/** Texts with "*" for any characters, "\*" and "\\" for those two themselves (aws/event-ruler, WildcardParser). Pure. */
import { Fault } from "#base/fault.ts";

export type TextMatcher = (text: string) => boolean;

/** Fault: BadRequest for "**" and for a backslash before anything else. */
export function wildcard(pattern: string): TextMatcher {
  const parts = partsOf(pattern);
  const [first = ""] = parts;
  if (parts.length === 1) return (text) => text === first;
  const last = parts.at(-1) ?? "";
  const middle = parts.slice(1, -1);
  const least = parts.reduce((sum, part) => sum + part.length, 0);
  return (text) =>
    text.length >= least &&
    text.startsWith(first) &&
    text.endsWith(last) &&
    findsInOrder(text, middle, { from: first.length, to: text.length - last.length });
}

/** Taking each part where it first occurs leaves most room for the others, so nothing is ever tried twice. */
function findsInOrder(
  text: string,
  parts: readonly string[],
  { from, to }: { readonly from: number; readonly to: number },
): boolean {
  let at = from;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= to;
}

/** The texts between the stars. */
function partsOf(pattern: string): readonly string[] {
  const parts: string[] = [];
  let part = "";
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at] ?? "";
    if (char === "*") {
      if (pattern[at + 1] === "*") throw refused(`Consecutive wildcard characters at pos ${at + 1}`);
      parts.push(part);
      part = "";
    } else if (char === "\\") {
      const next = pattern[++at];
      if (next !== "*" && next !== "\\") throw refused(`Invalid escape character at pos ${at}`);
      part += next;
    } else part += char;
  }
  return [...parts, part];
}

function refused(reason: string): Fault {
  return new Fault("BadRequest", reason);
}
