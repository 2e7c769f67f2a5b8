/** Objects in-process: views that share the deck's parsed objects, and writes under one field manager. */
import { Fault } from "#base/fault.ts";
import type { ObjectKey } from "#base/key.ts";
import { parseFieldSelector } from "#base/selector.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject, Live } from "#kinds/object.ts";
import type { ObjectChange } from "./collection.ts";
import type { Listed, ListOptions } from "./list.ts";
import type { Objects, RemoveOptions, View, ViewOptions, WriteOptions } from "./objects.ts";
import { compileSelection, type Selection } from "./selection.ts";
import type { SharedViews } from "./shared-views.ts";
import type { Form, Stored } from "./stored.ts";
import { type Indexes, IndexedView } from "./views.ts";
import type { Removed, WriteRequest, Written } from "./write-request.ts";

/** The part of the deck that is needed here. */
interface DeckActions {
  read(kind: Kind, key: ObjectKey): Stored | null;
  list(kind: Kind, options: ListOptions): Listed;
  create(kind: Kind, object: KubeObject, request: WriteRequest): Promise<Written>;
  update(kind: Kind, key: ObjectKey, edit: (live: KubeObject) => KubeObject, request: WriteRequest): Promise<Written>;
  remove(kind: Kind, key: ObjectKey, options: RemoveOptions, request: WriteRequest): Promise<Removed>;
}

export interface DeckObjectsParts {
  readonly deck: DeckActions;
  readonly name: string;
  /** How the kind's objects are served now. */
  readonly form: (kind: Kind) => Form;
  /** Of all components of this deck. */
  readonly views: SharedViews;
  readonly listen: (kind: Kind, listener: (change: ObjectChange) => void) => Disposable;
}

export class DeckObjects implements Objects {
  readonly #parts: DeckObjectsParts;

  constructor(parts: DeckObjectsParts) {
    this.#parts = parts;
  }

  /** What selects everything is shared by all its users; a selection has a view of its own. */
  view<T extends KubeObject>(
    kind: Kind<T>,
    { namespace = "", labels = [], fields = "", indexes = {} }: ViewOptions<T> = {},
  ): View<T> {
    const selection = { namespace, labels, fields: parseFieldSelector(fields) };
    if (namespace !== "" || labels.length > 0 || selection.fields.length > 0)
      return this.#open(kind, selection, indexes);
    return this.#parts.views.use(kind, indexes, () => this.#open(kind, selection, {}));
  }

  get<T extends KubeObject>(kind: Kind<T>, key: ObjectKey): Promise<Live<T> | null> {
    return Promise.resolve((this.#parts.deck.read(kind, key)?.object ?? null) as Live<T> | null);
  }

  async create<T extends KubeObject>(kind: Kind<T>, object: T, options: WriteOptions = {}): Promise<Live<T>> {
    const { stored } = await this.#parts.deck.create(kind, object, this.#request(options));
    return stored.object as Live<T>;
  }

  async change<T extends KubeObject>(
    kind: Kind<T>,
    key: ObjectKey,
    decide: (live: Live<T>) => T | null,
    options: WriteOptions = {},
  ): Promise<Live<T> | null> {
    let isWanted = true;
    const edit = (live: KubeObject): KubeObject => {
      const next = decide(live as Live<T>);
      isWanted = next !== null;
      return next ?? live;
    };
    try {
      const { stored } = await this.#parts.deck.update(kind, key, edit, this.#request(options));
      return isWanted ? (stored.object as Live<T>) : null;
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === "NotFound") return null;
      throw thrown;
    }
  }

  async remove<T extends KubeObject>(kind: Kind<T>, key: ObjectKey, options: RemoveOptions = {}): Promise<boolean> {
    try {
      await this.#parts.deck.remove(kind, key, options, this.#request({}));
      return true;
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === "NotFound") return false;
      throw thrown;
    }
  }

  #open<T extends KubeObject>(kind: Kind<T>, selection: Selection, indexes: Indexes<T>): IndexedView<T> {
    const { namespace } = selection;
    const test = compileSelection(kind, selection);
    const view = new IndexedView<T>(indexes, () => listening[Symbol.dispose]());
    const listening = this.#parts.listen(kind, ({ key, next }) => {
      if (namespace !== "" && !key.startsWith(`${namespace}/`)) return;
      if (next === null || (test !== null && !test(next))) view.delete(key);
      else view.put(key, next.as(this.#parts.form(kind)).lean as T);
    });
    for (const { key, lean } of this.#parts.deck.list(kind, selection).stored) view.put(key, lean as T);
    view.markSynced();
    return view;
  }

  #request({ manager = this.#parts.name, subresource }: WriteOptions): WriteRequest {
    return { manager, ...(subresource && { subresource }) };
  }
}
