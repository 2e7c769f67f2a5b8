/** WHERE clauses of PartiQL as conditions, and what SET assigns. Pure. */
import { isAttributeType } from "./attribute.ts";
import type { Comparator, Condition, Operand, SetValue } from "./expression-syntax.ts";
import { malformed, type PartiqlTokens } from "./partiql-tokens.ts";
import type { PartiqlValues } from "./partiql-values.ts";

const COMPARATORS: ReadonlyMap<string, Comparator> = new Map([
  ["=", "="],
  ["<>", "<>"],
  ["!=", "<>"],
  ["<", "<"],
  ["<=", "<="],
  [">", ">"],
  [">=", ">="],
]);

// Brackets and NOTs deeper than this are nobody's query.
const MAX_DEPTH = 100;

export class PartiqlConditions {
  readonly #tokens: PartiqlTokens;
  readonly #values: PartiqlValues;
  #depth = 0;

  constructor(tokens: PartiqlTokens, values: PartiqlValues) {
    this.#tokens = tokens;
    this.#values = values;
  }

  condition(): Condition {
    if (++this.#depth > MAX_DEPTH) throw malformed("conditions nest too deeply");
    let left = this.#conjunction();
    while (this.#tokens.takeWord("OR")) left = { is: "or", left, right: this.#conjunction() };
    this.#depth--;
    return left;
  }

  #conjunction(): Condition {
    let left = this.#term();
    while (this.#tokens.takeWord("AND")) left = { is: "and", left, right: this.#term() };
    return left;
  }

  #term(): Condition {
    const tokens = this.#tokens;
    let isNegated = false;
    while (tokens.takeWord("NOT")) isNegated = !isNegated;
    const inner = tokens.takeSymbol("(") ? this.#bracketed() : (this.#function() ?? this.#comparison());
    return isNegated ? { is: "not", of: inner } : inner;
  }

  #bracketed(): Condition {
    const inner = this.condition();
    this.#tokens.expectSymbol(")");
    return inner;
  }

  #function(): Condition | null {
    const tokens = this.#tokens;
    for (const name of ["BEGINS_WITH", "CONTAINS", "ATTRIBUTE_TYPE"] as const) {
      if (!tokens.takeWord(name)) continue;
      tokens.expectSymbol("(");
      const of = this.#operand();
      tokens.expectSymbol(",");
      const argument = this.#operand();
      tokens.expectSymbol(")");
      if (name === "BEGINS_WITH") return { is: "beginsWith", of, with: argument };
      if (name === "CONTAINS") return { is: "contains", of, with: argument };
      const type = argument.is === "value" && "S" in argument.value ? argument.value.S : "";
      if (!isAttributeType(type)) throw malformed(`'${type}' is no type of an attribute`);
      return { is: "type", of, type };
    }
    return null;
  }

  #comparison(): Condition {
    const tokens = this.#tokens;
    const left = this.#operand();
    const { is, text } = tokens.next;
    const comparator = is === "symbol" ? COMPARATORS.get(text) : undefined;
    if (comparator !== undefined) {
      tokens.take();
      return { is: "compare", left, comparator, right: this.#operand() };
    }
    if (tokens.takeWord("IS")) return this.#is(left);
    const isNegated = tokens.takeWord("NOT");
    const found = this.#range(left);
    return isNegated ? { is: "not", of: found } : found;
  }

  #range(of: Operand): Condition {
    const tokens = this.#tokens;
    if (tokens.takeWord("BETWEEN")) {
      const low = this.#operand();
      tokens.expectWord("AND");
      return { is: "between", of, low, high: this.#operand() };
    }
    if (!tokens.takeWord("IN")) throw tokens.unexpected("a comparison");
    const end = tokens.takeSymbol("[") ? "]" : ")";
    if (end === ")") tokens.expectSymbol("(");
    const options: Operand[] = [];
    do options.push(this.#operand());
    while (tokens.takeSymbol(","));
    tokens.expectSymbol(end);
    return { is: "in", of, options };
  }

  /** IS [NOT] MISSING, IS [NOT] NULL. */
  #is(left: Operand): Condition {
    const tokens = this.#tokens;
    const isNegated = tokens.takeWord("NOT");
    let found: Condition;
    if (tokens.takeWord("MISSING")) {
      if (left.is !== "path") throw malformed("MISSING is asked of an attribute");
      found = { is: "notExists", path: left.path };
    } else {
      tokens.expectWord("NULL");
      found = { is: "type", of: left, type: "NULL" };
    }
    return isNegated ? { is: "not", of: found } : found;
  }

  #operand(): Operand {
    const tokens = this.#tokens;
    if (this.#values.isNext()) return { is: "value", value: this.#values.value() };
    if (tokens.takeWord("SIZE")) {
      tokens.expectSymbol("(");
      const of: Operand = { is: "path", path: this.#values.path() };
      tokens.expectSymbol(")");
      return { is: "size", of };
    }
    return { is: "path", path: this.#values.path() };
  }

  /** What is assigned: a value, a path, a sum or difference of two, list_append, if_not_exists. */
  setValue(): SetValue {
    const tokens = this.#tokens;
    const left = this.#setOperand();
    if (tokens.takeSymbol("+")) return { is: "plus", left, right: this.#setOperand() };
    if (tokens.takeSymbol("-")) return { is: "minus", left, right: this.#setOperand() };
    return left;
  }

  #setOperand(): SetValue {
    const tokens = this.#tokens;
    if (tokens.takeWord("LIST_APPEND")) {
      const [left, right] = this.#pair();
      return { is: "listAppend", left, right };
    }
    if (tokens.takeWord("IF_NOT_EXISTS")) {
      const [of, otherwise] = this.#pair();
      if (of.is !== "path") throw malformed("if_not_exists takes a path first");
      return { is: "ifNotExists", path: of.path, otherwise };
    }
    return this.#operand();
  }

  #pair(): readonly [SetValue, SetValue] {
    const tokens = this.#tokens;
    if (++this.#depth > MAX_DEPTH) throw malformed("functions nest too deeply");
    tokens.expectSymbol("(");
    const left = this.#setOperand();
    tokens.expectSymbol(",");
    const right = this.#setOperand();
    tokens.expectSymbol(")");
    this.#depth--;
    return [left, right];
  }
}
