/** Node-pressure eviction, decided: which resources a node is low on, and which pod must go. Kubelet's signals, thresholds and order. */
import { units } from "#base/quantity.ts";
import type { PodObject as Pod } from "#kinds/core/pod-status.ts";
import { EVICTION_RESERVE_BYTES } from "./cgroup.ts";
import type { PodFailure } from "./observed.ts";

/** What is left of something, and how much of it there is in all. */
export interface Supply {
  readonly available: number;
  readonly total: number;
}

/** Measured now; what a machine cannot tell is absent. */
export interface Supplies {
  /** The machine's. */
  readonly memory?: Supply;
  /** What all pods together may use. */
  readonly podMemory?: Supply;
  readonly nodeDisk?: Supply;
  readonly nodeInodes?: Supply;
  readonly imageDisk?: Supply;
  readonly pids?: Supply;
}

export type PressureType = "MemoryPressure" | "DiskPressure" | "PIDPressure";

/** A resource that a node is low on. */
export interface Shortage {
  readonly type: PressureType;
  /** As kubelet names it to people: "memory", "ephemeral-storage", "inodes", "pids". */
  readonly resource: string;
  readonly threshold: number;
  readonly available: number;
}

interface Signal {
  readonly supply: keyof Supplies;
  readonly type: PressureType;
  readonly resource: string;
  readonly threshold: (total: number) => number;
}

const GIB = 1024 ** 3;
const share =
  (percent: number, atMost = Number.POSITIVE_INFINITY) =>
  (total: number): number =>
    Math.min(Math.floor((total * percent) / 100), atMost);

// DIFFERS: of a big disk 10 GiB are enough (kubelet wants 10 % for nodes and 15 % for images): a machine that is also somebody's own is often that full.
const DISK_ENOUGH = 10 * GIB;
// DIFFERS: a node is low on process ids below 5 %, where kubelet has no threshold by default.
const SIGNALS: readonly Signal[] = [
  { supply: "memory", type: "MemoryPressure", resource: "memory", threshold: () => EVICTION_RESERVE_BYTES },
  { supply: "podMemory", type: "MemoryPressure", resource: "memory", threshold: () => EVICTION_RESERVE_BYTES },
  { supply: "nodeDisk", type: "DiskPressure", resource: "ephemeral-storage", threshold: share(10, DISK_ENOUGH) },
  { supply: "imageDisk", type: "DiskPressure", resource: "ephemeral-storage", threshold: share(15, DISK_ENOUGH) },
  { supply: "nodeInodes", type: "DiskPressure", resource: "inodes", threshold: share(5) },
  { supply: "pids", type: "PIDPressure", resource: "pids", threshold: share(5) },
];

export function shortagesOf(supplies: Supplies): readonly Shortage[] {
  return SIGNALS.flatMap(({ supply, type, resource, threshold: of }): readonly Shortage[] => {
    const found = supplies[supply];
    if (found === undefined || found.total <= 0) return [];
    const threshold = of(found.total);
    return found.available < threshold ? [{ type, resource, threshold, available: found.available }] : [];
  });
}

/** When each pressure was last seen. */
export type PressureMemory = Readonly<Partial<Record<PressureType, number>>>;

// Kubelet's evictionPressureTransitionPeriod: else a node would take in again what it has just thrown out.
const LASTS_MS = 300_000;

export function rememberPressures(memory: PressureMemory, shortages: readonly Shortage[], now: number): PressureMemory {
  return { ...memory, ...Object.fromEntries(shortages.map(({ type }) => [type, now])) };
}

export function pressuresOf(memory: PressureMemory, now: number): ReadonlySet<PressureType> {
  const types = ["MemoryPressure", "DiskPressure", "PIDPressure"] as const;
  return new Set(types.filter((type) => now - (memory[type] ?? Number.NEGATIVE_INFINITY) < LASTS_MS));
}

export interface PodUse {
  readonly pod: Pod;
  readonly memoryBytes: number;
  readonly pids: number;
}

export interface Eviction {
  readonly pod: Pod;
  readonly failure: PodFailure;
}

// kubelet's IsCriticalPod: the node cannot do without them.
const SYSTEM_CRITICAL = 2_000_000_000;

/** One pod at a time: what its end frees must be seen before another one has to go. */
export function evictionOf(shortages: readonly Shortage[], uses: readonly PodUse[], now: number): Eviction | null {
  const [shortage] = shortages.toSorted((a, b) => RANKS[a.type] - RANKS[b.type]);
  if (shortage === undefined) return null;
  const [first] = uses.filter(({ pod }) => mayGo(pod)).toSorted(orderFor(shortage.type));
  if (first === undefined) return null;
  const message = `The node was low on resource: ${shortage.resource}. Threshold quantity: ${amount(shortage, shortage.threshold)}, available: ${amount(shortage, shortage.available)}. `;
  return { pod: first.pod, failure: { reason: "Evicted", message, atMs: now, graceSeconds: 0 } };
}

// Memory first: it is soonest gone.
const RANKS: Readonly<Record<PressureType, number>> = { MemoryPressure: 0, DiskPressure: 1, PIDPressure: 2 };

function mayGo({ metadata, spec, status }: Pod): boolean {
  const isOver = status?.phase === "Succeeded" || status?.phase === "Failed";
  return !isOver && metadata.deletionTimestamp === undefined && (spec.priority ?? 0) < SYSTEM_CRITICAL;
}

/** Whoever uses more than he asked for, then the less important, then the greediest (pkg/kubelet/eviction/helpers.go). */
function orderFor(type: PressureType): (a: PodUse, b: PodUse) => number {
  const over = ({ pod, memoryBytes }: PodUse): number => memoryBytes - requestedMemory(pod);
  const priority = ({ pod }: PodUse): number => pod.spec.priority ?? 0;
  switch (type) {
    case "MemoryPressure":
      return (a, b) => Number(over(b) > 0) - Number(over(a) > 0) || priority(a) - priority(b) || over(b) - over(a);
    case "DiskPressure":
      return (a, b) => priority(a) - priority(b) || over(b) - over(a);
    case "PIDPressure":
      return (a, b) => priority(a) - priority(b) || b.pids - a.pids;
  }
}

function requestedMemory({ spec }: Pod): number {
  const of = (list: Readonly<Record<string, string>> | undefined): number => units(list?.["memory"] ?? "0");
  return spec.containers.reduce((sum, { resources }) => sum + of({ ...resources?.limits, ...resources?.requests }), 0);
}

function amount({ resource }: Shortage, value: number): string {
  return resource === "memory" || resource === "ephemeral-storage" ? `${Math.floor(value / 1_024)}Ki` : String(value);
}

/** kubelet's admission under pressure: pods that asked for memory still come in when memory is all that is short. */
export function refusalUnder(
  pressures: ReadonlySet<PressureType>,
  { spec }: Pod,
  isBestEffort: boolean,
): { readonly reason: string; readonly message: string } | null {
  if (pressures.size === 0 || (spec.priority ?? 0) >= SYSTEM_CRITICAL) return null;
  const isMemoryOnly = pressures.size === 1 && pressures.has("MemoryPressure");
  if (isMemoryOnly && (!isBestEffort || toleratesMemoryPressure(spec.tolerations ?? []))) return null;
  return { reason: "Evicted", message: `The node had condition: [${[...pressures].join(" ")}]. ` };
}

function toleratesMemoryPressure(tolerations: NonNullable<Pod["spec"]["tolerations"]>): boolean {
  return tolerations.some(
    ({ key = "", effect = "", operator }) =>
      (key === "node.kubernetes.io/memory-pressure" || (key === "" && operator === "Exists")) &&
      (effect === "" || effect === "NoSchedule"),
  );
}
