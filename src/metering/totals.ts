/** Adds usage records up: what a window of time held, per hull and per workload. */
import type { InvocationUsage, NodeUsage, PodUsage, RequestUsage, Usage } from "./usage.ts";

export interface FunctionTotals {
  readonly invocations: number;
  readonly throttles: number;
  readonly errors: number;
  readonly coldStarts: number;
  readonly billedMs: number;
  readonly mbMs: bigint;
  readonly durationMicros: number;
}

export interface PodTotals {
  /** Milli-core x ms and byte x ms, divided out only for printing. */
  readonly bookedCpuMillisMs: number;
  readonly bookedMemoryByteMs: bigint;
  readonly usedCpuMicros: number;
  readonly usedMemoryByteMs: bigint;
  readonly podMs: number;
}

export interface NodeTotals {
  readonly nodeMs: number;
  /** Capacity x ms: what could have been booked. */
  readonly cpuMillisMs: number;
  readonly memoryByteMs: bigint;
}

export interface Totals {
  readonly functions: ReadonlyMap<string, FunctionTotals>;
  readonly workloads: ReadonlyMap<string, PodTotals>;
  readonly nodes: ReadonlyMap<string, NodeTotals>;
  readonly requests: ReadonlyMap<string, { readonly count: number; readonly failed: number }>;
}

/** Keys: "namespace/function", "namespace/Deployment/name", node name, backend. */
export async function totalUsage(usage: AsyncIterable<Usage>): Promise<Totals> {
  const functions = new Map<string, FunctionTotals>();
  const workloads = new Map<string, PodTotals>();
  const nodes = new Map<string, NodeTotals>();
  const requests = new Map<string, { count: number; failed: number }>();
  for await (const record of usage) {
    switch (record.is) {
      case "invocation":
        addInvocation(functions, record);
        break;
      case "pod":
        addPod(workloads, record);
        break;
      case "node":
        addNode(nodes, record);
        break;
      case "request":
        addRequest(requests, record);
        break;
    }
  }
  return { functions, workloads, nodes, requests };
}

const NO_INVOCATIONS: FunctionTotals = {
  invocations: 0,
  throttles: 0,
  errors: 0,
  coldStarts: 0,
  billedMs: 0,
  mbMs: 0n,
  durationMicros: 0,
};

function addInvocation(totals: Map<string, FunctionTotals>, usage: InvocationUsage): void {
  const key = `${usage.namespace}/${usage.functionName}`;
  const before = totals.get(key) ?? NO_INVOCATIONS;
  // A throttled call is refused before it runs: it is counted, never billed.
  if (usage.outcome === "throttled") return void totals.set(key, { ...before, throttles: before.throttles + 1 });
  totals.set(key, {
    invocations: before.invocations + 1,
    throttles: before.throttles,
    errors: before.errors + (usage.outcome === "ok" ? 0 : 1),
    coldStarts: before.coldStarts + (usage.isCold ? 1 : 0),
    billedMs: before.billedMs + usage.billedMs,
    mbMs: before.mbMs + BigInt(usage.memoryMib) * BigInt(usage.billedMs),
    durationMicros: before.durationMicros + usage.durationMicros,
  });
}

const NO_PODS: PodTotals = {
  bookedCpuMillisMs: 0,
  bookedMemoryByteMs: 0n,
  usedCpuMicros: 0,
  usedMemoryByteMs: 0n,
  podMs: 0,
};

function addPod(totals: Map<string, PodTotals>, usage: PodUsage): void {
  const key = `${usage.namespace}/${usage.workload}`;
  const before = totals.get(key) ?? NO_PODS;
  const ms = BigInt(usage.intervalMs);
  totals.set(key, {
    bookedCpuMillisMs: before.bookedCpuMillisMs + usage.bookedCpuMillis * usage.intervalMs,
    bookedMemoryByteMs: before.bookedMemoryByteMs + BigInt(usage.bookedMemoryBytes) * ms,
    usedCpuMicros: before.usedCpuMicros + usage.usedCpuMicros,
    usedMemoryByteMs: before.usedMemoryByteMs + BigInt(usage.usedMemoryBytes) * ms,
    podMs: before.podMs + usage.intervalMs,
  });
}

function addNode(totals: Map<string, NodeTotals>, usage: NodeUsage): void {
  const before = totals.get(usage.node) ?? { nodeMs: 0, cpuMillisMs: 0, memoryByteMs: 0n };
  totals.set(usage.node, {
    nodeMs: before.nodeMs + usage.intervalMs,
    cpuMillisMs: before.cpuMillisMs + usage.cpuMillis * usage.intervalMs,
    memoryByteMs: before.memoryByteMs + BigInt(usage.memoryBytes) * BigInt(usage.intervalMs),
  });
}

function addRequest(totals: Map<string, { count: number; failed: number }>, usage: RequestUsage): void {
  const total = totals.get(usage.backend) ?? { count: 0, failed: 0 };
  total.count += 1;
  if (usage.status >= 500) total.failed += 1;
  totals.set(usage.backend, total);
}
