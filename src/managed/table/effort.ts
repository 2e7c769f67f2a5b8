/** How much work an expression may be for one item, so that no condition holds up everybody. Pure. */
import { Fault } from "#base/fault.ts";
import type { Attribute } from "./attribute.ts";

// DIFFERS: DynamoDB has no such limit; it is reached by dozens of comparisons of attributes that are hundreds of kilobytes large.
const MAX_EFFORT = 300_000; // Members looked at, each a tenth of a microsecond or so.

// Characters that are compared in the time of one member: by the engine's own search, and step by step.
const QUICK = 64;
const SLOW = 8;

export class Effort {
  #left = MAX_EFFORT;

  /** Of looking at every part of a value once. Throws when it is too much. */
  look(value: Attribute | undefined, isSlow = false): void {
    this.#left -= 1;
    if (this.#left < 0)
      throw new Fault("BadRequest", "The expression compares more data than Catamaran does for one item");
    if (value === undefined) return;
    const perMember = isSlow ? SLOW : QUICK;
    if ("S" in value) this.#left -= value.S.length / perMember;
    else if ("B" in value) this.#left -= value.B.length / SLOW;
    else if ("SS" in value) this.#left -= value.SS.length;
    else if ("NS" in value) this.#left -= value.NS.length;
    else if ("BS" in value) this.#left -= value.BS.length;
    else if ("L" in value) for (const member of value.L) this.look(member);
    else if ("M" in value) for (const member of Object.values(value.M)) this.look(member);
  }
}
