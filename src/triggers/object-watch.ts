/**
 * Watches objects for one trigger: every change becomes a push, and what was handed on last is kept in the same step. After a time away
 * the two are compared: what differs is handed on as one change, as a Kubernetes watch that begins anew does it.
 */
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import type { Json } from "#base/json.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import { type Pattern, readPattern } from "#base/pattern/pattern.ts";
import { stopper } from "#base/stop.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { View } from "#deck/objects.ts";
import type { KubeObject, Live } from "#kinds/object.ts";
import type { Database, Place, Write } from "#managed/database.ts";
import type { Push, Pushes } from "#managed/push.ts";

export interface ObjectWatching {
  readonly view: View<KubeObject>;
  readonly database: Database;
  readonly pushes: Pushes;
  /** Of the trigger in the database. */
  readonly collection: string;
  readonly filter: string | undefined;
  /** The push without its payload and order. */
  readonly address: Omit<Push, "payload" | "order">;
  readonly clock: Clock;
  readonly log: Log;
}

type ChangeType = "ADDED" | "MODIFIED" | "DELETED";

interface Seen {
  readonly key: ObjectKey;
  readonly next: Live<KubeObject> | undefined;
}

const LOADED_AT_ONCE = 500;
const AFTER_TROUBLE_MS = 1_000;

export class ObjectWatch implements AsyncDisposable {
  readonly #watching: ObjectWatching;
  readonly #filter: Pattern | null;
  /** What was handed on last, by key. */
  readonly #known = new Map<ObjectKey, Live<KubeObject>>();
  #waiting: Seen[] = [];
  readonly #stopper = stopper();
  #wake: () => void = () => {};
  readonly #running: Promise<void>;

  constructor(watching: ObjectWatching) {
    this.#watching = watching;
    this.#filter = watching.filter === undefined ? null : readPattern(watching.filter);
    this.#running = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopper.fire();
    this.#wake();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { view, log, clock } = this.#watching;
    const { stop } = this.#stopper;
    await view.synced;
    await this.#load();
    const there = new Set<ObjectKey>();
    using _subscription = view.onChange((key, next) => {
      if (next !== undefined) there.add(key);
      this.#waiting.push({ key, next });
      this.#wake();
    });
    for (const key of this.#known.keys()) if (!there.has(key)) this.#waiting.push({ key, next: undefined });
    while (!stop.aborted) {
      const changes = this.#waiting;
      this.#waiting = [];
      for (const change of changes) await this.#handOn(change, clock, log);
      if (this.#waiting.length === 0 && !stop.aborted) await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  /** Until it is kept: what cannot be written now is written later, and nothing behind it before. */
  async #handOn(seen: Seen, clock: Clock, log: Log): Promise<void> {
    const { stop } = this.#stopper;
    while (!stop.aborted) {
      try {
        return await this.#keep(seen);
      } catch (thrown) {
        log.warn("a change of an object could not be handed on", { key: seen.key, reason: reasonOf(thrown) });
        await clock.sleep(AFTER_TROUBLE_MS, stop);
      }
    }
  }

  async #keep({ key, next }: Seen): Promise<void> {
    const before = this.#known.get(key);
    const type = changeOf(before, next);
    if (type === null) return;
    const { pushes, database } = this.#watching;
    const event = eventOf(type, before, next);
    const isWanted = this.#filter?.matches(event) ?? true;
    const prepared = pushes.prepare(isWanted ? [this.#pushOf(key, event)] : []);
    const writes = [...prepared.rows, this.#rowOf(key, next)];
    await database.changeAll([], () => ({ writes, result: undefined }));
    if (next === undefined) this.#known.delete(key);
    else this.#known.set(key, next);
    prepared.start();
  }

  #pushOf(key: ObjectKey, event: WatchEvent): Push {
    const { address, collection } = this.#watching;
    return { ...address, payload: JSON.stringify(event), order: `${collection} ${key}` };
  }

  #rowOf(key: ObjectKey, next: Live<KubeObject> | undefined): Place & Pick<Write, "value"> {
    const value = next === undefined ? null : encodeUtf8(JSON.stringify(next));
    return { collection: this.#watching.collection, key: encodeUtf8(key), value };
  }

  async #load(): Promise<void> {
    const { database, collection } = this.#watching;
    let from: Uint8Array | undefined;
    for (;;) {
      const options = { limit: LOADED_AT_ONCE, ...(from !== undefined && { from }) };
      const rows = await database.scan(collection, options);
      for (const { key, value } of rows)
        this.#known.set(decodeUtf8(key) as ObjectKey, JSON.parse(decodeUtf8(value)) as Live<KubeObject>);
      const last = rows.at(-1);
      if (last === undefined || rows.length < LOADED_AT_ONCE) return;
      from = Uint8Array.of(...last.key, 0);
    }
  }
}

/** What a function is run with: an event of a Kubernetes watch, with the state before. */
type WatchEvent = { readonly type: ChangeType; readonly object: Json; readonly oldObject?: Json };

function eventOf(type: ChangeType, before: KubeObject | undefined, next: KubeObject | undefined): WatchEvent {
  const object = jsonOf(next ?? before);
  return type === "MODIFIED" ? { type, object, oldObject: jsonOf(before) } : { type, object };
}

function jsonOf(object: KubeObject | undefined): Json {
  return object === undefined ? null : (JSON.parse(JSON.stringify(object)) as Json);
}

/** Null: nothing that was not handed on already. Another object of the same name is a change of it, too. */
export function changeOf(before: KubeObject | undefined, next: KubeObject | undefined): ChangeType | null {
  if (next === undefined) return before === undefined ? null : "DELETED";
  if (before === undefined) return "ADDED";
  const isSame = before.metadata.resourceVersion === next.metadata.resourceVersion;
  return isSame && before.metadata.uid === next.metadata.uid ? null : "MODIFIED";
}
