/** What the downward API tells a container about its pod: fields and resources, as text. */
import { member } from "#base/dictionary.ts";
import { unsupported } from "#base/fault.ts";
import { parseNanos } from "#base/quantity.ts";
import type { Container } from "#kinds/core/pod-spec.ts";
import type { PodObject as Pod } from "#kinds/core/pod-status.ts";
import type { ResourceFieldRef } from "#kinds/core/volume.ts";

export interface Amount {
  readonly cpuMillis: number;
  readonly memoryBytes: number;
}

/** The facts of the node and of the running pod that its object may not have yet. */
export interface Whereabouts {
  readonly podIp: string;
  readonly hostIp: string;
  /** What stands for a limit that was not set. */
  readonly allocatable: Amount;
}

const SUBSCRIPT = /^metadata\.(labels|annotations)\['(.+)'\]$/;

/** The text of a fieldRef; missing labels and annotations are empty. */
export function fieldText(pod: Pod, path: string, { podIp, hostIp }: Pick<Whereabouts, "podIp" | "hostIp">): string {
  const subscript = SUBSCRIPT.exec(path);
  if (subscript !== null) {
    const [, list, key = ""] = subscript;
    return (list === "labels" ? pod.metadata.labels : pod.metadata.annotations)?.[key] ?? "";
  }
  const read = member(FIELDS, path);
  if (read === undefined) throw unsupported(`fieldRef "${path}"`);
  return read(pod, { podIp, hostIp });
}

type Addresses = Pick<Whereabouts, "podIp" | "hostIp">;

const FIELDS: Readonly<Record<string, (pod: Pod, addresses: Addresses) => string>> = {
  "metadata.name": (pod) => pod.metadata.name,
  "metadata.namespace": (pod) => pod.metadata.namespace ?? "",
  "metadata.uid": (pod) => pod.metadata.uid ?? "",
  "metadata.labels": (pod) => mapText(pod.metadata.labels ?? {}),
  "metadata.annotations": (pod) => mapText(pod.metadata.annotations ?? {}),
  "spec.nodeName": (pod) => pod.spec.nodeName ?? "",
  "spec.serviceAccountName": (pod) => pod.spec.serviceAccountName ?? "",
  "status.podIP": (_pod, { podIp }) => podIp,
  "status.podIPs": (_pod, { podIp }) => podIp,
  "status.hostIP": (_pod, { hostIp }) => hostIp,
  "status.hostIPs": (_pod, { hostIp }) => hostIp,
};

/** Files of labels and annotations: one key="value" a line, sorted, the value as Go quotes it. */
function mapText(map: Readonly<Record<string, string>>): string {
  return Object.entries(map)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join("\n");
}

const RESOURCE = /^(limits|requests)\.(cpu|memory|ephemeral-storage|hugepages-.+)$/;
const NANO = 1_000_000_000n;

/** The number of a resourceFieldRef, divided and rounded up. A limit that is not set is the node's allocatable. */
export function resourceText(
  pod: Pod,
  own: Container,
  ref: ResourceFieldRef,
  { allocatable }: Pick<Whereabouts, "allocatable">,
): string {
  const match = RESOURCE.exec(ref.resource);
  if (match === null) throw unsupported(`resourceFieldRef "${ref.resource}"`);
  const [, list, name = ""] = match;
  const { requests, limits } = resourcesOf(pod, own, ref.containerName ?? "");
  const limit = member(limits, name) ?? defaultLimit(name, allocatable);
  const amount = list === "limits" ? limit : (member(requests, name) ?? member(limits, name) ?? "0");
  return divideUp(parseNanos(amount) ?? 0n, parseNanos(ref.divisor ?? "1") ?? 0n);
}

function resourcesOf(pod: Pod, own: Container, name: string): NonNullable<Container["resources"]> {
  const all = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])];
  return (name === "" ? own : all.find((other) => other.name === name))?.resources ?? {};
}

/** A divisor of nothing is 1. */
function divideUp(nanos: bigint, divisor: bigint): string {
  const by = divisor === 0n ? NANO : divisor;
  return String((nanos + by - 1n) / by);
}

function defaultLimit(name: string, { cpuMillis, memoryBytes }: Amount): string {
  if (name === "cpu") return `${cpuMillis}m`;
  return name === "memory" ? String(memoryBytes) : "0";
}
