/** Kubernetes' protobuf bodies, read into (and written from) the JSON they stand for; driven by the schema table. */
import { type Draft, draft, member, put } from "#base/dictionary.ts";
import { Fault } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject } from "#base/json.ts";
import type { Field, Schema, SchemaTable } from "#base/schema.ts";
import { isList, textOf } from "./members.ts";
import { readSpecial, writeSpecial } from "./proto-special.ts";
import { DELIMITED, malformed, ProtoReader, ProtoWriter, VARINT } from "./proto-wire.ts";

type ObjectSchema = Schema & { readonly is: "object" };

export interface MessageType {
  readonly schema: ObjectSchema;
  readonly table: SchemaTable;
}

/** The type of a body by its apiVersion and kind; undefined when we do not know it. */
export type TypeLookup = (apiVersion: string, kind: string) => MessageType | undefined;

const MAGIC: readonly number[] = [0x6b, 0x38, 0x73, 0]; // "k8s\0"
// As deep as a JSON body may nest.
const MAX_DEPTH = 128;

/** What a field number means in a message: a member, or a message whose members stand in this object. */
type Part = { readonly name: string; readonly field: Field } | { readonly inlined: ObjectSchema };

/** Decodes a whole body. For many bodies keep one KubernetesCodec: it remembers the types it has seen. */
export function decodeKubernetes(bytes: Uint8Array, lookup: TypeLookup): JsonObject {
  return new KubernetesCodec(lookup).decode(bytes);
}

export class KubernetesCodec {
  readonly #lookup: TypeLookup;
  readonly #parts = new WeakMap<ObjectSchema, ReadonlyMap<number, Part>>();

  constructor(lookup: TypeLookup) {
    this.#lookup = lookup;
  }

  /** A runtime.Unknown behind "k8s\0"; throws BadRequest for malformed bytes and unknown types. */
  decode(bytes: Uint8Array): JsonObject {
    if (MAGIC.some((byte, index) => bytes[index] !== byte)) throw malformed('the body does not start with "k8s\\0"');
    const { apiVersion, kind, raw, encoding } = readUnknown(new ProtoReader(bytes, MAGIC.length));
    if (encoding !== "") throw malformed(`the content encoding "${encoding}" is not supported`);
    const type = this.#lookup(apiVersion, kind);
    if (type === undefined)
      throw new Fault("BadRequest", `no kind "${kind}" is registered for version "${apiVersion}"`);
    const object: Draft<Json> = { apiVersion, kind };
    this.#readObject(raw, type, object, 0);
    return object;
  }

  encode(object: JsonObject): Uint8Array {
    const apiVersion = textOf(object["apiVersion"]);
    const kind = textOf(object["kind"]);
    const type = this.#lookup(apiVersion, kind);
    if (type === undefined) throw new Fault("NotAcceptable", `${apiVersion} ${kind} has no protobuf form`);
    const typeMeta = new ProtoWriter().tag(1, DELIMITED).text(apiVersion).tag(2, DELIMITED).text(kind).finish();
    const raw = this.#writeObject(object, type);
    const unknown = new ProtoWriter().tag(1, DELIMITED).delimited(typeMeta).tag(2, DELIMITED).delimited(raw);
    const body = unknown.tag(3, DELIMITED).text("").tag(4, DELIMITED).text("").finish();
    const all = new Uint8Array(MAGIC.length + body.length);
    all.set(MAGIC);
    all.set(body, MAGIC.length);
    return all;
  }

  #partsOf({ schema, table }: MessageType): ReadonlyMap<number, Part> {
    const known = this.#parts.get(schema);
    if (known !== undefined) return known;
    const found: [number, Part][] = [];
    for (const [name, field] of Object.entries(schema.fields))
      if (field.proto !== undefined) found.push([field.proto, { name, field }]);
    for (const [number, type] of Object.entries(schema.inlined ?? {}))
      found.push([Number(number), { inlined: table.resolve(type) }]);
    const parts = new Map(found.toSorted(([a], [b]) => a - b));
    this.#parts.set(schema, parts);
    return parts;
  }

  #readObject(reader: ProtoReader, type: MessageType, into: Draft<Json>, depth: number): void {
    if (depth > MAX_DEPTH) throw malformed("it nests too deeply");
    const parts = this.#partsOf(type);
    while (!reader.isDone) {
      const tag = reader.tag();
      const part = parts.get(tag.number);
      if (part === undefined) reader.skip(tag.type);
      else if ("inlined" in part)
        this.#readObject(reader.message(), { schema: part.inlined, table: type.table }, into, depth + 1);
      else this.#readMember(reader, part, { into, table: type.table, depth, wire: tag.type });
    }
  }

  #readMember(
    reader: ProtoReader,
    { name, field }: { readonly name: string; readonly field: Field },
    at: Reading,
  ): void {
    const schema = resolve(field.schema, at.table);
    if (schema.is === "list" && schema.isMessage !== true) {
      const before = (member(at.into, name) as Json[] | undefined) ?? [];
      if (at.wire === DELIMITED && isVarint(resolve(schema.of, at.table)))
        readPacked(reader.message(), resolve(schema.of, at.table), before);
      else before.push(this.#readValue(reader, schema.of, at) ?? null);
      put(at.into, name, before);
      return;
    }
    if (schema.is === "map") {
      const map = (member(at.into, name) as Draft<Json> | undefined) ?? {};
      this.#readEntry(reader.message(), schema.of, map, at);
      put(at.into, name, map);
      return;
    }
    const value = this.#readValue(reader, schema, at);
    if (value !== undefined && !(field.omitsEmpty === true && isZero(value))) put(at.into, name, value);
  }

  #readEntry(reader: ProtoReader, of: Schema, map: Draft<Json>, at: Reading): void {
    let key = "";
    let value: Json | undefined;
    while (!reader.isDone) {
      const { number, type } = reader.tag();
      if (number === 1) key = reader.text();
      else if (number === 2) value = this.#readValue(reader, of, { ...at, wire: type });
      else reader.skip(type);
    }
    put(map, key, value ?? emptyOf(resolve(of, at.table)));
  }

  /** undefined for the zero time, which JSON does not show. */
  #readValue(reader: ProtoReader, unresolved: Schema, at: Reading): Json | undefined {
    const schema = resolve(unresolved, at.table);
    switch (schema.is) {
      case "object": {
        const object = draft<Json>();
        this.#readObject(expectMessage(reader, at.wire), { schema, table: at.table }, object, at.depth + 1);
        return object;
      }
      case "list":
        return this.#readWrapped(expectMessage(reader, at.wire), schema.of, at);
      case "map":
      case "ref":
        throw malformed("a map stands where none can be");
      case "string":
      case "integer":
      case "number":
      case "boolean":
      case "bytes":
      case "quantity":
      case "intOrString":
      case "time":
      case "microTime":
      case "any":
        return readSpecial(reader, schema, at.wire);
    }
  }

  /** A message whose field 1 is a list: authorization's ExtraValue. */
  #readWrapped(reader: ProtoReader, of: Schema, at: Reading): Json {
    const items: Json[] = [];
    while (!reader.isDone) {
      const { number, type } = reader.tag();
      if (number === 1) items.push(this.#readValue(reader, of, { ...at, wire: type }) ?? null);
      else reader.skip(type);
    }
    return items;
  }

  #writeObject(object: JsonObject, type: MessageType): Uint8Array {
    const out = new ProtoWriter();
    for (const [number, part] of this.#partsOf(type)) {
      if ("inlined" in part) {
        out.tag(number, DELIMITED).delimited(this.#writeObject(object, { schema: part.inlined, table: type.table }));
        continue;
      }
      const value = member(object, part.name);
      if (value !== undefined && value !== null)
        this.#writeMember(out, number, value, { schema: part.field.schema, table: type.table });
    }
    return out.finish();
  }

  #writeMember(
    out: ProtoWriter,
    number: number,
    value: Json,
    { schema: unresolved, table }: { readonly schema: Schema; readonly table: SchemaTable },
  ): void {
    const schema = resolve(unresolved, table);
    if (schema.is === "list" && isList(value)) {
      const nested = schema.isMessage === true ? new ProtoWriter() : out;
      for (const element of value)
        this.#writeMember(nested, schema.isMessage === true ? 1 : number, element, { schema: schema.of, table });
      if (nested !== out) out.tag(number, DELIMITED).delimited(nested.finish());
    } else if (schema.is === "map" && isJsonObject(value)) {
      for (const [key, child] of Object.entries(value)) {
        const entry = new ProtoWriter().tag(1, DELIMITED).text(key);
        this.#writeMember(entry, 2, child, { schema: schema.of, table });
        out.tag(number, DELIMITED).delimited(entry.finish());
      }
    } else if (schema.is === "object" && isJsonObject(value))
      out.tag(number, DELIMITED).delimited(this.#writeObject(value, { schema, table }));
    else writeSpecial(out, number, value, schema);
  }
}

interface Reading {
  readonly into: Draft<Json>;
  readonly table: SchemaTable;
  readonly depth: number;
  readonly wire: number;
}

interface Unknown {
  readonly apiVersion: string;
  readonly kind: string;
  readonly raw: ProtoReader;
  readonly encoding: string;
}

function readUnknown(reader: ProtoReader): Unknown {
  let [apiVersion, kind, encoding] = ["", "", ""];
  let raw = new ProtoReader(new Uint8Array(0));
  while (!reader.isDone) {
    const { number, type } = reader.tag();
    if (number === 1) {
      const meta = expectMessage(reader, type);
      while (!meta.isDone) {
        const tag = meta.tag();
        if (tag.number === 1) apiVersion = meta.text();
        else if (tag.number === 2) kind = meta.text();
        else meta.skip(tag.type);
      }
    } else if (number === 2) raw = expectMessage(reader, type);
    else if (number === 3) encoding = reader.text();
    else reader.skip(type);
  }
  return { apiVersion, kind, raw, encoding };
}

function expectMessage(reader: ProtoReader, wire: number): ProtoReader {
  if (wire !== DELIMITED) throw malformed("a message was expected");
  return reader.message();
}

function resolve(schema: Schema, table: SchemaTable): Schema {
  return schema.is === "ref" ? table.resolve(schema.type) : schema;
}

function isVarint(schema: Schema): boolean {
  return schema.is === "integer" || schema.is === "boolean";
}

function readPacked(reader: ProtoReader, schema: Schema, into: Json[]): void {
  while (!reader.isDone) into.push(readSpecial(reader, schema, VARINT) ?? null);
}

function isZero(value: Json): boolean {
  if (typeof value !== "object") return value === "" || value === 0 || value === false;
  return isList(value) && value.length === 0;
}

function emptyOf(schema: Schema): Json {
  switch (schema.is) {
    case "string":
    case "bytes":
      return "";
    case "integer":
    case "number":
      return 0;
    case "boolean":
      return false;
    case "quantity":
      return "0";
    case "list":
      return [];
    case "object":
    case "map":
    case "any":
    case "ref":
    case "intOrString":
    case "time":
    case "microTime":
      return {};
  }
}
