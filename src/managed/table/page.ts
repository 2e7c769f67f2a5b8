/** One page of a query or scan: where it begins, what of the rows that it reads it holds, and where the next begins. */
import { Fault } from "#base/fault.ts";
import { checkItem, compareBytes, type Item, itemBytes, own } from "./attribute.ts";
import { holds } from "./condition.ts";
import type { Expressions } from "./expression.ts";
import { justAfter, keyAttributes, keyOfKey, type KeySchema } from "./item-key.ts";
import type { KeyRange } from "./key-condition.ts";
import { project } from "./projection.ts";

export interface Page {
  readonly items: readonly Item[];
  /** How many were read before the filter. */
  readonly scanned: number;
  readonly bytes: number;
  /** The key of the last one read, when there may be more. */
  readonly lastKey?: Item;
}

export interface PageOptions {
  readonly limit?: number;
  /** As sent: checked against the key schema. */
  readonly startKey?: unknown;
  readonly isDescending?: boolean;
  readonly segment?: Segment;
  /** Of the index that is read instead of the table. */
  readonly indexName?: string;
  /** The items of an index as they are in the table, with what the index does not keep. */
  readonly isFetched?: boolean;
  /** A query's filter may look at keys, too: conditions that are no key conditions of the service are filters then. */
  readonly mayFilterKeys?: boolean;
}

export interface Segment {
  readonly index: number;
  readonly of: number;
}

const PAGE_BYTES = 1024 * 1024; // A page ends after 1 MB that was read, before the filter.

/** The rest of a query's range after its start key. */
export function queryRange(range: KeyRange, schema: KeySchema, { startKey, isDescending }: PageOptions): KeyRange {
  if (startKey === undefined) return range;
  const { item, bytes } = startOf(startKey, schema);
  if (schema.sort === undefined)
    throw new Fault("BadRequest", `The provided exclusive start key is invalid: ExclusiveStartKey: ${shown(item)}`);
  const isInside =
    compareBytes(bytes, range.from) >= 0 && (range.to === undefined || compareBytes(bytes, range.to) < 0);
  if (!isInside)
    throw new Fault("BadRequest", "The provided starting key is outside query boundaries based on provided conditions");
  return isDescending === true ? { ...range, to: bytes } : { ...range, from: justAfter(bytes) };
}

/** The rest of a table after a scan's start key. */
export function scanRange(schema: KeySchema, { startKey, segment }: PageOptions): KeyRange {
  if (startKey === undefined) return { from: new Uint8Array(), to: undefined };
  const { item, bytes } = startOf(startKey, schema);
  if (segment !== undefined && !isInSegment(item, schema, segment))
    throw new Fault(
      "BadRequest",
      "The provided Exclusive start key does not map to the provided Segment and TotalSegments values.",
    );
  return { from: justAfter(bytes), to: undefined };
}

function startOf(startKey: unknown, schema: KeySchema): { readonly item: Item; readonly bytes: Uint8Array } {
  const item = checkItem(startKey);
  try {
    return { item, bytes: keyOfKey(item, schema) };
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    throw new Fault("BadRequest", `The provided starting key is invalid: ${thrown.message}`);
  }
}

function shown(key: Item): string {
  const members = Object.entries(key).map(([name, value]) => {
    const [[type, inner] = []] = Object.entries(value);
    return `${name}=AttributeValue: {${type}:${String(inner).slice(0, 255)}}`;
  });
  return `{${members.join(", ")}}`;
}

export class PageBuilder {
  readonly #schema: KeySchema;
  readonly #expressions: Expressions;
  readonly #options: PageOptions;
  readonly #items: Item[] = [];
  #scanned = 0;
  #bytes = 0;
  #last: Item | undefined;
  #isCut = false;

  constructor(schema: KeySchema, expressions: Expressions, options: PageOptions) {
    this.#schema = schema;
    this.#expressions = expressions;
    this.#options = options;
  }

  /** False when the page is full. */
  take(item: Item): boolean {
    const { limit = Infinity, segment } = this.#options;
    if (segment !== undefined && !isInSegment(item, this.#schema, segment)) return true;
    this.#scanned++;
    this.#bytes += itemBytes(item);
    this.#last = item;
    const { filter, projection } = this.#expressions;
    if (filter === undefined || holds(filter, item))
      this.#items.push(projection === undefined ? item : project(item, projection));
    this.#isCut = this.#scanned >= limit || this.#bytes >= PAGE_BYTES;
    return !this.#isCut;
  }

  done(): Page {
    const lastKey = this.#isCut && this.#last !== undefined ? keyAttributes(this.#last, this.#schema) : undefined;
    return {
      items: this.#items,
      scanned: this.#scanned,
      bytes: this.#bytes,
      ...(lastKey === undefined ? {} : { lastKey }),
    };
  }
}

function isInSegment(item: Item, { partition }: KeySchema, { index, of }: Segment): boolean {
  return hash(JSON.stringify(own(item, partition.name))) % of === index;
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return value;
}
