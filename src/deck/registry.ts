/** The kinds that are served now: built-ins, and those that CustomResourceDefinitions add and take away. */
import { type Kind, resourceOf } from "#kinds/kind.ts";

export class Registry {
  readonly #kinds = new Map<string, Kind>();
  readonly #listeners = new Set<() => void>();

  constructor(kinds: readonly Kind[]) {
    for (const kind of kinds) this.#kinds.set(pathOf(kind), kind);
  }

  kind(group: string, version: string, plural: string): Kind | undefined {
    return this.#kinds.get(pathOf({ group, version, plural }));
  }

  all(): readonly Kind[] {
    return [...this.#kinds.values()];
  }

  /** By what an object says of itself. */
  named(apiVersion: string, kind: string): Kind | undefined {
    const [group, version] = apiVersion.includes("/") ? apiVersion.split("/") : ["", apiVersion];
    return this.all().find(
      (candidate) => candidate.group === group && candidate.version === version && candidate.kind === kind,
    );
  }

  /** Any version of "deployments.apps". */
  resource(name: string): Kind | undefined {
    return this.all().find((candidate) => resourceOf(candidate) === name);
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Replaces everything that the definition `definedBy` serves; an empty list takes it away. */
  define(definedBy: string, kinds: readonly Kind[]): void {
    for (const [path, kind] of this.#kinds) if (kind.definedBy === definedBy) this.#kinds.delete(path);
    for (const kind of kinds) this.#kinds.set(pathOf(kind), kind);
    for (const listener of this.#listeners) listener();
  }
}

function pathOf(kind: { readonly group: string; readonly version: string; readonly plural: string }): string {
  return `${kind.group}/${kind.version}/${kind.plural}`;
}

/** The first two segments of journal keys: every version of a kind shares them. */
export function storageOf(served: Kind): string {
  const kind = served.storedAs?.kind ?? served;
  return `${kind.group === "" ? "core" : kind.group}/${kind.plural}`;
}
