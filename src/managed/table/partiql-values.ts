/** Values and paths of PartiQL statements: literals, tuples, lists, bags, and the parameters that question marks stand for. Pure. */
import { Fault } from "#base/fault.ts";
import { type Attribute, checkAttribute } from "./attribute.ts";
import type { Path } from "./document-path.ts";
import { malformed, type PartiqlTokens } from "./partiql-tokens.ts";

const MAX_DEPTH = 32; // As deep as an attribute nests.

export class PartiqlValues {
  readonly #tokens: PartiqlTokens;
  readonly #parameters: readonly Attribute[];
  #used = 0;

  constructor(tokens: PartiqlTokens, parameters: readonly Attribute[]) {
    this.#tokens = tokens;
    this.#parameters = parameters;
  }

  /** Throws when the statement has fewer question marks than there are parameters. */
  refuseUnused(): void {
    if (this.#used !== this.#parameters.length)
      throw new Fault("BadRequest", "Number of parameters in request and statement don't match.");
  }

  /** a.b[0], with names bare or in double quotes. */
  path(): Path {
    const tokens = this.#tokens;
    const steps: (string | number)[] = [this.#step()];
    for (;;) {
      if (tokens.takeSymbol(".")) steps.push(this.#step());
      else if (tokens.takeSymbol("[")) {
        const { is, text } = tokens.take();
        if (is === "number" && /^\d+$/.test(text)) steps.push(Number(text));
        else if (is === "text") steps.push(text);
        else throw malformed(`'${text}' is no index`);
        tokens.expectSymbol("]");
      } else return steps;
    }
  }

  #step(): string {
    const { is, text } = this.#tokens.next;
    if (is !== "quoted" && is !== "word") throw this.#tokens.unexpected("an attribute name");
    this.#tokens.take();
    return text;
  }

  /** Whether a value comes next, and not a path. */
  isNext(): boolean {
    const { is, text } = this.#tokens.next;
    if (is === "text" || is === "number") return true;
    if (is === "word") return ["TRUE", "FALSE", "NULL"].includes(text.toUpperCase());
    return is === "symbol" && ["?", "{", "[", "<<", "-", "+"].includes(text);
  }

  value(depth = 0): Attribute {
    if (depth > MAX_DEPTH) throw malformed("values nest deeper than 32 levels");
    const tokens = this.#tokens;
    const { is, text } = tokens.next;
    if (is === "text") return { S: tokens.take().text };
    if (is === "number") return checkAttribute({ N: tokens.take().text });
    if (tokens.takeWord("TRUE")) return { BOOL: true };
    if (tokens.takeWord("FALSE")) return { BOOL: false };
    if (tokens.takeWord("NULL")) return { NULL: true };
    if (tokens.takeSymbol("?")) return this.#parameter();
    if (tokens.takeSymbol("-")) return checkAttribute({ N: `-${this.#number()}` });
    if (tokens.takeSymbol("+")) return checkAttribute({ N: this.#number() });
    if (tokens.takeSymbol("{")) return { M: Object.fromEntries(this.#members(depth)) };
    if (tokens.takeSymbol("[")) return { L: this.#list("]", depth) };
    if (tokens.takeSymbol("<<")) return setOf(this.#list(">>", depth));
    throw is === "end" ? tokens.unexpected("a value") : malformed(`'${text.slice(0, 100)}' is no value`);
  }

  #number(): string {
    const { is, text } = this.#tokens.take();
    if (is !== "number") throw malformed(`'${text}' is no number`);
    return text;
  }

  #parameter(): Attribute {
    const value = this.#parameters[this.#used++];
    if (value === undefined)
      throw new Fault("BadRequest", "Number of parameters in request and statement don't match.");
    return value;
  }

  #members(depth: number): readonly (readonly [string, Attribute])[] {
    const tokens = this.#tokens;
    const members: [string, Attribute][] = [];
    while (!tokens.takeSymbol("}")) {
      if (members.length > 0) tokens.expectSymbol(",");
      const { is, text } = tokens.take();
      if (is !== "text" && is !== "quoted" && is !== "word") throw malformed(`'${text}' is no name of a member`);
      tokens.expectSymbol(":");
      members.push([text, this.value(depth + 1)]);
    }
    return members;
  }

  #list(end: string, depth: number): readonly Attribute[] {
    const tokens = this.#tokens;
    const values: Attribute[] = [];
    while (!tokens.takeSymbol(end)) {
      if (values.length > 0) tokens.expectSymbol(",");
      values.push(this.value(depth + 1));
    }
    return values;
  }
}

function setOf(members: readonly Attribute[]): Attribute {
  const texts = members.flatMap((member) => ("S" in member ? [member.S] : []));
  const numbers = members.flatMap((member) => ("N" in member ? [member.N] : []));
  const binaries = members.flatMap((member) => ("B" in member ? [member.B] : []));
  if (texts.length === members.length) return checkAttribute({ SS: texts });
  if (numbers.length === members.length) return checkAttribute({ NS: numbers });
  if (binaries.length === members.length) return checkAttribute({ BS: binaries });
  throw malformed("a set has members of one type");
}
