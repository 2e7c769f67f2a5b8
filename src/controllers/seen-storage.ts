/** Storage as the controllers see it: what the scheduler's rules and the binder look claims, volumes and classes up in. */
import { keyOf } from "#base/key.ts";
import type { Seen } from "#deck/controller.ts";
import { persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import { claimsOf } from "#kinds/core/pod-claims.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { namespaceOf } from "#kinds/object.ts";
import { storageClassKind } from "#kinds/storage/storage-class.ts";
import type { Storage } from "#scheduler/pod-volumes.ts";

/** Index that makes "the pods that use this claim" cheap; the many pods without claims are in no table. */
export function claimsOfPod(pod: Pod): readonly string[] {
  return claimsOf(pod).map(({ claimName }) => keyOf(namespaceOf(pod), claimName));
}

/** `isUsedByOther` looks at pods, which only the scheduler has by their claims. */
export function seenStorage(
  seen: Seen,
  namespace: string,
  isUsedByOther: Storage["isUsedByOther"] = () => false,
): Storage {
  return {
    claim: (name) => seen.view(persistentVolumeClaimKind).get(keyOf(namespace, name)),
    volume: (name) => seen.view(persistentVolumeKind).get(keyOf("", name)),
    volumes: () => seen.view(persistentVolumeKind).list(),
    storageClass: (name) => seen.view(storageClassKind).get(keyOf("", name)),
    isUsedByOther,
  };
}
