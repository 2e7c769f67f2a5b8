/** Keeps the node's packet rules equal to the services, endpoints and host ports that exist: coalesced, atomic, repeated until it works. */
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Stop } from "#base/stop.ts";
import type { Objects, View } from "#deck/objects.ts";
import { endpointSliceKind, type EndpointSlice } from "#kinds/networking/endpoint-slice.ts";
import { podKind, type Pod } from "#kinds/core/pod.ts";
import { serviceKind, type Service } from "#kinds/core/service.ts";
import { run } from "#machine/command.ts";
import { Bell } from "./bell.ts";
import type { Route } from "./route.ts";
import { clientsIn, type Clients } from "./affinity.ts";
import { hostPorts, SERVICE_TABLE, serviceRoutes, serviceRules, type HostPort, type ServiceNode } from "./services.ts";

export interface ServiceSyncOptions {
  readonly objects: Objects;
  readonly node: Omit<ServiceNode, "pods">;
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: Stop;
}

// A rolling update changes many endpoints at once; one load of the table serves them all.
const COALESCE_MS = 50;
const RETRY_MS = 1_000;

/** Runs until `stop` fires. The caller is inside the node's network namespace. */
export async function syncServices(options: ServiceSyncOptions): Promise<void> {
  const { objects, node, stop } = options;
  using services = objects.view(serviceKind);
  using slices = objects.view(endpointSliceKind);
  using pods = objects.view(podKind, { fields: `spec.nodeName=${node.name}` });
  const bell = new Bell(stop);
  await Promise.race([Promise.all([services.synced, slices.synced, pods.synced]), bell.stopped]);
  using _services = services.onChange(() => bell.ring());
  using _slices = slices.onChange(() => bell.ring());
  using _pods = pods.onChange((_key, next, previous) =>
    hasHostPort(next) || hasHostPort(previous) ? bell.ring() : undefined,
  );
  bell.ring();
  await loadAgainAndAgain(options, { services, slices, pods }, bell);
}

interface Views {
  readonly services: View<Service>;
  readonly slices: View<EndpointSlice>;
  readonly pods: View<Pod>;
}

async function loadAgainAndAgain(
  { node, clock, log, stop }: ServiceSyncOptions,
  { services, slices, pods }: Views,
  bell: Bell,
): Promise<void> {
  let loaded = "";
  let known: readonly UdpPlace[] = [];
  while (await bell.rung()) {
    const seen = { ...node, pods: pods.list().filter((pod) => hasHostPort(pod)) };
    const text = serviceRules(services.list(), slices.list(), seen);
    if (text !== loaded) {
      try {
        const next = serviceRoutes(services.list(), slices.list(), seen);
        const clients = next.some(({ stickySeconds }) => stickySeconds !== null) ? await knownClients() : new Map();
        const input = clients.size === 0 ? text : serviceRules(services.list(), slices.list(), { ...seen, clients });
        await run(["nft", "-f", "-"], { input });
        loaded = text;
        const places = udpPlaces(next, hostPorts(seen.pods));
        await forgetUdpFlows(known, places);
        known = places;
      } catch (thrown) {
        log.error("the service rules could not be loaded", { reason: reasonOf(thrown) });
        await clock.sleep(RETRY_MS, stop);
        bell.ring();
      }
    }
    await clock.sleep(COALESCE_MS, stop);
  }
}

/** The clients of the table that is loaded now; none when it was never loaded. */
async function knownClients(): Promise<Clients> {
  return clientsIn(await run(["nft", "list", "table", "ip", SERVICE_TABLE]).catch(() => ""));
}

/** A UDP flow never ends by itself: without this it would go on to a backend that is gone, or past one that has come. */
async function forgetUdpFlows(before: readonly UdpPlace[], after: readonly UdpPlace[]): Promise<void> {
  for (const { ip, port, backend } of staleUdp(before, after)) {
    const flow = [
      "-p",
      "udp",
      ...(ip === null ? [] : ["--orig-dst", ip]),
      "--orig-port-dst",
      String(port),
      ...(backend === null ? [] : ["--reply-src", backend]),
    ];
    // conntrack fails when there is no such flow, which is the ordinary case; and where it is not installed flows just time out.
    await run(["conntrack", "-D", ...flow]).catch(() => "");
  }
}

/** Where UDP packets may have been sent to, and by whom they are answered. */
export interface UdpPlace {
  /** Null for a port of the node, on whichever of its addresses. */
  readonly ip: string | null;
  readonly port: number;
  readonly backends: readonly string[];
}

/** Every way to a UDP service: its addresses, its external ones, its node port; and the host ports of pods. */
export function udpPlaces(routes: readonly Route[], ports: readonly HostPort[]): readonly UdpPlace[] {
  const ips = (backends: Route["backends"]): readonly string[] => backends.map(({ ip }) => ip);
  const ofRoutes = routes
    .filter(({ protocol }) => protocol === "udp")
    .flatMap((route): readonly UdpPlace[] => [
      ...route.ips.map((ip) => ({ ip, port: route.port, backends: ips(route.backends) })),
      ...route.externalIps.map((ip) => ({ ip, port: route.port, backends: ips(route.externalBackends) })),
      ...(route.nodePort === null ? [] : [{ ip: null, port: route.nodePort, backends: ips(route.externalBackends) }]),
    ]);
  const ofPods = ports
    .filter(({ protocol }) => protocol === "udp")
    .map(({ hostIp, hostPort, backend }) => ({
      ip: hostIp === "0.0.0.0" ? null : hostIp,
      port: hostPort,
      backends: [backend.ip],
    }));
  return [...ofRoutes, ...ofPods];
}

interface StaleFlow {
  readonly ip: string | null;
  readonly port: number;
  /** Null: every flow of the place, because it had no backend before. */
  readonly backend: string | null;
}

export function staleUdp(before: readonly UdpPlace[], after: readonly UdpPlace[]): readonly StaleFlow[] {
  const [past, now] = [before, after].map(
    (places) => new Map(places.map((place) => [`${place.ip} ${place.port}`, new Set(place.backends)])),
  );
  const gone = before.flatMap(({ ip, port, backends }) =>
    backends
      .filter((backend) => now?.get(`${ip} ${port}`)?.has(backend) !== true)
      .map((backend) => ({ ip, port, backend })),
  );
  const revived = after
    .filter(({ ip, port, backends }) => backends.length > 0 && (past?.get(`${ip} ${port}`)?.size ?? 0) === 0)
    .map(({ ip, port }) => ({ ip, port, backend: null }));
  return [...gone, ...revived];
}

function hasHostPort(pod: Pod | undefined): boolean {
  return (
    pod !== undefined &&
    [...pod.spec.containers, ...(pod.spec.initContainers ?? [])].some(({ ports = [] }) =>
      ports.some(({ hostPort = 0 }) => hostPort !== 0),
    )
  );
}
