/** The quality-of-service class of a pod: who is killed first when memory is short. */
import { parseNanos } from "#base/quantity.ts";
import type { PodSpec, ResourceList } from "./pod-spec.ts";
import type { QosClass } from "./pod-status.ts";

const COUNTED = ["cpu", "memory"] as const;

/** Guaranteed: every container has limits for CPU and memory and asks for exactly that. BestEffort: nobody asks for anything. */
export function qosClassOf(spec: PodSpec): QosClass {
  const containers = [...spec.containers, ...(spec.initContainers ?? [])];
  const amounts = containers.map(({ resources }) => ({
    requests: counted(resources?.requests),
    limits: counted(resources?.limits),
  }));
  if (amounts.every(({ requests, limits }) => requests.size === 0 && limits.size === 0)) return "BestEffort";
  const isGuaranteed = amounts.every(({ requests, limits }) =>
    COUNTED.every((name) => limits.has(name) && (requests.get(name) ?? limits.get(name)) === limits.get(name)),
  );
  return isGuaranteed ? "Guaranteed" : "Burstable";
}

function counted(list: ResourceList | undefined): ReadonlyMap<string, bigint> {
  const amounts = new Map<string, bigint>();
  for (const name of COUNTED) {
    const nanos = parseNanos(list?.[name] ?? "0") ?? 0n;
    if (nanos > 0n) amounts.set(name, nanos);
  }
  return amounts;
}
