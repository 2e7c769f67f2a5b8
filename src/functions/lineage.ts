/** How often a chain of invocations has come through a function: counted in the trace header, which SDKs pass on (Lambda Developer Guide, "Use Lambda recursive loop detection to prevent infinite loops"). Pure. */
import { Fault } from "#base/fault.ts";

// "Lambda stops the chain when a function was invoked approximately 16 times in it".
export const MOST_LOOPS = 16;
// A chain through more functions is no loop of one of them for long; the header stays short.
const MOST_FUNCTIONS = 8;

/** 400 RecursiveInvocationException. */
export class RecursiveInvocation extends Fault {
  constructor(name: string) {
    super("BadRequest", `Lambda detected the function ${name} being invoked in a recursive loop and stopped it.`);
  }
}

export interface Lineage {
  /** The header as the function gets it, with this run counted. */
  readonly traceId: string;
  /** Runs of the function before this one in the chain. */
  readonly loops: number;
}

// DIFFERS: "Lineage=NAME:COUNT|…", where Lambda has hashes and a counter of its own in front.
const PART = /;Lineage=([\w:|-]*)/;

export function withLineage(header: string, name: string): Lineage {
  const found = PART.exec(header);
  if (found === null) return { traceId: `${header};Lineage=${name}:1`, loops: 0 };
  const counts = new Map((found[1] ?? "").split("|").map(entryOf));
  const loops = counts.get(name) ?? 0;
  counts.delete(name);
  const rest = [...counts].filter(([, count]) => count > 0).slice(0, MOST_FUNCTIONS - 1);
  const text = [[name, loops + 1] as const, ...rest].map(([of, count]) => `${of}:${count}`).join("|");
  return { traceId: header.replace(PART, `;Lineage=${text}`), loops };
}

/** What is no number counts as nothing. */
function entryOf(text: string): readonly [name: string, count: number] {
  const [name = "", count] = text.split(":");
  const loops = Number(count);
  return [name, Number.isSafeInteger(loops) && loops > 0 ? loops : 0];
}

/** An X-Ray header for requests that came without one: the root's time and 96 bits out of the request id. */
export function traceOf(requestId: string, now: number): string {
  const hex = requestId.replaceAll("-", "");
  return `Root=1-${Math.floor(now / 1000).toString(16)}-${hex.slice(0, 24)};Parent=${hex.slice(16)};Sampled=0`;
}
