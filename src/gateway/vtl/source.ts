/** The text of a template and how far it has been read. */
import { TemplateFault } from "./syntax.ts";

export class Source {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get at(): number {
    return this.#at;
  }

  set at(place: number) {
    this.#at = place;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** `pattern` is sticky. */
  isAt(pattern: RegExp): boolean {
    pattern.lastIndex = this.#at;
    return pattern.test(this.#text);
  }

  /** What the sticky pattern found here, read over; null when it found nothing. */
  skip(pattern: RegExp): string | null {
    pattern.lastIndex = this.#at;
    const [found] = pattern.exec(this.#text) ?? [];
    if (found === undefined) return null;
    this.#at += found.length;
    return found;
  }

  take(count: number): string {
    const taken = this.#text.slice(this.#at, this.#at + count);
    this.#at += count;
    return taken;
  }

  since(from: number): string {
    return this.#text.slice(from, this.#at);
  }

  blanks(): void {
    this.skip(/\s+/y);
  }

  /** Reads over blanks and this character. */
  expect(character: string): void {
    this.blanks();
    if (this.take(1) !== character) throw this.fault(`"${character}" is missing`);
  }

  fault(what: string): TemplateFault {
    return new TemplateFault(`${what} at ${this.#at}`);
  }
}
