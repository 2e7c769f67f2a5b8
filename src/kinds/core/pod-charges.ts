/** What a pod takes of quotas, and which scopes it is in (upstream's pkg/quota/v1/evaluator/core/pods.go). */
import { matches } from "#base/selector.ts";
import { type Charges, ONE, type ScopeRequirement, type Usage } from "#kinds/quota.ts";
import type { PodAffinity, PodAffinityTerm } from "./placement.ts";
import { type AmountsByName, amountsWithOverhead, nanosOf } from "./pod-amounts.ts";
import type { Container } from "./pod-spec.ts";
import type { PodObject } from "./pod-status.ts";
import { qosClassOf } from "./qos.ts";

const COUNTED = ["cpu", "memory", "ephemeral-storage"];
const HUGE_PAGES = "hugepages-";
const REQUESTS = "requests.";
// KEP-less history: of these, and of no others, a quota makes every container say something.
const DEMANDED = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"];

const names: ReadonlySet<string> = new Set([
  "pods",
  ...COUNTED.flatMap((name) => [name, `${REQUESTS}${name}`, `limits.${name}`]),
]);

/**
 * DIFFERS: a pod that should have ended and whose node does not say so is charged until it is gone; upstream charges it
 * for its grace period only.
 */
export const podCharges: Charges<PodObject> = { isAbout, usage, isInScope, missing };

function isAbout(name: string): boolean {
  if (names.has(name) || name.startsWith(HUGE_PAGES) || name.startsWith(`${REQUESTS}${HUGE_PAGES}`)) return true;
  return name.startsWith(REQUESTS) && isExtended(name.slice(REQUESTS.length));
}

function isExtended(name: string): boolean {
  return name.includes("/") && !name.includes("kubernetes.io/");
}

/** What has ended takes nothing. */
function usage({ spec, status }: PodObject): Usage {
  if (status?.phase === "Succeeded" || status?.phase === "Failed") return new Map();
  return computeUsage(amountsWithOverhead(spec, "requests"), amountsWithOverhead(spec, "limits"));
}

function computeUsage(requests: AmountsByName, limits: AmountsByName): Usage {
  const found = new Map([["pods", ONE]]);
  for (const [name, amount] of requests) {
    if (COUNTED.includes(name) || name.startsWith(HUGE_PAGES)) found.set(name, amount).set(REQUESTS + name, amount);
    else if (isExtended(name)) found.set(REQUESTS + name, amount);
  }
  for (const [name, amount] of limits) if (COUNTED.includes(name)) found.set(`limits.${name}`, amount);
  return found;
}

function missing({ spec }: PodObject, limited: readonly string[]): string | undefined {
  const demanded = DEMANDED.filter((name) => limited.includes(name)).toSorted();
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const said = new Map(containers.map((container) => [container.name, saidBy(container)]));
  const lacking = demanded.flatMap((name) => {
    const silent = [...said].filter(([, says]) => !says.has(name)).map(([container]) => container);
    return silent.length === 0 ? [] : [`${name} for: ${silent.toSorted().join(",")}`];
  });
  return lacking.length === 0 ? undefined : `must specify ${lacking.join("; ")}`;
}

function saidBy({ resources }: Container): Usage {
  return computeUsage(nanosOf(resources?.requests), nanosOf(resources?.limits));
}

function isInScope({ spec }: PodObject, scope: ScopeRequirement): boolean {
  const hasDeadline = (spec.activeDeadlineSeconds ?? -1) >= 0;
  switch (scope.scopeName) {
    case "Terminating":
      return hasDeadline;
    case "NotTerminating":
      return !hasDeadline;
    case "BestEffort":
      return qosClassOf(spec) === "BestEffort";
    case "NotBestEffort":
      return qosClassOf(spec) !== "BestEffort";
    case "PriorityClass":
      return hasPriority(spec.priorityClassName ?? "", scope);
    case "CrossNamespacePodAffinity":
      return isNearStrangers(spec.affinity?.podAffinity) || isNearStrangers(spec.affinity?.podAntiAffinity);
    default:
      return false;
  }
}

function hasPriority(name: string, { scopeName: key, operator, values = [] }: ScopeRequirement): boolean {
  const labels = name === "" ? {} : { [key]: name };
  if (operator === "In" || operator === "NotIn") return matches([{ key, operator, values }], labels);
  return operator === "Exists" ? name !== "" : name === "";
}

function isNearStrangers(affinity: PodAffinity | undefined): boolean {
  const crosses = ({ namespaces = [], namespaceSelector }: PodAffinityTerm): boolean =>
    namespaces.length > 0 || namespaceSelector !== undefined;
  return (
    (affinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []).some(crosses) ||
    (affinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []).some((term) => crosses(term.podAffinityTerm))
  );
}
