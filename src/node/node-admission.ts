/** Whether the node can take one more pod. Pure. The scheduler has decided before; this guards against its being late. */
import type { Pod } from "#kinds/core/pod.ts";
import type { Amount } from "#pods/fields.ts";
import { podAmounts } from "#pods/cgroup.ts";
import { MAX_PODS } from "./node-object.ts";

export interface Refusal {
  readonly reason: string;
  readonly message: string;
}

/** `others` are the pods on the node; those that have ended book nothing. */
export function refusalOf(pod: Pod, others: readonly Pod[], allocatable: Amount): Refusal | null {
  const active = others.filter(
    ({ metadata, status }) =>
      metadata.uid !== pod.metadata.uid && status?.phase !== "Succeeded" && status?.phase !== "Failed",
  );
  if (active.length >= MAX_PODS) return outOf("pods", { requested: 1, used: active.length, capacity: MAX_PODS });
  const wanted = requestsOf(pod);
  const used = active
    .map(requestsOf)
    .reduce(
      (sum, each) => ({ cpuMillis: sum.cpuMillis + each.cpuMillis, memoryBytes: sum.memoryBytes + each.memoryBytes }),
      { cpuMillis: 0, memoryBytes: 0 },
    );
  if (wanted.cpuMillis > 0 && used.cpuMillis + wanted.cpuMillis > allocatable.cpuMillis)
    return outOf("cpu", { requested: wanted.cpuMillis, used: used.cpuMillis, capacity: allocatable.cpuMillis });
  if (wanted.memoryBytes > 0 && used.memoryBytes + wanted.memoryBytes > allocatable.memoryBytes)
    return outOf("memory", {
      requested: wanted.memoryBytes,
      used: used.memoryBytes,
      capacity: allocatable.memoryBytes,
    });
  return null;
}

function requestsOf({ spec }: Pod): Amount {
  return podAmounts(spec, ({ resources }) => ({ ...resources?.limits, ...resources?.requests }));
}

/** Kubelet's words. */
function outOf(
  name: string,
  { requested, used, capacity }: { readonly requested: number; readonly used: number; readonly capacity: number },
): Refusal {
  return {
    reason: `OutOf${name}`,
    message: `Node didn't have enough resource: ${name}, requested: ${requested}, used: ${used}, capacity: ${capacity}`,
  };
}
