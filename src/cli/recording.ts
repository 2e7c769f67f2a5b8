/** What the meter of an instance knows of one workload: a trace of its traffic, and how it runs today. */
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import { millis, units } from "#base/quantity.ts";
import type { Cluster } from "#client/cluster.ts";
import { deploymentKind, type Deployment } from "#kinds/apps/deployment.ts";
import type { AutoscalerObject } from "#kinds/autoscaling/autoscaler-spec.ts";
import { horizontalPodAutoscalerKind } from "#kinds/autoscaling/horizontal-pod-autoscaler.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import type { Instance } from "#instance/instance.ts";
import { realClock } from "#machine/real-clock.ts";
import type { Usage } from "#metering/usage.ts";
import type { FunctionPlan, PodPlan } from "#simulate/plans.ts";
import { Recorder } from "#simulate/recorded.ts";
import type { Trace } from "#simulate/trace.ts";
import { assumedFunctions, assumedPods } from "#simulate/what-if.ts";
import { collectionPath } from "#client/paths.ts";
import { connectCluster, controlOf, listObjects } from "./session.ts";

export interface Wanted {
  /** "function/NAME", "deployment/NAME", or "service/NAME" for traffic alone. */
  readonly workload: string;
  readonly namespace: string;
  readonly windowMs: number;
  /** CPU of a request where nothing has measured it. */
  readonly assumedCpuMs: number;
}

/** What was seen, and which of it was measured. */
export interface Recorded {
  readonly trace: Trace;
  readonly cpu: "measured" | "assumed";
  /** Mean INIT of its environments; null when none started. */
  readonly initMs: number | null;
}

interface Sums {
  readonly recorder: Recorder;
  podCpuMicros: number;
  initMicros: number;
  cold: number;
}

/** Faults: BadRequest for another form of name, NotFound when there was no traffic. */
export async function recordedOf(instance: Instance, wanted: Wanted): Promise<Recorded> {
  const { workload, namespace, windowMs, assumedCpuMs } = wanted;
  const [type, name] = partsOf(workload);
  const toMs = realClock.now() + 1;
  const fromMs = toMs - windowMs;
  const sums: Sums = { recorder: new Recorder(), podCpuMicros: 0, initMicros: 0, cold: 0 };
  for await (const usage of controlOf(instance).readUsage({ fromMs, toMs }))
    take(sums, usage, { type, name, namespace });
  const { recorder, podCpuMicros, initMicros, cold } = sums;
  if (recorder.requests === 0)
    throw new Fault(
      "NotFound",
      `no request to ${workload} in namespace "${namespace}" in the last ${windowMs / 1000} s`,
    );
  const isMeasured = podCpuMicros > 0;
  const cpuMs = isMeasured ? podCpuMicros / 1000 / recorder.requests : assumedCpuMs;
  return {
    trace: recorder.trace({ name: workload, fromMs, toMs, cpuMs }),
    cpu: isMeasured ? "measured" : "assumed",
    initMs: cold === 0 ? null : initMicros / 1000 / cold,
  };
}

interface Named {
  readonly type: string;
  readonly name: string;
  readonly namespace: string;
}

/** A deployment's requests are those of the Service of its name; what its pods used is what they took. */
function take(sums: Sums, usage: Usage, { type, name, namespace }: Named): void {
  if (usage.is === "invocation" && type === "function") {
    if (usage.namespace !== namespace || usage.functionName !== name || usage.outcome === "throttled") return;
    sums.recorder.add(usage.atMs, usage.durationMicros / 1000);
    if (!usage.isCold) return;
    sums.initMicros += usage.initMicros;
    sums.cold++;
  } else if (usage.is === "request" && type !== "function") {
    if (usage.backend === `Service/${namespace}/${name}`) sums.recorder.add(usage.atMs, usage.latencyMicros / 1000);
  } else if (usage.is === "pod" && type === "deployment") {
    if (usage.namespace === namespace && usage.workload === `Deployment/${name}`)
      sums.podCpuMicros += usage.usedCpuMicros;
  }
}

function partsOf(workload: string): readonly [string, string] {
  const [type = "", name = ""] = workload.split("/");
  if (!["function", "deployment", "service"].includes(type) || name === "")
    throw new Fault("BadRequest", `${workload}: function/NAME, deployment/NAME or service/NAME`);
  return [type, name];
}

/** How it runs today, where it is there; the rest is assumed. */
export async function plansOf(
  instance: Instance,
  { workload, namespace }: Pick<Wanted, "workload" | "namespace">,
): Promise<{
  readonly functions: FunctionPlan;
  readonly pods: PodPlan;
}> {
  const [type, name] = partsOf(workload);
  await using cluster = await connectCluster(instance, "catamaran-whatif");
  const key = keyOf(namespace, name);
  if (type === "function") {
    const found = await cluster.get(functionKind, key);
    if (found === null) throw new Fault("NotFound", `there is no function "${name}" in namespace "${namespace}"`);
    const { memoryMib = assumedFunctions.memoryMib, timeoutSeconds, reservedConcurrency = null } = found.spec;
    const timeoutMs = timeoutSeconds === undefined ? assumedFunctions.timeoutMs : timeoutSeconds * 1000;
    return {
      functions: { ...assumedFunctions, memoryMib, timeoutMs, reserved: reservedConcurrency },
      pods: assumedPods,
    };
  }
  const deployment = type === "deployment" ? await cluster.get(deploymentKind, key) : null;
  if (deployment === null)
    throw new Fault(
      "NotFound",
      `there is no ${type} "${name}" in namespace "${namespace}" whose pods could be looked at`,
    );
  return { functions: assumedFunctions, pods: await podPlanOf(cluster, deployment, namespace) };
}

async function podPlanOf(cluster: Cluster, { metadata, spec }: Deployment, namespace: string): Promise<PodPlan> {
  const containers = spec.template.spec?.containers ?? [];
  const total = (of: "requests" | "limits", resource: string, read: (quantity: string) => number): number =>
    containers.reduce((sum, { resources }) => sum + read(resources?.[of]?.[resource] ?? "0"), 0);
  const requestCpuMillis = total("requests", "cpu", millis) || assumedPods.requestCpuMillis;
  const limitCpuMillis = total("limits", "cpu", millis) || requestCpuMillis;
  const memoryMib = Math.ceil(total("requests", "memory", units) / (1024 * 1024)) || assumedPods.memoryMib;
  const autoscalers = await listObjects<AutoscalerObject>(
    cluster,
    collectionPath(horizontalPodAutoscalerKind, namespace),
  );
  const own = autoscalers.find(
    ({ spec: { scaleTargetRef: target } }) => target.kind === "Deployment" && target.name === metadata.name,
  );
  const replicas = spec.replicas ?? 1;
  const cpu = own?.spec.metrics?.find(({ resource }) => resource?.name === "cpu")?.resource?.target.averageUtilization;
  const scaling = {
    minReplicas: own?.spec.minReplicas ?? replicas,
    maxReplicas: own?.spec.maxReplicas ?? replicas,
    targetPercent: cpu ?? assumedPods.scaling.targetPercent,
    ...(own?.spec.behavior !== undefined && { behavior: own.spec.behavior }),
  };
  return { ...assumedPods, requestCpuMillis, limitCpuMillis, memoryMib, scaling };
}
