/**
 * The one way for controllers, agents and doors to see and change objects. The deck implements it in-process,
 * client/ implements it over the Kubernetes API; whoever is written against it runs on either side.
 */
import type { Json } from "#base/json.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Selector } from "#base/selector.ts";
import type { Kind, SubresourceName } from "#kinds/kind.ts";
import type { KubeObject, Live } from "#kinds/object.ts";

/** A live, read-only cache of the objects of one kind. What it hands out is shared: never mutate it. */
export interface View<T extends KubeObject> extends Disposable {
  /** Resolves once everything that existed at the start is in. */
  readonly synced: Promise<void>;
  get(key: ObjectKey): Live<T> | undefined;
  list(namespace?: string): readonly Live<T>[];
  /** Objects whose index `name` has `value`; indexes are declared when the view is opened. */
  by(index: string, value: string): readonly Live<T>[];
  /** Called after each change with the key and both states; at once for everything already there. */
  onChange(listener: ViewListener<T>): Disposable;
}

export type ViewListener<T extends KubeObject> = (
  key: ObjectKey,
  next: Live<T> | undefined,
  previous: Live<T> | undefined,
) => void;

export interface ViewOptions<T> {
  readonly namespace?: string;
  readonly labels?: Selector;
  /** Field selector in text form, for example "spec.nodeName=node-1". */
  readonly fields?: string;
  readonly indexes?: Readonly<Record<string, (object: T) => readonly string[]>>;
}

export interface WriteOptions {
  /** The field manager; default is the component's own name. */
  readonly manager?: string;
  readonly subresource?: SubresourceName;
}

export interface RemoveOptions {
  readonly gracePeriodSeconds?: number;
  readonly propagation?: "Foreground" | "Background" | "Orphan";
  /** Only if the object still has this uid. */
  readonly uid?: string;
}

export interface Objects {
  view<T extends KubeObject>(kind: Kind<T>, options?: ViewOptions<T>): View<T>;
  /** Straight from the source, not from a view; null when absent. */
  get<T extends KubeObject>(kind: Kind<T>, key: ObjectKey): Promise<Live<T> | null>;
  /** Faults: AlreadyExists, Invalid, Forbidden … */
  create<T extends KubeObject>(kind: Kind<T>, object: T, options?: WriteOptions): Promise<Live<T>>;
  /**
   * Read, decide, write, again on conflict. `decide` is pure and may run several times; null means leave it.
   * Returns the stored object, or null when it does not exist or nothing was to be done.
   */
  change<T extends KubeObject>(
    kind: Kind<T>,
    key: ObjectKey,
    decide: (live: Live<T>) => T | null,
    options?: WriteOptions,
  ): Promise<Live<T> | null>;
  /** False when it was already gone. */
  remove<T extends KubeObject>(kind: Kind<T>, key: ObjectKey, options?: RemoveOptions): Promise<boolean>;
}

/** What a controller wants done, as data: plan() returns these, the loop carries them out through Objects. */
export type Change =
  | { readonly verb: "create"; readonly kind: Kind; readonly object: KubeObject }
  /** A JSON merge patch (RFC 7386). With `uid`, only if the object is still that one. */
  | {
      readonly verb: "patch";
      readonly kind: Kind;
      readonly key: ObjectKey;
      readonly uid?: string;
      readonly patch: Json;
      readonly subresource?: SubresourceName;
    }
  | { readonly verb: "remove"; readonly kind: Kind; readonly key: ObjectKey; readonly options?: RemoveOptions }
  /** A Kubernetes Event about an object; equal ones are counted, not repeated. */
  | {
      readonly verb: "event";
      readonly about: KubeObject;
      readonly type: "Normal" | "Warning";
      readonly reason: string;
      readonly message: string;
    };
