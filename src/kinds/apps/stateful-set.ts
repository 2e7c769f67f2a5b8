/** StatefulSet. */
import type { FieldFault } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import type { LabelSelector } from "#base/selector.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, text, wide } from "#kinds/columns.ts";
import { defaultTemplate } from "#kinds/core/pod-defaults.ts";
import { defaultClaimSpec, type PersistentVolumeClaim } from "#kinds/core/persistent-volume-claim.ts";
import type { Container, PodTemplateSpec } from "#kinds/core/pod-spec.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Condition, KubeObject } from "#kinds/object.ts";
import { editedByMost } from "#kinds/roles.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { scalePath, statusPath } from "#kinds/subresources.ts";
import { checkNotNegative, checkTemplateOwner } from "./template-owner-rules.ts";

export type StatefulSet = KubeObject & {
  readonly spec: StatefulSetSpec;
  readonly status?: StatefulSetStatus;
};

export type StatefulSetSpec = {
  readonly replicas?: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplateSpec;
  readonly serviceName?: string;
  readonly podManagementPolicy?: "OrderedReady" | "Parallel";
  readonly updateStrategy?: StatefulSetUpdateStrategy;
  readonly revisionHistoryLimit?: number;
  readonly minReadySeconds?: number;
  readonly ordinals?: { readonly start?: number };
  readonly volumeClaimTemplates?: readonly Partial<PersistentVolumeClaim>[];
  readonly persistentVolumeClaimRetentionPolicy?: ClaimRetentionPolicy;
};

type ClaimRetentionPolicy = { readonly whenDeleted?: Retention; readonly whenScaled?: Retention };
type Retention = "Delete" | "Retain";

type StatefulSetUpdateStrategy = {
  readonly type?: "RollingUpdate" | "OnDelete";
  readonly rollingUpdate?: { readonly partition?: number };
};

export type StatefulSetStatus = {
  readonly observedGeneration?: number;
  readonly replicas: number;
  readonly readyReplicas?: number;
  readonly currentReplicas?: number;
  readonly updatedReplicas?: number;
  readonly availableReplicas: number;
  readonly currentRevision?: string;
  readonly updateRevision?: string;
  readonly collisionCount?: number;
  readonly conditions?: readonly Condition[];
};

export const statefulSetKind: Kind<StatefulSet> = builtinKind<StatefulSet>({
  group: "apps",
  version: "v1",
  kind: "StatefulSet",
  plural: "statefulsets",
  shortNames: ["sts"],
  categories: ["all"],
  scope: "Namespaced",
  roles: editedByMost,
  podTemplate: ({ spec }) => spec.template,
  type: "io.k8s.api.apps.v1.StatefulSet",
  subresources: [statusPath, scalePath],
  scale: { specReplicas: ".spec.replicas", statusReplicas: ".status.replicas", selector: ".spec.selector" },
  columns: [
    text("Ready", ({ spec, status }) => `${status?.readyReplicas ?? 0}/${spec.replicas ?? 1}`),
    ageColumn,
    wide("Containers", (set) => joined(set, ({ name }) => name)),
    wide("Images", (set) => joined(set, ({ image = "" }) => image)),
  ],
  defaults: (set) => ({ ...set, spec: defaultSpec(set.spec) }),
  validate: faultsOf,
});

function joined({ spec }: StatefulSet, part: (container: Container) => string): string {
  return (spec.template.spec?.containers ?? []).map(part).join(",");
}

/** SetDefaults_StatefulSet. */
function defaultSpec(spec: StatefulSetSpec): StatefulSetSpec {
  const { type = "RollingUpdate", rollingUpdate } = spec.updateStrategy ?? {};
  const isRolling =
    type === "RollingUpdate" && (rollingUpdate !== undefined || spec.updateStrategy?.type === undefined);
  return {
    ...spec,
    template: defaultTemplate(spec.template),
    replicas: spec.replicas ?? 1,
    podManagementPolicy: spec.podManagementPolicy ?? "OrderedReady",
    updateStrategy: {
      type,
      ...(rollingUpdate !== undefined && { rollingUpdate }),
      ...(isRolling && { rollingUpdate: { ...rollingUpdate, partition: rollingUpdate?.partition ?? 0 } }),
    },
    revisionHistoryLimit: spec.revisionHistoryLimit ?? 10,
    ...(spec.volumeClaimTemplates && { volumeClaimTemplates: spec.volumeClaimTemplates.map(defaultClaim) }),
    persistentVolumeClaimRetentionPolicy: {
      whenDeleted: spec.persistentVolumeClaimRetentionPolicy?.whenDeleted ?? "Retain",
      whenScaled: spec.persistentVolumeClaimRetentionPolicy?.whenScaled ?? "Retain",
    },
  };
}

/** As upstream's conversion and defaults write a claim that is no object of its own. */
function defaultClaim({ spec, status, ...claim }: Partial<PersistentVolumeClaim>): Partial<PersistentVolumeClaim> {
  return {
    ...claim,
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    spec: defaultClaimSpec(spec ?? {}),
    status: { ...status, phase: status?.phase ?? "Pending" },
  };
}

/** ValidateStatefulSetSpec and its update. */
function faultsOf({ spec }: StatefulSet, live: StatefulSet | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  const policy = spec.podManagementPolicy ?? "OrderedReady";
  if (policy !== "OrderedReady" && policy !== "Parallel")
    faults.invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'");
  checkStrategy(spec.updateStrategy ?? {}, faults);
  checkNotNegative(spec.minReadySeconds, "spec.minReadySeconds", faults);
  checkNotNegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit", faults);
  checkNotNegative(spec.ordinals?.start, "spec.ordinals.start", faults);
  checkRetention(spec.persistentVolumeClaimRetentionPolicy ?? {}, faults);
  checkTemplateOwner(withClaimVolumes(spec), { word: "statefulset", kind: "StatefulSet", live: undefined }, faults);
  if (live !== null && !sameJson(withoutChangeable(spec), withoutChangeable(live.spec)))
    faults.forbidden(
      "spec",
      "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
    );
  return faults.found;
}

function withoutChangeable(spec: StatefulSetSpec): object {
  const {
    replicas: _replicas,
    ordinals: _ordinals,
    template: _template,
    updateStrategy: _strategy,
    revisionHistoryLimit: _limit,
    minReadySeconds: _seconds,
    persistentVolumeClaimRetentionPolicy: _policy,
    ...fixed
  } = spec;
  return fixed;
}

const RETENTIONS = ["Delete", "Retain"];

/** ValidatePersistentVolumeClaimRetentionPolicyType. */
function checkRetention(policy: ClaimRetentionPolicy, faults: FieldFaults): void {
  const path = "spec.persistentVolumeClaimRetentionPolicy";
  const { whenDeleted = "Retain", whenScaled = "Retain" } = policy;
  faults.oneOf(`${path}.whenDeleted`, whenDeleted, RETENTIONS);
  faults.oneOf(`${path}.whenScaled`, whenScaled, RETENTIONS);
}

/** Containers may mount what is claimed as if it were a volume of the template. */
function withClaimVolumes(spec: StatefulSetSpec): StatefulSetSpec {
  const { template, volumeClaimTemplates: claims = [] } = spec;
  if (claims.length === 0 || template.spec === undefined) return spec;
  const { volumes = [], ...rest } = template.spec;
  const names = claims.map(({ metadata }) => metadata?.name ?? "");
  const claimed = names.map((name) => ({ name, persistentVolumeClaim: { claimName: name } }));
  const others = volumes.filter(({ name }) => !names.includes(name));
  return { ...spec, template: { ...template, spec: { ...rest, volumes: [...others, ...claimed] } } };
}

function checkStrategy({ type, rollingUpdate }: StatefulSetUpdateStrategy, faults: FieldFaults): void {
  const path = "spec.updateStrategy";
  if (type === "RollingUpdate")
    return checkNotNegative(rollingUpdate?.partition, `${path}.rollingUpdate.partition`, faults);
  if (type !== "OnDelete") return faults.invalid(path, type ?? "", "must be 'RollingUpdate' or 'OnDelete'");
  if (rollingUpdate !== undefined)
    faults.invalid(`${path}.rollingUpdate`, rollingUpdate, "only allowed for updateStrategy 'RollingUpdate'");
}
