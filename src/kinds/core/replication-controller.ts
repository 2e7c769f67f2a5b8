/** ReplicationController: what ReplicaSets were before they had selectors of expressions. */
import type { FieldFault } from "#base/fault.ts";
import { matches, selectorOf } from "#base/selector.ts";
import { checkNotNegative } from "#kinds/apps/template-owner-rules.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, integer, templateColumns } from "#kinds/columns.ts";
import { chargedByName } from "#kinds/quota.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Condition, KubeObject } from "#kinds/object.ts";
import { editedByMost } from "#kinds/roles.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { scalePath, statusPath } from "#kinds/subresources.ts";
import { defaultTemplate } from "./pod-defaults.ts";
import { checkTemplate } from "./pod-rules.ts";
import type { PodTemplateSpec } from "./pod-spec.ts";

export interface ReplicationController extends KubeObject {
  readonly spec: {
    readonly replicas?: number;
    readonly minReadySeconds?: number;
    readonly selector?: Readonly<Record<string, string>>;
    readonly template?: PodTemplateSpec;
  };
  readonly status?: {
    readonly replicas: number;
    readonly fullyLabeledReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
  };
}

export const replicationControllerKind: Kind<ReplicationController> = builtinKind<ReplicationController>({
  group: "",
  version: "v1",
  kind: "ReplicationController",
  plural: "replicationcontrollers",
  shortNames: ["rc"],
  categories: ["all"],
  scope: "Namespaced",
  roles: editedByMost,
  podTemplate: ({ spec }) => spec.template,
  type: "io.k8s.api.core.v1.ReplicationController",
  charges: chargedByName("replicationcontrollers"),
  subresources: [statusPath, scalePath],
  scale: { specReplicas: ".spec.replicas", statusReplicas: ".status.replicas", selector: ".spec.selector" },
  columns: [
    integer("Desired", ({ spec }) => spec.replicas ?? 1),
    integer("Current", ({ status }) => status?.replicas ?? 0),
    integer("Ready", ({ status }) => status?.readyReplicas ?? 0),
    ageColumn,
    ...templateColumns(({ spec }: ReplicationController) => ({
      containers: spec.template?.spec?.containers ?? [],
      selector: { matchLabels: spec.selector ?? {} },
    })),
  ],
  selectableFields: { "status.replicas": ({ status }) => String(status?.replicas ?? 0) },
  defaults: withDefaults,
  validate: faultsOf,
});

/** SetDefaults_ReplicationController: labels and selector are the template's labels where they are not given. */
function withDefaults(controller: ReplicationController): ReplicationController {
  const { metadata, spec } = controller;
  const labels = spec.template?.metadata?.labels ?? {};
  const takes = (own: Readonly<Record<string, string>> | undefined): boolean =>
    Object.keys(labels).length > 0 && Object.keys(own ?? {}).length === 0;
  return {
    ...controller,
    metadata: { ...metadata, ...(takes(metadata.labels) && { labels }) },
    spec: {
      ...spec,
      replicas: spec.replicas ?? 1,
      ...(takes(spec.selector) && { selector: labels }),
      ...(spec.template !== undefined && { template: defaultTemplate(spec.template) }),
    },
  };
}

/** ValidateReplicationControllerSpec; unlike a ReplicaSet's, the selector may change. */
function faultsOf({ spec }: ReplicationController): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { selector = {}, template } = spec;
  const { labels } = template?.metadata ?? {};
  const { restartPolicy: policy, activeDeadlineSeconds } = template?.spec ?? {};
  checkNotNegative(spec.minReadySeconds, "spec.minReadySeconds", faults);
  if (Object.keys(selector).length === 0) faults.required("spec.selector");
  checkNotNegative(spec.replicas, "spec.replicas", faults);
  const isMatch = Object.keys(selector).length === 0 || matches(selectorOf(selector), labels);
  if (template !== undefined && !isMatch)
    faults.invalid("spec.template.metadata.labels", labels ?? null, "`selector` does not match template `labels`");
  checkTemplate(template, "spec.template", faults);
  if (policy !== undefined && policy !== "Always")
    faults.notSupported("spec.template.spec.restartPolicy", policy, ["Always"]);
  if (activeDeadlineSeconds !== undefined)
    faults.forbidden(
      "spec.template.spec.activeDeadlineSeconds",
      "activeDeadlineSeconds in ReplicationController is not Supported",
    );
  return faults.found;
}
