/** Which nodes a DaemonSet wants a pod on, which node a daemon pod is for, and what a daemon pod looks like. */
import { type DaemonSet, daemonSetKind, templateGenerationOf } from "#kinds/apps/daemon-set.ts";
import type { Affinity, NodeSelectorTerm, Toleration } from "#kinds/core/placement.ts";
import type { Node } from "#kinds/core/node.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { PodSpec } from "#kinds/core/pod-spec.ts";
import { controllerReference } from "#kinds/owners.ts";
import { isTaintFree, isTolerated, suitsAffinity } from "#scheduler/placement.ts";
import { REVISION_HASH } from "./controller-revisions.ts";

const TEMPLATE_GENERATION_LABEL = "pod-template-generation";
const NODE_NAME = "metadata.name";
// Upstream's AddOrUpdateDaemonPodTolerations: daemons stay where others are driven away.
const EXECUTE = ["not-ready", "unreachable"];
const SCHEDULE = ["disk-pressure", "memory-pressure", "pid-pressure", "unschedulable"];

/** Whether a node may be given a pod, and keep the one that it has. */
export interface Wanted {
  readonly name: string;
  readonly mayStart: boolean;
  readonly mayStay: boolean;
}

/** The pods of a DaemonSet by the node that each is for, and the current revision. */
export interface Daemons {
  readonly set: DaemonSet;
  readonly hash: string;
  readonly nodes: readonly Wanted[];
  readonly byNode: ReadonlyMap<string, readonly Pod[]>;
  readonly now: number;
}

/** The nodes that are to be given a pod, and the pods that are to go. */
export interface Sync {
  readonly missing: readonly string[];
  readonly spare: readonly Pod[];
}

/** Upstream's NodeShouldRunDaemonPod. */
export function wantedOn(set: DaemonSet, node: Node): Wanted {
  const { name } = node.metadata;
  const spec = daemonSpec(set);
  const { nodeName = "", tolerations = [] } = spec;
  const isNamed = nodeName === "" || nodeName === name;
  if (!isNamed || !suitsAffinity({ metadata: set.metadata, spec }, node))
    return { name, mayStart: false, mayStay: false };
  if (isTaintFree(node, tolerations)) return { name, mayStart: true, mayStay: true };
  const driven = (node.spec?.taints ?? []).filter(({ effect }) => effect === "NoExecute");
  return { name, mayStart: false, mayStay: driven.every((taint) => isTolerated(taint, tolerations)) };
}

function daemonSpec({ spec }: DaemonSet): PodSpec {
  const template = spec.template.spec ?? { containers: [] };
  return { ...template, tolerations: withDaemonTolerations(template) };
}

function withDaemonTolerations({ tolerations = [], hostNetwork }: PodSpec): readonly Toleration[] {
  const toleration = (name: string, effect: Toleration["effect"]): Toleration => ({
    key: `node.kubernetes.io/${name}`,
    operator: "Exists",
    ...(effect && { effect }),
  });
  const schedule = hostNetwork === true ? [...SCHEDULE, "network-unavailable"] : SCHEDULE;
  const own = [
    ...EXECUTE.map((name) => toleration(name, "NoExecute")),
    ...schedule.map((name) => toleration(name, "NoSchedule")),
  ];
  const isOwn = (given: Toleration): boolean => own.some((one) => isSameTaint(one, given));
  return [...tolerations.filter((given) => !isOwn(given)), ...own];
}

function isSameTaint(a: Toleration, b: Toleration): boolean {
  return a.key === b.key && a.effect === b.effect && a.operator === b.operator && (b.value ?? "") === "";
}

/** A pod for one node: the scheduler binds it there. */
export function daemonPod(set: DaemonSet, hash: string, where: { readonly node: string; readonly name: string }): Pod {
  const { metadata = {} } = set.spec.template;
  const generation = templateGenerationOf(set);
  const spec = daemonSpec(set);
  return {
    metadata: {
      name: where.name,
      generateName: `${set.metadata.name}-`,
      namespace: set.metadata.namespace ?? "",
      labels: {
        ...metadata.labels,
        ...(generation !== undefined && { [TEMPLATE_GENERATION_LABEL]: String(generation) }),
        [REVISION_HASH]: hash,
      },
      ...(metadata.annotations && { annotations: metadata.annotations }),
      ...(metadata.finalizers && { finalizers: metadata.finalizers }),
      ownerReferences: [controllerReference(daemonSetKind, set)],
    },
    spec: { ...spec, affinity: onNode(spec.affinity ?? {}, where.node) },
  };
}

/** Any of the template's own terms was asked before: the node suits them. */
function onNode(affinity: Affinity, node: string): Affinity {
  const term: NodeSelectorTerm = { matchFields: [{ key: NODE_NAME, operator: "In", values: [node] }] };
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [term] },
    },
  };
}

/** Where it runs, or where it is to run: upstream's GetTargetNodeName. */
export function nodeOf({ spec }: Pod): string {
  if (spec.nodeName !== undefined && spec.nodeName !== "") return spec.nodeName;
  const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  const field = terms.flatMap(({ matchFields = [] }) => matchFields).find(({ key }) => key === NODE_NAME);
  return field?.values?.[0] ?? "";
}

/** Upstream's IsPodUpdated: of the current revision, or of the template's generation. */
export function isUpdated(set: DaemonSet, hash: string, { metadata }: Pod): boolean {
  const generation = templateGenerationOf(set);
  const { [REVISION_HASH]: revision, [TEMPLATE_GENERATION_LABEL]: made } = metadata.labels ?? {};
  return revision === hash || (generation !== undefined && made === String(generation));
}
