/** Defaults and rules of HorizontalPodAutoscaler. */
import type { FieldFault } from "#base/fault.ts";
import { parseNanos } from "#base/quantity.ts";
import type {
  AutoscalerObject,
  HorizontalPodAutoscalerSpec,
  MetricSpec,
  MetricTarget,
  ScalingRules,
} from "./autoscaler-spec.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { pathSegmentFaults } from "#kinds/rules/names.ts";

const DEFAULT_CPU_PERCENT = 80;
const DEFAULT_UP: ScalingRules = {
  stabilizationWindowSeconds: 0,
  selectPolicy: "Max",
  policies: [
    { type: "Pods", value: 4, periodSeconds: 15 },
    { type: "Percent", value: 100, periodSeconds: 15 },
  ],
};
const DEFAULT_DOWN: ScalingRules = {
  selectPolicy: "Max",
  policies: [{ type: "Percent", value: 100, periodSeconds: 15 }],
};

export function defaultAutoscaler(autoscaler: AutoscalerObject): AutoscalerObject {
  const { spec } = autoscaler;
  const cpu: MetricSpec = {
    type: "Resource",
    resource: { name: "cpu", target: { type: "Utilization", averageUtilization: DEFAULT_CPU_PERCENT } },
  };
  return {
    ...autoscaler,
    spec: {
      ...spec,
      minReplicas: spec.minReplicas ?? 1,
      metrics: spec.metrics === undefined || spec.metrics.length === 0 ? [cpu] : spec.metrics,
      // Without a behavior the controller uses the same values, and upstream leaves the field away.
      ...(spec.behavior !== undefined && {
        behavior: {
          scaleUp: { ...DEFAULT_UP, ...spec.behavior.scaleUp },
          scaleDown: { ...DEFAULT_DOWN, ...spec.behavior.scaleDown },
        },
      }),
    },
  };
}

// KEP-2021 (HPAScaleToZero): only these still say something when there is no pod.
const OUTLIVES_PODS: ReadonlySet<MetricSpec["type"]> = new Set(["Object", "External"]);

export function autoscalerFaults({ spec }: AutoscalerObject): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { minReplicas = 1, maxReplicas } = spec;
  if (minReplicas < 0) faults.invalid("spec.minReplicas", minReplicas, "must be greater than or equal to 0");
  if (maxReplicas < 1) faults.invalid("spec.maxReplicas", maxReplicas, "must be greater than 0");
  if (maxReplicas < minReplicas)
    faults.invalid("spec.maxReplicas", maxReplicas, "must be greater than or equal to `minReplicas`");
  checkTargetRef(spec.scaleTargetRef, faults);
  for (const [index, metric] of (spec.metrics ?? []).entries()) checkMetric(metric, `spec.metrics[${index}]`, faults);
  if (minReplicas === 0 && !(spec.metrics ?? []).some(({ type }) => OUTLIVES_PODS.has(type)))
    faults.forbidden(
      "spec.metrics",
      "must specify at least one Object or External metric to support scaling to zero replicas",
    );
  if (spec.behavior?.scaleUp !== undefined) checkRules(spec.behavior.scaleUp, "spec.behavior.scaleUp", faults);
  if (spec.behavior?.scaleDown !== undefined) checkRules(spec.behavior.scaleDown, "spec.behavior.scaleDown", faults);
  return faults.found;
}

function checkTargetRef(ref: HorizontalPodAutoscalerSpec["scaleTargetRef"], faults: FieldFaults): void {
  for (const name of ["kind", "name"] as const) {
    const path = `spec.scaleTargetRef.${name}`;
    if (ref[name] === "") faults.required(path);
    else faults.invalidEach(path, ref[name], pathSegmentFaults(ref[name]));
  }
}

const MEMBERS = {
  Resource: "resource",
  ContainerResource: "containerResource",
  Pods: "pods",
  Object: "object",
  External: "external",
} as const;

function checkMetric(metric: MetricSpec, path: string, faults: FieldFaults): void {
  const supported = Object.keys(MEMBERS).toSorted();
  if ((metric.type as string) === "") return faults.required(`${path}.type`, "must specify a metric source type");
  if (!Object.hasOwn(MEMBERS, metric.type)) return faults.notSupported(`${path}.type`, metric.type, supported);
  const member = MEMBERS[metric.type];
  const source = metric[member];
  for (const other of Object.values(MEMBERS)) {
    if (other !== member && metric[other] !== undefined)
      faults.forbidden(`${path}.${other}`, "must populate the given metric source only");
  }
  if (source === undefined)
    return faults.required(`${path}.${member}`, "must populate information for the given metric source");
  if ("name" in source && source.name === "") faults.required(`${path}.${member}.name`, "must specify a resource name");
  if ("container" in source && source.container === "")
    faults.required(`${path}.${member}.container`, "must specify a container");
  if ("metric" in source && source.metric.name === "")
    faults.required(`${path}.${member}.metric.name`, "must specify a metric name");
  checkTarget(source.target, `${path}.${member}.target`, faults);
}

function checkTarget(target: MetricTarget, path: string, faults: FieldFaults): void {
  if ((target.type as string) === "") faults.required(`${path}.type`, "must specify a metric target type");
  else faults.oneOf(`${path}.type`, target.type, ["Utilization", "Value", "AverageValue"]);
  const { averageUtilization, averageValue, value } = target;
  if (averageUtilization !== undefined && averageUtilization < 1)
    faults.invalid(`${path}.averageUtilization`, averageUtilization, "must be greater than 0");
  for (const [name, amount] of Object.entries({ averageValue, value })) {
    if (amount !== undefined && (parseNanos(amount) ?? 0n) <= 0n)
      faults.invalid(`${path}.${name}`, amount, "must be positive");
  }
  if (averageUtilization === undefined && averageValue === undefined && value === undefined) {
    faults.required(`${path}.averageUtilization`, "must set either a target raw value or a target utilization");
  }
}

const HOUR = 3600;
const HALF_HOUR = 1800;

function checkRules(rules: ScalingRules, path: string, faults: FieldFaults): void {
  const window = rules.stabilizationWindowSeconds;
  if (window !== undefined && window < 0)
    faults.invalid(`${path}.stabilizationWindowSeconds`, window, "must be greater than or equal to zero");
  if (window !== undefined && window > HOUR)
    faults.invalid(`${path}.stabilizationWindowSeconds`, window, `must be less than or equal to ${HOUR}`);
  if (rules.selectPolicy !== undefined)
    faults.oneOf(`${path}.selectPolicy`, rules.selectPolicy, ["Disabled", "Max", "Min"]);
  const policies = rules.policies ?? [];
  if (policies.length === 0) faults.required(`${path}.policies`, "must specify at least one Policy");
  for (const [index, { type, value, periodSeconds }] of policies.entries()) {
    const at = `${path}.policies[${index}]`;
    faults.oneOf(`${at}.type`, type, ["Percent", "Pods"]);
    if (value <= 0) faults.invalid(`${at}.value`, value, "must be greater than zero");
    if (periodSeconds <= 0) faults.invalid(`${at}.periodSeconds`, periodSeconds, "must be greater than zero");
    if (periodSeconds > HALF_HOUR)
      faults.invalid(`${at}.periodSeconds`, periodSeconds, `must be less than or equal to ${HALF_HOUR}`);
  }
}
