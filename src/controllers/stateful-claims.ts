/** The claims of a StatefulSet's pods: their names, what they are made of, and who owns them by the retention policy (KEP-1847). */
import { keyOf, type ObjectKey } from "#base/key.ts";
import type { Seen } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { type StatefulSet, statefulSetKind } from "#kinds/apps/stateful-set.ts";
import { type PersistentVolumeClaim, persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import type { Volume } from "#kinds/core/volume.ts";
import type { Kind } from "#kinds/kind.ts";
import { keyOfObject, type KubeObject, namespaceOf, type OwnerReference } from "#kinds/object.ts";
import { controllerReference, withOwners } from "#kinds/owners.ts";
import { create, normalEvent, patchTo, warningEvent } from "./changes.ts";

/** The claims of the set's namespace by name. */
export type FindClaim = (name: string) => PersistentVolumeClaim | undefined;

export function claimsSeen(set: StatefulSet, seen: Seen): FindClaim {
  return (name) => seen.view(persistentVolumeClaimKind).get(keyOf(namespaceOf(set), name));
}

/** The sets that may have made a claim: nothing but its name tells. */
export function setsOfClaim(claim: PersistentVolumeClaim, seen: Seen): readonly ObjectKey[] {
  const { name } = claim.metadata;
  const stem = name.replace(/-\d+$/, "");
  return seen
    .view(statefulSetKind)
    .list(namespaceOf(claim))
    .filter(({ spec, metadata }) =>
      (spec.volumeClaimTemplates ?? []).some(
        (template) => `${template.metadata?.name ?? ""}-${metadata.name}` === stem,
      ),
    )
    .map(keyOfObject);
}

/** The volumes of the template with those of the claims in front, which replace others of their names (updateStorage). */
export function withClaimVolumes(
  set: StatefulSet,
  ordinal: number,
  volumes: readonly Volume[] = [],
): readonly Volume[] {
  const own = templatesOf(set).map(({ name }) => ({
    name,
    persistentVolumeClaim: { claimName: claimName(set, name, ordinal) },
  }));
  return [...own, ...volumes.filter(({ name }) => !own.some((each) => each.name === name))];
}

export interface MissingClaims {
  readonly changes: readonly Change[];
  /** A claim of this name is still being removed: its pod has to wait. */
  readonly isBlocked: boolean;
}

/** Claims are made before their pod (createPersistentVolumeClaims). */
export function missingClaims(set: StatefulSet, ordinal: number, find: FindClaim): MissingClaims {
  const podName = `${set.metadata.name}-${ordinal}`;
  const ending = claimsOfOrdinal(set, ordinal, find).find((claim) => claim?.metadata.deletionTimestamp !== undefined);
  if (ending !== undefined) {
    const why = `pvc ${ending.metadata.name} is being deleted`;
    const about = `create Pod ${podName} in StatefulSet ${set.metadata.name} failed error: ${why}`;
    return { changes: [warningEvent(set, "FailedCreate", about)], isBlocked: true };
  }
  const missing = templatesOf(set).filter(({ name }) => find(claimName(set, name, ordinal)) === undefined);
  const changes = missing.flatMap((template) => {
    const claim = claimFrom(set, template, ordinal);
    const about = `create Claim ${claim.metadata.name} Pod ${podName} in StatefulSet ${set.metadata.name} success`;
    return [create(persistentVolumeClaimKind, claim), normalEvent(set, "SuccessfulCreate", about)];
  });
  return { changes, isBlocked: false };
}

/** Claims of a pod of this name that is gone, which the garbage collector has not taken yet: the next pod must not have them (PodClaimIsStale). */
export function hasStaleClaims(set: StatefulSet, ordinal: number, find: FindClaim): boolean {
  if (set.spec.persistentVolumeClaimRetentionPolicy?.whenScaled !== "Delete") return false;
  const podName = `${set.metadata.name}-${ordinal}`;
  return claimsOfOrdinal(set, ordinal, find).some((claim) =>
    (claim?.metadata.ownerReferences ?? []).some((owner) => owner.kind === podKind.kind && owner.name === podName),
  );
}

/** Who owns the pod's claims by the policy now (updateClaimOwnerRefForSetAndPod). `isStaying`: its number is one of the set's. */
export function ownedClaims(
  set: StatefulSet,
  { pod, ordinal, isStaying }: { readonly pod: Pod; readonly ordinal: number; readonly isStaying: boolean },
  find: FindClaim,
): readonly Change[] {
  return claimsOfOrdinal(set, ordinal, find).flatMap((claim) => {
    if (claim === undefined || isStale(claim, set, pod)) return [];
    const others = ownersOf(claim).filter((owner) => !isOf(owner, statefulSetKind, set) && !isOf(owner, podKind, pod));
    const wanted = others.some(({ controller }) => controller === true) ? [] : policyOwners(set, pod, isStaying);
    return patchTo(persistentVolumeClaimKind, claim, withOwners(claim, [...others, ...wanted]));
  });
}

function policyOwners(set: StatefulSet, pod: Pod, isStaying: boolean): readonly OwnerReference[] {
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  const bySet = whenDeleted === "Delete" && (isStaying || whenScaled !== "Delete");
  if (bySet) return [controllerReference(statefulSetKind, set)];
  return whenScaled === "Delete" && !isStaying ? [controllerReference(podKind, pod)] : [];
}

/** Of a set or pod of the same name that is gone: left to the garbage collector. */
function isStale(claim: PersistentVolumeClaim, set: StatefulSet, pod: Pod): boolean {
  return ownersOf(claim).some(
    (owner) =>
      (isOf(owner, statefulSetKind, set) && owner.uid !== set.metadata.uid) ||
      (isOf(owner, podKind, pod) && owner.uid !== pod.metadata.uid),
  );
}

function ownersOf({ metadata }: PersistentVolumeClaim): readonly OwnerReference[] {
  return metadata.ownerReferences ?? [];
}

function isOf(owner: OwnerReference, { kind }: Kind, { metadata }: KubeObject): boolean {
  return owner.kind === kind && owner.name === metadata.name;
}

interface Template {
  readonly name: string;
  readonly claim: Partial<PersistentVolumeClaim>;
}

function templatesOf({ spec }: StatefulSet): readonly Template[] {
  return (spec.volumeClaimTemplates ?? []).map((claim) => ({ name: claim.metadata?.name ?? "", claim }));
}

function claimName({ metadata }: StatefulSet, template: string, ordinal: number): string {
  return `${template}-${metadata.name}-${ordinal}`;
}

function claimsOfOrdinal(
  set: StatefulSet,
  ordinal: number,
  find: FindClaim,
): readonly (PersistentVolumeClaim | undefined)[] {
  return templatesOf(set).map(({ name }) => find(claimName(set, name, ordinal)));
}

function claimFrom(set: StatefulSet, { name, claim }: Template, ordinal: number): PersistentVolumeClaim {
  const { labels, annotations } = claim.metadata ?? {};
  const isOwned = set.spec.persistentVolumeClaimRetentionPolicy?.whenDeleted === "Delete";
  return {
    metadata: {
      name: claimName(set, name, ordinal),
      namespace: namespaceOf(set),
      labels: { ...labels, ...set.spec.selector.matchLabels },
      ...(annotations && { annotations }),
      ...(isOwned && { ownerReferences: [controllerReference(statefulSetKind, set)] }),
    },
    spec: claim.spec ?? {},
  };
}
