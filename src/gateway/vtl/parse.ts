/** Reads a template: text, references and directives (Apache Velocity, "VTL Reference"). Pure. */
import { ExpressionReader } from "./parse-expression.ts";
import { Source } from "./source.ts";
import { type Branch, type Node, TemplateFault } from "./syntax.ts";

const MAX_LENGTH = 300 * 1024; // API Gateway's quota for a mapping template.
const MAX_DEPTH = 50;

export function parseTemplate(text: string): readonly Node[] {
  if (text.length > MAX_LENGTH) throw new TemplateFault(`a template may have ${MAX_LENGTH} characters`);
  const reader = new TemplateReader(new Source(text));
  const nodes = reader.nodes(0);
  if (reader.source.isAtEnd) return nodes;
  throw new TemplateFault(`a directive without its beginning at ${reader.source.at}`);
}

class TemplateReader {
  readonly source: Source;
  readonly #expressions: ExpressionReader;

  constructor(source: Source) {
    this.source = source;
    this.#expressions = new ExpressionReader(source, (text) => parseTemplate(text));
  }

  /** Up to the directive that ends or parts a block, or to the end. */
  nodes(depth: number): readonly Node[] {
    if (depth > MAX_DEPTH) throw new TemplateFault("directives are nested too deeply");
    const found: Node[] = [];
    let text = "";
    const flush = (): void => {
      if (text !== "") found.push({ is: "text", text });
      text = "";
    };
    while (!this.source.isAtEnd && !this.source.isAt(BLOCK_END)) {
      const plain = this.#comment() ?? this.#escaped();
      if (plain !== null) {
        text += plain;
        continue;
      }
      const node = this.#directive(depth) ?? this.#expressions.reference();
      if (node === null) text += this.source.take(1);
      else {
        flush();
        found.push(node);
      }
    }
    flush();
    return found;
  }

  /** Comments leave nothing behind; one to the end of the line takes that end with it. */
  #comment(): string | null {
    if (this.source.skip(/##[^\n]*(?:\n|$)/y) !== null) return "";
    return this.source.skip(/#\*[\s\S]*?\*#/y) === null ? null : "";
  }

  /** "\$x" and "\#if" are text. */
  #escaped(): string | null {
    const found = this.source.skip(/\\(?=[$#])[$#]/y);
    return found === null ? null : found.slice(1);
  }

  #directive(depth: number): Node | null {
    if (this.source.skip(/#(?:set|\{set\})[ \t]*\(/y) !== null) return this.#set();
    if (this.source.skip(/#(?:if|\{if\})[ \t]*\(/y) !== null) return this.#if(depth);
    if (this.source.skip(/#(?:foreach|\{foreach\})[ \t]*\(/y) !== null) return this.#foreach(depth);
    if (this.source.skip(/#(?:stop|\{stop\})(?:[ \t]*\n|\b|(?<=\}))/y) !== null) return { is: "stop" };
    if (this.source.skip(/#(?:break|\{break\})(?:[ \t]*\n|\b|(?<=\}))/y) !== null) return { is: "break" };
    return null;
  }

  #set(): Node {
    this.source.blanks();
    const target = this.#expressions.reference();
    if (target === null) throw this.source.fault("#set needs a reference");
    this.source.expect("=");
    const value = this.#expressions.expression();
    this.#closeLine();
    return { is: "set", target, value };
  }

  #if(depth: number): Node {
    const branches: Branch[] = [];
    const branch = (): void => {
      const test = this.#expressions.expression();
      this.#closeLine();
      branches.push({ test, body: this.nodes(depth + 1) });
    };
    branch();
    while (this.source.skip(/#(?:elseif|\{elseif\})[ \t]*\(/y) !== null) branch();
    const hasElse = this.source.skip(/#(?:else|\{else\})(?:[ \t]*\n)?/y) !== null;
    const otherwise = hasElse ? this.nodes(depth + 1) : [];
    this.#end();
    return { is: "if", branches, otherwise };
  }

  #foreach(depth: number): Node {
    this.source.blanks();
    const each = this.#expressions.reference();
    if (each === null) throw this.source.fault("#foreach needs a reference");
    this.source.blanks();
    if (this.source.skip(/in\b/y) === null) throw this.source.fault('"in" is missing');
    const list = this.#expressions.expression();
    this.#closeLine();
    const body = this.nodes(depth + 1);
    this.#end();
    return { is: "foreach", name: each.name, list, body };
  }

  /** The parenthesis of a directive; a directive that ends its line takes the end with it. */
  #closeLine(): void {
    this.source.expect(")");
    this.source.skip(/[ \t]*\n/y);
  }

  #end(): void {
    if (this.source.skip(/#(?:end|\{end\})(?:[ \t]*\n)?/y) === null) throw this.source.fault("#end is missing");
  }
}

const BLOCK_END = /#(?:(?:elseif|else|end)(?![a-zA-Z])|\{(?:elseif|else|end)\})/y;
