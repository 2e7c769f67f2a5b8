/** ReplicaSet. */
import type { LabelSelector } from "#base/selector.ts";
import { ageColumn, integer, templateColumns } from "./columns.ts";
import { builtinKind } from "./builtin.ts";
import type { Kind } from "./kind.ts";
import type { Condition, KubeObject } from "./object.ts";
import type { PodTemplateSpec } from "./pod-spec.ts";

export interface ReplicaSet extends KubeObject {
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
}

export const replicaSetKind: Kind<ReplicaSet> = builtinKind<ReplicaSet>({
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  plural: "replicasets",
  shortNames: ["rs"],
  categories: ["all"],
  scope: "Namespaced",
  type: "io.k8s.api.apps.v1.ReplicaSet",
  subresources: ["status", "scale"],
  scale: { specReplicas: ".spec.replicas", statusReplicas: ".status.replicas", selector: ".spec.selector" },
  columns: [
    integer("Desired", (set) => set.spec.replicas ?? 1),
    integer("Current", (set) => set.status?.replicas ?? 0),
    integer("Ready", (set) => set.status?.readyReplicas ?? 0),
    ageColumn,
    ...templateColumns((set: ReplicaSet) => ({ containers: set.spec.template?.spec?.containers ?? [], selector: set.spec.selector })),
  ],
  selectableFields: { "status.replicas": (set) => String(set.status?.replicas ?? 0) },
});
