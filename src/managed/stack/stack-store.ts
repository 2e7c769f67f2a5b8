/** Stacks in a Database: a row for each head, revision, resource, event and change set, so that a step writes little and at once. */
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { Database, PlacedDecision } from "../database.ts";
import type { ChangeSetRecord, ResourceRecord, Revision, StackEvent, StackRecord } from "./stack-record.ts";

const HEADS = "stacks";
const REVISIONS = "stack-revisions";
const RESOURCES = "stack-resources";
const EVENTS = "stack-events";
const CHANGE_SETS = "stack-change-sets";

/** `current` is what the stack is or becomes, `before` what it was until the update that is under way. */
export type Which = "current" | "before";

/** What one step leaves behind, all of it or nothing. */
export interface Step {
  readonly head?: StackRecord;
  /** Null removes. */
  readonly revisions?: Readonly<Partial<Record<Which, Revision | null>>>;
  readonly resources?: readonly ResourceRecord[];
  readonly gone?: readonly string[];
  readonly events?: readonly StackEvent[];
  readonly changeSets?: readonly ChangeSetRecord[];
}

type Row = PlacedDecision<unknown>["writes"][number];

export class StackStore {
  readonly #database: Database;
  /** Events of one stack are in order of this number; a process goes on behind what it finds. */
  #lastEvent = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  async heads(): Promise<readonly StackRecord[]> {
    return this.#read<StackRecord>(HEADS);
  }

  async head(id: string): Promise<StackRecord | null> {
    return this.#one<StackRecord>(HEADS, [id]);
  }

  async revision(id: string, which: Which): Promise<Revision | null> {
    return this.#one<Revision>(REVISIONS, [id, which]);
  }

  /** By their logical names. */
  async resources(id: string): Promise<readonly ResourceRecord[]> {
    return this.#read<ResourceRecord>(RESOURCES, id);
  }

  /** The newest first, from the one before `before`. */
  async events(
    id: string,
    limit: number,
    before?: string,
  ): Promise<readonly { readonly place: string; readonly event: StackEvent }[]> {
    const to = before === undefined ? end(id) : keyOf(id, before);
    const rows = await this.#database.scan(EVENTS, { from: keyOf(id, ""), to, limit, isDescending: true });
    return rows.map(({ key, value }) => ({
      place: decodeUtf8(key).split("\u0000")[1] ?? "",
      event: decode<StackEvent>(value),
    }));
  }

  async changeSets(id: string): Promise<readonly ChangeSetRecord[]> {
    return this.#read<ChangeSetRecord>(CHANGE_SETS, id);
  }

  async write(id: string, step: Step, nowMs: number): Promise<void> {
    const { head, revisions = {}, resources = [], gone = [], events = [], changeSets = [] } = step;
    const writes: Row[] = [
      ...(head === undefined ? [] : [row(HEADS, [id], head)]),
      ...Object.entries(revisions).map(([which, revision]) => row(REVISIONS, [id, which], revision)),
      ...resources.map((one) => row(RESOURCES, [id, one.logicalId], one)),
      ...gone.map((logicalId) => row(RESOURCES, [id, logicalId], null)),
      ...events.map((event) => row(EVENTS, [id, this.#nextEvent(nowMs)], event)),
      ...changeSets.map((one) => row(CHANGE_SETS, [id, one.name], one)),
    ];
    await this.#database.changeAll([], () => ({ writes, result: null }));
  }

  async removeChangeSet(id: string, name: string): Promise<void> {
    await this.#database.changeAll([], () => ({ writes: [row(CHANGE_SETS, [id, name], null)], result: null }));
  }

  /** In order also after a restart: by time, and within a millisecond by number. */
  #nextEvent(nowMs: number): string {
    this.#lastEvent = Math.max(this.#lastEvent + 1, nowMs * 1000);
    return String(this.#lastEvent).padStart(17, "0");
  }

  async #one<T>(collection: string, path: readonly string[]): Promise<T | null> {
    const value = await this.#database.get(collection, keyOf(...path));
    return value === null ? null : decode<T>(value);
  }

  async #read<T>(collection: string, id?: string): Promise<readonly T[]> {
    const range = id === undefined ? {} : { from: keyOf(id, ""), to: end(id) };
    return (await this.#database.scan(collection, range)).map(({ value }) => decode<T>(value));
  }
}

function row(collection: string, path: readonly string[], value: object | null | undefined): Row {
  return {
    collection,
    key: keyOf(...path),
    value: value === null || value === undefined ? null : encodeUtf8(JSON.stringify(value)),
  };
}

function keyOf(...path: readonly string[]): Uint8Array {
  return encodeUtf8(path.join("\u0000"));
}

/** Behind every key of one stack. */
function end(id: string): Uint8Array {
  return encodeUtf8(`${id}\u0001`);
}

/** Of rows that this file has written. */
function decode<T>(value: Uint8Array): T {
  return JSON.parse(decodeUtf8(value)) as T;
}
