/** CustomResourceDefinitions: their kinds are served as soon as they are written, answered with their conditions, and taken away with their objects. */
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import { kindOfDefinition } from "#kinds/admission/crd.ts";
import {
  type CustomResourceDefinition,
  customResourceDefinitionKind,
} from "#kinds/admission/custom-resource-definition.ts";
import { type Told, withCondition } from "#kinds/conditions.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Admission } from "./admission.ts";
import type { Collection, ObjectChange } from "./collection.ts";
import type { Keeper } from "./controller.ts";
import type { Objects } from "./objects.ts";
import type { Registry } from "./registry.ts";
import type { Stored } from "./stored.ts";

const FINALIZER = "customresourcecleanup.apiextensions.k8s.io";
// Others get their turn while the journal writes a batch.
const REMOVED_AT_ONCE = 100;

/** A new definition holds itself until its objects are gone. */
export const definitionCleanup: Admission<CustomResourceDefinition> = {
  name: "DefinitionCleanup",
  kinds: [customResourceDefinitionKind],
  on: ["create"],
  admit({ object }) {
    const others = (object.metadata.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER);
    return { ...object, metadata: { ...object.metadata, finalizers: [...others, FINALIZER] } };
  },
};

export interface ServingParts {
  readonly registry: Registry;
  readonly definitions: Collection;
  readonly log: Log;
}

/** Serves the kinds of what is there, then of everything that changes: at once, so that who has written a definition can use it. */
export function serveDefinitions({ registry, definitions, log }: ServingParts): Disposable {
  const see = ({ next, previous }: ObjectChange): void => {
    if (next === null) {
      if (previous !== null) registry.define(previous.object.metadata.name, []);
      return;
    }
    const definition = next.object as CustomResourceDefinition;
    const before = previous?.object as CustomResourceDefinition | undefined;
    if (before !== undefined && sameJson(before.spec, definition.spec)) return;
    try {
      if (conflictOf(definition, registry.all()) === null) serve(definition, registry);
    } catch (thrown) {
      log.error("a definition cannot be served", { definition: definition.metadata.name, reason: reasonOf(thrown) });
    }
  };
  for (const stored of definitions.from(""))
    see({ key: stored.key, revision: stored.revision, next: stored, previous: null });
  return definitions.listen(see);
}

function serve(definition: CustomResourceDefinition, registry: Registry): void {
  const served = definition.spec.versions.filter((version) => version.served);
  const kinds = served.map((version) => kindOfDefinition(definition, version.name));
  // The stored version first: it is the one in which objects are kept.
  registry.define(
    definition.metadata.name,
    kinds.toSorted((a, b) => Number(a.storedAs !== undefined) - Number(b.storedAs !== undefined)),
  );
}

export interface DefinitionKeeperParts {
  readonly objects: Objects;
  readonly registry: Registry;
  readonly collectionOf: (kind: Kind) => Collection;
  readonly clock: Clock;
}

/** Answers with the status; when a definition is going, removes its objects, and lets it go after the last of them. */
export class DefinitionKeeper implements Keeper<CustomResourceDefinition> {
  readonly name = "apiextensions";
  readonly kind: Kind<CustomResourceDefinition> = customResourceDefinitionKind;
  readonly #parts: DefinitionKeeperParts;
  /** Definitions that wait for their last object to go. */
  readonly #waiting = new Map<ObjectKey, Disposable>();
  #wake: (key: ObjectKey) => void = () => {};

  constructor(parts: DefinitionKeeperParts) {
    this.#parts = parts;
  }

  listen(wake: (key: ObjectKey) => void): Disposable {
    this.#wake = wake;
    return { [Symbol.dispose]: () => [...this.#waiting.keys()].forEach((key) => this.#waitNoMore(key)) };
  }

  async keep(key: ObjectKey, definition: CustomResourceDefinition | undefined): Promise<undefined> {
    if (definition === undefined) this.#waitNoMore(key);
    else if (definition.metadata.deletionTimestamp === undefined) await this.#accept(key, definition);
    else if (definition.metadata.finalizers?.includes(FINALIZER) === true) await this.#end(key, definition);
  }

  async #accept(key: ObjectKey, { metadata: { name }, spec }: CustomResourceDefinition): Promise<void> {
    const { objects, registry, clock } = this.#parts;
    const isServed = registry.all().some(({ definedBy }) => definedBy === name);
    await objects.change(
      this.kind,
      key,
      (live) => {
        const conflict = conflictOf(live, registry.all());
        // Nobody is told that a kind is established which could not be served.
        if (conflict === null && !isServed && spec.versions.some(({ served }) => served)) return null;
        const next = acceptDefinition(live, conflict, clock.now());
        return next === live ? null : next;
      },
      { subresource: "status" },
    );
  }

  async #end(key: ObjectKey, { metadata: { name } }: CustomResourceDefinition): Promise<void> {
    const { objects, registry, collectionOf } = this.#parts;
    const kind = registry.all().find(({ definedBy }) => definedBy === name);
    const collection = kind === undefined ? null : collectionOf(kind);
    if (kind !== undefined && collection !== null) {
      if (!this.#waiting.has(key))
        this.#waiting.set(
          key,
          collection.listen(() => this.#wake(key)),
        );
      const keys = [...collection.from("")].filter(isStaying).map((stored) => stored.key);
      for (let at = 0; at < keys.length; at += REMOVED_AT_ONCE)
        await Promise.all(keys.slice(at, at + REMOVED_AT_ONCE).map((each) => objects.remove(kind, each)));
      // The last of them wakes us when it goes.
      if (collection.size > 0) return;
    }
    await objects.change(this.kind, key, withoutFinalizer);
    this.#waitNoMore(key);
  }

  #waitNoMore(key: ObjectKey): void {
    this.#waiting.get(key)?.[Symbol.dispose]();
    this.#waiting.delete(key);
  }
}

function isStaying({ object }: Stored): boolean {
  return object.metadata.deletionTimestamp === undefined;
}

function withoutFinalizer(live: CustomResourceDefinition): CustomResourceDefinition | null {
  const { finalizers = [] } = live.metadata;
  if (!finalizers.includes(FINALIZER)) return null;
  return { ...live, metadata: { ...live.metadata, finalizers: finalizers.filter((name) => name !== FINALIZER) } };
}

/** Why the names cannot be had: somebody else in the group has one of them. Null when they can. */
function conflictOf({ metadata, spec }: CustomResourceDefinition, kinds: readonly Kind[]): string | null {
  const others = kinds.filter((kind) => kind.group === spec.group && kind.definedBy !== metadata.name);
  const taken = new Set(others.flatMap(({ plural, singular, shortNames = [] }) => [plural, singular, ...shortNames]));
  const { plural, singular = spec.names.kind.toLowerCase(), shortNames = [], kind } = spec.names;
  const conflict = [plural, singular, ...shortNames].find((name) => taken.has(name));
  if (conflict !== undefined) return `"${conflict}" is already in use`;
  return others.some((other) => other.kind === kind) ? `"${kind}" is already in use` : null;
}

/** The definition with the status that it should have; the same object when it has it. */
export function acceptDefinition(
  definition: CustomResourceDefinition,
  conflict: string | null,
  now: number,
): CustomResourceDefinition {
  const { names, versions } = definition.spec;
  const conditions = (conflict === null ? ACCEPTED : refusedNames(conflict)).reduce(
    (before, told) => withCondition(before, told, now),
    definition.status?.conditions ?? [],
  );
  const stored = versions.filter(({ storage }) => storage).map(({ name }) => name);
  const status = {
    conditions,
    acceptedNames:
      conflict === null
        ? { listKind: `${names.kind}List`, singular: names.kind.toLowerCase(), ...names }
        : (definition.status?.acceptedNames ?? { kind: "", plural: "" }),
    storedVersions: [...new Set([...(definition.status?.storedVersions ?? []), ...stored])],
  };
  return sameJson(status, definition.status) ? definition : { ...definition, status };
}

const ACCEPTED: readonly Told[] = [
  { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" },
  {
    type: "Established",
    status: "True",
    reason: "InitialNamesAccepted",
    message: "the initial names have been accepted",
  },
];

function refusedNames(conflict: string): readonly Told[] {
  return [
    { type: "NamesAccepted", status: "False", reason: "NameConflict", message: conflict },
    { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" },
  ];
}
