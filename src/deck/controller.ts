/**
 * What watches objects and acts on them, key by key: a Controller decides and is pure, a Keeper does what an engine must do.
 * The loop (loop.ts) runs both: level-triggered, one key at a time, again with back-off after a failure.
 */
import type { Fault } from "#base/fault.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Change, View } from "./objects.ts";

export interface Plan<M = undefined> {
  /** Written one after the other, in this order; after the first that fails the rest is not written and the key is planned again. */
  readonly changes: readonly Change[];
  /** What the next plan for this key is given; kept only once every change is written. Absent: nothing is remembered. */
  readonly memory?: M;
  /** Look again at this wall time (ms), for deadlines and back-off. */
  readonly againAtMs?: number;
}

/** What a plan may see: views only. */
export interface Seen {
  view<T extends KubeObject>(kind: Kind<T>): View<T>;
}

/** Written as methods so that a Watch<Pod> is also a Watch (bivariant parameters). */
type Index<T> = { of(object: T): readonly string[] }["of"];
type Wakes<T, S> = { of(object: T, seen: S): readonly ObjectKey[] }["of"];

export interface Watch<T extends KubeObject = KubeObject, S extends Seen = Seen> {
  readonly kind: Kind<T>;
  readonly indexes?: Readonly<Record<string, Index<T>>>;
  /** The keys of the controller's own kind that a change of this object wakes. */
  readonly wakes: Wakes<T, S>;
}

/** An entry of `watches` with the object's type taken from its kind: `watching({ kind: podKind, wakes: (pod) => … })`. */
export function watching<T extends KubeObject>(watch: Watch<T>): Watch {
  return watch;
}

/** What controllers and keepers have in common: which changes wake which keys. */
export interface Watcher<T extends KubeObject = KubeObject, S extends Seen = Seen> {
  /** Also its field manager and its Event source: "deployment-controller". */
  readonly name: string;
  readonly kind: Kind<T>;
  readonly indexes?: Readonly<Record<string, Index<T>>>;
  readonly watches?: readonly Watch<KubeObject, S>[];
}

/**
 * Decides what is to be written. `M` is what it remembers of a key from one plan to the next: a value, worthless after a
 * restart, for what would not be worth a durable write. `S` is what it sees: the views, and what `derive` makes of them.
 */
export interface Controller<T extends KubeObject = KubeObject, M = undefined, S extends Seen = Seen> extends Watcher<
  T,
  S
> {
  /**
   * Called once, before the first plan: adds to the views what would otherwise be computed from all of them at every plan, and keeps
   * it current by their changes. Only ever a cache: one that is made anew from the same views leads to the same plans.
   */
  derive?(seen: Seen): S;
  /**
   * Pure: everything it knows is its arguments. `object` is undefined when it is gone; `memory` is undefined at first, when the
   * last plan gave none, and when the object is gone or another one of the same name (its uid differs). `now` is wall time (ms).
   */
  plan(key: ObjectKey, object: T | undefined, seen: S, memory: M | undefined, now: number): Plan<M>;
  /**
   * What is to be said of a change that the API refused, before the key is tried again. Not asked when that is only a race with somebody
   * else, or when the namespace is ending.
   */
  refused?(object: T, refusal: Refusal, now: number): readonly Change[];
}

export interface Refusal {
  readonly change: Change;
  readonly fault: Fault;
  /** What else was to be written; nothing of what comes after the change is. */
  readonly plan: Plan<unknown>;
}

/** A controller of any kind, memory and sight, as the loop and lists of controllers see it. */
export type AnyController = Controller<KubeObject, unknown>;

/**
 * A controller's impure twin, for engines that have to do more than to write objects: files to unpack, items to delete, loops to start.
 * Whatever it does it may be asked to do again: after a failure, after a restart, and when nothing has changed.
 */
export interface Keeper<T extends KubeObject = KubeObject> extends Watcher<T> {
  /** Wakes keys for what no view tells; ends when the result is disposed. */
  listen?(wake: (key: ObjectKey) => void): Disposable;
  /** `object` is undefined when it is gone. Resolves to the wall time (ms) at which to look again, if any; what it throws is tried again. */
  keep(key: ObjectKey, object: T | undefined): Promise<number | undefined>;
}
