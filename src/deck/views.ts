/** A View over anything that tells of changes: the objects of one kind by key and by declared indexes, kept current. */
import type { ObjectKey } from "#base/key.ts";
import { type KubeObject, type Live, namespaceOf } from "#kinds/object.ts";
import type { View, ViewListener } from "./objects.ts";

export type Index<T> = (object: T) => readonly string[];
export type Indexes<T> = Readonly<Record<string, Index<T>>>;

/** The objects by what an index says of them. */
export type IndexTable<T> = ReadonlyMap<string, ReadonlyMap<ObjectKey, T>>;

type FilledTable<T> = Map<string, Map<ObjectKey, T>>;

interface CountedTable<T> {
  readonly table: FilledTable<T>;
  users: number;
}

interface Subscription<T extends KubeObject> {
  readonly listener: ViewListener<T>;
  isOpen: boolean;
}

/** Whoever owns it feeds it with put and delete and says when it is synced. */
export class IndexedView<T extends KubeObject> implements View<T> {
  readonly synced: Promise<void>;
  readonly #objects = new Map<ObjectKey, Live<T>>();
  readonly #namespaces: FilledTable<Live<T>> = new Map();
  /** One function has one table, whatever its users call it. */
  readonly #counted = new Map<Index<T>, CountedTable<Live<T>>>();
  readonly #tables: ReadonlyMap<string, IndexTable<Live<T>>>;
  readonly #close: () => void;
  /** Never changed in place: a change is told to those who listened when it came. */
  #subscriptions: readonly Subscription<T>[] = [];
  #markSynced: () => void = () => {};

  constructor(indexes: Indexes<T> = {}, close: () => void = () => {}) {
    this.#tables = new Map(Object.entries(indexes).map(([name, index]) => [name, this.useIndex(index)]));
    this.#close = close;
    this.synced = new Promise((resolve) => (this.#markSynced = resolve));
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: ObjectKey): Live<T> | undefined {
    return this.#objects.get(key);
  }

  list(namespace?: string): readonly Live<T>[] {
    if (namespace === undefined || namespace === "") return [...this.#objects.values()];
    return [...(this.#namespaces.get(namespace)?.values() ?? [])];
  }

  by(index: string, value: string): readonly Live<T>[] {
    return valuesIn(this.#tables, index, value);
  }

  onChange(listener: ViewListener<T>): Disposable {
    for (const [key, object] of this.#objects) listener(key, object, undefined);
    const subscription = { listener, isOpen: true };
    this.#subscriptions = [...this.#subscriptions, subscription];
    return {
      [Symbol.dispose]: () => {
        subscription.isOpen = false;
        this.#subscriptions = this.#subscriptions.filter((each) => each !== subscription);
      },
    };
  }

  /** A table that is kept current until as many have left it as used it. */
  useIndex(index: Index<T>): IndexTable<Live<T>> {
    const known = this.#counted.get(index);
    if (known !== undefined) {
      known.users++;
      return known.table;
    }
    const table: FilledTable<Live<T>> = new Map();
    for (const [key, next] of this.#objects) move(table, key, { next, previous: undefined }, index);
    this.#counted.set(index, { table, users: 1 });
    return table;
  }

  leaveIndex(index: Index<T>): void {
    const known = this.#counted.get(index);
    if (known !== undefined && --known.users === 0) this.#counted.delete(index);
  }

  /** Only what was read is put here, so that it has what stored objects have. */
  put(key: ObjectKey, object: T): void {
    const next = object as Live<T>;
    const previous = this.#objects.get(key);
    this.#objects.set(key, next);
    this.#reindex(key, next, previous);
    this.#tell(key, next, previous);
  }

  delete(key: ObjectKey): void {
    const previous = this.#objects.get(key);
    if (previous === undefined) return;
    this.#objects.delete(key);
    this.#reindex(key, undefined, previous);
    this.#tell(key, undefined, previous);
  }

  markSynced(): void {
    this.#markSynced();
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription.isOpen = false;
    this.#subscriptions = [];
    this.#close();
  }

  #reindex(key: ObjectKey, next: T | undefined, previous: T | undefined): void {
    move(this.#namespaces, key, { next, previous }, (object) => [namespaceOf(object)]);
    for (const [index, { table }] of this.#counted) move(table, key, { next, previous }, index);
  }

  /** A listener that throws must not keep the change from the others: the first such fault is thrown once all are told. */
  #tell(key: ObjectKey, next: Live<T> | undefined, previous: Live<T> | undefined): void {
    const faults: unknown[] = [];
    for (const { listener, isOpen } of this.#subscriptions) {
      if (!isOpen) continue;
      try {
        listener(key, next, previous);
      } catch (thrown) {
        faults.push(thrown);
      }
    }
    if (faults.length > 0) throw faults[0];
  }
}

/** RangeError: nobody declared such an index. */
export function valuesIn<T>(tables: ReadonlyMap<string, IndexTable<T>>, index: string, value: string): readonly T[] {
  const table = tables.get(index);
  if (table === undefined) throw new RangeError(`the view has no index "${index}"`);
  return [...(table.get(value)?.values() ?? [])];
}

function move<T>(
  table: FilledTable<T>,
  key: ObjectKey,
  { next, previous }: { readonly next: T | undefined; readonly previous: T | undefined },
  valuesOf: (object: T) => readonly string[],
): void {
  for (const value of previous === undefined ? [] : valuesOf(previous)) {
    const bucket = table.get(value);
    bucket?.delete(key);
    if (bucket?.size === 0) table.delete(value);
  }
  for (const value of next === undefined ? [] : valuesOf(next)) {
    const bucket = table.get(value);
    if (bucket === undefined) table.set(value, new Map([[key, next as T]]));
    else bucket.set(key, next as T);
  }
}
