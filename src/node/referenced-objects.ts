/** Live configMaps and secrets that pods of this node refer to: one small view each, shared, closed with the last pod. */
import { keyOf } from "#base/key.ts";
import type { Objects, View } from "#deck/objects.ts";
import { configMapKind } from "#kinds/core/config-map.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { secretKind } from "#kinds/core/secret.ts";
import type { Sources } from "#pods/environment.ts";
import type { References } from "#pods/references.ts";

interface Shared {
  readonly view: View<KubeObject>;
  readonly listening: Disposable;
  readonly users: Set<() => void>;
}

export class ReferencedObjects implements Disposable {
  readonly #objects: Objects;
  readonly #shared = new Map<string, Shared>();

  constructor(objects: Objects) {
    this.#objects = objects;
  }

  /** Resolves once everything that exists is known; `onChange` is called when one of them changes later. */
  async open(namespace: string, references: References, onChange: () => void): Promise<Sources & Disposable> {
    const ids = [
      ...references.configMaps.map((name) => idOf(configMapKind, namespace, name)),
      ...references.secrets.map((name) => idOf(secretKind, namespace, name)),
    ];
    const opened = [
      ...references.configMaps.map((name) => this.#use(configMapKind, namespace, name, onChange)),
      ...references.secrets.map((name) => this.#use(secretKind, namespace, name, onChange)),
    ];
    await Promise.all(opened.map(({ view }) => view.synced));
    const find = (kind: Kind, name: string): KubeObject | undefined =>
      this.#shared.get(idOf(kind, namespace, name))?.view.get(keyOf(namespace, name));
    return {
      configMap: (name) => find(configMapKind, name),
      secret: (name) => find(secretKind, name),
      [Symbol.dispose]: () => ids.forEach((id) => this.#leave(id, onChange)),
    };
  }

  #use(kind: Kind, namespace: string, name: string, onChange: () => void): Shared {
    const id = idOf(kind, namespace, name);
    const known = this.#shared.get(id);
    if (known !== undefined) {
      known.users.add(onChange);
      return known;
    }
    const view = this.#objects.view(kind, { namespace, fields: `metadata.name=${name}` });
    const users = new Set([onChange]);
    const listening = view.onChange(() => users.forEach((tell) => tell()));
    const shared: Shared = { view, listening, users };
    this.#shared.set(id, shared);
    return shared;
  }

  #leave(id: string, onChange: () => void): void {
    const shared = this.#shared.get(id);
    shared?.users.delete(onChange);
    if (shared === undefined || shared.users.size > 0) return;
    this.#shared.delete(id);
    shared.listening[Symbol.dispose]();
    shared.view[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    for (const { listening, view } of this.#shared.values()) {
      listening[Symbol.dispose]();
      view[Symbol.dispose]();
    }
    this.#shared.clear();
  }
}

function idOf(kind: Kind, namespace: string, name: string): string {
  return `${kind.plural}/${namespace}/${name}`;
}
