/** DaemonSet. */
import type { FieldFault } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import type { LabelSelector } from "#base/selector.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, formatLabels, integer, templateColumns, text } from "#kinds/columns.ts";
import { defaultTemplate } from "#kinds/core/pod-defaults.ts";
import type { IntOrString, PodTemplateSpec } from "#kinds/core/pod-spec.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Condition, KubeObject } from "#kinds/object.ts";
import { editedByMost } from "#kinds/roles.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { statusPath } from "#kinds/subresources.ts";
import { checkNotNegative, checkShare, checkTemplateOwner, shareOf } from "./template-owner-rules.ts";

/** How often the template has changed: what apps/v1 keeps of a field of its forerunners. */
export const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

export type DaemonSet = KubeObject & {
  readonly spec: DaemonSetSpec;
  readonly status?: DaemonSetStatus;
};

export type DaemonSetSpec = {
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
  readonly updateStrategy?: DaemonSetUpdateStrategy;
  readonly minReadySeconds?: number;
  readonly revisionHistoryLimit?: number;
};

type DaemonSetUpdateStrategy = {
  readonly type?: "RollingUpdate" | "OnDelete";
  readonly rollingUpdate?: { readonly maxUnavailable?: IntOrString; readonly maxSurge?: IntOrString };
};

export type DaemonSetStatus = {
  readonly currentNumberScheduled: number;
  readonly numberMisscheduled: number;
  readonly desiredNumberScheduled: number;
  readonly numberReady: number;
  readonly observedGeneration?: number;
  readonly updatedNumberScheduled?: number;
  readonly numberAvailable?: number;
  readonly numberUnavailable?: number;
  readonly collisionCount?: number;
  readonly conditions?: readonly Condition[];
};

export const daemonSetKind: Kind<DaemonSet> = builtinKind<DaemonSet>({
  group: "apps",
  version: "v1",
  kind: "DaemonSet",
  plural: "daemonsets",
  shortNames: ["ds"],
  categories: ["all"],
  scope: "Namespaced",
  roles: editedByMost,
  podTemplate: ({ spec }) => spec.template,
  type: "io.k8s.api.apps.v1.DaemonSet",
  subresources: [statusPath],
  columns: [
    integer("Desired", ({ status }) => status?.desiredNumberScheduled ?? 0),
    integer("Current", ({ status }) => status?.currentNumberScheduled ?? 0),
    integer("Ready", ({ status }) => status?.numberReady ?? 0),
    integer("Up-to-date", ({ status }) => status?.updatedNumberScheduled ?? 0),
    integer("Available", ({ status }) => status?.numberAvailable ?? 0),
    text("Node Selector", ({ spec }) => formatLabels(spec.template.spec?.nodeSelector)),
    ageColumn,
    ...templateColumns(({ spec }: DaemonSet) => ({
      containers: spec.template.spec?.containers ?? [],
      selector: spec.selector,
    })),
  ],
  defaults: (set) => ({ ...set, spec: defaultSpec(set.spec) }),
  onCreate: ({ status: _status, ...set }) => withTemplateGeneration(set, 1),
  onUpdate: (next, live) =>
    withTemplateGeneration(
      next,
      (templateGenerationOf(live) ?? 1) + (sameJson(next.spec.template, live.spec.template) ? 0 : 1),
    ),
  validate: faultsOf,
});

/** Undefined when what stands there is no number. */
export function templateGenerationOf({ metadata }: DaemonSet): number | undefined {
  const text = metadata.annotations?.[TEMPLATE_GENERATION] ?? "";
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function withTemplateGeneration(set: DaemonSet, generation: number): DaemonSet {
  const annotations = { ...set.metadata.annotations, [TEMPLATE_GENERATION]: String(generation) };
  return { ...set, metadata: { ...set.metadata, annotations } };
}

/** SetDefaults_DaemonSet. */
function defaultSpec(spec: DaemonSetSpec): DaemonSetSpec {
  return {
    ...spec,
    template: defaultTemplate(spec.template),
    updateStrategy: defaultStrategy(spec.updateStrategy ?? {}),
    revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
  };
}

function defaultStrategy({ type, rollingUpdate }: DaemonSetUpdateStrategy): DaemonSetUpdateStrategy {
  const kept = rollingUpdate !== undefined && { rollingUpdate };
  const known = type === undefined || (type as string) === "" ? "RollingUpdate" : type;
  if (known !== "RollingUpdate") return { type: known, ...kept };
  const { maxUnavailable = 1, maxSurge = 0 } = rollingUpdate ?? {};
  return { type: known, rollingUpdate: { maxUnavailable, maxSurge } };
}

/** ValidateDaemonSetSpec and its update. */
function faultsOf({ spec }: DaemonSet, live: DaemonSet | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  checkTemplateOwner(spec, { word: "daemonset", kind: "DaemonSet", live: live?.spec }, faults);
  checkNotNegative(spec.minReadySeconds, "spec.minReadySeconds", faults);
  checkStrategy(spec.updateStrategy ?? {}, faults);
  checkNotNegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit", faults);
  return faults.found;
}

function checkStrategy({ type, rollingUpdate }: DaemonSetUpdateStrategy, faults: FieldFaults): void {
  const path = "spec.updateStrategy";
  if (type === "OnDelete") return;
  if (type !== "RollingUpdate") return faults.notSupported(path, type ?? "", ["RollingUpdate", "OnDelete"]);
  if (rollingUpdate === undefined) return faults.required(`${path}.rollingUpdate`);
  const { maxUnavailable = 0, maxSurge = 0 } = rollingUpdate;
  for (const [name, share] of Object.entries({ maxUnavailable, maxSurge })) {
    checkShare(share, `${path}.rollingUpdate.${name}`, faults);
    if (typeof share === "string" && shareOf(share) > 100)
      faults.invalid(`${path}.rollingUpdate.${name}`, share, "must not be greater than 100%");
  }
  const [missing, more] = [shareOf(maxUnavailable), shareOf(maxSurge)];
  if (missing !== 0 && more !== 0)
    faults.invalid(`${path}.rollingUpdate.maxSurge`, maxSurge, "may not be set when maxUnavailable is non-zero");
  if (missing === 0 && more === 0)
    faults.required(`${path}.rollingUpdate.maxUnavailable`, "cannot be 0 when maxSurge is 0");
}
