/** Deployment. */
import type { FieldFault } from "#base/fault.ts";
import type { LabelSelector } from "#base/selector.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, integer, templateColumns, text } from "#kinds/columns.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import type { Kind } from "#kinds/kind.ts";
import { editedByMost } from "#kinds/roles.ts";
import { scalePath, statusPath } from "#kinds/subresources.ts";
import type { Condition, KubeObject } from "#kinds/object.ts";
import { defaultTemplate } from "#kinds/core/pod-defaults.ts";
import type { IntOrString, PodTemplateSpec } from "#kinds/core/pod-spec.ts";
import { checkNotNegative, checkShare, checkTemplateOwner, shareOf } from "./template-owner-rules.ts";

export type Deployment = KubeObject & {
  readonly spec: DeploymentSpec;
  readonly status?: DeploymentStatus;
};

export type DeploymentSpec = {
  readonly replicas?: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
  readonly strategy?: DeploymentStrategy;
  readonly minReadySeconds?: number;
  readonly revisionHistoryLimit?: number;
  readonly paused?: boolean;
  readonly progressDeadlineSeconds?: number;
};

export type DeploymentStrategy = {
  readonly type?: "RollingUpdate" | "Recreate";
  readonly rollingUpdate?: { readonly maxUnavailable?: IntOrString; readonly maxSurge?: IntOrString };
};

export type DeploymentStatus = {
  readonly observedGeneration?: number;
  readonly replicas?: number;
  readonly updatedReplicas?: number;
  readonly readyReplicas?: number;
  readonly availableReplicas?: number;
  readonly unavailableReplicas?: number;
  readonly terminatingReplicas?: number;
  readonly conditions?: readonly Condition[];
  readonly collisionCount?: number;
};

export const deploymentKind: Kind<Deployment> = builtinKind<Deployment>({
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  shortNames: ["deploy"],
  categories: ["all"],
  scope: "Namespaced",
  roles: editedByMost,
  podTemplate: ({ spec }) => spec.template,
  type: "io.k8s.api.apps.v1.Deployment",
  statusKeeps: ["labels"],
  subresources: [statusPath, scalePath],
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
  defaults: (deployment) => ({ ...deployment, spec: defaultSpec(deployment.spec) }),
  validate: deploymentFaults,
});

function defaultSpec(spec: DeploymentSpec): DeploymentSpec {
  return {
    ...spec,
    template: defaultTemplate(spec.template),
    replicas: spec.replicas ?? 1,
    strategy: defaultStrategy(spec.strategy ?? {}),
    revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
    progressDeadlineSeconds: spec.progressDeadlineSeconds ?? 600,
  };
}

function defaultStrategy({ type = "RollingUpdate", rollingUpdate }: DeploymentStrategy): DeploymentStrategy {
  if (type !== "RollingUpdate") return { type, ...(rollingUpdate !== undefined && { rollingUpdate }) };
  return {
    type,
    rollingUpdate: {
      maxUnavailable: rollingUpdate?.maxUnavailable ?? "25%",
      maxSurge: rollingUpdate?.maxSurge ?? "25%",
    },
  };
}

function deploymentFaults(next: Deployment, live: Deployment | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { spec } = next;
  checkTemplateOwner(spec, { word: "deployment", live: live?.spec }, faults);
  checkStrategy(spec.strategy ?? {}, faults);
  checkNotNegative(spec.minReadySeconds, "spec.minReadySeconds", faults);
  checkNotNegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit", faults);
  const deadline = spec.progressDeadlineSeconds;
  checkNotNegative(deadline, "spec.progressDeadlineSeconds", faults);
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0)) {
    faults.invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds");
  }
  return faults.found;
}

function checkStrategy({ type, rollingUpdate }: DeploymentStrategy, faults: FieldFaults): void {
  const path = "spec.strategy";
  if (type === "Recreate") {
    if (rollingUpdate !== undefined)
      faults.forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'");
    return;
  }
  if (type !== "RollingUpdate") return faults.notSupported(`${path}.type`, type ?? "", ["Recreate", "RollingUpdate"]);
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate ?? {};
  checkShare(maxUnavailable, `${path}.rollingUpdate.maxUnavailable`, faults);
  checkShare(maxSurge, `${path}.rollingUpdate.maxSurge`, faults);
  if (shareOf(maxUnavailable) === 0 && shareOf(maxSurge) === 0) {
    faults.invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0");
  }
  if (typeof maxUnavailable === "string" && shareOf(maxUnavailable) > 100) {
    faults.invalid(`${path}.rollingUpdate.maxUnavailable`, maxUnavailable, "must not be greater than 100%");
  }
}
