/** Which claims a pod uses: those that its volumes name, and those that are made for its generic ephemeral volumes (KEP-1698). Pure. */
import { controllerOf, namespaceOf } from "#kinds/object.ts";
import type { PersistentVolumeClaim } from "./persistent-volume-claim.ts";
import type { PodObject } from "./pod-status.ts";
import type { Volume } from "./volume.ts";

export interface PodClaim {
  readonly volume: Volume;
  readonly claimName: string;
  /** Made for this pod, and removed with it. */
  readonly isEphemeral: boolean;
}

export function claimsOf(pod: PodObject): readonly PodClaim[] {
  return (pod.spec.volumes ?? []).flatMap((volume): readonly PodClaim[] => {
    const { persistentVolumeClaim: named, ephemeral, name } = volume;
    if (named !== undefined) return [{ volume, claimName: named.claimName, isEphemeral: false }];
    return ephemeral === undefined ? [] : [{ volume, claimName: `${pod.metadata.name}-${name}`, isEphemeral: true }];
  });
}

/** Why the claim of an ephemeral volume is not this pod's, in upstream's words; null when it is (VolumeIsForPod). */
export function strangerFault(pod: PodObject, claim: PersistentVolumeClaim): string | null {
  if (controllerOf(claim)?.uid === pod.metadata.uid && namespaceOf(claim) === namespaceOf(pod)) return null;
  const { name } = claim.metadata;
  return `PVC ${namespaceOf(claim)}/${name} was not created for pod ${namespaceOf(pod)}/${pod.metadata.name} (pod is not owner)`;
}
