/** The history of what rolls out by ControllerRevisions: the current revision found or made, old ones renumbered and forgotten. Upstream's constructHistory. */
import { type Json, sameJson } from "#base/json.ts";
import { keyOf } from "#base/key.ts";
import type { Selector } from "#base/selector.ts";
import type { Seen } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { type ControllerRevision, controllerRevisionKind } from "#kinds/apps/controller-revision.ts";
import { podTemplateHash } from "#kinds/apps/pod-template-hash.ts";
import type { PodTemplateSpec } from "#kinds/core/pod-spec.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { controllerReference } from "#kinds/owners.ts";
import { create, patchTo, remove } from "./changes.ts";
import { claim } from "./ownership.ts";

/** On pods, and on the revisions of DaemonSets: which revision of its owner a pod is. */
export const REVISION_HASH = "controller-revision-hash";

/** What has a template of which there are revisions. */
export interface Revised extends KubeObject {
  readonly spec: { readonly template: PodTemplateSpec; readonly revisionHistoryLimit?: number };
  readonly status?: { readonly collisionCount?: number };
}

interface History {
  readonly current: ControllerRevision;
  readonly old: readonly ControllerRevision[];
  readonly changes: readonly Change[];
}

/** A name that is taken by another template: the next look tries the next hash. */
interface Collision {
  readonly collisionCount: number;
}

interface HistoryOwner<T extends Revised> {
  readonly kind: Kind<T>;
  readonly object: T;
  readonly selector: Selector;
  /** On revisions: the hash in their name. */
  readonly label: string;
}

export function historyOf<T extends Revised>(owner: HistoryOwner<T>, seen: Seen): History | Collision {
  const { kind, object, label } = owner;
  const view = seen.view(controllerRevisionKind);
  const { owned, changes } = claim(owner, { kind: controllerRevisionKind, view });
  const data = dataOf(object.spec.template);
  const isCurrent = (revision: ControllerRevision): boolean => sameJson(revision.data, data);
  const old = owned.filter((revision) => !isCurrent(revision));
  const number = Math.max(0, ...old.map(numberOf)) + 1;
  const [current, ...doubles] = owned.filter(isCurrent).toSorted((a, b) => numberOf(b) - numberOf(a));
  if (current !== undefined) {
    const renumbered = numberOf(current) < number ? { ...current, revision: number } : current;
    return {
      current,
      // Upstream removes doubles; pods of theirs are of the current template all the same, and become old at the next change.
      old: [...doubles, ...old],
      changes: [...changes, ...patchTo(controllerRevisionKind, current, renumbered)],
    };
  }
  const collisions = object.status?.collisionCount ?? 0;
  const made = snapshot(kind, object, { data, number, hash: podTemplateHash(object.spec.template, collisions), label });
  const isTaken = view.get(keyOf(object.metadata.namespace ?? "", made.metadata.name)) !== undefined;
  if (isTaken) return { collisionCount: collisions + 1 };
  return { current: made, old, changes: [...changes, create(controllerRevisionKind, made)] };
}

/** A strategic merge patch that puts the template back: what `kubectl rollout undo` sends. */
function dataOf(template: PodTemplateSpec): Json {
  return { spec: { template: { ...template, $patch: "replace" } } };
}

function numberOf({ revision = 0 }: ControllerRevision): number {
  return Number(revision);
}

/** The hash of a DaemonSet's revision, as its pods carry it. */
export function hashOf({ metadata }: ControllerRevision): string {
  return metadata.labels?.[REVISION_HASH] ?? metadata.name;
}

interface Snapshot {
  readonly data: Json;
  readonly number: number;
  readonly hash: string;
  readonly label: string;
}

function snapshot<T extends Revised>(
  kind: Kind<T>,
  object: T,
  { data, number, hash, label }: Snapshot,
): ControllerRevision {
  const { name, namespace = "", annotations } = object.metadata;
  return {
    metadata: {
      name: `${name}-${hash}`,
      namespace,
      labels: { ...object.spec.template.metadata?.labels, [label]: hash },
      ...(annotations && { annotations }),
      ownerReferences: [controllerReference(kind, object)],
    },
    data,
    revision: number,
  };
}

/** Forgets the oldest beyond revisionHistoryLimit, but none of which there are pods. Upstream's cleanupHistory. */
export function forgotten(
  object: Revised,
  old: readonly ControllerRevision[],
  isInUse: (revision: ControllerRevision) => boolean,
): readonly Change[] {
  const spare = Math.max(0, old.length - (object.spec.revisionHistoryLimit ?? 10));
  return old
    .toSorted((a, b) => numberOf(a) - numberOf(b))
    .filter((revision) => !isInUse(revision))
    .slice(0, spare)
    .map((revision) => remove(controllerRevisionKind, revision));
}
