/** Garbage collector: objects go when their owners have gone; foreground and orphan deletion are its finalizers. */
import { keyOf, nameOf, type ObjectKey } from "#base/key.ts";
import { type Controller, type Plan, type Seen, watching } from "#deck/controller.ts";
import type { Change, RemoveOptions } from "#deck/objects.ts";
import type { Kind } from "#kinds/kind.ts";
import { type Namespace, namespaceKind } from "#kinds/core/namespace.ts";
import { keyOfObject, type KubeObject, type OwnerReference } from "#kinds/object.ts";
import { withoutOwner, withOwners } from "#kinds/owners.ts";
import { patchTo, warningEvent } from "./changes.ts";

const FOREGROUND = "foregroundDeletion";
const ORPHAN = "orphan";

const OWNER_INDEX = {
  owner: (object: KubeObject): readonly string[] => (object.metadata.ownerReferences ?? []).map(({ uid }) => uid),
};

/**
 * Looks at all `kinds`; a new one is needed when definitions add some. Its keys name a kind and an object
 * ("apps/replicasets namespace/name"), so the kind that every controller must have is only a formality.
 */
export function garbageCollector(kinds: readonly Kind[]): Controller<Namespace> {
  const watched = kinds.filter(isWatched);
  const graph = new Graph(watched);
  const namespaces = watching({ kind: namespaceKind, wakes: () => [] });
  return {
    name: "generic-garbage-collector",
    kind: namespaceKind,
    watches: [
      namespaces,
      ...watched.map((kind) =>
        watching({ kind, indexes: OWNER_INDEX, wakes: (object, seen) => graph.wakes(kind, object, seen) }),
      ),
    ],
    plan: (key, _namespace, seen) => graph.plan(key, seen),
  };
}

/** Stored, in its own form, and worth it: metrics come and go by themselves. */
export function isWatched(kind: Kind): boolean {
  return kind.isEphemeral !== true && kind.storedAs === undefined && kind.isCollected !== false;
}

interface Found {
  readonly kind: Kind;
  readonly object: KubeObject;
}

/** Of an owner. "stray": a namespaced owner of a cluster-scoped object, of which nobody can say whether it is there. */
type Standing = "solid" | "gone" | "waiting" | "stray";

class Graph {
  readonly #kinds: readonly Kind[];

  constructor(kinds: readonly Kind[]) {
    this.#kinds = kinds;
  }

  /** The object itself, and its dependents once it is gone or going. */
  wakes(kind: Kind, object: KubeObject, seen: Seen): readonly ObjectKey[] {
    const { ownerReferences = [], deletionTimestamp, uid = "" } = object.metadata;
    const own = ownerReferences.length > 0 || deletionTimestamp !== undefined ? [keyFor(kind, object)] : [];
    const isThere = seen.view(kind).get(keyOfObject(object))?.metadata.uid === uid;
    // A dependent that goes may be what its owner waits for.
    const owners = ownerReferences.flatMap((reference) => this.#ownerKey(reference, object) ?? []);
    if (isThere && deletionTimestamp === undefined) return [...own, ...owners];
    return [...own, ...owners, ...this.#dependents(uid, seen).map((found) => keyFor(found.kind, found.object))];
  }

  plan(key: ObjectKey, seen: Seen): Plan {
    const found = this.#find(key, seen);
    if (found === undefined) return { changes: [] };
    const { finalizers = [], deletionTimestamp, ownerReferences = [] } = found.object.metadata;
    if (deletionTimestamp !== undefined && finalizers.includes(ORPHAN)) return { changes: this.#orphan(found, seen) };
    if (deletionTimestamp !== undefined && finalizers.includes(FOREGROUND))
      return { changes: this.#awaitDependents(found, seen) };
    if (deletionTimestamp !== undefined || ownerReferences.length === 0) return { changes: [] };
    return { changes: [...this.#reportStrays(found.object, seen), ...this.#judge(found, seen)] };
  }

  #find(key: ObjectKey, seen: Seen): Found | undefined {
    const [path = "", objectKey = ""] = key.split(" ");
    const kind = this.#kinds.find((candidate) => pathOf(candidate) === path);
    const object = kind && seen.view(kind).get(objectKey);
    return kind === undefined || object === undefined ? undefined : { kind, object };
  }

  #dependents(uid: string, seen: Seen): readonly Found[] {
    if (uid === "") return [];
    return this.#kinds.flatMap((kind) =>
      seen
        .view(kind)
        .by("owner", uid)
        .map((object) => ({ kind, object })),
    );
  }

  /** Goes when no owner is left; forgets those that are gone when some are. Upstream's attemptToDeleteItem. */
  #judge(found: Found, seen: Seen): readonly Change[] {
    const { object } = found;
    const references = object.metadata.ownerReferences ?? [];
    const standings = references.map((reference) => this.#standing(reference, object, seen));
    if (standings.includes("stray")) return [];
    const solid = references.filter((_, at) => standings[at] === "solid");
    if (solid.length === references.length) return [];
    if (solid.length > 0) return patchTo(found.kind, object, withOwners(object, solid));
    const hasDependents = this.#dependents(object.metadata.uid ?? "", seen).length > 0;
    return [removal(found, standings.includes("waiting") && hasDependents ? "Foreground" : propagationOf(object))];
  }

  #standing(reference: OwnerReference, dependent: KubeObject, seen: Seen): Standing {
    const kind = this.#kindOf(reference);
    // Nobody here knows this kind, so nobody can say that the owner is gone.
    if (kind === undefined) return "solid";
    if (kind.scope === "Namespaced" && (dependent.metadata.namespace ?? "") === "") return "stray";
    const owner = seen.view(kind).get(ownerKeyIn(kind, reference, dependent));
    if (owner === undefined || owner.metadata.uid !== reference.uid) return "gone";
    return isWaiting(owner) ? "waiting" : "solid";
  }

  /** Upstream's reportInvalidNamespaceOwnerRef: the owner is there, but where it cannot own this object. */
  #reportStrays(object: KubeObject, seen: Seen): readonly Change[] {
    const { namespace = "", ownerReferences = [] } = object.metadata;
    return ownerReferences
      .filter((reference) => this.#isElsewhere(reference, namespace, seen))
      .map(({ apiVersion, kind, name, uid }) => {
        const identity = `[${apiVersion}/${kind}, namespace: ${namespace}, name: ${name}, uid: ${uid}]`;
        const message = `ownerRef ${identity} does not exist in namespace "${namespace}"`;
        return warningEvent(object, "OwnerRefInvalidNamespace", message);
      });
  }

  #isElsewhere(reference: OwnerReference, namespace: string, seen: Seen): boolean {
    const kind = this.#kindOf(reference);
    if (kind === undefined || kind.scope === "Cluster") return false;
    const isAt = (home: string): boolean =>
      seen.view(kind).get(keyOf(home, reference.name))?.metadata.uid === reference.uid;
    if (namespace !== "" && isAt(namespace)) return false;
    return seen
      .view(namespaceKind)
      .list()
      .some(({ metadata }) => isAt(metadata.name));
  }

  #kindOf({ apiVersion, kind }: OwnerReference): Kind | undefined {
    const group = apiVersion.includes("/") ? apiVersion.slice(0, apiVersion.indexOf("/")) : "";
    return this.#kinds.find((candidate) => candidate.group === group && candidate.kind === kind);
  }

  #ownerKey(reference: OwnerReference, dependent: KubeObject): ObjectKey | undefined {
    const kind = this.#kindOf(reference);
    return kind && `${pathOf(kind)} ${ownerKeyIn(kind, reference, dependent)}`;
  }

  #orphan({ kind, object }: Found, seen: Seen): readonly Change[] {
    const { uid = "" } = object.metadata;
    const released = this.#dependents(uid, seen).flatMap(({ kind: its, object: dependent }) =>
      patchTo(its, dependent, withoutOwner(dependent, uid)),
    );
    return [...released, ...patchTo(kind, object, withoutFinalizer(object, ORPHAN))];
  }

  /** Stays until nobody blocks it; its dependents go by their own plans, which its deletion wakes. */
  #awaitDependents({ kind, object }: Found, seen: Seen): readonly Change[] {
    if (this.#blocking(object, seen).length === 0) return patchTo(kind, object, withoutFinalizer(object, FOREGROUND));
    return this.#isInCircle(object, seen) ? patchTo(kind, object, withoutBlocking(object)) : [];
  }

  #blocking({ metadata: { uid = "" } }: KubeObject, seen: Seen): readonly KubeObject[] {
    return this.#dependents(uid, seen)
      .map(({ object }) => object)
      .filter(({ metadata }) =>
        metadata.ownerReferences?.some((reference) => reference.uid === uid && reference.blockOwnerDeletion === true),
      );
  }

  /**
   * Whether it waits, by way of others that wait, for itself. Upstream asks only whether an owner and a dependent wait when it
   * deletes the one between them, and so misses a circle of which all are deleted at once.
   */
  #isInCircle(object: KubeObject, seen: Seen): boolean {
    const reached = new Set<string>();
    const line = [object];
    for (const next of line)
      for (const dependent of this.#blocking(next, seen)) {
        const { uid = "" } = dependent.metadata;
        if (uid === object.metadata.uid) return true;
        if (reached.has(uid) || !isWaiting(dependent)) continue;
        reached.add(uid);
        line.push(dependent);
      }
    return false;
  }
}

function isWaiting({ metadata }: KubeObject): boolean {
  return metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).includes(FOREGROUND);
}

/** No owner of it waits for it any more. */
function withoutBlocking(object: KubeObject): KubeObject {
  const references = object.metadata.ownerReferences ?? [];
  return withOwners(
    object,
    references.map((reference) =>
      reference.blockOwnerDeletion === true ? { ...reference, blockOwnerDeletion: false } : reference,
    ),
  );
}

function pathOf({ group, plural }: Kind): string {
  return `${group}/${plural}`;
}

function keyFor(kind: Kind, object: KubeObject): ObjectKey {
  return `${pathOf(kind)} ${keyOfObject(object)}`;
}

/** Owners live in the dependent's namespace or in none. */
function ownerKeyIn(kind: Kind, { name }: OwnerReference, dependent: KubeObject): ObjectKey {
  return keyOf(kind.scope === "Cluster" ? "" : nameOf(keyOfObject(dependent)).namespace, name);
}

function removal({ kind, object }: Found, propagation: NonNullable<RemoveOptions["propagation"]>): Change {
  const { uid } = object.metadata;
  return {
    verb: "remove",
    kind,
    key: keyOfObject(object),
    options: { propagation, ...(uid !== undefined && { uid }) },
  };
}

function propagationOf({ metadata }: KubeObject): NonNullable<RemoveOptions["propagation"]> {
  const finalizers = metadata.finalizers ?? [];
  if (finalizers.includes(ORPHAN)) return "Orphan";
  return finalizers.includes(FOREGROUND) ? "Foreground" : "Background";
}

function withoutFinalizer(object: KubeObject, gone: string): KubeObject {
  const { finalizers = [], ...metadata } = object.metadata;
  const left = finalizers.filter((finalizer) => finalizer !== gone);
  return { ...object, metadata: left.length === 0 ? metadata : { ...metadata, finalizers: left } };
}
