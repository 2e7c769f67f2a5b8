/** Reads references and expressions of templates. Pure. */
import type { Source } from "./source.ts";
import type { Expression, Node, Operator, Reference, Step } from "./syntax.ts";

/** From the loosest to the tightest; words stand for signs (VTL Reference, "Conditionals"). */
const LEVELS: readonly (readonly (readonly [RegExp, Operator])[])[] = [
  [[/\|\||or\b/y, "||"]],
  [[/&&|and\b/y, "&&"]],
  [
    [/==|eq\b/y, "=="],
    [/!=|ne\b/y, "!="],
  ],
  [
    [/<=|le\b/y, "<="],
    [/>=|ge\b/y, ">="],
    [/<|lt\b/y, "<"],
    [/>|gt\b/y, ">"],
  ],
  [
    [/\+/y, "+"],
    [/-/y, "-"],
  ],
  [
    [/\*/y, "*"],
    [/\//y, "/"],
    [/%/y, "%"],
  ],
];

const MAX_DEPTH = 50;

export class ExpressionReader {
  readonly #source: Source;
  readonly #template: (text: string) => readonly Node[];
  #depth = 0;

  constructor(source: Source, template: (text: string) => readonly Node[]) {
    this.#source = source;
    this.#template = template;
  }

  /** Null, and nothing read, when no reference stands here. */
  reference(): Reference | null {
    const from = this.#source.at;
    const opened = this.#source.skip(/\$!?\{?(?=[a-zA-Z_])/y);
    if (opened === null) return null;
    const name = this.#source.skip(/[a-zA-Z_][\w-]*/y) ?? "";
    const steps: Step[] = [];
    for (let step = this.#step(); step !== null; step = this.#step()) steps.push(step);
    if (opened.endsWith("{") && this.#source.skip(/\}/y) === null) {
      // "${a b}" is text.
      this.#source.at = from;
      return null;
    }
    return { is: "reference", name, steps, isQuiet: opened.includes("!"), source: this.#source.since(from) };
  }

  #step(): Step | null {
    if (this.#source.skip(/\[/y) !== null) {
      const at = this.expression();
      this.#source.expect("]");
      return { is: "index", at };
    }
    const name = this.#source.skip(/\.[a-zA-Z_][\w-]*/y)?.slice(1);
    if (name === undefined) return null;
    if (this.#source.skip(/\(/y) === null) return { is: "member", name };
    return { is: "call", name, parameters: this.#list(")") };
  }

  expression(): Expression {
    if (++this.#depth > MAX_DEPTH) throw this.#source.fault("an expression is nested too deeply");
    const found = this.#binary(0);
    this.#depth--;
    return found;
  }

  #binary(level: number): Expression {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#binary(level + 1);
    for (let by = this.#operator(operators); by !== null; by = this.#operator(operators))
      left = { is: "binary", by, left, right: this.#binary(level + 1) };
    return left;
  }

  #operator(operators: readonly (readonly [RegExp, Operator])[]): Operator | null {
    this.#source.blanks();
    for (const [pattern, operator] of operators) if (this.#source.skip(pattern) !== null) return operator;
    return null;
  }

  #unary(): Expression {
    this.#source.blanks();
    if (this.#source.skip(/!(?!=)|not\b/y) === null) return this.#primary();
    if (++this.#depth > MAX_DEPTH) throw this.#source.fault("an expression is nested too deeply");
    const of = this.#unary();
    this.#depth--;
    return { is: "not", of };
  }

  #primary(): Expression {
    const reference = this.reference();
    if (reference !== null) return reference;
    const literal = this.#literal();
    if (literal !== null) return literal;
    if (this.#source.skip(/\(/y) !== null) {
      const inner = this.expression();
      this.#source.expect(")");
      return inner;
    }
    if (this.#source.skip(/\[/y) !== null) return this.#rangeOrList();
    if (this.#source.skip(/\{/y) !== null) return this.#map();
    throw this.#source.fault("a value is missing");
  }

  #literal(): Expression | null {
    const number = this.#source.skip(/-?\d+(?:\.\d+)?/y);
    if (number !== null) return { is: "literal", value: Number(number) };
    const word = this.#source.skip(/(?:true|false|null)\b/y);
    if (word !== null) return { is: "literal", value: word === "null" ? null : word === "true" };
    const plain = this.#source.skip(/'[^']*'/y);
    if (plain !== null) return { is: "literal", value: plain.slice(1, -1) };
    const quoted = this.#source.skip(/"(?:[^"]|"")*"/y);
    if (quoted === null) return null;
    const inner = quoted.slice(1, -1).replaceAll('""', '"');
    return /[$#\\]/.test(inner)
      ? { is: "interpolated", nodes: this.#template(inner) }
      : { is: "literal", value: inner };
  }

  #rangeOrList(): Expression {
    this.#source.blanks();
    if (this.#source.skip(/\]/y) !== null) return { is: "list", of: [] };
    const first = this.expression();
    this.#source.blanks();
    if (this.#source.skip(/\.\./y) !== null) {
      const to = this.expression();
      this.#source.expect("]");
      return { is: "range", from: first, to };
    }
    if (this.#source.skip(/,/y) === null) {
      this.#source.expect("]");
      return { is: "list", of: [first] };
    }
    return { is: "list", of: [first, ...this.#list("]")] };
  }

  /** Up to the character that closes it. */
  #list(close: string): readonly Expression[] {
    const found: Expression[] = [];
    this.#source.blanks();
    if (this.#isClosed(close)) return found;
    for (;;) {
      found.push(this.expression());
      this.#source.blanks();
      if (this.#isClosed(close)) return found;
      this.#source.expect(",");
    }
  }

  #map(): Expression {
    const found: (readonly [Expression, Expression])[] = [];
    this.#source.blanks();
    if (this.#isClosed("}")) return { is: "map", of: found };
    for (;;) {
      const key = this.expression();
      this.#source.expect(":");
      found.push([key, this.expression()]);
      this.#source.blanks();
      if (this.#isClosed("}")) return { is: "map", of: found };
      this.#source.expect(",");
    }
  }

  #isClosed(close: string): boolean {
    return this.#source.skip(CLOSERS[close] ?? /(?!)/y) !== null;
  }
}

const CLOSERS: Readonly<Record<string, RegExp>> = { ")": /\)/y, "]": /\]/y, "}": /\}/y };
