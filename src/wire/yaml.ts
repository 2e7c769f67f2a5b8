/** YAML as Kubernetes reads it: YAML 1.1 scalars turned into JSON, bounded, duplicate keys refused. Never writes YAML. */
import { type Draft, draft, put } from "#base/dictionary.ts";
import {
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseAllDocuments,
  type ParsedNode,
  type YAMLMap,
} from "yaml";
import { Fault } from "#base/fault.ts";
import { isDeeper, type Json, parseExactly, parseJson } from "#base/json.ts";
import type { JsonLimits } from "#base/json-text.ts";
import { textOf } from "./members.ts";
import { resolvePlain, resolveTagged } from "./yaml-scalar.ts";

// Aliases may repeat what they name; together they may not make a document larger than this.
const MAX_NODES = 500_000;
// As deep as a JSON body may nest.
const MAX_DEPTH = 512;
// The API server reads bodies of 3 MiB at most.
const MAX_BYTES = 3 * 1024 * 1024;

/** What a tag of one's own makes of the value behind it ("!Ref"); undefined: the tag means nothing. */
export type ReadTag = (tag: string, value: Json) => Json | undefined;

const noTags: ReadTag = () => undefined;

/** The one document of a text; an empty text is null. JSON is taken as it is. */
export function parseYaml(text: string, readTag: ReadTag = noTags): Json {
  const documents = parseYamlAll(text, readTag);
  if (documents.length > 1)
    throw new Fault("BadRequest", `error parsing YAML: expected one document, got ${documents.length}`);
  return documents[0] ?? null;
}

/**
 * The document of a request. YAML clients send JSON under YAML's name (kubectl apply --server-side), of any size; YAML
 * itself only as far as it can be read without keeping others waiting.
 */
export function parseYamlBody(text: string, limits: JsonLimits): Json {
  const json = /^\s*[{[]/.test(text) ? jsonOf(text, limits) : undefined;
  if (json !== undefined) return json;
  if (text.length > MAX_BODY_CHARACTERS || marksOf(text) > MAX_BODY_MARKS)
    throw new Fault(
      "RequestTooLarge",
      `a body of YAML may have ${MAX_BODY_CHARACTERS} characters and ${MAX_BODY_MARKS} lines and commas; send it as JSON`,
    );
  return parseYaml(text);
}

/** All documents of a text, as of a manifest file; empty ones are left out. */
export function parseYamlAll(text: string, readTag: ReadTag = noTags): readonly Json[] {
  if (text.length > MAX_BYTES) throw new Fault("RequestTooLarge", `the YAML is larger than ${MAX_BYTES} bytes`);
  const json = tryJson(text);
  if (json !== undefined) return [json];
  try {
    return readAll(text, readTag);
  } catch (thrown) {
    // The parser descends by recursion: a document that overflows the stack nests too deeply.
    throw thrown instanceof RangeError ? tooDeep() : thrown;
  }
}

// The parser takes up to 1.5 µs a character and 7 µs a line: 40 ms for a map, 100 for a hostile text.
const MAX_BODY_CHARACTERS = 48 * 1024;
const MAX_BODY_MARKS = 6_000;

function marksOf(text: string): number {
  let marks = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x0a || code === 0x2c) marks++;
  }
  return marks;
}

/** undefined for what breaks off as JSON: it may still be flow-style YAML. */
function jsonOf(text: string, limits: JsonLimits): Json | undefined {
  try {
    return parseJson(text, limits);
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.details.cause instanceof SyntaxError) return undefined;
    throw thrown;
  }
}

function tryJson(text: string): Json | undefined {
  if (!/^\s*[{[]/.test(text)) return undefined;
  let value: Json;
  try {
    value = parseExactly(text) as Json;
  } catch {
    return undefined; // flow-style YAML, or the YAML parser says better where it breaks
  }
  if (isDeeper(value, MAX_DEPTH)) throw tooDeep();
  return value;
}

function readAll(text: string, readTag: ReadTag): readonly Json[] {
  if (mayBeTooDeep(text) && isTooDeep(text)) throw tooDeep();
  const lines = new LineCounter();
  // "failsafe" leaves every scalar a string: which of them mean something else is decided by resolvePlain.
  const documents = parseAllDocuments(text, {
    schema: "failsafe",
    version: "1.1",
    merge: false,
    uniqueKeys: false,
    lineCounter: lines,
    logLevel: "silent",
    prettyErrors: false,
  });
  const found: Json[] = [];
  for (const document of documents) {
    const [error] = document.errors;
    if (error !== undefined) throw refusal(error.message, lines, error.pos[0]);
    if (document.contents === null) continue;
    const value = new Reading(lines, readTag).read(document.contents, 0);
    if (value !== null) found.push(value);
  }
  return found;
}

/** A cheap guess before the work: brackets that stand open or dashes in a row, wherever they are. */
function mayBeTooDeep(text: string): boolean {
  let open = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x5b || code === 0x7b) open++;
    else if (code === 0x5d || code === 0x7d) open--;
    if (open > MAX_DEPTH) return true;
  }
  return /(?:[-?:][ \t]){256}/.test(text);
}

/** Counts the brackets that are syntax, and the dashes of one line; the parser would need quadratic time for them. */
function isTooDeep(text: string): boolean {
  let open = 0;
  let inLine = 0;
  let isText = false;
  for (const token of new Lexer().lex(text)) {
    if (isText) isText = false;
    else if (token === "\u001f") isText = true;
    else if (token === "[" || token === "{") open++;
    else if (token === "]" || token === "}") open--;
    else if (token === "-" || token === "?") inLine++;
    else if (token.includes("\n")) inLine = 0;
    if (open > MAX_DEPTH || inLine > MAX_DEPTH) return true;
  }
  return false;
}

function tooDeep(): Fault {
  return new Fault("BadRequest", `error parsing YAML: it nests deeper than ${MAX_DEPTH} levels`);
}

function refusal(why: string, lines: LineCounter, offset: number): Fault {
  const { line, col } = lines.linePos(offset);
  return new Fault("BadRequest", `error parsing YAML: line ${line}, column ${col}: ${why}`);
}

/** One document on its way to JSON: what its anchors name and how much was made of them. */
class Reading {
  readonly #anchors = new Map<string, Json>();
  readonly #open = new Set<string>();
  readonly #lines: LineCounter;
  readonly #readTag: ReadTag;
  #count = 0;

  constructor(lines: LineCounter, readTag: ReadTag) {
    this.#lines = lines;
    this.#readTag = readTag;
  }

  read(node: Node | ParsedNode | null, depth: number): Json {
    if (node === null) return null;
    if (depth > MAX_DEPTH) throw tooDeep();
    if (++this.#count > MAX_NODES) throw this.#refuse("the document is too large", node);
    if (isAlias(node)) return this.#named(node.source, node);
    const { anchor } = node as { readonly anchor?: string };
    if (anchor === undefined) return this.#tagged(node, depth);
    this.#open.add(anchor);
    const value = this.#tagged(node, depth);
    this.#open.delete(anchor);
    this.#anchors.set(anchor, value);
    return value;
  }

  #tagged(node: Node, depth: number): Json {
    const value = this.#value(node, depth);
    return node.tag === undefined ? value : (this.#readTag(node.tag, value) ?? value);
  }

  #value(node: Node, depth: number): Json {
    if (isSeq(node)) return node.items.map((item) => this.read(isPair(item) ? null : (item as Node | null), depth + 1));
    if (isMap(node)) return this.#map(node, depth);
    if (!isScalar(node)) throw this.#refuse("this is neither a scalar nor a list nor a map", node);
    const source = node.value === null ? "" : textOf(node.value as Json);
    const value =
      node.tag !== undefined ? resolveTagged(node.tag, source) : node.type === "PLAIN" ? resolvePlain(source) : source;
    if (value === undefined)
      throw this.#refuse(
        `cannot decode ${JSON.stringify(source)}${node.tag === undefined ? "" : ` as ${node.tag}`}`,
        node,
      );
    return value;
  }

  #map(map: YAMLMap, depth: number): Json {
    const object = draft<Json>();
    const merged: Node[] = [];
    for (const { key, value } of map.items as readonly { readonly key: Node; readonly value: Node | null }[]) {
      if (isScalar(key) && key.type === "PLAIN" && key.value === "<<") {
        merged.push(value ?? key);
        continue;
      }
      const name = this.#key(key, depth);
      if (Object.hasOwn(object, name)) throw this.#refuse(`key ${JSON.stringify(name)} already set in map`, key);
      put(object, name, this.read(value, depth + 1));
    }
    for (const node of merged) this.#merge(object, node, depth);
    return object;
  }

  #key(key: Node | null, depth: number): string {
    const value = this.read(key, depth + 1);
    if (
      typeof value === "string" ||
      typeof value === "number" ||
      typeof value === "bigint" ||
      typeof value === "boolean"
    )
      return String(value);
    if (key === null) throw new Fault("BadRequest", "error parsing YAML: a key is missing");
    throw this.#refuse("a key must be a string, a number or a boolean", key);
  }

  /** `<<: *base`, `<<: [*a, *b]`: members that are not set by the map itself; earlier ones win. */
  #merge(object: Draft<Json>, node: Node, depth: number): void {
    const source = this.read(node, depth + 1);
    for (const part of Array.isArray(source) ? (source as readonly Json[]) : [source]) {
      if (typeof part !== "object" || part === null || Array.isArray(part))
        throw this.#refuse("map merge requires map or sequence of maps as the value", node);
      for (const [name, value] of Object.entries(part)) if (!Object.hasOwn(object, name)) put(object, name, value);
    }
  }

  #named(anchor: string, node: Node): Json {
    if (this.#open.has(anchor)) throw this.#refuse(`anchor '${anchor}' value contains itself`, node);
    const value = this.#anchors.get(anchor);
    if (value === undefined) throw this.#refuse(`unknown anchor '${anchor}' referenced`, node);
    this.#count += sizeOf(value);
    if (this.#count > MAX_NODES) throw this.#refuse("document contains excessive aliasing", node);
    return value;
  }

  #refuse(why: string, node: Node): Fault {
    return refusal(why, this.#lines, node.range?.[0] ?? 0);
  }
}

function sizeOf(value: Json): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, child) => sum + sizeOf(child), 1);
}
