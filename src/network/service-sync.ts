/** Keeps the node's packet rules equal to the services, endpoints and host ports that exist: coalesced, atomic, repeated until it works. */
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Stop } from "#base/stop.ts";
import type { Objects, View } from "#deck/objects.ts";
import { endpointSliceKind, type EndpointSlice } from "#kinds/endpoint-slice.ts";
import { podKind, type Pod } from "#kinds/pod.ts";
import { serviceKind, type Service } from "#kinds/service.ts";
import { run } from "#machine/command.ts";
import { serviceRoutes, serviceRules, type Route, type ServiceNode } from "./services.ts";

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
  let routes: readonly Route[] = [];
  while (await bell.rung()) {
    const seen = { ...node, pods: pods.list().filter((pod) => hasHostPort(pod)) };
    const text = serviceRules(services.list(), slices.list(), seen);
    if (text !== loaded) {
      try {
        await run(["nft", "-f", "-"], { input: text });
        loaded = text;
        const next = serviceRoutes(services.list(), slices.list(), seen);
        await forgetUdpFlows(routes, next);
        routes = next;
      } catch (thrown) {
        log.error("the service rules could not be loaded", { reason: reasonOf(thrown) });
        await clock.sleep(RETRY_MS, stop);
        bell.ring();
      }
    }
    await clock.sleep(COALESCE_MS, stop);
  }
}

/** A UDP flow never ends by itself: without this it would go on to a backend that is gone, or past one that has come. */
async function forgetUdpFlows(before: readonly Route[], after: readonly Route[]): Promise<void> {
  for (const { ip, port, backend } of staleUdp(before, after)) {
    const flow = [
      "-p",
      "udp",
      "--orig-dst",
      ip,
      "--orig-port-dst",
      String(port),
      ...(backend === null ? [] : ["--reply-src", backend]),
    ];
    // conntrack fails when there is no such flow, which is the ordinary case; and where it is not installed flows just time out.
    await run(["conntrack", "-D", ...flow]).catch(() => "");
  }
}

interface StaleFlow {
  readonly ip: string;
  readonly port: number;
  /** Null: every flow of the address, because it had no backend before. */
  readonly backend: string | null;
}

export function staleUdp(before: readonly Route[], after: readonly Route[]): readonly StaleFlow[] {
  const now = new Map(after.map((route) => [route.name, route]));
  const gone = before
    .filter(({ protocol }) => protocol === "udp")
    .flatMap((route) => {
      const alive = new Set((now.get(route.name)?.backends ?? []).map(({ ip }) => ip));
      return route.backends
        .filter(({ ip }) => !alive.has(ip))
        .flatMap(({ ip: backend }) => route.ips.map((ip) => ({ ip, port: route.port, backend })));
    });
  const past = new Map(before.map((route) => [route.name, route]));
  const revived = after
    .filter(
      ({ protocol, name, backends }) =>
        protocol === "udp" && backends.length > 0 && (past.get(name)?.backends.length ?? 0) === 0,
    )
    .flatMap((route) => route.ips.map((ip) => ({ ip, port: route.port, backend: null })));
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

/** Rings are heard once, however many there were. */
class Bell {
  readonly stopped: Promise<void>;
  readonly #stop: Stop;
  #isRung = false;
  #heard: (() => void) | null = null;

  constructor(stop: Stop) {
    this.#stop = stop;
    this.stopped = new Promise((resolve) => {
      const end = (): void => {
        resolve();
        this.#heard?.();
      };
      if (stop.aborted) end();
      else stop.addEventListener("abort", end, { once: true });
    });
  }

  ring(): void {
    this.#isRung = true;
    this.#heard?.();
  }

  /** Resolves with true at a ring, with false at the end. */
  async rung(): Promise<boolean> {
    if (!this.#isRung && !this.#stop.aborted) await new Promise<void>((resolve) => (this.#heard = resolve));
    this.#heard = null;
    this.#isRung = false;
    return !this.#stop.aborted;
  }
}
