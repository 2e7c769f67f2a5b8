/** The bytes under which an item is kept: partition key, then sort key, each so that bytes sort as values do. */
import { Fault } from "#base/fault.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import { type Attribute, type Item, own, typeOf } from "./attribute.ts";
import { decodeBase64 } from "./base64.ts";
import { encodeDecimal, parseDecimal } from "./decimal.ts";

export interface KeyPart {
  readonly name: string;
  readonly type: "S" | "N" | "B";
}

export interface KeySchema {
  readonly partition: KeyPart;
  readonly sort?: KeyPart;
  /** Of an index: the key of its table, which tells apart what has the same key in the index. */
  readonly below?: KeySchema;
}

const MAX_PARTITION_BYTES = 2048;
const MAX_SORT_BYTES = 1024;

/** Each attribute once: those of an index may be among its table's. */
export function keyParts({ partition, sort, below }: KeySchema): readonly KeyPart[] {
  const parts = sort === undefined ? [partition] : [partition, sort];
  if (below === undefined) return parts;
  return [...parts, ...keyParts(below).filter(({ name }) => parts.every((part) => part.name !== name))];
}

/** Of a whole item: its key attributes must be there and of the declared type. */
export function keyOfItem(item: Item, schema: KeySchema): Uint8Array {
  const partition = closed(part(item, schema.partition, MAX_PARTITION_BYTES));
  const { sort, below } = schema;
  const sorted =
    sort === undefined ? partition : concat(partition, sortBytes(part(item, sort, MAX_SORT_BYTES), schema));
  return below === undefined ? sorted : concat(sorted, keyOfItem(item, below));
}

/** What follows the sort key in an index must not count when sort keys are compared. */
export function sortBytes(bytes: Uint8Array, { below }: KeySchema): Uint8Array {
  return below === undefined ? bytes : closed(bytes);
}

/** Of a Key parameter: exactly the key attributes, nothing else. */
export function keyOfKey(key: Item, schema: KeySchema): Uint8Array {
  const parts = keyParts(schema);
  const isExact = Object.keys(key).length === parts.length && parts.every((each) => isOf(own(key, each.name), each));
  if (!isExact) throw new Fault("BadRequest", "The provided key element does not match the schema");
  return keyOfItem(key, schema);
}

function isOf(value: Attribute | undefined, { type }: KeyPart): boolean {
  return value !== undefined && typeOf(value) === type;
}

/** The key attributes of an item. */
export function keyAttributes(item: Item, schema: KeySchema): Item {
  return Object.fromEntries(
    keyParts(schema).flatMap(({ name }) => {
      const value = own(item, name);
      return value === undefined ? [] : [[name, value]];
    }),
  );
}

/** The prefix that all items of one partition share. */
export function partitionPrefix(value: Attribute): Uint8Array {
  return closed(encodePart(value));
}

function part(item: Item, { name, type }: KeyPart, maxBytes: number): Uint8Array {
  const value = own(item, name);
  if (value === undefined)
    throw new Fault("BadRequest", `One or more parameter values were invalid: Missing the key ${name} in the item`);
  if (typeOf(value) !== type) {
    throw new Fault(
      "BadRequest",
      `One or more parameter values were invalid: Type mismatch for key ${name} expected: ${type} actual: ${typeOf(value)}`,
    );
  }
  const bytes = encodePart(value);
  if (bytes.length === 0)
    throw new Fault(
      "BadRequest",
      `One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty ${type === "B" ? "binary" : "string"} value. Key: ${name}`,
    );
  if (bytes.length > maxBytes)
    throw new Fault(
      "BadRequest",
      `One or more parameter values were invalid: Size of ${maxBytes === MAX_PARTITION_BYTES ? "hashkey" : "rangekey"} has exceeded the maximum size limit of ${maxBytes} bytes`,
    );
  return bytes;
}

export function encodePart(value: Attribute): Uint8Array {
  if ("S" in value) return encodeUtf8(value.S);
  if ("N" in value) return encodeDecimal(parseDecimal(value.N));
  if ("B" in value) return decodeBase64(value.B);
  throw new Fault("BadRequest", "a key attribute must be of type S, N or B");
}

// A zero byte inside becomes 00 FF and the end is 00 00, so that no partition's bytes are a prefix of another's.
function closed(bytes: Uint8Array): Uint8Array {
  return concat(escaped(bytes), Uint8Array.of(0, 0));
}

/** How everything begins that is closed and begins with these bytes. */
export function escaped(bytes: Uint8Array): Uint8Array {
  if (!bytes.includes(0)) return bytes;
  return Uint8Array.from(Array.from(bytes).flatMap((byte) => (byte === 0 ? [0, 0xff] : [byte])));
}

export function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

/** The smallest key above this one. */
export function justAfter(key: Uint8Array): Uint8Array {
  return concat(key, Uint8Array.of(0));
}

/** The smallest key above every key that starts with `prefix`; undefined when there is none. */
export function afterPrefix(prefix: Uint8Array): Uint8Array | undefined {
  let end = prefix.length;
  while (end > 0 && prefix[end - 1] === 0xff) end--;
  if (end === 0) return undefined;
  const bound = prefix.slice(0, end);
  bound[end - 1] = (bound[end - 1] ?? 0) + 1;
  return bound;
}
