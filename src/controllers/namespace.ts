/** Namespace controller: empties a namespace that is going, then lets it go. */
import type { ObjectKey } from "#base/key.ts";
import { type Controller, type Plan, type Seen, watching } from "#deck/controller.ts";
import { sinceWhen, type Told } from "#kinds/conditions.ts";
import type { Kind } from "#kinds/kind.ts";
import { type Namespace, namespaceKind } from "#kinds/core/namespace.ts";
import type { Condition, KubeObject } from "#kinds/object.ts";
import { patchTo, remove } from "./changes.ts";

const FINALIZER = "kubernetes";

/** For these kinds; a new one is needed when definitions add some. */
export function namespaceController(kinds: readonly Kind[]): Controller<Namespace> {
  const emptied = kinds.filter(
    (kind) => kind.scope === "Namespaced" && kind.isEphemeral !== true && kind.storedAs === undefined,
  );
  return {
    name: "namespace-controller",
    kind: namespaceKind,
    watches: emptied.map((kind) => watching({ kind, wakes: wakesOfContent })),
    plan: (_key, namespace, seen, _memory, now) => plan(namespace, emptied, seen, now),
  };
}

function wakesOfContent({ metadata }: KubeObject, seen: Seen): readonly ObjectKey[] {
  const key = `/${metadata.namespace ?? ""}`;
  return seen.view(namespaceKind).get(key)?.metadata.deletionTimestamp === undefined ? [] : [key];
}

interface Remaining {
  readonly kind: Kind;
  readonly objects: readonly KubeObject[];
}

function plan(namespace: Namespace | undefined, kinds: readonly Kind[], seen: Seen, now: number): Plan {
  if (namespace?.metadata.deletionTimestamp === undefined) return { changes: [] };
  const remaining = kinds
    .map((kind): Remaining => ({ kind, objects: seen.view(kind).list(namespace.metadata.name) }))
    .filter(({ objects }) => objects.length > 0);
  const conditions = withConditions(namespace.status?.conditions ?? [], remaining, now);
  const status = { ...namespace.status, phase: "Terminating" as const, conditions };
  const told = patchTo(namespaceKind, namespace, { ...namespace, status }, "status");
  const removals = remaining.flatMap(({ kind, objects }) =>
    objects.filter(({ metadata }) => metadata.deletionTimestamp === undefined).map((object) => remove(kind, object)),
  );
  const finished = remaining.length > 0 ? [] : patchTo(namespaceKind, namespace, finalized(namespace), "finalize");
  return { changes: [...removals, ...told, ...finished] };
}

function finalized(namespace: Namespace): Namespace {
  const finalizers = (namespace.spec?.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER);
  return { ...namespace, spec: { ...namespace.spec, finalizers } };
}

function withConditions(
  before: readonly Condition[],
  remaining: readonly Remaining[],
  now: number,
): readonly Condition[] {
  const told = [...FINE, contentCondition(remaining), finalizerCondition(remaining)];
  return told.map((each) => sinceWhen(each, before, now));
}

// What cannot fail here, but what clients look for.
const FINE: readonly Told[] = [
  {
    type: "NamespaceDeletionDiscoveryFailure",
    status: "False",
    reason: "ResourcesDiscovered",
    message: "All resources successfully discovered",
  },
  {
    type: "NamespaceDeletionGroupVersionParsingFailure",
    status: "False",
    reason: "ParsedGroupVersions",
    message: "All legacy kube types successfully parsed",
  },
  {
    type: "NamespaceDeletionContentFailure",
    status: "False",
    reason: "ContentDeleted",
    message: "All content successfully deleted, may be waiting on finalization",
  },
];

function contentCondition(remaining: readonly Remaining[]): Told {
  const type = "NamespaceContentRemaining";
  if (remaining.length === 0)
    return { type, status: "False", reason: "ContentRemoved", message: "All content successfully removed" };
  const parts = remaining.map(
    ({ kind, objects }) => `${kind.plural}.${kind.group} has ${objects.length} resource instances`,
  );
  return {
    type,
    status: "True",
    reason: "SomeResourcesRemain",
    message: `Some resources are remaining: ${parts.toSorted().join(", ")}`,
  };
}

function finalizerCondition(remaining: readonly Remaining[]): Told {
  const type = "NamespaceFinalizersRemaining";
  const counts = new Map<string, number>();
  for (const { objects } of remaining)
    for (const { metadata } of objects)
      for (const finalizer of metadata.finalizers ?? []) counts.set(finalizer, (counts.get(finalizer) ?? 0) + 1);
  if (counts.size === 0)
    return {
      type,
      status: "False",
      reason: "ContentHasNoFinalizers",
      message: "All content-preserving finalizers finished",
    };
  const parts = [...counts].map(([finalizer, count]) => `${finalizer} in ${count} resource instances`);
  return {
    type,
    status: "True",
    reason: "SomeFinalizersRemain",
    message: `Some content in the namespace has finalizers remaining: ${parts.toSorted().join(", ")}`,
  };
}
