/** PodDisruptionBudget: how many pods of a set must stay, or may go, when somebody makes room by evictions. */
import type { FieldFault } from "#base/fault.ts";
import type { LabelSelector } from "#base/selector.ts";
import { checkShare, shareOf } from "#kinds/apps/template-owner-rules.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, integer, text } from "#kinds/columns.ts";
import type { IntOrString } from "#kinds/core/pod-spec.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Condition, KubeObject } from "#kinds/object.ts";
import { editedByMost } from "#kinds/roles.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { checkSelector } from "#kinds/rules/selector-rules.ts";
import { statusPath } from "#kinds/subresources.ts";

export type PodDisruptionBudget = KubeObject & {
  readonly spec: {
    readonly minAvailable?: IntOrString;
    readonly maxUnavailable?: IntOrString;
    readonly selector?: LabelSelector;
    readonly unhealthyPodEvictionPolicy?: "IfHealthyBudget" | "AlwaysAllow";
  };
  readonly status?: DisruptionStatus;
};

export type DisruptionStatus = {
  readonly observedGeneration?: number;
  /** Evicted, but not seen going yet: when each was let go. */
  readonly disruptedPods?: Readonly<Record<string, string>>;
  readonly disruptionsAllowed: number;
  readonly currentHealthy: number;
  readonly desiredHealthy: number;
  readonly expectedPods: number;
  readonly conditions?: readonly Condition[];
};

export const podDisruptionBudgetKind: Kind<PodDisruptionBudget> = builtinKind<PodDisruptionBudget>({
  group: "policy",
  version: "v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
  shortNames: ["pdb"],
  scope: "Namespaced",
  roles: editedByMost,
  type: "io.k8s.api.policy.v1.PodDisruptionBudget",
  subresources: [statusPath],
  columns: [
    text("Min Available", ({ spec }) => shareText(spec.minAvailable)),
    text("Max Unavailable", ({ spec }) => shareText(spec.maxUnavailable)),
    integer("Allowed Disruptions", ({ status }) => status?.disruptionsAllowed ?? 0),
    ageColumn,
  ],
  validate: faultsOf,
});

function shareText(share: IntOrString | undefined): string {
  return share === undefined ? "N/A" : String(share);
}

/** ValidatePodDisruptionBudgetSpec and, of the status, ValidatePodDisruptionBudgetStatusUpdate. */
function faultsOf({ spec, status }: PodDisruptionBudget): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { minAvailable, maxUnavailable, unhealthyPodEvictionPolicy: unhealthy } = spec;
  if (minAvailable !== undefined && maxUnavailable !== undefined)
    faults.invalid("spec", spec, "minAvailable and maxUnavailable cannot be both set");
  for (const [name, share] of Object.entries({ minAvailable, maxUnavailable })) {
    if (share === undefined) continue;
    checkShare(share, `spec.${name}`, faults);
    if (typeof share === "string" && shareOf(share) > 100)
      faults.invalid(`spec.${name}`, share, "must not be greater than 100%");
  }
  checkSelector(spec.selector, "spec.selector", faults);
  if (unhealthy !== undefined && unhealthy !== "AlwaysAllow" && unhealthy !== "IfHealthyBudget")
    faults.notSupported("spec.unhealthyPodEvictionPolicy", unhealthy, ["AlwaysAllow", "IfHealthyBudget"]);
  const { disruptionsAllowed = 0, currentHealthy = 0, desiredHealthy = 0, expectedPods = 0 } = status ?? {};
  for (const [name, count] of Object.entries({ disruptionsAllowed, currentHealthy, desiredHealthy, expectedPods }))
    if (count < 0) faults.invalid(`status.${name}`, count, "must be greater than or equal to 0");
  return faults.found;
}
