/** PriorityClass. */
import { member } from "#base/dictionary.ts";
import type { FieldFault } from "#base/fault.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, integer, text } from "#kinds/columns.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";

export type PriorityClass = KubeObject & {
  readonly value: number;
  readonly globalDefault?: boolean;
  readonly description?: string;
  readonly preemptionPolicy?: "PreemptLowerPriority" | "Never";
};

export const priorityClassKind: Kind<PriorityClass> = builtinKind<PriorityClass>({
  group: "scheduling.k8s.io",
  version: "v1",
  kind: "PriorityClass",
  plural: "priorityclasses",
  shortNames: ["pc"],
  scope: "Cluster",
  type: "io.k8s.api.scheduling.v1.PriorityClass",
  columns: [
    integer("Value", ({ value }) => value),
    { name: "Global-Default", type: "boolean", cell: ({ globalDefault }) => globalDefault ?? false },
    ageColumn,
    text("PreemptionPolicy", ({ preemptionPolicy }) => preemptionPolicy ?? ""),
  ],
  defaults: (one) => ({ ...one, preemptionPolicy: one.preemptionPolicy ?? "PreemptLowerPriority" }),
  validate: priorityClassFaults,
});

/** Above it is the system's own. */
const HIGHEST_USER_PRIORITY = 1_000_000_000;
const SYSTEM_CLASSES: Readonly<Record<string, number>> = {
  "system-cluster-critical": 2_000_000_000,
  "system-node-critical": 2_000_001_000,
};

function priorityClassFaults(next: PriorityClass, live: PriorityClass | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { name } = next.metadata;
  if (name.startsWith("system-")) {
    if (member(SYSTEM_CLASSES, name) !== next.value)
      faults.forbidden(
        "metadata.name",
        "priority class names with 'system-' prefix are reserved for system use only. error: " +
          `${name} is not a known system priority class`,
      );
  } else if (next.value > HIGHEST_USER_PRIORITY) {
    faults.forbidden("value", `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`);
  }
  faults.oneOf("preemptionPolicy", next.preemptionPolicy, ["Never", "PreemptLowerPriority"]);
  if (live === null) return faults.found;
  if (next.value !== live.value) faults.forbidden("value", "may not be changed in an update.");
  if (next.preemptionPolicy !== live.preemptionPolicy) faults.immutable("preemptionPolicy", next.preemptionPolicy);
  return faults.found;
}
