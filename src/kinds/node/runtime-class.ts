/** RuntimeClass: by which runtime of its node a pod is run, what that costs beside the containers, and where it can be. */
import type { FieldFault } from "#base/fault.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, text } from "#kinds/columns.ts";
import { checkResources } from "#kinds/core/container-rules.ts";
import type { Toleration } from "#kinds/core/placement.ts";
import { checkTolerations } from "#kinds/core/placement-rules.ts";
import type { ResourceList } from "#kinds/core/pod-spec.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { checkLabels } from "#kinds/rules/meta-rules.ts";
import { dnsLabelFaults } from "#kinds/rules/names.ts";

export type RuntimeClass = KubeObject & {
  readonly handler: string;
  readonly overhead?: { readonly podFixed?: ResourceList };
  readonly scheduling?: {
    readonly nodeSelector?: Readonly<Record<string, string>>;
    readonly tolerations?: readonly Toleration[];
  };
};

export const runtimeClassKind: Kind<RuntimeClass> = builtinKind<RuntimeClass>({
  group: "node.k8s.io",
  version: "v1",
  kind: "RuntimeClass",
  plural: "runtimeclasses",
  scope: "Cluster",
  type: "io.k8s.api.node.v1.RuntimeClass",
  columns: [text("Handler", ({ handler }) => handler), ageColumn],
  validate: faultsOf,
});

/** ValidateRuntimeClass and its update. */
function faultsOf(next: RuntimeClass, live: RuntimeClass | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { handler, overhead, scheduling } = next;
  faults.invalidEach("handler", handler, dnsLabelFaults(handler));
  if (overhead !== undefined) checkResources({ limits: overhead.podFixed ?? {} }, "overhead", faults);
  checkLabels(scheduling?.nodeSelector, "scheduling.nodeSelector", faults);
  checkTolerations(scheduling?.tolerations ?? [], "scheduling.tolerations", faults);
  const seen = new Set<string>();
  for (const [at, toleration] of (scheduling?.tolerations ?? []).entries()) {
    const { key = "", operator = "", value = "", effect = "" } = toleration;
    const id = JSON.stringify([key, operator, value, effect]);
    if (seen.has(id)) faults.duplicate(`scheduling.tolerations[${at}]`, toleration);
    seen.add(id);
  }
  if (live !== null && handler !== live.handler) faults.immutable("handler", handler);
  return faults.found;
}
