/** Follows CustomResourceDefinitions: serves their kinds, answers with their conditions, and takes their objects with them. */
import { timestamp, type Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import type { Log } from "#base/log.ts";
import { Tasks } from "#base/tasks.ts";
import { kindOfDefinition } from "#kinds/admission/crd.ts";
import {
  type CustomResourceDefinition,
  customResourceDefinitionKind,
} from "#kinds/admission/custom-resource-definition.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Condition } from "#kinds/object.ts";
import type { Admission } from "./admission.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Collection, ObjectChange } from "./collection.ts";
import type { Registry } from "./registry.ts";
import type { Selection } from "./selection.ts";
import type { WriteRequest } from "./write-request.ts";

const FINALIZER = "customresourcecleanup.apiextensions.k8s.io";
const me: WriteRequest = { manager: "apiextensions" };

export interface DefinitionsParts {
  readonly registry: Registry;
  readonly collectionOf: (kind: Kind) => Collection;
  readonly update: (
    kind: Kind,
    key: string,
    edit: (live: KubeObject) => KubeObject,
    request: WriteRequest,
  ) => Promise<unknown>;
  readonly removeAll: (kind: Kind, selection: Selection, options: object, request: WriteRequest) => Promise<unknown>;
  readonly clock: Clock;
  readonly log: Log;
}

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

/** Takes in what is there, then everything that changes. */
export function followDefinitions(parts: DefinitionsParts): Disposable {
  const definitions = new Definitions(parts);
  const collection = parts.collectionOf(customResourceDefinitionKind);
  for (const stored of collection.from(""))
    definitions.see({ key: stored.key, revision: stored.revision, next: stored, previous: null });
  return collection.listen((change) => definitions.see(change));
}

class Definitions {
  readonly #parts: DefinitionsParts;
  readonly #tasks: Tasks;
  /** Definitions that wait for their last object to go. */
  readonly #ending = new Map<string, Disposable>();

  constructor(parts: DefinitionsParts) {
    this.#parts = parts;
    this.#tasks = new Tasks(parts.log);
  }

  see({ key, next, previous }: ObjectChange): void {
    const { registry, log } = this.#parts;
    if (next === null) {
      if (previous !== null) registry.define(previous.object.metadata.name, []);
      return;
    }
    const definition = next.object as CustomResourceDefinition;
    const { name } = definition.metadata;
    try {
      const conflict = conflictOf(definition, registry.all());
      if (conflict === null) this.#serve(definition, previous?.object as CustomResourceDefinition | undefined);
      if (definition.metadata.deletionTimestamp === undefined)
        this.#tasks.run(`status of ${name}`, () => this.#accept(key, conflict));
      else this.#end(key, definition);
    } catch (thrown) {
      log.error("a definition cannot be served", { definition: name, reason: reasonOf(thrown) });
    }
  }

  #serve(definition: CustomResourceDefinition, before: CustomResourceDefinition | undefined): void {
    if (before !== undefined && sameJson(before.spec, definition.spec)) return;
    const served = definition.spec.versions.filter((version) => version.served);
    const kinds = served.map((version) => kindOfDefinition(definition, version.name));
    // The stored version first: it is the one in which objects are kept.
    this.#parts.registry.define(
      definition.metadata.name,
      kinds.toSorted((a, b) => Number(a.storedAs !== undefined) - Number(b.storedAs !== undefined)),
    );
  }

  async #accept(key: string, conflict: string | null): Promise<void> {
    const { update, clock } = this.#parts;
    const edit = (live: KubeObject): KubeObject =>
      acceptDefinition(live as CustomResourceDefinition, conflict, timestamp(clock.now()));
    await update(customResourceDefinitionKind, key, edit, { ...me, subresource: "status" });
  }

  /** Removes the definition's objects; when the last one is gone, lets the definition go. */
  #end(key: string, definition: CustomResourceDefinition): void {
    const { name } = definition.metadata;
    const kind = this.#parts.registry.all().find(({ definedBy }) => definedBy === name);
    if (this.#ending.has(key) || definition.metadata.finalizers?.includes(FINALIZER) !== true) return;
    const collection = kind === undefined ? null : this.#parts.collectionOf(kind);
    const finish = (): void => {
      if (collection !== null && collection.size > 0) return;
      this.#ending.get(key)?.[Symbol.dispose]();
      this.#ending.delete(key);
      this.#tasks.run(`end of ${name}`, () => this.#release(key));
    };
    if (collection !== null) this.#ending.set(key, collection.listen(finish));
    if (kind !== undefined) this.#tasks.run(`objects of ${name}`, () => this.#parts.removeAll(kind, {}, {}, me));
    finish();
  }

  async #release(key: string): Promise<void> {
    const edit = (live: KubeObject): KubeObject => ({
      ...live,
      metadata: {
        ...live.metadata,
        finalizers: (live.metadata.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER),
      },
    });
    await this.#parts.update(customResourceDefinitionKind, key, edit, me);
  }
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
  now: string,
): CustomResourceDefinition {
  const { names, versions } = definition.spec;
  const isAccepted = conflict === null;
  const wanted: readonly Condition[] = isAccepted
    ? [
        { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" },
        {
          type: "Established",
          status: "True",
          reason: "InitialNamesAccepted",
          message: "the initial names have been accepted",
        },
      ]
    : [
        { type: "NamesAccepted", status: "False", reason: "NameConflict", message: conflict },
        { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" },
      ];
  const before = definition.status?.conditions ?? [];
  const conditions = wanted.map((condition) => ({
    lastTransitionTime: transitionTime(before, condition) ?? now,
    ...condition,
  }));
  const kept = before.filter(({ type }) => !wanted.some((condition) => condition.type === type));
  const stored = versions.filter(({ storage }) => storage).map(({ name }) => name);
  const status = {
    conditions: [...kept, ...conditions],
    acceptedNames: isAccepted
      ? { listKind: `${names.kind}List`, singular: names.kind.toLowerCase(), ...names }
      : (definition.status?.acceptedNames ?? { kind: "", plural: "" }),
    storedVersions: [...new Set([...(definition.status?.storedVersions ?? []), ...stored])],
  };
  return sameJson(status, definition.status) ? definition : { ...definition, status };
}

function transitionTime(before: readonly Condition[], { type, status }: Condition): string | undefined {
  const same = before.find((condition) => condition.type === type && condition.status === status);
  return same?.lastTransitionTime;
}
