/** Deployment. */
import type { LabelSelector } from "#base/selector.ts";
import { ageColumn, integer, templateColumns, text } from "./columns.ts";
import { builtinKind } from "./builtin.ts";
import type { Kind } from "./kind.ts";
import type { Condition, KubeObject } from "./object.ts";
import type { IntOrString, PodTemplateSpec } from "./pod-spec.ts";

export interface Deployment extends KubeObject {
  readonly spec: DeploymentSpec;
  readonly status?: DeploymentStatus;
}

export interface DeploymentSpec {
  readonly replicas?: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
  readonly strategy?: DeploymentStrategy;
  readonly minReadySeconds?: number;
  readonly revisionHistoryLimit?: number;
  readonly paused?: boolean;
  readonly progressDeadlineSeconds?: number;
}

export interface DeploymentStrategy {
  readonly type?: "RollingUpdate" | "Recreate";
  readonly rollingUpdate?: { readonly maxUnavailable?: IntOrString; readonly maxSurge?: IntOrString };
}

export interface DeploymentStatus {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly terminatingReplicas?: number;
  readonly conditions?: readonly Condition[];
  readonly collisionCount?: number;
}

export const deploymentKind: Kind<Deployment> = builtinKind<Deployment>({
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  shortNames: ["deploy"],
  categories: ["all"],
  scope: "Namespaced",
  type: "io.k8s.api.apps.v1.Deployment",
  subresources: ["status", "scale"],
  scale: { specReplicas: ".spec.replicas", statusReplicas: ".status.replicas", selector: ".spec.selector" },
  columns: [
    text("Ready", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`),
    integer("Up-to-date", ({ status }) => status?.updatedReplicas ?? 0),
    integer("Available", ({ status }) => status?.availableReplicas ?? 0),
    ageColumn,
    ...templateColumns((deployment: Deployment) => ({
      containers: deployment.spec.template.spec?.containers ?? [],
      selector: deployment.spec.selector,
    })),
  ],
});
