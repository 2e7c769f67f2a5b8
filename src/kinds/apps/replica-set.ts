/** ReplicaSet. */
import type { FieldFault } from "#base/fault.ts";
import type { LabelSelector } from "#base/selector.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, integer, templateColumns } from "#kinds/columns.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import type { Kind } from "#kinds/kind.ts";
import { editedByMost } from "#kinds/roles.ts";
import { scalePath, statusPath } from "#kinds/subresources.ts";
import type { Condition, KubeObject } from "#kinds/object.ts";
import { defaultTemplate } from "#kinds/core/pod-defaults.ts";
import type { PodTemplateSpec } from "#kinds/core/pod-spec.ts";
import { checkNotNegative, checkTemplateOwner } from "./template-owner-rules.ts";

export type ReplicaSet = KubeObject & {
  readonly spec: {
    readonly replicas?: number;
    readonly minReadySeconds?: number;
    readonly selector: LabelSelector;
    readonly template?: PodTemplateSpec;
  };
  readonly status?: {
    readonly replicas: number;
    readonly fullyLabeledReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly terminatingReplicas?: number;
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
  };
};

export const replicaSetKind: Kind<ReplicaSet> = builtinKind<ReplicaSet>({
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  plural: "replicasets",
  shortNames: ["rs"],
  categories: ["all"],
  scope: "Namespaced",
  roles: editedByMost,
  podTemplate: ({ spec }) => spec.template,
  type: "io.k8s.api.apps.v1.ReplicaSet",
  subresources: [statusPath, scalePath],
  scale: { specReplicas: ".spec.replicas", statusReplicas: ".status.replicas", selector: ".spec.selector" },
  columns: [
    integer("Desired", (set) => set.spec.replicas ?? 1),
    integer("Current", (set) => set.status?.replicas ?? 0),
    integer("Ready", (set) => set.status?.readyReplicas ?? 0),
    ageColumn,
    ...templateColumns((set: ReplicaSet) => ({
      containers: set.spec.template?.spec?.containers ?? [],
      selector: set.spec.selector,
    })),
  ],
  selectableFields: { "status.replicas": (set) => String(set.status?.replicas ?? 0) },
  defaults: (set) => ({
    ...set,
    spec: {
      ...set.spec,
      replicas: set.spec.replicas ?? 1,
      ...(set.spec.template !== undefined && { template: defaultTemplate(set.spec.template) }),
    },
  }),
  validate: replicaSetFaults,
});

function replicaSetFaults(next: ReplicaSet, live: ReplicaSet | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  checkNotNegative(next.spec.minReadySeconds, "spec.minReadySeconds", faults);
  checkTemplateOwner(next.spec, { word: "ReplicaSet", live: live?.spec }, faults);
  return faults.found;
}
