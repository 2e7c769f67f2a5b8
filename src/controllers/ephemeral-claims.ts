/** Makes the claims of generic ephemeral volumes; their pod owns them, so that they go with it. Upstream's pkg/controller/volume/ephemeral. */
import { keyOf } from "#base/key.ts";
import { type Controller, type Plan, type Seen, watching } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { type PersistentVolumeClaim, persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { claimsOf, type PodClaim, strangerFault } from "#kinds/core/pod-claims.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { keyOfObject, namespaceOf } from "#kinds/object.ts";
import { controllerReference } from "#kinds/owners.ts";
import { create, warningEvent } from "./changes.ts";
import { claimsOfPod } from "./seen-storage.ts";

export const ephemeralClaims: Controller<Pod> = {
  name: "ephemeral-volume-controller",
  kind: podKind,
  indexes: { claim: claimsOfPod },
  watches: [
    watching({
      kind: persistentVolumeClaimKind,
      // One that is gone is made again.
      wakes: (claim, seen) => seen.view(podKind).by("claim", keyOfObject(claim)).map(keyOfObject),
    }),
  ],
  plan: (_key, pod, seen) => ({
    changes:
      pod === undefined || pod.metadata.deletionTimestamp !== undefined
        ? []
        : claimsOf(pod)
            .filter(({ isEphemeral }) => isEphemeral)
            .flatMap((each) => claimOf(pod, each, seen)),
  }),
  refused: (pod, { change, fault }) =>
    change.verb === "create"
      ? [told(pod, change.object.metadata.name, `create PVC ${change.object.metadata.name}: ${fault.message}`)]
      : [],
};

function claimOf(pod: Pod, { volume, claimName }: PodClaim, seen: Seen): Plan["changes"] {
  const found = seen.view(persistentVolumeClaimKind).get(keyOf(namespaceOf(pod), claimName));
  if (found !== undefined) {
    const why = strangerFault(pod, found);
    return why === null ? [] : [told(pod, claimName, why)];
  }
  const { metadata = {}, spec = {} } = volume.ephemeral?.volumeClaimTemplate ?? {};
  const claim: PersistentVolumeClaim = {
    metadata: {
      name: claimName,
      namespace: namespaceOf(pod),
      ...(metadata.labels && { labels: metadata.labels }),
      ...(metadata.annotations && { annotations: metadata.annotations }),
      ownerReferences: [controllerReference(podKind, pod)],
    },
    spec,
  };
  return [create(persistentVolumeClaimKind, claim)];
}

function told(pod: Pod, claimName: string, why: string): Change {
  const name = claimName.slice(pod.metadata.name.length + 1);
  return warningEvent(pod, "FailedBinding", `ephemeral volume ${name}: ${why}`);
}
