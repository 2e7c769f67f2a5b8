/** The views of what one controller or keeper watches: one per kind, with the indexes of every entry that declared some. */
import { type Kind, resourceOf } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Seen, Watcher } from "./controller.ts";
import type { Objects, View } from "./objects.ts";
import { storageOf } from "./registry.ts";
import type { Indexes } from "./views.ts";

export class WatchedViews implements Seen, Disposable {
  /** Resolves once every view has everything that existed at the start. */
  readonly synced: Promise<unknown>;
  readonly #name: string;
  readonly #views: ReadonlyMap<string, View<KubeObject>>;

  constructor({ name, kind, indexes = {}, watches = [] }: Watcher, objects: Pick<Objects, "view">) {
    const wanted = new Map<string, { readonly kind: Kind; readonly indexes: Indexes<KubeObject> }>();
    for (const each of [{ kind, indexes }, ...watches]) {
      const before = wanted.get(resourceOf(each.kind));
      wanted.set(resourceOf(each.kind), { kind: each.kind, indexes: { ...before?.indexes, ...each.indexes } });
    }
    this.#name = name;
    this.#views = new Map([...wanted].map(([key, each]) => [key, objects.view(each.kind, { indexes: each.indexes })]));
    this.synced = Promise.all([...this.#views.values()].map((view) => view.synced));
  }

  view<T extends KubeObject>(kind: Kind<T>): View<T> {
    const view = this.find(kind);
    if (view === undefined) throw new RangeError(`${this.#name} looks at ${storageOf(kind)} but does not watch it`);
    return view;
  }

  /** Undefined for a kind that is not watched. */
  find<T extends KubeObject>(kind: Kind<T>): View<T> | undefined {
    // Opened for this very kind: the one place where a view's type is taken on trust.
    return this.#views.get(resourceOf(kind)) as View<T> | undefined;
  }

  [Symbol.dispose](): void {
    for (const view of this.#views.values()) view[Symbol.dispose]();
  }
}
