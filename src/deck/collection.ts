/** All objects of one kind in memory: sorted by key, with enough history for late watchers and old pages. Never writes. */
import type { ObjectKey } from "#base/key.ts";
import type { Revision } from "./journal.ts";
import { type Form, formOfRaw, type Kept, StoredObject } from "./stored.ts";

/** One change as everybody in the process sees it. */
export interface ObjectChange {
  readonly revision: Revision;
  readonly key: ObjectKey;
  readonly next: StoredObject | null;
  readonly previous: StoredObject | null;
}

export interface CollectionOptions {
  readonly kept: Kept;
  /** Changes up to here are unknown. */
  readonly floor: Revision;
  readonly historyChanges: number;
}

// Late watchers cost at most this much memory per kind.
const HISTORY_BYTES = 32 * 1024 * 1024;
/**
 * How much history older than so long may stay. Watchers hear at least every minute how far they are, so whoever comes back at once
 * needs 75 seconds (kube-apiserver's DefaultEventFreshDuration); etcd keeps five minutes; a little is kept for a client that was away for a while.
 */
const AGED = [
  { ms: 75_000, bytes: 4 * 1024 * 1024 },
  { ms: 5 * 60_000, bytes: 512 * 1024 },
] as const;
const OLDEST_MS = 5 * 60_000;
// The oldest tenth goes at once, so that trimming costs nothing per change.
const TRIM_SHARE = 10;

export class Collection {
  readonly #kept: Kept;
  readonly #historyChanges: number;
  readonly #objects = new Map<ObjectKey, StoredObject>();
  readonly #listeners = new Set<(change: ObjectChange) => void>();
  readonly #keys: ObjectKey[] = [];
  #isSorted = true;
  readonly #history: ObjectChange[] = [];
  #historyBytes = 0;
  /** Which changes were there at which look of the clock. */
  readonly #marks: { readonly atMs: number; readonly revision: Revision }[] = [];
  #floor: Revision;
  #form: Form | null = null;

  constructor({ kept, floor, historyChanges }: CollectionOptions) {
    this.#kept = kept;
    this.#floor = floor;
    this.#historyChanges = historyChanges;
  }

  get size(): number {
    return this.#objects.size;
  }

  /** The newest revision whose followers may have missed something. */
  get floor(): Revision {
    return this.#floor;
  }

  /** Under which version the objects are kept in memory. */
  useForm(form: Form): void {
    this.#form = form;
  }

  wrap(key: ObjectKey, revision: Revision, raw: Uint8Array, object?: StoredObject["object"]): StoredObject {
    this.#form ??= formOfRaw(raw);
    return new StoredObject({ form: this.#form, kept: this.#kept, key, revision, raw, ...(object && { object }) });
  }

  get(key: ObjectKey): StoredObject | undefined {
    return this.#objects.get(key);
  }

  /** Takes in what was there before anybody watched. */
  load(stored: StoredObject): void {
    this.#objects.set(stored.key, stored);
    this.#keys.push(stored.key);
    this.#isSorted = false;
  }

  /** Listeners must not throw; what one throws all the same is reported, and the others are told. */
  apply(change: ObjectChange, report: (thrown: unknown) => void): void {
    if (change.next === null) this.#drop(change.key);
    else this.#put(change.next);
    this.remember(change);
    for (const listener of this.#listeners) {
      try {
        listener(change);
      } catch (thrown) {
        report(thrown);
      }
    }
  }

  remember(change: ObjectChange): void {
    this.#history.push(change);
    this.#historyBytes += bytesOf(change);
    if (this.#history.length > this.#historyChanges || this.#historyBytes > HISTORY_BYTES) this.#trim();
  }

  /** Called now and then: forgets what is old, but for a little. */
  age(now: number): void {
    const newest = this.#history.at(-1)?.revision;
    if (newest !== undefined && newest !== this.#marks.at(-1)?.revision)
      this.#marks.push({ atMs: now, revision: newest });
    for (const { ms, bytes } of AGED) {
      const old = this.#marks.findLast(({ atMs }) => atMs <= now - ms);
      if (old !== undefined) this.forget(Math.min(old.revision, this.#lastBefore(bytes)));
    }
    while ((this.#marks[0]?.atMs ?? now) <= now - OLDEST_MS) this.#marks.shift();
  }

  /** Forgets history up to and including `revision`. */
  forget(revision: Revision): void {
    const count = this.#firstAfter(revision);
    for (const change of this.#history.splice(0, count)) this.#historyBytes -= bytesOf(change);
    this.#floor = Math.max(this.#floor, revision);
  }

  listen(listener: (change: ObjectChange) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Null when some of them are forgotten. */
  changesAfter(revision: Revision): readonly ObjectChange[] | null {
    return revision < this.#floor ? null : this.#history.slice(this.#firstAfter(revision));
  }

  /** In key order, of one namespace or of all (""), after a key. Not to be held over a change. */
  *from(namespace: string, after: ObjectKey = ""): Generator<StoredObject> {
    const keys = this.#sortedKeys();
    const { start, end } = this.#bounds(namespace, after);
    for (let at = start; at < end; at++) yield this.#objects.get(keys[at] as ObjectKey) as StoredObject;
  }

  /** How many `from` would yield. */
  countAfter(namespace: string, after: ObjectKey): number {
    const { start, end } = this.#bounds(namespace, after);
    return Math.max(0, end - start);
  }

  /** As `from`, but of an older moment; null when that is forgotten. */
  at(revision: Revision, namespace: string, after: ObjectKey = ""): readonly StoredObject[] | null {
    const later = this.changesAfter(revision);
    if (later === null) return null;
    const then = new Map<ObjectKey, StoredObject | null>();
    for (const change of later) if (!then.has(change.key)) then.set(change.key, change.previous);
    const objects = [...this.from(namespace, after)].filter(({ key }) => !then.has(key));
    for (const [key, stored] of then)
      if (stored !== null && key > after && (namespace === "" || key.startsWith(`${namespace}/`))) objects.push(stored);
    return then.size === 0 ? objects : objects.toSorted((a, b) => (a.key < b.key ? -1 : 1));
  }

  #put(stored: StoredObject): void {
    const isNew = !this.#objects.has(stored.key);
    this.#objects.set(stored.key, stored);
    if (!isNew) return;
    const keys = this.#sortedKeys();
    const last = keys.at(-1);
    if (last === undefined || last < stored.key) keys.push(stored.key);
    else keys.splice(lowerBound(keys, stored.key), 0, stored.key);
  }

  #drop(key: ObjectKey): void {
    if (!this.#objects.delete(key)) return;
    const keys = this.#sortedKeys();
    keys.splice(lowerBound(keys, key), 1);
  }

  #bounds(namespace: string, after: ObjectKey): { readonly start: number; readonly end: number } {
    const keys = this.#sortedKeys();
    // "0" follows "/": every key of the namespace lies before it.
    const end = namespace === "" ? keys.length : lowerBound(keys, `${namespace}0`);
    const first = namespace === "" ? 0 : lowerBound(keys, `${namespace}/`);
    return { start: Math.max(first, after === "" ? 0 : upperBound(keys, after)), end };
  }

  #sortedKeys(): ObjectKey[] {
    if (!this.#isSorted) this.#keys.sort((a, b) => (a < b ? -1 : 1));
    this.#isSorted = true;
    return this.#keys;
  }

  /** The revision after which the newest changes have no more than so many bytes. */
  #lastBefore(bytes: number): Revision {
    let left = bytes;
    for (const change of this.#history.toReversed()) {
      left -= bytesOf(change);
      if (left < 0) return change.revision;
    }
    return 0;
  }

  #trim(): void {
    const last = this.#history[Math.ceil(this.#history.length / TRIM_SHARE) - 1];
    if (last !== undefined) this.forget(last.revision);
  }

  #firstAfter(revision: Revision): number {
    let low = 0;
    let high = this.#history.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#history[middle]?.revision ?? Infinity) <= revision) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What it keeps alive: the state before is the newest one's of another change, or gone. */
function bytesOf({ next, previous }: ObjectChange): number {
  return (next ?? previous)?.raw.length ?? 0;
}

function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] as string) < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function upperBound(keys: readonly string[], key: string): number {
  const at = lowerBound(keys, key);
  return keys[at] === key ? at + 1 : at;
}
