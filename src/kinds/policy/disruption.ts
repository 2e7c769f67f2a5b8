/** What a disruption budget says of one eviction (upstream's pkg/registry/core/pod/storage/eviction.go). Decides, never ends a pod. */
import { timestamp } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { fromLabelSelector, matches } from "#base/selector.ts";
import { isTrueOf, type Told, withCondition } from "#kinds/conditions.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { resourceOf } from "#kinds/kind.ts";
import { type DisruptionStatus, type PodDisruptionBudget, podDisruptionBudgetKind } from "./pod-disruption-budget.ts";

// So many evictions that the controller has not seen yet mean that it does not look.
const MOST_DISRUPTED = 2_000;
const AGAIN_SECONDS = 10;
const VIOLATES = "Cannot evict pod as it would violate the pod's disruption budget.";

/** How a pod may be evicted: at once; at once if it is still as it was seen; or for one of the budget's disruptions. */
export type Verdict =
  | { readonly is: "free" }
  | { readonly is: "unhealthy"; readonly budget: PodDisruptionBudget }
  | { readonly is: "counted"; readonly budget: PodDisruptionBudget };

/** `budgets` are those of the pod's namespace. Throws when more than one covers it. */
export function verdictOn(pod: Pod, budgets: readonly PodDisruptionBudget[]): Verdict {
  const [budget, ...others] = budgets.filter((one) => isCovered(pod, one));
  if (budget === undefined) return { is: "free" };
  if (others.length > 0)
    throw new Fault(
      "InternalError",
      "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
    );
  if (isTrueOf(pod.status?.conditions, "Ready")) return { is: "counted", budget };
  const { currentHealthy = 0, desiredHealthy = 0 } = budget.status ?? {};
  const isUndisturbed = currentHealthy >= desiredHealthy && desiredHealthy > 0;
  const isLetGo = budget.spec.unhealthyPodEvictionPolicy === "AlwaysAllow" || isUndisturbed;
  return { is: isLetGo ? "unhealthy" : "counted", budget };
}

/** What does not run, or ends already, disrupts nobody by going. */
export function isUncounted(pod: Pod): boolean {
  return (pod.status?.phase ?? "Pending") === "Pending" || hasNoUse(pod);
}

/** Ended or ending: it cannot become ready any more, so nothing has to be compared before it goes. */
export function hasNoUse({ status, metadata }: Pod): boolean {
  return status?.phase === "Succeeded" || status?.phase === "Failed" || metadata.deletionTimestamp !== undefined;
}

/** A missing selector covers nothing, an empty one the whole namespace. */
export function isCovered(pod: Pod, { metadata, spec }: PodDisruptionBudget): boolean {
  const selector = fromLabelSelector(spec.selector);
  return metadata.namespace === pod.metadata.namespace && selector !== null && matches(selector, pod.metadata.labels);
}

/** The budget with one disruption less, in which the pod is written down until it is seen going. Throws what forbids it. */
export function spent(budget: PodDisruptionBudget, podName: string, now: number): PodDisruptionBudget {
  const { metadata, status } = budget;
  if (status === undefined || (status.observedGeneration ?? 0) < (metadata.generation ?? 0))
    throw beingProcessed(budget);
  const { disruptionsAllowed: allowed, disruptedPods = {}, desiredHealthy, currentHealthy } = status;
  if (Object.keys(disruptedPods).length > MOST_DISRUPTED)
    throw refused(budget, "DisruptedPods map too big - too many evictions not confirmed by PDB controller");
  if (allowed <= 0)
    throw violation(
      `The disruption budget ${metadata.name} needs ${desiredHealthy} healthy pods and has ${currentHealthy} currently`,
    );
  const next = {
    ...status,
    disruptionsAllowed: allowed - 1,
    disruptedPods: { ...disruptedPods, [podName]: timestamp(now) },
  };
  return { ...budget, status: allowed > 1 ? next : withAllowed(next, now) };
}

/** The condition DisruptionAllowed as the numbers have it. */
export function withAllowed(status: DisruptionStatus, now: number): DisruptionStatus {
  const isAllowed = status.disruptionsAllowed > 0;
  const told: Told = {
    type: "DisruptionAllowed",
    status: isAllowed ? "True" : "False",
    reason: isAllowed ? "SufficientPods" : "InsufficientPods",
    message: "",
    observedGeneration: status.observedGeneration ?? 0,
  };
  return { ...status, conditions: withCondition(status.conditions, told, now) };
}

export function beingProcessed({ metadata: { name } }: PodDisruptionBudget): Fault {
  return violation(`The disruption budget ${name} is still being processed by the server.`, {
    retryAfterSeconds: AGAIN_SECONDS,
  });
}

function violation(message: string, details: { readonly retryAfterSeconds?: number } = {}): Fault {
  return new Fault("TooManyRequests", VIOLATES, {
    ...details,
    causes: [{ reason: "DisruptionBudget", message, field: "" }],
  });
}

function refused({ metadata: { name } }: PodDisruptionBudget, why: string): Fault {
  const { group, plural } = podDisruptionBudgetKind;
  return new Fault("Forbidden", `${resourceOf(podDisruptionBudgetKind)} "${name}" is forbidden: ${why}`, {
    group,
    kind: plural,
    name,
  });
}
