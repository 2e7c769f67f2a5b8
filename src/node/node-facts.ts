/** What the agent's parts must know of the node they serve. Values only. */
import type { Amount } from "#pods/fields.ts";

export interface NodeFacts {
  readonly instance: string;
  readonly name: string;
  /** All of the machine that the node has, and what of it pods may use. */
  readonly capacity: Amount;
  readonly allocatable: Amount;
  /** The node's address, at which pods, the host and other nodes reach it. */
  readonly ip: string;
  readonly podCidr: string;
  readonly dnsIp: string;
  /** "cluster.local". */
  readonly clusterDomain: string;
  /** Persistent: pods' folders, logs. */
  readonly nodeDir: string;
  /** On /run: sockets, secrets in memory. */
  readonly nodeRunDir: string;
  /** Below every cgroup hierarchy: "/catamaran/<instance>/<node>". */
  readonly cgroup: string;
}

export function podFolder(facts: NodeFacts, uid: string): string {
  return `${facts.nodeDir}/pods/${uid}`;
}

/** Secrets live in memory only: one tmpfs per node, a folder per pod. */
export function podMemoryFolder(facts: NodeFacts, uid: string): string {
  return `${facts.nodeRunDir}/secrets/${uid}`;
}

export function podLogFolder(
  facts: NodeFacts,
  pod: { readonly namespace: string; readonly name: string; readonly uid: string },
): string {
  return `${facts.nodeDir}/pod-logs/${pod.namespace}_${pod.name}_${pod.uid}`;
}

export function podCgroup(facts: NodeFacts, uid: string): string {
  return `${allPodsGroup(facts)}/${uid}`;
}

export function allPodsGroup(facts: NodeFacts): string {
  return `${facts.cgroup}/pods`;
}
