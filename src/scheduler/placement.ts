/** Whether a node suits a pod whatever else runs there: name, cordon, taints, selector, node affinity; and how well. */
import { member } from "#base/dictionary.ts";
import type {
  NodeAffinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  TaintEffect,
  Toleration,
} from "#kinds/core/placement.ts";
import type { Node, Taint } from "#kinds/core/node.ts";
import type { Pod } from "#kinds/core/pod.ts";

/** Upstream's words for each; they are counted and printed. */
export function placementFault(pod: Pod, node: Node): string | null {
  const { spec } = pod;
  const { nodeName = "", tolerations = [] } = spec;
  if (node.spec?.unschedulable === true && !isTolerated(UNSCHEDULABLE, tolerations))
    return "node(s) were unschedulable";
  if (nodeName !== "" && nodeName !== node.metadata.name) return "node(s) didn't match the requested node name";
  const taint = untolerated(node, tolerations, ["NoSchedule", "NoExecute"]);
  if (taint !== undefined) return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ""}}`;
  return suitsAffinity(pod, node) ? null : "node(s) didn't match Pod's node affinity/selector";
}

const UNSCHEDULABLE: Taint = { key: "node.kubernetes.io/unschedulable", effect: "NoSchedule" };

export function suitsAffinity({ spec }: Pod, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  if (Object.entries(spec.nodeSelector ?? {}).some(([key, value]) => member(labels, key) !== value)) return false;
  const required = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  return required === undefined || required.nodeSelectorTerms.some((term) => suitsTerm(term, node));
}

export function isTaintFree(node: Node, tolerations: readonly Toleration[]): boolean {
  return untolerated(node, tolerations, ["NoSchedule", "NoExecute"]) === undefined;
}

function untolerated(
  node: Node,
  tolerations: readonly Toleration[],
  effects: readonly TaintEffect[],
): Taint | undefined {
  return node.spec?.taints?.find((taint) => effects.includes(taint.effect) && !isTolerated(taint, tolerations));
}

export function isTolerated(taint: Taint, tolerations: readonly Toleration[]): boolean {
  return tolerations.some((toleration) => tolerates(toleration, taint));
}

export function tolerates({ key = "", operator, value = "", effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && (effect as string) !== "" && effect !== taint.effect) return false;
  if (key !== "" && key !== taint.key) return false;
  return operator === "Exists" || (key !== "" && value === (taint.value ?? ""));
}

/** A term without requirements matches nothing. */
export function suitsTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length + matchFields.length === 0) return false;
  const labels = node.metadata.labels ?? {};
  return (
    matchExpressions.every((requirement) => holds(requirement, member(labels, requirement.key))) &&
    matchFields.every((requirement) => holds(requirement, node.metadata.name))
  );
}

function holds({ operator, values = [] }: NodeSelectorRequirement, actual: string | undefined): boolean {
  switch (operator) {
    case "In":
      return actual !== undefined && values.includes(actual);
    case "NotIn":
      return actual === undefined || !values.includes(actual);
    case "Exists":
      return actual !== undefined;
    case "DoesNotExist":
      return actual === undefined;
    case "Gt":
      return actual !== undefined && Number(actual) > Number(values[0]);
    case "Lt":
      return actual !== undefined && Number(actual) < Number(values[0]);
  }
}

/** The weights of the preferred terms that hold. */
export function preferenceOf({ nodeAffinity }: { readonly nodeAffinity?: NodeAffinity }, node: Node): number {
  const preferred = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  return preferred.reduce((sum, { weight, preference }) => sum + (suitsTerm(preference, node) ? weight : 0), 0);
}

/** How many taints would rather not have the pod. */
export function reluctance({ spec }: Pod, node: Node): number {
  const tolerations = (spec.tolerations ?? []).filter(
    ({ effect }) => effect === undefined || (effect as string) === "" || effect === "PreferNoSchedule",
  );
  return (node.spec?.taints ?? []).filter(
    (taint) => taint.effect === "PreferNoSchedule" && !isTolerated(taint, tolerations),
  ).length;
}
