/** Which probes are due, and which containers must die of theirs. */
import { isStarted, type Place } from "./lineup.ts";
import { probeKey, probeOf } from "./memory.ts";
import type { ObservedContainer, PodMemory, ProbeRole, Step } from "./observed.ts";

const DEFAULT_PERIOD_SECONDS = 10;

export interface DueProbes {
  readonly steps: readonly Step[];
  /** When the next one comes due. */
  readonly againAtMs: readonly number[];
}

/** Startup holds the other two back; a pod that ends is only asked whether it is ready. */
export function dueProbes(
  place: Place,
  memory: PodMemory,
  { podIp, isEnding, now }: { readonly podIp: string; readonly isEnding: boolean; readonly now: number },
): DueProbes {
  const container = place.current;
  if (container?.state !== "running") return { steps: [], againAtMs: [] };
  // What is being killed is not asked whether it must be.
  const isStopping = memory.stops[container.id] !== undefined;
  const roles: readonly ProbeRole[] = !isStarted(place, memory)
    ? isEnding
      ? []
      : isStopping
        ? []
        : ["startup"]
    : isEnding || isStopping
      ? ["readiness"]
      : ["liveness", "readiness"];
  const steps: Step[] = [];
  const againAtMs: number[] = [];
  for (const role of roles) {
    const probe = probeOf(place.spec, role);
    if (probe === undefined) continue;
    const dueAtMs = dueAt(container, role, {
      delayMs: (probe.initialDelaySeconds ?? 0) * 1_000,
      periodMs: (probe.periodSeconds ?? DEFAULT_PERIOD_SECONDS) * 1_000,
      memory,
    });
    if (dueAtMs > now) againAtMs.push(dueAtMs);
    else
      steps.push({
        do: "probe",
        role,
        container: place.spec.name,
        id: container.id,
        probe,
        podIp,
        timeoutMs: (probe.timeoutSeconds ?? 1) * 1_000,
      });
  }
  return { steps, againAtMs };
}

interface Rhythm {
  readonly delayMs: number;
  readonly periodMs: number;
  readonly memory: PodMemory;
}

function dueAt(container: ObservedContainer, role: ProbeRole, { delayMs, periodMs, memory }: Rhythm): number {
  const before = memory.probes[probeKey(container.id, role)];
  return before === undefined ? (container.startedAtMs ?? container.createdAtMs) + delayMs : before.lastAtMs + periodMs;
}

/** Why the container must be killed and started again, if it must; kubelet's words. */
export function unhealthy(
  place: Place,
  memory: PodMemory,
): { readonly role: ProbeRole; readonly message: string } | null {
  const container = place.current;
  if (container?.state !== "running") return null;
  for (const role of ["startup", "liveness"] as const) {
    if (probeOf(place.spec, role) === undefined) continue;
    if (memory.probes[probeKey(container.id, role)]?.result !== false) continue;
    return { role, message: `Container ${place.spec.name} failed ${role} probe, will be restarted` };
  }
  return null;
}
