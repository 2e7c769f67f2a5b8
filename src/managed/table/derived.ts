/** What is kept beside a table's items and changes with them in one step: indexes, the order of expiry, streams. Pure. */
import { given } from "#base/given.ts";
import { sameJson } from "#base/json.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { StreamView, Table } from "#kinds/catamaran/table.ts";
import type { Place } from "../database.ts";
import { indexesOf, type SecondaryIndex } from "./secondary-index.ts";

/** Each part has a number of its own, so that one that is made anew under an old name starts empty. */
interface Part {
  readonly id: number;
  /** It has what was there before it: else writes keep it up, but nobody reads it. */
  readonly isWhole: boolean;
}

export interface DerivedIndex extends Part {
  readonly index: SecondaryIndex;
}

export interface Expiry extends Part {
  readonly attribute: string;
}

export interface Stream {
  readonly id: number;
  /** When it was enabled, as its ARN says it; unique in its table. */
  readonly label: string;
  readonly view: StreamView;
  readonly startedAtMs: number;
  /** Nothing is written to it any more. */
  readonly endedAtMs?: number;
}

/** Read in the step of every write, so that no writer misses what was just begun. */
export interface Derived {
  readonly nextId: number;
  readonly indexes: readonly DerivedIndex[];
  readonly expiry?: Expiry;
  readonly streams: readonly Stream[];
  /** Parts that nobody uses any more, until their rows are dropped. */
  readonly doomed: readonly number[];
}

export const NOTHING_DERIVED: Derived = { nextId: 1, indexes: [], streams: [], doomed: [] };
export const STREAM_RETENTION_MS: number = 24 * 3_600_000;

/** By uid, so that a table that is made anew under an old name starts empty. */
export function collectionOf(table: Table): string {
  return `${table.metadata.name}.${table.metadata.uid ?? ""}`;
}

// No table's name has a slash.
export function partCollection(table: Table, id: number): string {
  return `${collectionOf(table)}/${id}`;
}

/** Of the two rows beside a table: what is derived, and the number of the last stream record. */
export function derivedPlace(table: Table): Place {
  return { collection: derivedCollection(table), key: Uint8Array.of(0) };
}

export function sequencePlace(table: Table): Place {
  return { collection: derivedCollection(table), key: Uint8Array.of(1) };
}

export function derivedCollection(table: Table): string {
  return `${collectionOf(table)}/`;
}

export function decodeDerived(bytes: Uint8Array | null): Derived {
  return bytes === null ? NOTHING_DERIVED : (JSON.parse(decodeUtf8(bytes)) as Derived);
}

export function encodeDerived(derived: Derived): Uint8Array {
  return encodeUtf8(JSON.stringify(derived));
}

/** The number of the last record that was written to a stream of the table. */
export function decodeSequence(bytes: Uint8Array | null): number {
  return bytes === null ? 0 : Number(decodeUtf8(bytes));
}

/** What the table declares now: parts that go on keep their rows. The same object when nothing is to be done. */
export function planDerived(current: Derived, table: Table, now: number): Derived {
  const wanted = indexesOf(table);
  const kept = current.indexes.filter(({ index }) => wanted.some((other) => sameJson(index, other)));
  const added = wanted.filter((index) => kept.every((other) => other.index.name !== index.name));
  const { timeToLive } = table.spec;
  const isExpiryKept = current.expiry?.attribute === timeToLive?.attribute;
  const streams = plannedStreams(current, table, now);
  const isSame = kept.length === current.indexes.length && added.length === 0 && isExpiryKept;
  if (isSame && streams === current.streams) return current;
  let { nextId } = current;
  const newStreams = streams.map((stream) => (stream.id === NEW ? { ...stream, id: nextId++ } : stream));
  const indexes = [...kept, ...added.map((index) => ({ id: nextId++, isWhole: false, index }))];
  const expiry = isExpiryKept
    ? current.expiry
    : timeToLive && { id: nextId++, isWhole: false, attribute: timeToLive.attribute };
  const parts = (of: Derived): readonly number[] =>
    [...of.indexes, ...of.streams, ...(of.expiry === undefined ? [] : [of.expiry])].map(({ id }) => id);
  const next: Derived = given({ nextId, indexes, expiry, streams: newStreams, doomed: current.doomed });
  const left = new Set(parts(next));
  return { ...next, nextId, doomed: [...current.doomed, ...parts(current).filter((id) => !left.has(id))] };
}

const NEW = 0;

function plannedStreams({ streams }: Derived, { spec }: Table, now: number): readonly Stream[] {
  const isOver = ({ endedAtMs = now }: Stream): boolean => now - endedAtMs > STREAM_RETENTION_MS;
  const active = activeStream(streams);
  const isKept = active?.view === spec.stream?.view;
  if (isKept && !streams.some(isOver)) return streams;
  const ended = streams
    .filter((stream) => !isOver(stream))
    .map((stream) => (stream === active && !isKept ? { ...stream, endedAtMs: now } : stream));
  if (isKept || spec.stream === undefined) return ended;
  const startedAtMs = Math.max(now, 1 + Math.max(0, ...streams.map((stream) => stream.startedAtMs)));
  const label = new Date(startedAtMs).toISOString().slice(0, -1);
  return [...ended, { id: NEW, label, view: spec.stream.view, startedAtMs }];
}

export function activeStream(streams: readonly Stream[]): Stream | undefined {
  return streams.find(({ endedAtMs }) => endedAtMs === undefined);
}
