/** The cluster's DNS server: UDP and TCP on one address, answering from live views of services and endpoints. */
import { createSocket, type RemoteInfo, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { reasonOf } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import type { Objects, View } from "#deck/objects.ts";
import { endpointSliceKind, type EndpointSlice } from "#kinds/networking/endpoint-slice.ts";
import { serviceKind, type Service } from "#kinds/core/service.ts";
import { decodeQuery, encodeReply, responseCode, UDP_BYTES, type Query, type Reply } from "./dns-message.ts";
import { answerFrom, type Zone } from "./dns-zone.ts";
import { SERVICE_NAME_LABEL } from "./services.ts";

export interface DnsOptions {
  readonly objects: Objects;
  /** Addresses to listen on; the node's copy of the cluster's DNS address. */
  readonly host: string;
  /** 53; 0 takes any free one. */
  readonly port?: number;
  readonly domain?: string;
  /** Resolvers for names outside the cluster, tried in order. None: such names do not exist. */
  readonly upstreams?: readonly string[];
  readonly log: Log;
}

export interface DnsServer extends AsyncDisposable {
  readonly port: number;
}

const UPSTREAM_MS = 2_000;
const PLAIN_UDP_BYTES = 512;
const MAX_TCP_BYTES = 65_535;
// Any pod may ask: its forgotten connections must not take the agent's descriptors.
const MAX_TCP_CONNECTIONS = 512;
// Idle connections are closed by us: a client that forgot one would hold it for ever.
const TCP_IDLE_MS = 10_000;

export async function serveDns(options: DnsOptions): Promise<DnsServer> {
  const { objects, host, port = 53, domain = "cluster.local", log } = options;
  const services = objects.view(serviceKind, {
    indexes: { ip: ({ spec }) => (spec.clusterIP === undefined ? [] : [spec.clusterIP]) },
  });
  const slices = objects.view(endpointSliceKind, {
    indexes: {
      service: (slice) => [serviceOf(slice)],
      ip: ({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses),
    },
  });
  const known = zoneOf(domain, services, slices);
  // Before everything is in, "no such name" could be a lie that clients remember; the server itself waits for nobody.
  let zone: Zone | null = null;
  void Promise.all([services.synced, slices.synced]).then(
    () => (zone = known),
    (thrown: unknown) => log.error("DNS never learnt the services", { reason: reasonOf(thrown) }),
  );
  const answer = (bytes: Uint8Array, limit: (query: Query) => number): Promise<Uint8Array> =>
    replyTo(zone, bytes, limit, options);
  // Of a start that fails nothing stays open.
  await using stack = new AsyncDisposableStack();
  stack.use(services);
  stack.use(slices);
  // TCP first: a free port is rarer there, among all the connections of the machine.
  const { port: bound } = stack.use(await listenTcp(host, port, answer));
  const udp = createSocket({ type: "udp4" });
  stack.defer(() => new Promise<void>((resolve) => udp.close(resolve)));
  udp.on("message", (bytes, from) => void answerUdp(udp, bytes, from, { answer, log }));
  udp.on("error", (cause) => log.warn("DNS over UDP", { reason: cause.message }));
  await new Promise<void>((resolve, reject) => {
    udp.once("error", reject);
    udp.bind(bound, host, resolve);
  });
  const open = stack.move();
  return { port: bound, [Symbol.asyncDispose]: () => open.disposeAsync() };
}

function serviceOf({ metadata }: EndpointSlice): string {
  return keyOf(metadata.namespace ?? "", metadata.labels?.[SERVICE_NAME_LABEL] ?? "");
}

export function zoneOf(domain: string, services: View<Service>, slices: View<EndpointSlice>): Zone {
  return {
    domain,
    service: (namespace, name) => services.get(keyOf(namespace, name)),
    slices: (namespace, service) => slices.by("service", keyOf(namespace, service)),
    servicesAt: (ip) => services.by("ip", ip),
    endpointsAt: (ip) =>
      slices.by("ip", ip).flatMap((slice) =>
        slice.endpoints
          .filter(({ addresses }) => addresses.includes(ip))
          .map((endpoint) => ({
            endpoint,
            namespace: slice.metadata.namespace ?? "",
            service: slice.metadata.labels?.[SERVICE_NAME_LABEL] ?? "",
          })),
      ),
  };
}

/** Throws when the bytes are no query. Without a zone the client is asked to try again. */
async function replyTo(
  zone: Zone | null,
  bytes: Uint8Array,
  limitOf: (query: Query) => number,
  { upstreams = [] }: DnsOptions,
): Promise<Uint8Array> {
  const query = decodeQuery(bytes);
  const limit = limitOf(query);
  const without = (code: number): Uint8Array =>
    encodeReply(query, { code, isAuthoritative: false, canRecurse: upstreams.length > 0, answers: [] }, limit);
  if (query.opcode !== 0) return without(responseCode.notImplemented);
  if (zone === null) return without(responseCode.serverFailure);
  const own: Reply | null = answerFrom(zone, query.question);
  if (own !== null) return encodeReply(query, own, limit);
  // Without a resolver to ask, saying at once that the name does not exist spares clients their time-outs.
  if (upstreams.length === 0) return without(responseCode.nameError);
  for (const upstream of upstreams) {
    const reply = await forward(bytes, upstream);
    if (reply !== null) return reply;
  }
  return without(responseCode.serverFailure);
}

/** Passes the question on as it is; null when the resolver does not answer in time. */
function forward(bytes: Uint8Array, upstream: string): Promise<Uint8Array | null> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array | null>();
  const socket = createSocket({ type: upstream.includes(":") ? "udp6" : "udp4" });
  const timer = setTimeout(() => resolve(null), UPSTREAM_MS);
  socket.on("message", (reply) =>
    reply.readUInt16BE(0) === ((bytes[0] ?? 0) << 8) + (bytes[1] ?? 0) ? resolve(reply) : undefined,
  );
  socket.on("error", () => resolve(null));
  socket.send(bytes, 53, upstream);
  return promise.finally(() => {
    clearTimeout(timer);
    socket.close();
  });
}

interface Answering {
  readonly answer: (bytes: Uint8Array, limit: (query: Query) => number) => Promise<Uint8Array>;
  readonly log: Log;
}

async function answerUdp(
  socket: UdpSocket,
  bytes: Buffer,
  from: RemoteInfo,
  { answer, log }: Answering,
): Promise<void> {
  try {
    const limit = ({ udpSize }: Query): number =>
      Math.max(PLAIN_UDP_BYTES, Math.min(udpSize ?? PLAIN_UDP_BYTES, UDP_BYTES));
    socket.send(await answer(bytes, limit), from.port, from.address);
  } catch (thrown) {
    // Not a query, or not answerable: silence, as a resolver treats noise.
    log.debug("a DNS packet was dropped", { reason: reasonOf(thrown), from: from.address });
  }
}

async function listenTcp(host: string, port: number, answer: Answering["answer"]): Promise<DnsServer> {
  const open = new Set<Socket>();
  const server: Server = createServer((socket) => {
    open.add(socket);
    socket.setTimeout(TCP_IDLE_MS, () => socket.destroy());
    socket.on("close", () => open.delete(socket));
    socket.on("error", () => {}); // The client went away.
    void answerTcp(socket, answer);
  });
  server.maxConnections = MAX_TCP_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of open) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Messages with their length before them, any number per connection. */
async function answerTcp(socket: Socket, answer: Answering["answer"]): Promise<void> {
  let pending = Buffer.alloc(0);
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
        const end = 2 + pending.readUInt16BE(0);
        const reply = await answer(pending.subarray(2, end), () => MAX_TCP_BYTES);
        const length = Buffer.alloc(2);
        length.writeUInt16BE(reply.length);
        if (!socket.write(Buffer.concat([length, reply]))) await once(socket, "drain");
        pending = pending.subarray(end);
      }
    }
  } catch {
    socket.destroy(); // Not DNS, or the client went away.
  }
}
