/** The schema table of the built-in kinds: expands a line of schema.gen.ts when its type is first asked for. */
import { draft, put } from "#base/dictionary.ts";
import type { Json } from "#base/json.ts";
import type { Field, Schema, SchemaTable, TypeName } from "#base/schema.ts";
import { schemaLines } from "./schema.gen.ts";

export type ObjectSchema = Schema & { readonly is: "object" };

/**
 * A line is `Name {json}` under a `# package`. In the JSON: f = fields, in = inlined messages, a = atomic. A field is
 * [protobuf number or 0, type, options?]. A type is a prefix and a chain: "[]" list of, "{}" map of, then "@Type"
 * (of the same package unless it has dots) or a letter of LETTERS. Prefixes: "!" required, "*" a pointer (its zero
 * value is kept), "+" shown even when zero; without "!*+" Go's omitempty drops the zero value.
 * Options: d = default, k = list map keys (1: set), m = merge key, s = patch strategy, a = atomic map, w = wrapped.
 */
interface Line {
  readonly f: Readonly<Record<string, readonly [proto: number, type: string, options?: Options]>>;
  readonly in?: Readonly<Record<number, string>>;
  readonly a?: 1;
}

interface Options {
  readonly d?: Json;
  readonly k?: readonly string[] | 1;
  readonly m?: string;
  readonly s?: "retainKeys" | "replace";
  readonly a?: 1;
  readonly w?: 1;
}

const LETTERS: Readonly<Record<string, Schema>> = {
  s: { is: "string" },
  b: { is: "boolean" },
  i: { is: "integer", format: "int32" },
  l: { is: "integer", format: "int64" },
  f: { is: "number", format: "double" },
  x: { is: "bytes" },
  q: { is: "quantity" },
  t: { is: "time" },
  m: { is: "microTime" },
  u: { is: "string", format: "duration" },
  o: { is: "intOrString" },
  y: { is: "any" },
};

class GeneratedTable implements SchemaTable {
  #lines: ReadonlyMap<TypeName, string> | undefined;
  readonly #expanded = new Map<TypeName, ObjectSchema>();
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  resolve(type: TypeName): ObjectSchema {
    const known = this.#expanded.get(type);
    if (known !== undefined) return known;
    this.#lines ??= indexLines(this.#text);
    const line = this.#lines.get(type);
    if (line === undefined) throw new RangeError(`there is no type ${type}`);
    const expanded = expandLine(JSON.parse(line) as Line, type.slice(0, type.lastIndexOf(".")));
    this.#expanded.set(type, expanded);
    return expanded;
  }
}

export const builtinTable: SchemaTable = new GeneratedTable(schemaLines);

function indexLines(text: string): ReadonlyMap<TypeName, string> {
  const lines = new Map<TypeName, string>();
  let home = "";
  for (const line of text.split("\n")) {
    if (line.startsWith("# ")) {
      home = line.slice(2);
      continue;
    }
    const space = line.indexOf(" ");
    lines.set(`${home}.${line.slice(0, space)}`, line.slice(space + 1));
  }
  return lines;
}

function expandLine(line: Line, home: string): ObjectSchema {
  const fields = draft<Field>();
  const required: string[] = [];
  for (const [name, [proto, text, options = {}]] of Object.entries(line.f)) {
    const [, prefix = "", chain = ""] = /^([!*+]*)(.*)$/.exec(text) ?? [];
    if (prefix.includes("!")) required.push(name);
    const schema = expandType(chain, home, options);
    const initial = options.d ?? (prefix === "!" || prefix === "+" ? zeroOf(schema) : undefined);
    put(fields, name, {
      schema,
      ...(initial !== undefined && { default: initial }),
      ...(proto > 0 && { proto }),
      ...(options.s !== undefined && { strategy: options.s }),
      ...(prefix === "" && { omitsEmpty: true }),
    });
  }
  const inlined =
    line.in === undefined
      ? undefined
      : Object.fromEntries(Object.entries(line.in).map(([number, type]) => [number, absolute(type, home)]));
  return {
    is: "object",
    fields,
    ...(required.length > 0 && { required }),
    ...(line.a === 1 && { atomic: true }),
    ...(inlined !== undefined && { inlined }),
  };
}

function expandType(chain: string, home: string, options: Options): Schema {
  if (chain.startsWith("[]")) {
    const of = expandType(chain.slice(2), home, {});
    return {
      is: "list",
      of,
      ...(options.k === 1
        ? { type: "set" as const }
        : options.k !== undefined && { type: "map" as const, keys: options.k }),
      ...(options.m !== undefined && { mergeKey: options.m }),
      ...(options.w === 1 && { isMessage: true }),
    };
  }
  if (chain.startsWith("{}")) {
    return {
      is: "map",
      of: expandType(chain.slice(2), home, options.w === 1 ? { w: 1 } : {}),
      ...(options.a === 1 && { atomic: true }),
    };
  }
  if (chain.startsWith("@")) return { is: "ref", type: absolute(chain.slice(1), home) };
  const letter = LETTERS[chain];
  if (letter === undefined) throw new RangeError(`schema.gen.ts has an unknown type "${chain}"`);
  return letter;
}

/** What Go writes for a value that was never set. Maps and raw documents are left out, lists are empty instead of null. */
function zeroOf(schema: Schema): Json | undefined {
  switch (schema.is) {
    case "string":
    case "bytes":
      return "";
    case "integer":
    case "number":
    case "intOrString":
      return 0;
    case "boolean":
      return false;
    case "quantity":
      return "0";
    case "time":
    case "microTime":
      return null;
    case "ref":
    case "object":
      return {};
    case "list":
      return [];
    case "map":
    case "any":
      return undefined;
  }
}

function absolute(type: string, home: string): TypeName {
  return type.includes(".") ? type : `${home}.${type}`;
}
