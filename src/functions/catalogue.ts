/** What is deployed: every function with its versions and aliases, as the objects say, and the fleet of each. Never runs anything. */
import { Histogram } from "#base/histogram.ts";
import { sameJson } from "#base/json.ts";
import { keyOf, type ObjectKey } from "#base/key.ts";
import type { Objects, View } from "#deck/objects.ts";
import { functionAliasKind, type FunctionAlias, type FunctionAliasSpec } from "#kinds/catamaran/function-alias.ts";
import { functionKind, type FunctionObject } from "#kinds/catamaran/function.ts";
import { type Configured, functionVersionKind, type FunctionVersion } from "#kinds/catamaran/function-version.ts";
import { layerVersionKind, type LayerVersion } from "#kinds/catamaran/layer-version.ts";
import { versionFor } from "./alias-routing.ts";
import type { Figures, Fleet } from "./fleet.ts";
import type { Provisioned } from "./provisioned.ts";
import { LATEST, type Settings, settingsOf } from "./settings.ts";

/** One version with its environments. */
export interface Target {
  readonly deployed: Deployed;
  readonly fleet: Fleet;
  readonly provisioned: Provisioned;
  readonly isActive: boolean;
}

/** One function with all its versions. */
export class Deployed {
  readonly figures: Figures = {
    durations: new Histogram(),
    counters: { invocations: 0, errors: 0, throttles: 0, coldStarts: 0 },
  };
  readonly versions: Map<string, Target> = new Map();
  readonly aliases: Map<string, FunctionAliasSpec> = new Map();
  /** Provisioned concurrency of versions, not of their aliases. */
  readonly ownProvisioned: Map<string, number> = new Map();
  latest: Target | undefined;
  /** Invocations in flight of all versions, starts included: what reserved concurrency counts. */
  running = 0;

  get reserved(): number | null {
    return this.latest?.fleet.settings.reservedConcurrency ?? null;
  }

  /** Undefined: there is no such version or alias. `chance` of [0, 1) is asked for by aliases alone. */
  target(qualifier: string | undefined, chance: () => number): Target | undefined {
    if (qualifier === undefined || qualifier === LATEST) return this.latest;
    // Versions end with their function, though their objects may be removed a moment later.
    if (this.latest === undefined) return undefined;
    const alias = this.aliases.get(qualifier);
    if (alias === undefined) return this.versions.get(qualifier);
    const version = versionFor(alias, chance());
    return version === LATEST ? this.latest : this.versions.get(version);
  }

  /** What is asked for of a version, by itself or by an alias of it. */
  provisionedOf(version: string): number {
    const aliases = [...this.aliases.values()].filter((alias) => alias.version === version);
    const own = this.ownProvisioned.get(version) ?? 0;
    return aliases.reduce((total, { provisionedConcurrency = 0 }) => total + provisionedConcurrency, own);
  }

  get fleets(): readonly Fleet[] {
    const all = [...this.versions.values()].map(({ fleet }) => fleet);
    return this.latest === undefined ? all : [this.latest.fleet, ...all];
  }

  get isEmpty(): boolean {
    return this.latest === undefined && this.versions.size === 0 && this.aliases.size === 0;
  }
}

export interface CatalogueTools {
  readonly objects: Objects;
  readonly newFleet: (settings: Settings, figures: Figures) => Fleet;
  readonly newProvisioned: (fleet: Fleet) => Provisioned;
  /** Something about a function changed. */
  readonly onChange: (key: ObjectKey) => void;
  /** Code that was deployed may not be needed any more. */
  readonly onCodeGone: () => void;
}

export class Catalogue implements Disposable {
  readonly functions: View<FunctionObject>;
  readonly versions: View<FunctionVersion>;
  readonly #aliases: View<FunctionAlias>;
  readonly #layers: View<LayerVersion>;
  readonly #tools: CatalogueTools;
  readonly #deployed = new Map<ObjectKey, Deployed>();
  readonly #subscriptions: readonly Disposable[];
  /** Kept up to date with every object, so that an invocation need not add it up. */
  #reservedTotal = 0;

  constructor(tools: CatalogueTools) {
    const { objects } = tools;
    this.#tools = tools;
    this.functions = objects.view(functionKind);
    this.versions = objects.view(functionVersionKind);
    this.#aliases = objects.view(functionAliasKind);
    this.#layers = objects.view(layerVersionKind);
    this.#subscriptions = [
      this.functions.onChange((key, next) => this.#seeFunction(key, next)),
      this.versions.onChange((_key, next, previous) => this.#seeVersion(next, previous)),
      this.#aliases.onChange((_key, next, previous) => this.#seeAlias(next, previous)),
      this.#layers.onChange((_key, next) => {
        if (next === undefined) tools.onCodeGone();
      }),
    ];
  }

  /** Resolves when everything that existed at the start is known. */
  get synced(): Promise<unknown> {
    return Promise.all(this.#views.map(({ synced }) => synced));
  }

  get #views(): readonly (Disposable & { readonly synced: Promise<void> })[] {
    return [this.functions, this.versions, this.#aliases, this.#layers];
  }

  get(key: ObjectKey): Deployed | undefined {
    return this.#deployed.get(key);
  }

  entries(): Iterable<readonly [ObjectKey, Deployed]> {
    return this.#deployed;
  }

  get reservedTotal(): number {
    return this.#reservedTotal;
  }

  /** The packages that functions and their versions need. */
  *packages(): Iterable<string> {
    for (const { spec } of [...this.functions.list(), ...this.versions.list()]) {
      yield spec.code.sha256;
      for (const { code } of spec.layers ?? []) yield code.sha256;
    }
    for (const { spec } of this.#layers.list()) yield spec.code.sha256;
  }

  #seeFunction(key: ObjectKey, next: FunctionObject | undefined): void {
    const deployed = this.#of(key);
    const before = deployed.reserved ?? 0;
    deployed.latest = this.#targetOf(deployed, deployed.latest, next);
    this.#reservedTotal += (deployed.reserved ?? 0) - before;
    this.#changed(key, deployed);
  }

  #seeVersion(next: FunctionVersion | undefined, previous: FunctionVersion | undefined): void {
    const one = next ?? previous;
    if (one === undefined) return;
    const key = keyOf(one.metadata.namespace ?? "default", one.spec.function);
    const deployed = this.#of(key);
    const version = String(one.spec.version);
    const target = this.#targetOf(deployed, deployed.versions.get(version), next);
    if (target === undefined) deployed.versions.delete(version);
    else deployed.versions.set(version, target);
    deployed.ownProvisioned.set(version, next?.spec.provisionedConcurrency ?? 0);
    this.#changed(key, deployed);
  }

  #seeAlias(next: FunctionAlias | undefined, previous: FunctionAlias | undefined): void {
    const one = next ?? previous;
    if (one === undefined) return;
    const key = keyOf(one.metadata.namespace ?? "default", one.spec.function);
    const deployed = this.#of(key);
    if (next === undefined) deployed.aliases.delete(one.spec.alias);
    else deployed.aliases.set(one.spec.alias, next.spec);
    this.#changed(key, deployed);
  }

  #of(key: ObjectKey): Deployed {
    const found = this.#deployed.get(key);
    if (found !== undefined) return found;
    const made = new Deployed();
    this.#deployed.set(key, made);
    return made;
  }

  #changed(key: ObjectKey, deployed: Deployed): void {
    for (const [version, { provisioned, isActive }] of deployed.versions)
      provisioned.request(isActive ? deployed.provisionedOf(version) : 0);
    if (deployed.isEmpty) this.#deployed.delete(key);
    this.#tools.onChange(key);
  }

  #targetOf(deployed: Deployed, before: Target | undefined, object: Configured | undefined): Target | undefined {
    const settings = object === undefined ? null : settingsOf(object);
    if (before !== undefined && !isSameCode(before.fleet.settings, settings)) this.#tools.onCodeGone();
    if (object === undefined || settings === null) {
      before?.provisioned.close();
      before?.fleet.close();
      return undefined;
    }
    const isActive = object.status?.state === "Active";
    const fleet = before?.fleet ?? this.#tools.newFleet(settings, deployed.figures);
    fleet.change(settings);
    return { deployed, fleet, provisioned: before?.provisioned ?? this.#tools.newProvisioned(fleet), isActive };
  }

  [Symbol.dispose](): void {
    for (const subscription of this.#subscriptions) subscription[Symbol.dispose]();
    for (const view of this.#views) view[Symbol.dispose]();
    for (const { versions } of this.#deployed.values())
      for (const target of versions.values()) target.provisioned.close();
    for (const { fleets } of this.#deployed.values()) for (const fleet of fleets) fleet.close();
  }
}

function isSameCode(a: Settings, b: Settings | null): boolean {
  return a.codeSha256 === b?.codeSha256 && sameJson(a.layers, b.layers);
}
