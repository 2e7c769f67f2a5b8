/**
 * Putting archived events again (Amazon EventBridge User Guide, "Replaying archived events"). A replay is a row: whoever finds it goes
 * on with it, so it outlives the process that began it, and no event is put twice.
 */
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { keyOf, type ObjectKey } from "#base/key.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { Archive } from "#kinds/catamaran/archive.ts";
import type { EventBus } from "#kinds/catamaran/event-bus.ts";
import type { Database } from "../database.ts";
import { collectionOf, readArchived, timeRange } from "./archived.ts";
import type { Buses } from "./buses.ts";

export type ReplayState = "STARTING" | "RUNNING" | "CANCELLED" | "COMPLETED";

export interface Replay {
  readonly name: string;
  /** Key of the archive. */
  readonly archive: ObjectKey;
  readonly description?: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Names of the rules that see the events; absent: all. */
  readonly rules?: readonly string[];
  readonly state: ReplayState;
  readonly startedAtMs: number;
  readonly endedAtMs?: number;
  readonly lastMs?: number;
  /** The key of the last event that was put. */
  readonly cursor?: string;
}

const COLLECTION = "bus replays";
const AT_ONCE = 50;

export class Replays {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #wakes = new Set<(archive: ObjectKey) => void>();
  /** Steps and cancellations come in a row: one process at a time works on replays. */
  #last: Promise<unknown> = Promise.resolve();

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  /** Called with the key of the archive of each replay that begins. */
  onStart(wake: (archive: ObjectKey) => void): Disposable {
    this.#wakes.add(wake);
    return { [Symbol.dispose]: () => void this.#wakes.delete(wake) };
  }

  /** Fault: AlreadyExists. */
  async start(asked: Omit<Replay, "state" | "startedAtMs">): Promise<Replay> {
    const replay: Replay = { ...asked, state: "STARTING", startedAtMs: this.#clock.now() };
    await this.#database.change(COLLECTION, [encodeUtf8(replay.name)], ([before = null]) => {
      if (before !== null) throw new Fault("AlreadyExists", `Replay ${replay.name} already exists.`);
      return { writes: [rowOf(replay)], result: undefined };
    });
    for (const wake of this.#wakes) wake(replay.archive);
    return replay;
  }

  async find(name: string): Promise<Replay | null> {
    return read(await this.#database.get(COLLECTION, encodeUtf8(name)));
  }

  /** By name. */
  async list(): Promise<readonly Replay[]> {
    const rows = await this.#database.scan(COLLECTION);
    return rows.flatMap(({ value }) => read(value) ?? []);
  }

  /** Null when there is none that goes on. */
  cancel(name: string): Promise<Replay | null> {
    return this.#inTurn(async () => {
      const replay = await this.find(name);
      if (replay === null || !isGoing(replay)) return null;
      const next: Replay = { ...replay, state: "CANCELLED", endedAtMs: this.#clock.now() };
      await this.#database.change(COLLECTION, [], () => ({ writes: [rowOf(next)], result: undefined }));
      return next;
    });
  }

  /** Puts some events of one replay of the archive; true while there may be more. */
  step(archive: Archive, bus: EventBus, buses: Buses): Promise<boolean> {
    return this.#inTurn(() => this.#step(archive, bus, buses));
  }

  #inTurn<T>(step: () => Promise<T>): Promise<T> {
    const next = this.#last.then(step, step);
    this.#last = next.catch(() => {});
    return next;
  }

  async #step(archive: Archive, bus: EventBus, buses: Buses): Promise<boolean> {
    const key = keyOf(archive.metadata.namespace ?? "", archive.metadata.name);
    const replay = (await this.list()).find((one) => one.archive === key && isGoing(one));
    if (replay === undefined) return false;
    const { fromMs, toMs, cursor, rules } = replay;
    const range = timeRange({ fromMs, toMs, ...(cursor !== undefined && { afterKey: cursor }) });
    const rows = await this.#database.scan(collectionOf(archive), { ...range, limit: AT_ONCE });
    const last = rows.at(-1);
    const isOver = last === undefined || rows.length < AT_ONCE;
    const events = rows.map(({ value }) => ({ ...readArchived(value), replay: replay.name }));
    const next: Replay = {
      ...replay,
      state: isOver ? "COMPLETED" : "RUNNING",
      ...(isOver && { endedAtMs: this.#clock.now() }),
      ...(last !== undefined && { cursor: decodeUtf8(last.key), lastMs: readArchived(last.value).timeMs }),
    };
    const only = rules === undefined ? {} : { rules: new Set(rules) };
    await buses.putAgain(bus, events, { ...only, rows: [{ collection: COLLECTION, ...rowOf(next) }] });
    return true;
  }
}

export function isGoing({ state }: Replay): boolean {
  return state === "STARTING" || state === "RUNNING";
}

function rowOf(replay: Replay): { readonly key: Uint8Array; readonly value: Uint8Array } {
  return { key: encodeUtf8(replay.name), value: encodeUtf8(JSON.stringify(replay)) };
}

function read(value: Uint8Array | null): Replay | null {
  return value === null ? null : (JSON.parse(decodeUtf8(value)) as Replay);
}
