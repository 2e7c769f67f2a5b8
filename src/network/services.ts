/**
 * Services as packet rules: services, endpoints and host ports become the text of one nft table per node, to be loaded at
 * once. Pure; loading is service-sync.ts's work.
 */
import type { Endpoint, EndpointSlice } from "#kinds/networking/endpoint-slice.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import type { Protocol } from "#kinds/core/pod-spec.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { Service } from "#kinds/core/service.ts";
import type { ServicePort } from "#kinds/core/service-spec.ts";
import { AFFINITY_SECONDS, stickiness, type Clients } from "./affinity.ts";
import type { Backend, Route } from "./route.ts";

export interface ServiceNode {
  readonly name: string;
  /** Where pods of the whole cluster have their addresses. */
  readonly podCidr: string;
  /** Addresses that the node itself answers (DNS): never rewritten, never refused. */
  readonly localIps: readonly string[];
  /** The API server's real place, for the service default/kubernetes while no endpoint slice names one. */
  readonly apiServer?: { readonly ip: string; readonly port: number };
  /** Pods of this node, for host ports. */
  readonly pods?: readonly Pod[];
  /** Clients of services with session affinity that must not be forgotten. */
  readonly clients?: Clients;
}

export const SERVICE_TABLE = "ctm-services";
export const SERVICE_NAME_LABEL = "kubernetes.io/service-name";

// The bit that says "give the packet the node's address when it leaves"; kube-proxy's own.
const MASQUERADE = "0x4000";

/** The whole table, ready for `nft -f -`. Empty services and slices give a table that does nothing. */
export function serviceRules(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  node: ServiceNode,
): string {
  return tableText(serviceRoutes(services, slices, node), hostPorts(node.pods ?? []), node);
}

export function serviceRoutes(
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  node: ServiceNode,
): readonly Route[] {
  const byService = Map.groupBy(
    slices.filter(isProxied),
    (slice) => `${slice.metadata.namespace ?? ""}/${slice.metadata.labels?.[SERVICE_NAME_LABEL] ?? ""}`,
  );
  return services
    .filter(
      ({ metadata, spec }) =>
        isProxied({ metadata }) &&
        spec.type !== "ExternalName" &&
        spec.clusterIP !== undefined &&
        spec.clusterIP !== "" &&
        spec.clusterIP !== "None",
    )
    .toSorted((a, b) => (keyOfObject(a) < keyOfObject(b) ? -1 : 1))
    .flatMap((service) =>
      (service.spec.ports ?? []).map((port) => routeOf(service, port, byService.get(keyOfObject(service)) ?? [], node)),
    )
    .filter(({ ips, externalIps, nodePort }) => ips.length + externalIps.length > 0 || nodePort !== null);
}

// What is labelled so is somebody else's to route, whatever the value: kube-proxy's informers do not see it.
const UNPROXIED = ["service.kubernetes.io/service-proxy-name", "service.kubernetes.io/headless"] as const;

function isProxied({ metadata: { labels = {} } }: Pick<KubeObject, "metadata">): boolean {
  return UNPROXIED.every((label) => labels[label] === undefined);
}

function routeOf(service: Service, port: ServicePort, slices: readonly EndpointSlice[], node: ServiceNode): Route {
  const { spec, status } = service;
  const protocol = port.protocol ?? "TCP";
  const found = backendsOf(slices, port, protocol);
  const all = found.length === 0 ? apiServerOf(service, node) : found;
  const local = all.filter(({ nodeName }) => nodeName === node.name);
  const balancer = (status?.loadBalancer?.ingress ?? []).flatMap(({ ip }) => ip ?? []);
  const mine = (ips: readonly string[]): readonly string[] => ips.filter((ip) => !node.localIps.includes(ip));
  return {
    name: `${keyOfObject(service)}/${port.name === undefined || port.name === "" ? port.port : port.name}/${protocol.toLowerCase()}`,
    protocol: protocol.toLowerCase() as Route["protocol"],
    port: port.port,
    nodePort: port.nodePort === undefined || port.nodePort === 0 ? null : port.nodePort,
    ips: mine([spec.clusterIP ?? ""]),
    externalIps: mine([...(spec.externalIPs ?? []), ...balancer]),
    backends: places(spec.internalTrafficPolicy === "Local" ? local : all),
    externalBackends: places(spec.externalTrafficPolicy === "Local" ? local : all),
    stickySeconds:
      spec.sessionAffinity === "ClientIP"
        ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS)
        : null,
    keepsSource: spec.externalTrafficPolicy === "Local",
  };
}

interface Located extends Backend {
  readonly nodeName?: string;
}

function places(backends: readonly Located[]): readonly Backend[] {
  return backends.map(({ ip, port }) => ({ ip, port }));
}

/** Ready ones; if there is none, those that are on their way out but still answer, as kube-proxy does. */
function backendsOf(slices: readonly EndpointSlice[], port: ServicePort, protocol: Protocol): readonly Located[] {
  const candidates = slices
    .filter(({ addressType }) => addressType === "IPv4")
    .flatMap(({ endpoints, ports = [] }) => {
      const match = ports.find(
        ({ name = "", protocol: its = "TCP" }) => name === (port.name ?? "") && its === protocol,
      );
      return match?.port === undefined ? [] : endpoints.map((endpoint) => ({ endpoint, port: match.port ?? 0 }));
    });
  const ready = candidates.filter(({ endpoint }) => isReady(endpoint));
  const chosen =
    ready.length > 0
      ? ready
      : candidates.filter(
          ({ endpoint: { conditions } }) => conditions?.terminating === true && conditions.serving === true,
        );
  const located = chosen.flatMap(({ endpoint, port: number }) =>
    endpoint.addresses.slice(0, 1).map((ip): Located => ({
      ip,
      port: number,
      ...(endpoint.nodeName !== undefined && { nodeName: endpoint.nodeName }),
    })),
  );
  const unique = new Map(located.map((backend) => [`${backend.ip}:${backend.port}`, backend]));
  return [...unique.keys()].toSorted().flatMap((id) => unique.get(id) ?? []);
}

/** Unknown counts as ready. */
function isReady({ conditions }: Endpoint): boolean {
  return conditions?.ready !== false;
}

function apiServerOf({ metadata }: Service, { apiServer }: ServiceNode): readonly Located[] {
  return metadata.namespace === "default" && metadata.name === "kubernetes" && apiServer !== undefined
    ? [apiServer]
    : [];
}

export interface HostPort {
  /** "0.0.0.0" for every address of the node. */
  readonly hostIp: string;
  readonly protocol: string;
  readonly hostPort: number;
  readonly backend: Backend;
}

export function hostPorts(pods: readonly Pod[]): readonly HostPort[] {
  return pods.flatMap(({ spec, status }) => {
    const ip = status?.podIP;
    if (
      ip === undefined ||
      ip === "" ||
      spec.hostNetwork === true ||
      status?.phase === "Succeeded" ||
      status?.phase === "Failed"
    )
      return [];
    const ports = [
      ...spec.containers,
      ...(spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always"),
    ].flatMap((container) => container.ports ?? []);
    return ports.flatMap(({ hostPort = 0, hostIP = "", containerPort, protocol = "TCP" }) =>
      hostPort === 0
        ? []
        : [
            {
              hostIp: hostIP === "" ? "0.0.0.0" : hostIP,
              protocol: protocol.toLowerCase(),
              hostPort,
              backend: { ip, port: containerPort },
            },
          ],
    );
  });
}

function tableText(routes: readonly Route[], ports: readonly HostPort[], node: ServiceNode): string {
  const vips = routes.flatMap((route) => [
    ...route.ips.map((ip) => ({ key: vipKey(ip, route), backends: route.backends, chain: `svc-${route.name}` })),
    ...route.externalIps.map((ip) => ({
      key: vipKey(ip, route),
      backends: route.externalBackends,
      chain: externalChain(route),
    })),
  ]);
  const nodePorts = routes.flatMap((route) =>
    route.nodePort === null
      ? []
      : [
          {
            key: `${route.protocol} . ${route.nodePort}`,
            backends: route.externalBackends,
            chain: externalChain(route),
          },
        ],
  );
  const alive = <T extends { readonly backends: readonly Backend[] }>(entries: readonly T[]): readonly T[] =>
    entries.filter(({ backends }) => backends.length > 0);
  const dead = <T extends { readonly key: string; readonly backends: readonly Backend[] }>(
    entries: readonly T[],
  ): readonly string[] => entries.filter(({ backends }) => backends.length === 0).map(({ key }) => key);
  const verdict = ({ key, chain }: { readonly key: string; readonly chain: string }): string =>
    `${key} : goto ${chain}`;
  const backendIps = [
    ...new Set(
      [
        ...routes.flatMap(({ backends, externalBackends }) => [...backends, ...externalBackends]),
        ...ports.map(({ backend }) => backend),
      ].map(({ ip }) => ip),
    ),
  ];
  return [
    `add table ip ${SERVICE_TABLE}`,
    `delete table ip ${SERVICE_TABLE}`,
    `table ip ${SERVICE_TABLE} {`,
    collection("map vips", "ipv4_addr . inet_proto . inet_service : verdict", alive(vips).map(verdict)),
    collection("map node-ports", "inet_proto . inet_service : verdict", alive(nodePorts).map(verdict)),
    collection("map host-ports", "inet_proto . inet_service : ipv4_addr . inet_service", anyHostPorts(ports)),
    collection(
      "map host-address-ports",
      "ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service",
      oneHostPorts(ports),
    ),
    collection("set dead-vips", "ipv4_addr . inet_proto . inet_service", dead(vips)),
    collection("set dead-node-ports", "inet_proto . inet_service", dead(nodePorts)),
    // A backend that reaches itself through its service: the answer must pass the node again.
    collection(
      "set hairpins",
      "ipv4_addr . ipv4_addr",
      backendIps.map((ip) => `${ip} . ${ip}`),
    ),
    ...routes.flatMap((route) => chainsOf(route, node)),
    FIXED_CHAINS,
    "}",
    "",
  ].join("\n");
}

function vipKey(ip: string, { protocol, port }: Route): string {
  return `${ip} . ${protocol} . ${port}`;
}

function externalChain({ name }: Route): string {
  return `ext-${name}`;
}

function collection(name: string, type: string, elements: readonly string[]): string {
  const list = elements.length === 0 ? "" : `\n    elements = {\n      ${elements.join(",\n      ")}\n    }`;
  return `  ${name} {\n    type ${type}${list}\n  }`;
}

/** Of two pods with one host port the first has it. */
function anyHostPorts(ports: readonly HostPort[]): readonly string[] {
  const taken = new Map<string, Backend>();
  for (const { hostIp, protocol, hostPort, backend } of ports)
    if (hostIp === "0.0.0.0" && !taken.has(`${protocol} . ${hostPort}`))
      taken.set(`${protocol} . ${hostPort}`, backend);
  return [...taken].map(([key, { ip, port }]) => `${key} : ${ip} . ${port}`);
}

function oneHostPorts(ports: readonly HostPort[]): readonly string[] {
  const taken = new Map<string, Backend>();
  for (const { hostIp, protocol, hostPort, backend } of ports) {
    const key = `${hostIp} . ${protocol} . ${hostPort}`;
    if (hostIp !== "0.0.0.0" && !taken.has(key)) taken.set(key, backend);
  }
  return [...taken].map(([key, { ip, port }]) => `${key} : ${ip} . ${port}`);
}

function chainsOf(route: Route, { podCidr, clients = new Map() }: ServiceNode): readonly string[] {
  const { name, backends, externalBackends, externalIps, nodePort, keepsSource } = route;
  const [service, mark] = [`svc-${name}`, `meta mark set meta mark or ${MASQUERADE}`];
  const sticky = route.stickySeconds === null ? null : stickiness(route, route.stickySeconds, clients);
  const ends = (places: readonly Backend[]): readonly string[] =>
    sticky === null || places.length === 1 ? [rewrite(route, places)] : sticky.rules(places);
  const chains: string[] = sticky === null ? [] : [...sticky.declarations];
  // Whoever is no pod would be answered past the node that rewrote the packet.
  if (backends.length > 0) chains.push(chainText(service, [`ip saddr != ${podCidr} ${mark}`, ...ends(backends)]));
  if (externalBackends.length === 0 || (nodePort === null && externalIps.length === 0)) return chains;
  // So would a pod that asked another node than its own, for a backend beside itself.
  const isSame = JSON.stringify(backends) === JSON.stringify(externalBackends);
  const end = isSame && !keepsSource ? [`goto ${service}`] : ends(externalBackends);
  chains.push(chainText(externalChain(route), keepsSource ? end : [mark, ...end]));
  return chains;
}

function chainText(name: string, rules: readonly string[]): string {
  return `  chain ${name} {\n${rules.map((rule) => `    ${rule}\n`).join("")}  }`;
}

function rewrite({ protocol }: Route, backends: readonly Backend[]): string {
  const [only] = backends;
  if (only !== undefined && backends.length === 1) return `meta l4proto ${protocol} dnat to ${only.ip}:${only.port}`;
  const places = backends.map(({ ip, port }, index) => `${index} : ${ip} . ${port}`).join(", ");
  return `meta l4proto ${protocol} dnat ip to numgen random mod ${backends.length} map { ${places} }`;
}

const FIXED_CHAINS = `  chain services {
    ip daddr . meta l4proto . th dport vmap @vips
    fib daddr type local meta l4proto . th dport vmap @node-ports
    fib daddr type local ip saddr 127.0.0.0/8 meta mark set meta mark or ${MASQUERADE}
    meta l4proto { tcp, udp, sctp } dnat ip to ip daddr . meta l4proto . th dport map @host-address-ports
    fib daddr type local meta l4proto { tcp, udp, sctp } dnat ip to meta l4proto . th dport map @host-ports
  }
  chain arrive {
    type nat hook prerouting priority dstnat; policy accept;
    jump services
  }
  chain depart {
    type nat hook output priority -100; policy accept;
    jump services
  }
  chain leave {
    type nat hook postrouting priority srcnat; policy accept;
    meta mark and ${MASQUERADE} == ${MASQUERADE} masquerade
    ct status dnat ip saddr . ip daddr @hairpins masquerade
  }
  chain refuse {
    ip daddr . meta l4proto . th dport @dead-vips reject
    fib daddr type local meta l4proto . th dport @dead-node-ports reject
  }
  chain refuse-forward {
    type filter hook forward priority filter; policy accept;
    jump refuse
  }
  chain refuse-input {
    type filter hook input priority filter; policy accept;
    jump refuse
  }
  chain refuse-output {
    type filter hook output priority filter; policy accept;
    jump refuse
  }`;
