/** Which autoscalers let their target sleep, and what wakes it: the metrics of a Service that the edge counts. Pure. */
import type { AutoscalerObject, MetricSpec } from "#kinds/autoscaling/autoscaler-spec.ts";
import type { MeasuredValue } from "#kinds/autoscaling/scaling-sample.ts";
import { SERVICE_METRICS, type ServiceMetric } from "./request-load.ts";

/** A metric that an autoscaler wants of a Service. */
export interface WantedMetric {
  readonly name: string;
  readonly metric: ServiceMetric;
}

/** The metrics of Services that the edge can count, as far as this autoscaler asks for them. */
export function wantedOf({ spec }: AutoscalerObject): readonly WantedMetric[] {
  return (spec.metrics ?? []).flatMap((metric) => wanted(metric) ?? []);
}

/** A request to this Service is worth waiting for: if there is no pod, this autoscaler makes one. */
export function wakesFor(autoscaler: AutoscalerObject, service: string): boolean {
  if (autoscaler.metadata.deletionTimestamp !== undefined || autoscaler.spec.minReplicas !== 0) return false;
  return wantedOf(autoscaler).some(({ name }) => name === service);
}

/** What was measured for this metric, or undefined. */
export function measuredFor(metric: MetricSpec, values: readonly MeasuredValue[]): string | undefined {
  const { describedObject, metric: { name = "" } = {} } = metric.object ?? {};
  if (describedObject === undefined) return undefined;
  const { kind } = describedObject;
  return values.find((each) => each.kind === kind && each.name === describedObject.name && each.metric === name)?.value;
}

function wanted({ type, object }: MetricSpec): WantedMetric | null {
  if (type !== "Object" || object?.describedObject.kind !== "Service") return null;
  const { apiVersion = "v1", name } = object.describedObject;
  const metric = SERVICE_METRICS.find((known) => known === object.metric.name);
  // A selector narrows labels of a metric; these have none.
  return apiVersion === "v1" && metric !== undefined && object.metric.selector === undefined ? { name, metric } : null;
}
