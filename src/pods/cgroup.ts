/** Requests and limits as cgroup numbers: shares, quota, memory, out-of-memory score, and the names of the groups. Decides, never writes a file. */
import { millis, units } from "#base/quantity.ts";
import type { Container, PodSpec, ResourceList } from "#kinds/core/pod-spec.ts";
import type { PodObject as Pod, QosClass } from "#kinds/core/pod-status.ts";
import { qosClassOf } from "#kinds/core/qos.ts";

export interface CgroupLimits {
  /** cgroup v1 cpu.shares; cpu.weight is `cpuWeight(cpuShares)`. */
  readonly cpuShares: number;
  /** -1 is no limit. */
  readonly cpuQuotaMicros: number;
  readonly cpuPeriodMicros: number;
  /** 0 is no limit. */
  readonly memoryLimitBytes: number;
  /** Processes and threads; absent is no limit. */
  readonly pidsLimit?: number;
}

// Kubelet's constants: 1 CPU is 1024 shares, never fewer than 2; 100 ms periods; 1 ms is the least quota the kernel takes.
const SHARES_PER_CPU = 1024;
const MIN_SHARES = 2;
const MAX_SHARES = 262_144;
const PERIOD_MICROS = 100_000;
const MIN_QUOTA_MICROS = 1_000;

// Kubelet's podPidsLimit, which is no limit by default: one pod could then take every process id of the machine. OpenShift's value.
const POD_PIDS = 4_096;

/** The group of all pods of a node: together they never use more than the node has for them. */
export function allPodsCgroup(allocatable: Amounts): CgroupLimits {
  return {
    cpuShares: sharesOf(allocatable.cpuMillis),
    cpuQuotaMicros: -1,
    cpuPeriodMicros: PERIOD_MICROS,
    memoryLimitBytes: allocatable.memoryBytes + EVICTION_RESERVE_BYTES,
  };
}

// Kubelet's memory.available<100Mi: before the kernel has to end a process, the node evicts a pod. It is no pod's to book.
export const EVICTION_RESERVE_BYTES: number = 100 * 1024 * 1024;

export function containerCgroup({ resources = {} }: Container): CgroupLimits {
  return cgroupOf({ requests: { ...resources.limits, ...resources.requests }, limits: resources.limits ?? {} });
}

/** The pod's own group: the sum of its containers, limited only where every container is. */
export function podCgroup({ spec }: Pod): CgroupLimits {
  const limited = (name: string): boolean =>
    podContainers(spec).every(({ resources }) => resources?.limits?.[name] !== undefined);
  const limits = podAmounts(spec, ({ resources }) => resources?.limits ?? {});
  const requests = podAmounts(spec, ({ resources }) => ({ ...resources?.limits, ...resources?.requests }));
  return {
    cpuShares: sharesOf(requests.cpuMillis),
    cpuQuotaMicros: limited("cpu") ? quotaOf(limits.cpuMillis) : -1,
    cpuPeriodMicros: PERIOD_MICROS,
    memoryLimitBytes: limited("memory") ? limits.memoryBytes : 0,
    pidsLimit: POD_PIDS,
  };
}

function podContainers(spec: PodSpec): readonly Container[] {
  return [...spec.containers, ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always")];
}

function cgroupOf({
  requests,
  limits,
}: {
  readonly requests: ResourceList;
  readonly limits: ResourceList;
}): CgroupLimits {
  return {
    cpuShares: sharesOf(millis(requests["cpu"] ?? "0")),
    cpuQuotaMicros: limits["cpu"] === undefined ? -1 : quotaOf(millis(limits["cpu"])),
    cpuPeriodMicros: PERIOD_MICROS,
    memoryLimitBytes: units(limits["memory"] ?? "0"),
  };
}

function sharesOf(cpuMillis: number): number {
  return Math.min(MAX_SHARES, Math.max(MIN_SHARES, Math.floor((cpuMillis * SHARES_PER_CPU) / 1_000)));
}

function quotaOf(cpuMillis: number): number {
  if (cpuMillis === 0) return -1;
  return Math.max(MIN_QUOTA_MICROS, Math.floor((cpuMillis * PERIOD_MICROS) / 1_000));
}

/** cgroup v2's weight for v1's shares, by the formula that runc and crun use. */
export function cpuWeight(shares: number): number {
  return shares === 0 ? 0 : 1 + Math.floor(((shares - 2) * 9_999) / 262_142);
}

interface Amounts {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
}

/** Containers and sidecars together, or the greediest init container (with the sidecars before it) where that is more. */
export function podAmounts(spec: PodSpec, amountsOf: (container: Container) => ResourceList): Amounts {
  const read = (container: Container): Amounts => {
    const list = amountsOf(container);
    return { cpuMillis: millis(list["cpu"] ?? "0"), memoryBytes: units(list["memory"] ?? "0") };
  };
  let sidecars: Amounts = { cpuMillis: 0, memoryBytes: 0 };
  let peak: Amounts = sidecars;
  for (const container of spec.initContainers ?? []) {
    const with_ = plus(sidecars, read(container));
    if (container.restartPolicy === "Always") sidecars = with_;
    peak = most(peak, with_);
  }
  const running = spec.containers.map(read).reduce(plus, sidecars);
  const overhead = {
    cpuMillis: millis(spec.overhead?.["cpu"] ?? "0"),
    memoryBytes: units(spec.overhead?.["memory"] ?? "0"),
  };
  return plus(most(running, peak), overhead);
}

function plus(a: Amounts, b: Amounts): Amounts {
  return { cpuMillis: a.cpuMillis + b.cpuMillis, memoryBytes: a.memoryBytes + b.memoryBytes };
}

function most(a: Amounts, b: Amounts): Amounts {
  return { cpuMillis: Math.max(a.cpuMillis, b.cpuMillis), memoryBytes: Math.max(a.memoryBytes, b.memoryBytes) };
}

/** Under the node's own group: "burstable/pod<uid>", as the cgroupfs driver of kubelet names them. */
export function cgroupPath(pod: Pod): string {
  const group = `pod${pod.metadata.uid ?? ""}`;
  switch (qosClassOf(pod.spec)) {
    case "Guaranteed":
      return group;
    case "Burstable":
      return `burstable/${group}`;
    case "BestEffort":
      return `besteffort/${group}`;
  }
}

/** Kubelet's GetContainerOOMScoreAdjust: whoever asked for more of the node's memory dies later. */
export function oomScore(pod: Pod, container: Container, nodeMemoryBytes: number): number {
  if ((pod.spec.priority ?? 0) >= NODE_CRITICAL) return GUARANTEED_SCORE;
  const qos: QosClass = qosClassOf(pod.spec);
  switch (qos) {
    case "Guaranteed":
      return GUARANTEED_SCORE;
    case "BestEffort":
      return 1_000;
    case "Burstable": {
      const asked = units(container.resources?.requests?.["memory"] ?? container.resources?.limits?.["memory"] ?? "0");
      const score = 1_000 - Math.floor((1_000 * asked) / nodeMemoryBytes);
      return Math.min(999, Math.max(1_000 + GUARANTEED_SCORE, score));
    }
  }
}

const GUARANTEED_SCORE = -997;
const NODE_CRITICAL = 2_000_001_000;
