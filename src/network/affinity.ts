/** Session affinity by the client's address, as kube-proxy's nftables mode: a timed set of clients per backend. Pure; text of nft in and out. */
import type { Backend, Route } from "./route.ts";

/** By the name of a set: its clients, and for how long they stay. */
export type Clients = ReadonlyMap<string, readonly Client[]>;

export interface Client {
  readonly ip: string;
  readonly seconds: number;
}

/** The sets and chains of one route, and the rules that use them. */
export interface Stickiness {
  readonly declarations: readonly string[];
  readonly rules: (backends: readonly Backend[]) => readonly string[];
}

/** Upstream's default, DefaultClientIPServiceAffinitySeconds. */
export const AFFINITY_SECONDS = 10_800;

/** Whoever came before goes where he went; everybody else draws, and is remembered from then on. */
export function stickiness(route: Route, seconds: number, kept: Clients): Stickiness {
  const all = new Map([...route.backends, ...route.externalBackends].map((backend) => [idOf(backend), backend]));
  const end = (backend: Backend): string => `end-${route.name}-${idOf(backend)}`;
  const set = (backend: Backend): string => `aff-${route.name}-${idOf(backend)}`;
  return {
    declarations: [...all.values()].flatMap((backend) => [
      setText(set(backend), seconds, kept.get(set(backend)) ?? []),
      `  chain ${end(backend)} {\n    update @${set(backend)} { ip saddr }\n    meta l4proto ${route.protocol} dnat to ${backend.ip}:${backend.port}\n  }`,
    ]),
    rules: (backends) => [
      ...backends.map((backend) => `ip saddr @${set(backend)} goto ${end(backend)}`),
      `numgen random mod ${backends.length} vmap { ${backends.map((backend, at) => `${at} : goto ${end(backend)}`).join(", ")} }`,
    ],
  };
}

function idOf({ ip, port }: Backend): string {
  return `${ip}-${port}`;
}

function setText(name: string, seconds: number, clients: readonly Client[]): string {
  const elements = clients.map(({ ip, seconds: left }) => `${ip} expires ${Math.max(1, Math.min(left, seconds))}s`);
  const list = elements.length === 0 ? "" : `\n    elements = { ${elements.join(", ")} }`;
  return `  set ${name} {\n    type ipv4_addr\n    flags dynamic,timeout\n    timeout ${seconds}s${list}\n  }`;
}

/** What `nft list table` says of the clients: a table that is loaded anew must not forget them. */
export function clientsIn(listing: string): Clients {
  const sets = listing.matchAll(/\tset (aff-\S+) \{([^}]*elements = \{([^}]*)\})?/g);
  return new Map(
    [...sets].map(([, name = "", , elements = ""]) => [
      name,
      [...elements.matchAll(/(\d+(?:\.\d+){3})(?: timeout \S+)? expires ([\dhmsd]+)/g)].map(
        ([, ip = "", left = ""]): Client => ({ ip, seconds: secondsOf(left) }),
      ),
    ]),
  );
}

const UNIT_SECONDS = { d: 86_400, h: 3_600, m: 60, s: 1, ms: 0 } as const;

/** "1h2m3s976ms". */
function secondsOf(text: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|[dhms])/g)];
  return parts.reduce(
    (sum, [, amount = "0", unit = "s"]) => sum + Number(amount) * UNIT_SECONDS[unit as keyof typeof UNIT_SECONDS],
    0,
  );
}
