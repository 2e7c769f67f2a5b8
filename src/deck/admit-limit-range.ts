/** Limit ranges as admission keeps them: new pods get what they give, and what asks for too little or too much is refused. The rules are kinds/core/limits.ts. */
import { nameOf } from "#base/key.ts";
import { type LimitRange, limitRangeKind } from "#kinds/core/limit-range.ts";
import { claimLimitFaults, podLimitFaults, withLimitDefaults } from "#kinds/core/limits.ts";
import { type PersistentVolumeClaim, persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { qosClassOf } from "#kinds/core/qos.ts";
import { type Admission, type AdmissionRequest, NO_REMARKS, type Present, type Remarks } from "./admission.ts";
import { forbidden } from "./refusals.ts";

const NAME = "LimitRanger";
const ANNOTATION = "kubernetes.io/limit-ranger";

export const limitRanger: readonly Admission[] = [
  { name: NAME, kinds: [podKind], on: ["create"], admit: completePod, review: reviewPod } satisfies Admission<Pod>,
  {
    name: NAME,
    kinds: [persistentVolumeClaimKind],
    on: ["create", "update"],
    review: reviewClaim,
  } satisfies Admission<PersistentVolumeClaim>,
];

function rangesAt(key: string, present: Present): readonly LimitRange[] {
  return [...present.list(limitRangeKind, nameOf(key).namespace)];
}

function completePod({ key, object: pod }: AdmissionRequest<Pod>, present: Present): Pod {
  return rangesAt(key, present).reduce(completedBy, pod);
}

/** The class of service follows from what the containers ask for, which has just changed. */
function completedBy(pod: Pod, range: LimitRange): Pod {
  const { spec, set } = withLimitDefaults(pod.spec, range);
  if (set.length === 0) return pod;
  const annotations = { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${set.join("; ")}` };
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations },
    spec,
    status: { ...pod.status, qosClass: qosClassOf(spec) },
  };
}

function reviewPod({ kind, key, object: pod }: AdmissionRequest<Pod>, present: Present): Remarks {
  for (const range of rangesAt(key, present)) {
    const faults = [...new Set(podLimitFaults(pod.spec, range))];
    if (faults.length > 0) throw forbidden(kind, nameOf(key).name, listed(faults));
  }
  return NO_REMARKS;
}

/** What is going may be written until it is gone. */
function reviewClaim({ kind, key, object, live }: AdmissionRequest<PersistentVolumeClaim>, present: Present): Remarks {
  if (live?.metadata.deletionTimestamp !== undefined) return NO_REMARKS;
  for (const range of rangesAt(key, present)) {
    const faults = claimLimitFaults(object.spec.resources?.requests ?? {}, range);
    if (faults.length > 0) throw forbidden(kind, nameOf(key).name, listed(faults));
  }
  return NO_REMARKS;
}

/** As apimachinery's Aggregate prints several errors. */
function listed(faults: readonly string[]): string {
  return faults.length === 1 ? (faults[0] ?? "") : `[${faults.join(", ")}]`;
}
