/** One view of all objects of a kind for everybody in-process: each user has its own listeners and names of indexes, and closes alone. */
import type { ObjectKey } from "#base/key.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject, Live } from "#kinds/object.ts";
import type { View, ViewListener } from "./objects.ts";
import { type Index, type Indexes, type IndexTable, valuesIn } from "./views.ts";

/** A view whose indexes come and go with its users. */
export interface Shareable<T extends KubeObject> extends View<T> {
  useIndex(index: Index<T>): IndexTable<Live<T>>;
  leaveIndex(index: Index<T>): void;
}

interface Shared<T extends KubeObject> {
  readonly view: Shareable<T>;
  users: number;
}

export class SharedViews {
  /** A new definition of a kind is another kind here: what is opened after it shows all objects as they are served now. */
  readonly #shared = new Map<Kind, Shared<KubeObject>>();

  /** `open` makes the view for the first user; the last one closes it. */
  use<T extends KubeObject>(kind: Kind<T>, indexes: Indexes<T>, open: () => Shareable<T>): View<T> {
    // What was opened for the kind has its type.
    const known = this.#shared.get(kind) as Shared<T> | undefined;
    const shared = known ?? { view: open(), users: 0 };
    if (known === undefined) this.#shared.set(kind, shared);
    shared.users++;
    return new UsersView(shared.view, indexes, () => {
      if (--shared.users > 0) return;
      this.#shared.delete(kind);
      shared.view[Symbol.dispose]();
    });
  }
}

class UsersView<T extends KubeObject> implements View<T> {
  readonly #view: Shareable<T>;
  readonly #indexes: Indexes<T>;
  readonly #tables: ReadonlyMap<string, IndexTable<Live<T>>>;
  readonly #listening = new Set<Disposable>();
  readonly #leave: () => void;
  #isOpen = true;

  constructor(view: Shareable<T>, indexes: Indexes<T>, leave: () => void) {
    this.#view = view;
    this.#indexes = indexes;
    this.#tables = new Map(Object.entries(indexes).map(([name, index]) => [name, view.useIndex(index)]));
    this.#leave = leave;
  }

  get synced(): Promise<void> {
    return this.#view.synced;
  }

  get(key: ObjectKey): Live<T> | undefined {
    return this.#view.get(key);
  }

  list(namespace?: string): readonly Live<T>[] {
    return this.#view.list(namespace);
  }

  by(index: string, value: string): readonly Live<T>[] {
    return valuesIn(this.#tables, index, value);
  }

  onChange(listener: ViewListener<T>): Disposable {
    const listening = this.#view.onChange(listener);
    this.#listening.add(listening);
    return {
      [Symbol.dispose]: () => {
        listening[Symbol.dispose]();
        this.#listening.delete(listening);
      },
    };
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    for (const listening of this.#listening) listening[Symbol.dispose]();
    for (const index of Object.values(this.#indexes)) this.#view.leaveIndex(index);
    this.#leave();
  }
}
