/** The words of a PartiQL statement, with a cursor that asks for the next. Pure. */
import { Fault } from "#base/fault.ts";

export interface Token {
  readonly is: "text" | "quoted" | "number" | "word" | "symbol" | "end";
  /** Without quotes. */
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /\s*(?:(?<text>'(?:[^']|'')*')|(?<quoted>"(?:[^"]|"")*")|(?<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|(?<word>[A-Za-z_$][\w$]*)|(?<symbol><=|>=|<>|!=|<<|>>|[()[\]{},.:=<>+\-*?]))/y;

export class PartiqlTokens {
  readonly #source: string;
  #at = 0;
  #next: Token;

  constructor(source: string) {
    this.#source = source;
    this.#next = this.#read();
  }

  get next(): Token {
    return this.#next;
  }

  /** Takes the next one whatever it is. */
  take(): Token {
    const token = this.#next;
    this.#next = this.#read();
    return token;
  }

  isSymbol(symbol: string): boolean {
    return this.#next.is === "symbol" && this.#next.text === symbol;
  }

  /** Words of the language do not care about case. */
  isWord(word: string): boolean {
    return this.#next.is === "word" && this.#next.text.toUpperCase() === word;
  }

  takeSymbol(symbol: string): boolean {
    const found = this.isSymbol(symbol);
    if (found) this.take();
    return found;
  }

  takeWord(word: string): boolean {
    const found = this.isWord(word);
    if (found) this.take();
    return found;
  }

  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.unexpected(symbol);
  }

  expectWord(word: string): void {
    if (!this.takeWord(word)) throw this.unexpected(word);
  }

  unexpected(wanted: string): Fault {
    const { is, text, at } = this.#next;
    return malformed(
      is === "end"
        ? `Expected ${wanted} at the end of the statement`
        : `Unexpected token '${text.slice(0, 100)}' at position ${at}, expected ${wanted}`,
    );
  }

  #read(): Token {
    TOKEN.lastIndex = this.#at;
    const match = TOKEN.exec(this.#source);
    if (match === null) return this.#end();
    const at = TOKEN.lastIndex - match[0].trimStart().length;
    this.#at = TOKEN.lastIndex;
    for (const is of ["text", "quoted", "number", "word", "symbol"] as const) {
      const found = match.groups?.[is];
      if (found !== undefined) return { is, text: unquoted(is, found), at };
    }
    return this.#end();
  }

  #end(): Token {
    const rest = this.#source.slice(this.#at).trim();
    if (rest !== "" && rest !== ";")
      throw malformed(`Unexpected character '${rest.slice(0, 1)}' at position ${this.#source.length - rest.length}`);
    return { is: "end", text: "", at: this.#source.length };
  }
}

function unquoted(is: Token["is"], text: string): string {
  if (is === "text") return text.slice(1, -1).replaceAll("''", "'");
  return is === "quoted" ? text.slice(1, -1).replaceAll('""', '"') : text;
}

export function malformed(why: string): Fault {
  return new Fault("BadRequest", `Statement wasn't well formed, can't be processed: ${why}`);
}
