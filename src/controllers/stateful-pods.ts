/** The pods of a StatefulSet: their names, numbers and revisions, and what one looks like. */
import { isJsonObject } from "#base/json.ts";
import type { ControllerRevision } from "#kinds/apps/controller-revision.ts";
import { type StatefulSet, statefulSetKind } from "#kinds/apps/stateful-set.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { PodTemplateSpec } from "#kinds/core/pod-spec.ts";
import { controllerReference } from "#kinds/owners.ts";
import { REVISION_HASH } from "./controller-revisions.ts";
import { type FindClaim, withClaimVolumes } from "./stateful-claims.ts";

const POD_NAME = "statefulset.kubernetes.io/pod-name";
const POD_INDEX = "apps.kubernetes.io/pod-index";

export interface Ordered {
  readonly set: StatefulSet;
  readonly pods: readonly Pod[];
  /** What pods below the partition are made of; the same as `update` when no rollout is under way. */
  readonly current: ControllerRevision;
  readonly update: ControllerRevision;
  readonly find: FindClaim;
  readonly now: number;
}

/** Undefined for a pod whose name is not of the set. */
export function ordinalOf({ metadata }: StatefulSet, pod: Pod): number | undefined {
  const prefix = `${metadata.name}-`;
  const { name } = pod.metadata;
  const digits = name.startsWith(prefix) ? name.slice(prefix.length) : "";
  return /^\d{1,10}$/.test(digits) ? Number(digits) : undefined;
}

export function firstOrdinal({ spec }: StatefulSet): number {
  return spec.ordinals?.start ?? 0;
}

export function revisionOf({ metadata }: Pod): string {
  return metadata.labels?.[REVISION_HASH] ?? "";
}

/** Upstream's newVersionedStatefulSetPod. */
export function statefulPod({ set, current, update }: Ordered, ordinal: number): Pod {
  const { type, rollingUpdate } = set.spec.updateStrategy ?? {};
  const below = firstOrdinal(set) + (rollingUpdate?.partition ?? set.status?.currentReplicas ?? 0);
  const revision = type === "RollingUpdate" && ordinal < below ? current : update;
  const { metadata = {}, spec = { containers: [] } } = templateOf(set, revision);
  const name = `${set.metadata.name}-${ordinal}`;
  const { serviceName = "" } = set.spec;
  return {
    metadata: {
      name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace ?? "",
      labels: { ...metadata.labels, ...identity(name, ordinal), [REVISION_HASH]: revision.metadata.name },
      ...(metadata.annotations && { annotations: metadata.annotations }),
      ...(metadata.finalizers && { finalizers: metadata.finalizers }),
      ownerReferences: [controllerReference(statefulSetKind, set)],
    },
    spec: {
      ...spec,
      ...((set.spec.volumeClaimTemplates ?? []).length > 0 && {
        volumes: withClaimVolumes(set, ordinal, spec.volumes),
      }),
      hostname: name,
      ...(serviceName !== "" && { subdomain: serviceName }),
    },
  };
}

function identity(name: string, ordinal: number): Readonly<Record<string, string>> {
  return { [POD_NAME]: name, [POD_INDEX]: String(ordinal) };
}

/** The pod with the labels that name it, whoever took them away. */
export function identified(pod: Pod, ordinal: number): Pod {
  const labels = { ...pod.metadata.labels, ...identity(pod.metadata.name, ordinal) };
  return { ...pod, metadata: { ...pod.metadata, labels } };
}

/** What a revision says of the template. */
function templateOf(set: StatefulSet, { data }: ControllerRevision): PodTemplateSpec {
  const spec = isJsonObject(data) ? data["spec"] : undefined;
  const template = isJsonObject(spec) ? spec["template"] : undefined;
  if (!isJsonObject(template)) return set.spec.template;
  const { $patch: _replace, ...rest } = template;
  return rest as PodTemplateSpec;
}
