/** A View over anything that tells of changes: the objects of one kind by key and by declared indexes, kept current. */
import type { ObjectKey } from "#base/key.ts";
import { type KubeObject, type Live, namespaceOf } from "#kinds/object.ts";
import type { View, ViewListener } from "./objects.ts";

export type Indexes<T> = Readonly<Record<string, (object: T) => readonly string[]>>;

type IndexTable<T> = Map<string, Map<ObjectKey, T>>;

/** Whoever owns it feeds it with put and delete and says when it is synced. */
export class IndexedView<T extends KubeObject> implements View<T> {
  readonly synced: Promise<void>;
  readonly #indexes: Indexes<T>;
  readonly #objects = new Map<ObjectKey, Live<T>>();
  readonly #namespaces: IndexTable<Live<T>> = new Map();
  readonly #tables: Readonly<Record<string, IndexTable<Live<T>>>>;
  readonly #listeners = new Set<ViewListener<T>>();
  readonly #close: () => void;
  #markSynced: () => void = () => {};

  constructor(indexes: Indexes<T> = {}, close: () => void = () => {}) {
    this.#indexes = indexes;
    this.#tables = Object.fromEntries(Object.keys(indexes).map((name) => [name, new Map()]));
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
    const table = this.#tables[index];
    if (table === undefined) throw new RangeError(`the view has no index "${index}"`);
    return [...(table.get(value)?.values() ?? [])];
  }

  onChange(listener: ViewListener<T>): Disposable {
    for (const [key, object] of this.#objects) listener(key, object, undefined);
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Only what was read is put here, so that it has what stored objects have. */
  put(key: ObjectKey, object: T): void {
    const next = object as Live<T>;
    const previous = this.#objects.get(key);
    this.#objects.set(key, next);
    this.#reindex(key, next, previous);
    for (const listener of this.#listeners) listener(key, next, previous);
  }

  delete(key: ObjectKey): void {
    const previous = this.#objects.get(key);
    if (previous === undefined) return;
    this.#objects.delete(key);
    this.#reindex(key, undefined, previous);
    for (const listener of this.#listeners) listener(key, undefined, previous);
  }

  markSynced(): void {
    this.#markSynced();
  }

  [Symbol.dispose](): void {
    this.#listeners.clear();
    this.#close();
  }

  #reindex(key: ObjectKey, next: T | undefined, previous: T | undefined): void {
    move(this.#namespaces, key, { next, previous }, (object) => [namespaceOf(object)]);
    for (const [name, valuesOf] of Object.entries(this.#indexes))
      move(this.#tables[name] as IndexTable<Live<T>>, key, { next, previous }, valuesOf);
  }
}

function move<T>(
  table: IndexTable<T>,
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
