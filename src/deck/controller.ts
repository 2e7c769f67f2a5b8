/** What a controller is: what it watches and a pure plan. The loop (loop.ts) runs it, level-triggered and by key. */
import type { Fault } from "#base/fault.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Change, View } from "./objects.ts";

export interface Plan {
  readonly changes: readonly Change[];
  /** Look again at this wall time (ms), for deadlines and back-off. */
  readonly againAtMs?: number;
}

/** What a plan may see: views only. */
export interface Seen {
  view<T extends KubeObject>(kind: Kind<T>): View<T>;
}

/** Written as methods so that a Watch<Pod> is also a Watch (bivariant parameters). */
type Index<T> = { of(object: T): readonly string[] }["of"];
type Wakes<T> = { of(object: T, seen: Seen): readonly ObjectKey[] }["of"];

export interface Watch<T extends KubeObject = KubeObject> {
  readonly kind: Kind<T>;
  readonly indexes?: Readonly<Record<string, Index<T>>>;
  /** The keys of the controller's own kind that a change of this object wakes. */
  readonly wakes: Wakes<T>;
}

/** An entry of `watches` with the object's type taken from its kind: `watching({ kind: podKind, wakes: (pod) => … })`. */
export function watching<T extends KubeObject>(watch: Watch<T>): Watch {
  return watch as unknown as Watch;
}

export interface Controller<T extends KubeObject = KubeObject> {
  /** Also its field manager and its Event source: "deployment-controller". */
  readonly name: string;
  readonly kind: Kind<T>;
  readonly indexes?: Readonly<Record<string, Index<T>>>;
  readonly watches: readonly Watch[];
  /** `object` is undefined when it is gone. Pure: everything it knows is `seen` and `now`. */
  plan(key: ObjectKey, object: T | undefined, seen: Seen, now: number): Plan;
  /** What is to be written when the API refused a create of the plan, unless its namespace is ending; the rest of the plan is not carried out. */
  refused?(object: T, change: Change & { readonly verb: "create" }, fault: Fault, now: number): readonly Change[];
}
