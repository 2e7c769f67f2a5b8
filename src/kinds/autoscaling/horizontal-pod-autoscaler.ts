/** HorizontalPodAutoscaler, autoscaling/v2. */
import { defaultAutoscaler, autoscalerFaults } from "./autoscaler-rules.ts";
import type { AutoscalerObject, MetricSpec, MetricStatus, MetricTarget, MetricValue } from "./autoscaler-spec.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, integer, NONE, text } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { editedByMost } from "#kinds/roles.ts";
import { statusPath } from "#kinds/subresources.ts";

export type HorizontalPodAutoscaler = AutoscalerObject;

export const horizontalPodAutoscalerKind: Kind<HorizontalPodAutoscaler> = builtinKind<HorizontalPodAutoscaler>({
  group: "autoscaling",
  version: "v2",
  kind: "HorizontalPodAutoscaler",
  plural: "horizontalpodautoscalers",
  shortNames: ["hpa"],
  categories: ["all"],
  scope: "Namespaced",
  roles: editedByMost,
  countsGenerations: false,
  type: "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler",
  subresources: [statusPath],
  columns: [
    text("Reference", ({ spec }) => `${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`),
    text("Targets", targetsText),
    text("MinPods", ({ spec }) => String(spec.minReplicas ?? "<unset>")),
    integer("MaxPods", ({ spec }) => spec.maxReplicas),
    integer("Replicas", ({ status }) => status?.currentReplicas ?? 0),
    ageColumn,
  ],
  defaults: defaultAutoscaler,
  validate: autoscalerFaults,
});

// kubectl prints so many metrics, then "+ n more…".
const SHOWN = 2;

function targetsText({ spec, status }: HorizontalPodAutoscaler): string {
  const metrics = spec.metrics ?? [];
  if (metrics.length === 0) return NONE;
  const texts = metrics.map((metric, index) => targetText(metric, status?.currentMetrics?.[index]));
  const shown = texts.slice(0, SHOWN).join(", ");
  return texts.length > SHOWN ? `${shown} + ${texts.length - SHOWN} more...` : shown;
}

function targetText(metric: MetricSpec, current: MetricStatus | undefined): string {
  const { resource, containerResource, pods, object, external } = metric;
  if (resource !== undefined) return `${resource.name}: ${ratio(resource.target, current?.resource?.current)}`;
  if (containerResource !== undefined) {
    return `${containerResource.name}: ${ratio(containerResource.target, current?.containerResource?.current)}`;
  }
  if (pods !== undefined) return ratio(pods.target, current?.pods?.current);
  if (object !== undefined) return ratio(object.target, current?.object?.current, " (avg)");
  return ratio(external?.target, current?.external?.current, " (avg)");
}

function ratio(target: MetricTarget | undefined, current: MetricValue | undefined, averageMark = ""): string {
  const unknown = "<unknown>";
  if (target?.averageUtilization !== undefined) {
    const used = current?.averageUtilization;
    return `${used === undefined ? unknown : `${used}%`}/${target.averageUtilization}%`;
  }
  if (target?.averageValue !== undefined)
    return `${current?.averageValue ?? unknown}/${target.averageValue}${averageMark}`;
  return `${current?.value ?? unknown}/${target?.value ?? "<auto>"}`;
}
