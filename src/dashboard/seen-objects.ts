/** Live views of the kinds that the dashboard's pages read, each opened once. */
import type { Objects, View } from "#deck/objects.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";

export class SeenObjects implements Disposable {
  readonly #views: ReadonlyMap<string, View<KubeObject>>;

  constructor(objects: Pick<Objects, "view">, kinds: Iterable<Kind>) {
    this.#views = new Map([...new Set(kinds)].map((kind) => [nameOf(kind), objects.view(kind)]));
  }

  /** Throws a RangeError for a kind that no page needs: name it in the page's `needs`. */
  of<T extends KubeObject>(kind: Kind<T>): View<T> {
    const view = this.#views.get(nameOf(kind));
    if (view === undefined) throw new RangeError(`no page of the dashboard needs ${kind.plural}`);
    return view as View<T>; // Opened with this very kind.
  }

  [Symbol.dispose](): void {
    for (const view of this.#views.values()) view[Symbol.dispose]();
  }
}

function nameOf<T extends KubeObject>({ group, plural }: Kind<T>): string {
  return `${plural}.${group}`;
}
