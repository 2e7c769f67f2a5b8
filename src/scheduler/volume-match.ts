/** Which volume suits a claim: by size, class, modes, labels and node (k8s.io/component-helpers/storage/volume). Pure. */
import { units } from "#base/quantity.ts";
import { fromLabelSelector, matches } from "#base/selector.ts";
import type { Node } from "#kinds/core/node.ts";
import { classOf, type PersistentVolumeClaim, requestedBytes } from "#kinds/core/persistent-volume-claim.ts";
import type { PersistentVolume } from "#kinds/core/persistent-volume.ts";
import { isBoundTo } from "#kinds/storage/binding.ts";
import { suitsTerm } from "./placement.ts";

/** What keeps a volume from being the one that a claim asked for by name, in upstream's words; null when it may be (checkVolumeSatisfyClaim). */
export function mismatch(volume: PersistentVolume, claim: PersistentVolumeClaim): string | null {
  const { metadata, spec } = volume;
  if (metadata.deletionTimestamp !== undefined) return `the volume is marked for deletion "${metadata.name}"`;
  if (capacityBytes(volume) < requestedBytes(claim)) return "requested PV is too small";
  if ((spec.storageClassName ?? "") !== classOf(claim)) return "storageClassName does not match";
  if (spec.volumeMode !== claim.spec.volumeMode) return "incompatible volumeMode";
  return hasModes(volume, claim) ? null : "incompatible accessMode";
}

/**
 * The volume that is promised to the claim, else the smallest free one, of those with the fewest access modes first (findByClaim).
 * With `promisedOnly` no free one is taken: the scheduler does that for claims that wait for their first consumer.
 */
export function bestVolume(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
  { promisedOnly = false }: { readonly promisedOnly?: boolean } = {},
): PersistentVolume | undefined {
  const promised = volumes.find((volume) => isBoundTo(volume, claim) && mismatchOfPromised(volume, claim) === null);
  if (promised !== undefined || promisedOnly) return promised;
  return freeVolumes(claim, volumes)[0];
}

/** One that was promised by somebody may be of another class. */
function mismatchOfPromised(volume: PersistentVolume, claim: PersistentVolumeClaim): string | null {
  const found = mismatch(volume, claim);
  return found === "storageClassName does not match" ? null : found;
}

/** The free volumes that suit the claim on some node, the best first. */
export function freeVolumes(
  claim: PersistentVolumeClaim,
  volumes: readonly PersistentVolume[],
): readonly PersistentVolume[] {
  const selector = fromLabelSelector(claim.spec.selector) ?? [];
  return volumes
    .filter(
      (volume) =>
        volume.spec.claimRef === undefined &&
        volume.status?.phase === "Available" &&
        mismatch(volume, claim) === null &&
        matches(selector, volume.metadata.labels),
    )
    .toSorted(
      (a, b) =>
        (a.spec.accessModes ?? []).length - (b.spec.accessModes ?? []).length ||
        capacityBytes(a) - capacityBytes(b) ||
        (a.metadata.name < b.metadata.name ? -1 : 1),
    );
}

/** CheckNodeAffinity. */
export function isReachableFrom({ spec: { nodeAffinity } }: PersistentVolume, node: Node): boolean {
  const required = nodeAffinity?.required;
  return required === undefined || required.nodeSelectorTerms.some((term) => suitsTerm(term, node));
}

function capacityBytes({ spec }: PersistentVolume): number {
  return units(spec.capacity?.["storage"] ?? "0");
}

function hasModes(volume: PersistentVolume, claim: PersistentVolumeClaim): boolean {
  return (claim.spec.accessModes ?? []).every((mode) => volume.spec.accessModes?.includes(mode) === true);
}
