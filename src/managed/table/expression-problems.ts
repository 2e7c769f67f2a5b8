/** What is wrong with the meaning of an expression: collected while it is parsed, and the gravest is told. */
import { Fault } from "#base/fault.ts";

// In this order the service looks at an expression whose syntax is right (seen in the tests of dynalite, db/*Parser.pegjs).
const ORDER = [
  "reserved",
  "function",
  "misuse",
  "section",
  "name",
  "value",
  "paths",
  "count",
  "distinct",
  "type",
  "size",
] as const;
export type ProblemKind = (typeof ORDER)[number];

export class Problems {
  readonly #first = new Map<ProblemKind, string>();

  note(kind: ProblemKind, why: string): void {
    if (!this.#first.has(kind)) this.#first.set(kind, why);
  }

  /** Throws when there is any. */
  refuse(expression: string): void {
    const kind = ORDER.find((candidate) => this.#first.has(candidate));
    if (kind !== undefined) throw invalidExpression(expression, this.#first.get(kind) ?? "");
  }
}

/** `expression` names it: "ConditionExpression". */
export function invalidExpression(expression: string, why: string): Fault {
  return new Fault("BadRequest", `Invalid ${expression}: ${why}`);
}
