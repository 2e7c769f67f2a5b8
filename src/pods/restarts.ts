/** When a container that exited may start again: kubelet's crash-loop back-off. */
import { member } from "#base/dictionary.ts";
import type { PodObject as Pod } from "#kinds/core/pod-status.ts";
import { exitCodeOf, isRestarted, type Lineup, type Place } from "./lineup.ts";
import { BACKOFF_FIRST_MS, BACKOFF_MAX_MS, BACKOFF_RESET_MS } from "./memory.ts";
import type { ObservedContainer, PodEvent, PodMemory, RestartMemory } from "./observed.ts";

/** Takes in the exits that the memory has not seen yet; an event for each that must wait. */
export function countExits(
  lineup: Lineup,
  memory: PodMemory,
): { readonly memory: PodMemory; readonly events: readonly PodEvent[] } {
  const events: PodEvent[] = [];
  const restarts: Record<string, RestartMemory> = { ...memory.restarts };
  for (const place of [...lineup.inits, ...lineup.mains]) {
    const { newest, spec } = place;
    if (newest?.state !== "exited" || member(restarts, spec.name)?.id === newest.id) continue;
    if (!isRestarted(lineup.pod, place, exitCodeOf(newest))) continue;
    const delayMs = delayAfter(newest, member(restarts, spec.name));
    restarts[spec.name] = { id: newest.id, delayMs, retryAtMs: (newest.finishedAtMs ?? newest.createdAtMs) + delayMs };
    if (delayMs > 0) events.push(backOffEvent(lineup.pod, place));
  }
  return { memory: { ...memory, restarts }, events };
}

/** The first restart is at once, the second after 10 s, then twice as long each time, up to 5 minutes. */
export function delayAfter(exited: ObservedContainer, before: RestartMemory | undefined): number {
  const ranMs = (exited.finishedAtMs ?? 0) - (exited.startedAtMs ?? exited.finishedAtMs ?? 0);
  if (ranMs > BACKOFF_RESET_MS) return 0;
  if (before === undefined) return exited.attempt === 0 ? 0 : BACKOFF_FIRST_MS;
  return Math.min(BACKOFF_MAX_MS, Math.max(BACKOFF_FIRST_MS, before.delayMs * 2));
}

function backOffEvent(pod: Pod, { spec, role }: Place): PodEvent {
  const list = role === "main" ? "containers" : "initContainers";
  return {
    type: "Warning",
    reason: "BackOff",
    message: `Back-off restarting failed container ${spec.name} in pod ${podTitle(pod)}`,
    fieldPath: `spec.${list}{${spec.name}}`,
  };
}

/** "web-1_default(5f0c…)", as kubelet names pods in messages. */
export function podTitle({ metadata }: Pod): string {
  return `${metadata.name}_${metadata.namespace ?? ""}(${metadata.uid ?? ""})`;
}
