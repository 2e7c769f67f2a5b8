/**
 * Who may speak to whom: the NetworkPolicies that hold for a pod, as lists of what they allow. Pure; what a node's kernel is told is made
 * of these lists (network/policy-rules.ts), and a table of cases asks them directly.
 */
import { contains } from "#base/ip-range.ts";
import { fromLabelSelector, matches, type LabelSelector, type Labels } from "#base/selector.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { Protocol } from "#kinds/core/pod-spec.ts";
import type { IpBlock, NetworkPeer, NetworkPolicy, NetworkPort } from "#kinds/networking/network-policy-spec.ts";

/** A pod that has an address of its own on the pod network. */
export interface Speaker {
  readonly namespace: string;
  readonly ip: string;
  readonly labels: Labels;
  /** Named ports of its containers. */
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: Protocol }[];
}

export interface Neighbourhood {
  readonly policies: readonly NetworkPolicy[];
  readonly speakers: readonly Speaker[];
  readonly namespaces: ReadonlyMap<string, Labels>;
}

/** What one rule lets through: any of the peers at any of the ports. */
export interface Allowance {
  /** Null: everybody. */
  readonly peers: { readonly ips: readonly string[]; readonly blocks: readonly IpBlock[] } | null;
  /** Null: every port of every protocol. */
  readonly ports: readonly PortRange[] | null;
}

export interface PortRange {
  readonly protocol: Protocol;
  readonly first: number;
  readonly last: number;
}

/** Null where no policy selects the pod for this direction: then everything may pass. An empty list lets nothing pass. */
export interface Isolation {
  readonly ingress: readonly Allowance[] | null;
  readonly egress: readonly Allowance[] | null;
}

/** The union of what all policies that select the pod allow. */
export function isolationOf(pod: Speaker, { policies, speakers, namespaces }: Neighbourhood): Isolation {
  const chosen = policies.filter(
    ({ metadata, spec }) => metadata.namespace === pod.namespace && isChosen(spec.podSelector ?? {}, pod.labels),
  );
  const inward = chosen.filter(({ spec }) => governs(spec, "Ingress"));
  const outward = chosen.filter(({ spec }) => governs(spec, "Egress"));
  const around = { speakers, namespaces, home: pod.namespace };
  return {
    ingress:
      inward.length === 0
        ? null
        : inward.flatMap(({ spec }) =>
            (spec.ingress ?? []).flatMap((rule) => incoming(rule.from, rule.ports, pod, around)),
          ),
    egress:
      outward.length === 0
        ? null
        : outward.flatMap(({ spec }) => (spec.egress ?? []).flatMap((rule) => outgoing(rule.to, rule.ports, around))),
  };
}

/** May a packet that opens a connection pass? `list` is one side of an isolation, `ip` the other end. */
export function admits(
  list: readonly Allowance[] | null,
  ip: string,
  to: { readonly protocol: Protocol; readonly port: number },
): boolean {
  if (list === null) return true;
  return list.some(
    ({ peers, ports }) =>
      (peers === null || peers.ips.includes(ip) || peers.blocks.some((block) => isIn(block, ip))) &&
      (ports === null ||
        ports.some(({ protocol, first, last }) => protocol === to.protocol && first <= to.port && to.port <= last)),
  );
}

/** Null for pods without an address of their own: not started, ended, or in their node's network. */
export function speakerOf({ metadata, spec, status }: Pod, knownIp?: string): Speaker | null {
  const ip = knownIp ?? status?.podIP ?? "";
  if (ip === "" || spec.hostNetwork === true || status?.phase === "Succeeded" || status?.phase === "Failed")
    return null;
  const ports = [...spec.containers, ...(spec.initContainers ?? [])].flatMap((container) => container.ports ?? []);
  return {
    namespace: metadata.namespace ?? "default",
    ip,
    labels: metadata.labels ?? {},
    ports: ports.flatMap(({ name, containerPort, protocol = "TCP" }) =>
      name === undefined || name === "" ? [] : [{ name, port: containerPort, protocol }],
    ),
  };
}

function governs({ policyTypes = [], egress = [] }: NetworkPolicy["spec"], type: "Ingress" | "Egress"): boolean {
  if (policyTypes.length > 0) return policyTypes.includes(type);
  return type === "Ingress" || egress.length > 0;
}

interface Around {
  readonly speakers: readonly Speaker[];
  readonly namespaces: ReadonlyMap<string, Labels>;
  /** The policy's own namespace. */
  readonly home: string;
}

function incoming(
  from: readonly NetworkPeer[] | undefined,
  ports: readonly NetworkPort[] | undefined,
  pod: Speaker,
  around: Around,
): readonly Allowance[] {
  const ranges = isEmpty(ports) ? null : ports.flatMap((port) => rangesAt(port, pod));
  if (ranges !== null && ranges.length === 0) return [];
  return [{ peers: isEmpty(from) ? null : peersOf(from, around), ports: ranges }];
}

/** A named port of egress means another number at every peer. */
function outgoing(
  to: readonly NetworkPeer[] | undefined,
  ports: readonly NetworkPort[] | undefined,
  around: Around,
): readonly Allowance[] {
  const peers = isEmpty(to) ? null : peersOf(to, around);
  if (isEmpty(ports)) return [{ peers, ports: null }];
  const numbered = ports.filter(({ port }) => typeof port !== "string").flatMap((port) => rangesOf(port));
  const named = ports.filter(({ port }) => typeof port === "string");
  const meant = named.length === 0 ? [] : around.speakers.filter(({ ip }) => peers === null || isPeer(peers, ip));
  const byPorts = Map.groupBy(meant, (peer) => JSON.stringify(named.flatMap((port) => rangesAt(port, peer))));
  return [
    ...(numbered.length === 0 ? [] : [{ peers, ports: numbered }]),
    ...[...byPorts.values()].flatMap((same): readonly Allowance[] => {
      const ranges = named.flatMap((port) => (same[0] === undefined ? [] : rangesAt(port, same[0])));
      return ranges.length === 0 ? [] : [{ peers: { ips: same.map(({ ip }) => ip), blocks: [] }, ports: ranges }];
    }),
  ];
}

/** A missing list and an empty one both mean all. */
function isEmpty<T>(list: readonly T[] | undefined): list is undefined {
  return list === undefined || list.length === 0;
}

function isPeer(peers: NonNullable<Allowance["peers"]>, ip: string): boolean {
  return peers.ips.includes(ip) || peers.blocks.some((block) => isIn(block, ip));
}

function peersOf(peers: readonly NetworkPeer[], around: Around): NonNullable<Allowance["peers"]> {
  const ips = around.speakers
    .filter((speaker) => peers.some((peer) => peer.ipBlock === undefined && isMeant(peer, speaker, around)))
    .map(({ ip }) => ip);
  return {
    ips: [...new Set(ips)].toSorted(),
    blocks: peers.flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : [ipBlock])),
  };
}

/** A pod selector alone means pods of the policy's own namespace; with a namespace selector, pods of those namespaces. */
function isMeant({ podSelector, namespaceSelector }: NetworkPeer, speaker: Speaker, around: Around): boolean {
  const isThere =
    namespaceSelector === undefined
      ? speaker.namespace === around.home
      : isChosen(namespaceSelector, around.namespaces.get(speaker.namespace) ?? {});
  return isThere && (podSelector === undefined || isChosen(podSelector, speaker.labels));
}

function isChosen(selector: LabelSelector, labels: Labels): boolean {
  return matches(fromLabelSelector(selector) ?? [], labels);
}

function isIn({ cidr, except = [] }: IpBlock, ip: string): boolean {
  return contains(cidr, ip) && !except.some((hole) => contains(hole, ip));
}

function rangesAt(port: NetworkPort, at: Speaker): readonly PortRange[] {
  if (typeof port.port !== "string") return rangesOf(port);
  const { protocol = "TCP" } = port;
  return at.ports
    .filter(({ name, protocol: its }) => name === port.port && its === protocol)
    .map(({ port: number }) => ({ protocol, first: number, last: number }));
}

function rangesOf({ protocol = "TCP", port, endPort }: NetworkPort): readonly PortRange[] {
  if (typeof port === "string") return [];
  return [port === undefined ? { protocol, first: 0, last: 65_535 } : { protocol, first: port, last: endPort ?? port }];
}
