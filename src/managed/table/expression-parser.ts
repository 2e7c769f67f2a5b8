/** Parses the expressions of a table: condition, filter, key condition, update and projection. Pure syntax, no values. */
import { Fault } from "#base/fault.ts";

/** a.b[0].c with #placeholders resolved. */
export type Path = readonly (string | number)[];

export type Operand =
  | { readonly is: "path"; readonly path: Path }
  | { readonly is: "value"; readonly name: string }
  | { readonly is: "size"; readonly path: Path };

export type Comparator = "=" | "<>" | "<" | "<=" | ">" | ">=";

export type Condition =
  | { readonly is: "compare"; readonly left: Operand; readonly comparator: Comparator; readonly right: Operand }
  | { readonly is: "between"; readonly of: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly is: "in"; readonly of: Operand; readonly options: readonly Operand[] }
  | { readonly is: "and" | "or"; readonly left: Condition; readonly right: Condition }
  | { readonly is: "not"; readonly of: Condition }
  | { readonly is: "exists" | "notExists"; readonly path: Path }
  | { readonly is: "type" | "beginsWith" | "contains"; readonly of: Operand; readonly with: Operand };

export type SetValue =
  | Operand
  | { readonly is: "ifNotExists"; readonly path: Path; readonly otherwise: SetValue }
  | { readonly is: "listAppend"; readonly left: SetValue; readonly right: SetValue }
  | { readonly is: "plus" | "minus"; readonly left: SetValue; readonly right: SetValue };

export interface Update {
  readonly set: readonly { readonly path: Path; readonly value: SetValue }[];
  readonly remove: readonly Path[];
  readonly add: readonly { readonly path: Path; readonly value: string }[];
  readonly delete: readonly { readonly path: Path; readonly value: string }[];
}

export type Names = Readonly<Record<string, string>>;

interface Token {
  readonly is: "word" | "name" | "value" | "number" | "sign";
  readonly text: string;
}

const TOKEN = /\s*(?:([A-Za-z_][\w-]*)|(#[\w-]+)|(:[\w-]+)|(\d+)|(<>|<=|>=|[=<>()[\].,+-]))/y;
const MAX_EXPRESSION = 4_096;
const MAX_DEPTH = 100;

/** Which placeholders an expression used, so that unused ones can be refused. */
export interface Used {
  readonly names: Set<string>;
  readonly values: Set<string>;
}

export class ExpressionParser {
  readonly #kind: string;
  readonly #source: string;
  readonly #names: Names;
  readonly #used: Used;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  /** `kind` names the expression in errors: "ConditionExpression". */
  constructor(kind: string, source: string, names: Names, used: Used) {
    this.#kind = kind;
    this.#source = source;
    this.#names = names;
    this.#used = used;
    if (source.trim() === "") throw this.#wrong("The expression can not be empty;");
    if (source.length > MAX_EXPRESSION)
      throw this.#wrong(`Expression size has exceeded the maximum allowed size; expression size: ${source.length}`);
    this.#tokens = this.#scan();
  }

  condition(): Condition {
    const parsed = this.#or();
    this.#end();
    return parsed;
  }

  projection(): readonly Path[] {
    const paths = [this.#path()];
    while (this.#take(",")) paths.push(this.#path());
    this.#end();
    return paths;
  }

  update(): Update {
    const update = {
      set: [] as Update["set"][number][],
      remove: [] as Path[],
      add: [] as Update["add"][number][],
      delete: [] as Update["delete"][number][],
    };
    const seen = new Set<string>();
    while (this.#at < this.#tokens.length) {
      const clause = this.#word().toUpperCase();
      if (seen.has(clause)) throw this.#wrong(`The "${clause}" section can only be used once in an update expression;`);
      seen.add(clause);
      do this.#clause(clause, update);
      while (this.#take(","));
    }
    return update;
  }

  #clause(
    clause: string,
    update: {
      set: Update["set"][number][];
      remove: Path[];
      add: Update["add"][number][];
      delete: Update["delete"][number][];
    },
  ): void {
    const path = (): Path => this.#path();
    if (clause === "SET") {
      const target = path();
      this.#expect("=");
      update.set.push({ path: target, value: this.#setValue() });
    } else if (clause === "REMOVE") {
      update.remove.push(path());
    } else if (clause === "ADD" || clause === "DELETE") {
      const target = path();
      update[clause === "ADD" ? "add" : "delete"].push({ path: target, value: this.#value() });
    } else {
      throw this.#unexpected(clause);
    }
  }

  #setValue(): SetValue {
    const left = this.#setOperand();
    if (this.#take("+")) return { is: "plus", left, right: this.#setOperand() };
    if (this.#take("-")) return { is: "minus", left, right: this.#setOperand() };
    return left;
  }

  #setOperand(): SetValue {
    const call = this.#call();
    if (call === null) return this.#operand();
    if (call === "if_not_exists") {
      const path = this.#path();
      this.#expect(",");
      return this.#closed({ is: "ifNotExists", path, otherwise: this.#setValue() });
    }
    if (call !== "list_append") throw this.#wrong(`Invalid function name; function: ${call}`);
    const left = this.#setValue();
    this.#expect(",");
    return this.#closed({ is: "listAppend", left, right: this.#setValue() });
  }

  #or(): Condition {
    let left = this.#and();
    while (this.#takeWord("OR")) left = { is: "or", left, right: this.#and() };
    return left;
  }

  #and(): Condition {
    let left = this.#not();
    while (this.#takeWord("AND")) left = { is: "and", left, right: this.#not() };
    return left;
  }

  #not(): Condition {
    if (++this.#depth > MAX_DEPTH) throw this.#wrong("The expression nests too deeply;");
    const parsed: Condition = this.#takeWord("NOT") ? { is: "not", of: this.#not() } : this.#primary();
    this.#depth--;
    return parsed;
  }

  #primary(): Condition {
    if (this.#take("(")) return this.#closed(this.#or());
    const before = this.#at;
    const call = this.#call();
    if (call !== null && call !== "size") return this.#functionCondition(call);
    this.#at = before;
    return this.#comparison(this.#operand());
  }

  #functionCondition(name: string): Condition {
    if (name === "attribute_exists") return this.#closed({ is: "exists", path: this.#path() });
    if (name === "attribute_not_exists") return this.#closed({ is: "notExists", path: this.#path() });
    const kinds: Readonly<Record<string, "type" | "beginsWith" | "contains">> = {
      attribute_type: "type",
      begins_with: "beginsWith",
      contains: "contains",
    };
    const is = kinds[name];
    if (is === undefined) throw this.#wrong(`Invalid function name; function: ${name}`);
    const of = this.#operand();
    this.#expect(",");
    return this.#closed({ is, of, with: this.#operand() });
  }

  #comparison(left: Operand): Condition {
    if (this.#takeWord("BETWEEN")) {
      const low = this.#operand();
      if (!this.#takeWord("AND")) throw this.#unexpected(this.#tokens[this.#at]?.text);
      return { is: "between", of: left, low, high: this.#operand() };
    }
    if (this.#takeWord("IN")) return this.#options(left);
    const token = this.#tokens[this.#at];
    if (token === undefined || !["=", "<>", "<", "<=", ">", ">="].includes(token.text))
      throw this.#unexpected(token?.text);
    this.#at++;
    return { is: "compare", left, comparator: token.text as Comparator, right: this.#operand() };
  }

  #options(of: Operand): Condition {
    this.#expect("(");
    const options = [this.#operand()];
    while (this.#take(",")) options.push(this.#operand());
    if (options.length > 100) throw this.#wrong("Invalid operator used with more than 100 operands; operator: IN");
    return this.#closed({ is: "in", of, options });
  }

  #operand(): Operand {
    const token = this.#tokens[this.#at];
    if (token?.is === "value") return { is: "value", name: this.#value() };
    if (this.#call() === "size") return this.#closed({ is: "size", path: this.#path() });
    return { is: "path", path: this.#path() };
  }

  /** A word followed by "(": both are taken. Otherwise nothing is and the answer is null. */
  #call(): string | null {
    const [word, open] = [this.#tokens[this.#at], this.#tokens[this.#at + 1]];
    if (word?.is !== "word" || open?.text !== "(") return null;
    this.#at += 2;
    return word.text;
  }

  #path(): Path {
    const path: (string | number)[] = [this.#pathName()];
    for (;;) {
      if (this.#take(".")) path.push(this.#pathName());
      else if (this.#take("[")) path.push(this.#index());
      else return path;
    }
  }

  #pathName(): string {
    const token = this.#tokens[this.#at++];
    if (token?.is === "name") {
      this.#used.names.add(token.text);
      const name = this.#names[token.text];
      if (name === undefined)
        throw this.#wrong(
          `An expression attribute name used in the document path is not defined; attribute name: ${token.text}`,
        );
      return name;
    }
    if (token?.is !== "word") throw this.#unexpected(token?.text);
    return token.text;
  }

  #index(): number {
    const token = this.#tokens[this.#at++];
    if (token?.is !== "number") throw this.#unexpected(token?.text);
    this.#expect("]");
    return Number(token.text);
  }

  #value(): string {
    const token = this.#tokens[this.#at++];
    if (token?.is !== "value") throw this.#unexpected(token?.text);
    this.#used.values.add(token.text);
    return token.text;
  }

  #word(): string {
    const token = this.#tokens[this.#at++];
    if (token?.is !== "word") throw this.#unexpected(token?.text);
    return token.text;
  }

  #take(sign: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.is !== "sign" || token.text !== sign) return false;
    this.#at++;
    return true;
  }

  #takeWord(word: string): boolean {
    const token = this.#tokens[this.#at];
    if (token?.is !== "word" || token.text.toUpperCase() !== word) return false;
    this.#at++;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw this.#unexpected(this.#tokens[this.#at]?.text);
  }

  #closed<T>(parsed: T): T {
    this.#expect(")");
    return parsed;
  }

  #end(): void {
    if (this.#at < this.#tokens.length) throw this.#unexpected(this.#tokens[this.#at]?.text);
  }

  #scan(): readonly Token[] {
    const tokens: Token[] = [];
    const source = this.#source.trimEnd();
    TOKEN.lastIndex = 0;
    while (TOKEN.lastIndex < source.length) {
      const start = TOKEN.lastIndex;
      const match = TOKEN.exec(source);
      if (match === null)
        throw this.#wrong(
          `Syntax error; token: "${source.slice(start).trim().slice(0, 1)}", near: "${source.slice(Math.max(0, start - 5), start + 10)}"`,
        );
      const [, word, name, value, number, sign] = match;
      if (word !== undefined) tokens.push({ is: "word", text: word });
      else if (name !== undefined) tokens.push({ is: "name", text: name });
      else if (value !== undefined) tokens.push({ is: "value", text: value });
      else if (number !== undefined) tokens.push({ is: "number", text: number });
      else tokens.push({ is: "sign", text: sign ?? "" });
    }
    return tokens;
  }

  #unexpected(token: string | undefined): Fault {
    return this.#wrong(
      `Syntax error; token: "${token ?? "<EOF>"}", near: "${this.#tokens
        .slice(Math.max(0, this.#at - 2), this.#at + 2)
        .map((t) => t.text)
        .join(" ")}"`,
    );
  }

  #wrong(why: string): Fault {
    return new Fault("BadRequest", `Invalid ${this.#kind}: ${why}`);
  }
}
