/** Reads the parts that all expressions have: signs, words, paths, values and calls, within limits of length, depth and number. */
import { encodeUtf8 } from "#base/utf8.ts";
import type { Fault } from "#base/fault.ts";
import type { Attribute } from "./attribute.ts";
import type { Path } from "./document-path.ts";
import { invalidExpression, type ProblemKind, Problems } from "./expression-problems.ts";
import { closings, syntaxError, type Token, tokensOf } from "./expression-tokens.ts";
import type { Placeholders } from "./placeholders.ts";
import { isReserved } from "./reserved-words.ts";

// Developer Guide, "Constraints": expression parameters.
const MAX_BYTES = 4_096;
const MAX_OPERATORS = 300;
const MAX_PATH = 32;
const MAX_INDEX = 2_147_483_647;

export class ExpressionReader {
  readonly #problems = new Problems();
  readonly #expression: string;
  readonly #source: string;
  readonly #placeholders: Placeholders;
  readonly #tokens: readonly Token[];
  readonly #closings: ReadonlyMap<number, number>;
  #at = 0;
  #operators = 0;

  /** `expression` names it in errors: "ConditionExpression". */
  constructor(expression: string, source: string, placeholders: Placeholders) {
    this.#expression = expression;
    this.#source = source;
    this.#placeholders = placeholders;
    if (source.trim() === "") throw this.wrong("The expression can not be empty;");
    const bytes = source.length > MAX_BYTES ? source.length : encodeUtf8(source).length;
    if (bytes > MAX_BYTES)
      throw this.wrong(`Expression size has exceeded the maximum allowed size; expression size: ${bytes}`);
    this.#tokens = tokensOf(source);
    this.#closings = closings(this.#tokens);
  }

  /** The parsed expression, once everything was read and nothing is wrong with it. */
  done<T>(parsed: T): T {
    if (!this.isAtEnd) throw this.unexpected();
    this.#problems.refuse(this.#expression);
    return parsed;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#tokens.length;
  }

  take(sign: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.is !== "sign" || token.text !== sign) return false;
    this.#at++;
    return true;
  }

  /** A word in any case. */
  takeWord(word: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.is !== "word" || token.text.toUpperCase() !== word) return false;
    this.#at++;
    return true;
  }

  /** The first of the signs or words that is here. */
  takeAny<T extends string>(texts: readonly T[]): T | undefined {
    return texts.find((text) => this.take(text) || this.takeWord(text));
  }

  expect(sign: string): void {
    if (!this.take(sign)) throw this.unexpected();
  }

  /** Where the parenthesis that opens here closes, or undefined. A pair around nothing but another pair is refused. */
  parenthesis(): number | undefined {
    const closing = this.#closings.get(this.#at);
    if (closing !== undefined && this.#closings.get(this.#at + 1) === closing - 1)
      throw this.wrong("The expression has redundant parentheses;");
    return closing;
  }

  /** What follows the parenthesis that closes there. */
  textAfter(closing: number): string | undefined {
    return this.#tokens[closing + 1]?.text.toUpperCase();
  }

  /** A word followed by "(": both are taken. Otherwise nothing is, and the answer is null. */
  call(): string | null {
    const [word, open] = [this.#tokens[this.#at], this.#tokens[this.#at + 1]];
    if (word?.is !== "word" || open?.is !== "sign" || open.text !== "(") return null;
    this.#at += 2;
    return word.text;
  }

  path(): Path {
    const path: (string | number)[] = [this.#pathName()];
    for (;;) {
      if (this.take(".")) path.push(this.#pathName());
      else if (this.take("[")) path.push(this.#index());
      else break;
    }
    if (path.length > MAX_PATH)
      this.#problems.note("size", `The document path has too many nesting levels; nesting levels: ${path.length}`);
    return path;
  }

  #pathName(): string {
    const token = this.#tokens[this.#at];
    if (token?.is !== "name" && token?.is !== "word") throw this.unexpected();
    this.#at++;
    if (token.is === "name") return this.#resolved(token.text);
    if (isReserved(token.text))
      this.#problems.note("reserved", `Attribute name is a reserved keyword; reserved keyword: ${token.text}`);
    return token.text;
  }

  #resolved(placeholder: string): string {
    const name = this.#placeholders.name(placeholder);
    if (name === undefined)
      this.#problems.note(
        "name",
        `An expression attribute name used in the document path is not defined; attribute name: ${placeholder}`,
      );
    return name ?? placeholder;
  }

  #index(): number {
    const token = this.#tokens[this.#at];
    if (token?.is !== "number") throw this.unexpected();
    this.#at++;
    this.expect("]");
    const index = Number(token.text);
    if (index > MAX_INDEX)
      this.#problems.note("size", `List index is not within the allowable range; index: [${token.text}]`);
    return index;
  }

  /** Undefined when no value stands here. */
  value(): Attribute | undefined {
    const token = this.#tokens[this.#at];
    if (token?.is !== "value") return undefined;
    this.#at++;
    const value = this.#placeholders.value(token.text);
    if (value === undefined)
      this.#problems.note(
        "value",
        `An expression attribute value used in expression is not defined; attribute value: ${token.text}`,
      );
    return value ?? { NULL: true };
  }

  /** Counts what the service counts as operators: comparisons, connectives, functions and arithmetic. */
  operator(): void {
    if (++this.#operators <= MAX_OPERATORS) return;
    // Told at once: what follows would only be more of it, and deeper.
    throw this.wrong(`The expression contains too many operators; operator count: ${this.#operators}`);
  }

  note(kind: ProblemKind, why: string): void {
    this.#problems.note(kind, why);
  }

  /** Told only when nothing graver is wrong. */
  wrongPaths(why: string): Fault {
    this.note("paths", why);
    this.#problems.refuse(this.#expression);
    return this.wrong(why);
  }

  unexpected(): Fault {
    return this.wrong(syntaxError(this.#source, this.#tokens, this.#at));
  }

  wrong(why: string): Fault {
    return invalidExpression(this.#expression, why);
  }
}
