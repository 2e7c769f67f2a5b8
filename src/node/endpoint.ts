/** The agent's HTTPS endpoint, as kubelet's: logs, usage, health. Only clients with a certificate of the cluster's authority. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { type Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { TLSSocket } from "node:tls";
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf, unsupported } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import { join } from "#relay/join.ts";
import { plainResponse, switching } from "#relay/upgrade.ts";
import type { Agent } from "./agent.ts";
import { dialPod } from "./dial.ts";
import { metricsPage, noPage, type Page, podsPage, resourceMetricsPage, summaryPage } from "./kubelet-pages.ts";
import { serveLogFolder, type ShownLogs } from "./log-folder.ts";
import { logStream, type LogQuery } from "./pod-logs.ts";
import type { NodeStats } from "#metering/stats.ts";
import { nodeStats } from "./stats.ts";
import { openStream } from "./streams.ts";

export interface EndpointOptions {
  readonly agent: Agent;
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** What of the node's own logs may be read at /logs/. */
  readonly shownLogs: ShownLogs;
  readonly clock: Clock;
  readonly log: Log;
}

export interface AgentEndpoint extends AsyncDisposable {
  readonly port: number;
}

/** Who may ask: the API server and the administrator. The certificates of nodes and gateway are of the same authority. */
const CALLERS: readonly unknown[] = ["kube-apiserver", "kubernetes-admin"];

const STREAM_PATH = /^\/(exec|attach|portForward|dial)\//;
// As the API server's: a long command of kubectl exec is all in the request line.
const MAX_HEAD_BYTES = 1024 * 1024;
// Each is two connections here and two in the API server; a forgotten loop of clients must not take all descriptors.
const MAX_STREAMS = 384;
// Streams, logs that are followed, and callers that are still to be refused.
const MAX_CONNECTIONS = 1_024;
const HANDSHAKE_MS = 10_000;

export async function listenEndpoint(options: EndpointOptions): Promise<AgentEndpoint> {
  const { host, port, ca, cert, key, log } = options;
  const open = new Set<Socket>();
  const server = createServer(
    {
      ca,
      cert,
      key,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.2",
      handshakeTimeout: HANDSHAKE_MS,
      maxHeaderSize: MAX_HEAD_BYTES,
      shouldUpgradeCallback: ({ url = "" }) => STREAM_PATH.test(url),
    },
    (request, response) => {
      void serve(options, request, response).catch((thrown: unknown) => fail(response, thrown, log));
    },
  );
  const streams = new Set<Duplex>();
  server.on("upgrade", (request, socket, head) => {
    if (head.length > 0) socket.unshift(head);
    const response = plainResponse(request, socket);
    void serveUpgrade(options, { request, response, socket, streams }).catch((thrown: unknown) =>
      fail(response, thrown, log),
    );
  });
  server.on("secureConnection", (socket) => {
    open.add(socket);
    socket.on("close", () => open.delete(socket));
  });
  server.maxConnections = MAX_CONNECTIONS;
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

interface Upgrading {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Duplex;
  /** Those that are open. */
  readonly streams: Set<Duplex>;
}

/** exec, attach and port-forward: once containerd agrees, its connection and the asker's are one. */
async function serveUpgrade(options: EndpointOptions, asked: Upgrading): Promise<void> {
  const { request, response, socket, streams } = asked;
  requireCaller(request.socket as TLSSocket);
  const { url, words } = parsedUrl(request.url ?? "/");
  if (streams.size >= MAX_STREAMS)
    throw new Fault("TooManyRequests", `the node has ${MAX_STREAMS} streams open; close one`);
  streams.add(socket);
  const gone = new AbortController();
  const leave = (): void => gone.abort();
  socket.once("close", leave);
  try {
    const { agent, clock } = options;
    const until = { clock, stop: gone.signal };
    const answer =
      words[0] === "dial"
        ? await dialPod(agent, words, until)
        : await openStream(agent, { words, query: url.searchParams }, { request, ...until });
    if (answer.is === "refused") {
      const { statusCode = 502, headers } = answer.response;
      response.writeHead(statusCode, { "content-type": headers["content-type"] ?? "text/plain" });
      return await pipeline(answer.response, response);
    }
    response.detachSocket(socket as Socket);
    socket.write(switching(answer.headers));
    await join(socket, answer.socket, clock);
  } finally {
    socket.removeListener("close", leave);
    streams.delete(socket);
  }
}

async function serve(options: EndpointOptions, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { agent } = options;
  requireCaller(request.socket as TLSSocket);
  if (request.method !== "GET") throw new Fault("MethodNotAllowed", `${request.method} is not allowed here`);
  const { url, words } = parsedUrl(request.url ?? "/");
  const [first = "", ...rest] = words;
  switch (first) {
    case "healthz":
      await agent.containerd.cri.version();
      response.end("ok");
      return;
    case "pods":
      return send(response, podsPage([...agent.pods.list()]));
    case "stats":
      if (rest[0] === "summary") return send(response, summaryPage(agent.facts.name, await usage(options)));
      return send(response, { type: "application/json", text: JSON.stringify(await usage(options)) });
    case "metrics":
      if (rest.length === 0) return send(response, metricsPage(await usage(options)));
      if (rest[0] === "resource") return send(response, resourceMetricsPage(await usage(options)));
      throw unsupported(`the path /metrics/${rest[0] ?? ""} of a node's agent`);
    case "containerLogs":
      return serveLogs(options, response, { rest, query: url.searchParams });
    case "logs": {
      const path = url.pathname.slice("/logs".length);
      const { range } = request.headers;
      return serveLogFolder(options.shownLogs, { path, query: url.searchParams, range }, response);
    }
    case "exec":
    case "attach":
    case "portForward":
    case "dial":
      throw new Fault("BadRequest", "Upgrade request required");
    default:
      throw noPage(url.pathname);
  }
}

function usage({ agent, clock }: EndpointOptions): Promise<NodeStats> {
  return nodeStats({ cri: agent.containerd.cri, cgroups: agent.cgroups, facts: agent.facts }, clock.now());
}

function send(response: ServerResponse, { type, text }: Page): void {
  response.setHeader("content-type", type);
  response.end(text);
}

function parsedUrl(text: string): { readonly url: URL; readonly words: readonly string[] } {
  try {
    const url = new URL(text, "https://node");
    return { url, words: url.pathname.split("/").filter(Boolean).map(decodeURIComponent) };
  } catch (cause) {
    throw new Fault("BadRequest", `not a path: ${text.slice(0, 200)}`, { cause });
  }
}

function requireCaller(socket: TLSSocket): void {
  const { subject } = socket.getPeerCertificate();
  if (!CALLERS.includes(subject?.CN))
    throw new Fault("Forbidden", `${String(subject?.CN ?? "nobody")} may not ask a node`);
}

async function serveLogs(
  { agent, clock }: EndpointOptions,
  response: ServerResponse,
  { rest, query }: { readonly rest: readonly string[]; readonly query: URLSearchParams },
): Promise<void> {
  const [namespace = "", name = "", container = ""] = rest;
  if (rest.length !== 3) throw new Fault("NotFound", "logs are at /containerLogs/NAMESPACE/POD/CONTAINER");
  const pod = agent.pods.get(keyOf(namespace, name));
  if (pod === undefined) throw new Fault("NotFound", `pod ${namespace}/${name} is not on this node`);
  const gone = new AbortController();
  response.on("close", () => gone.abort());
  const bytes = await logStream(
    { cri: agent.containerd.cri, facts: agent.facts, clock, stop: gone.signal },
    pod,
    container,
    logQuery(query, clock.now()),
  );
  response.setHeader("content-type", "text/plain");
  response.flushHeaders();
  await pipeline(Readable.from(bytes, { objectMode: false }), response).catch(() => {}); // The reader went away.
}

function logQuery(query: URLSearchParams, now: number): LogQuery {
  const number = (name: string): number | undefined => {
    const text = query.get(name);
    if (text === null || text === "") return undefined;
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value))
      throw new Fault("BadRequest", `${name} must be a whole number, not "${text}"`);
    return value;
  };
  const flag = (name: string): boolean => ["true", "1", ""].includes(query.get(name) ?? "false");
  const [tailLines, limitBytes, sinceSeconds] = [number("tailLines"), number("limitBytes"), number("sinceSeconds")];
  const sinceTime = query.get("sinceTime");
  if (sinceTime !== null && Number.isNaN(Date.parse(sinceTime)))
    throw new Fault("BadRequest", `sinceTime must be a time, not "${sinceTime}"`);
  const sinceMs =
    sinceSeconds === undefined ? (sinceTime === null ? undefined : Date.parse(sinceTime)) : now - sinceSeconds * 1_000;
  return {
    follow: flag("follow"),
    timestamps: flag("timestamps"),
    previous: flag("previous"),
    ...(tailLines !== undefined && { tailLines }),
    ...(limitBytes !== undefined && { limitBytes }),
    ...(sinceMs !== undefined && { sinceMs }),
  };
}

const STATUS = {
  NotFound: 404,
  BadRequest: 400,
  Unsupported: 400,
  Forbidden: 403,
  MethodNotAllowed: 405,
  TooManyRequests: 429,
} as const;

function fail(response: ServerResponse, thrown: unknown, log: Log): void {
  if (response.headersSent) return void response.destroy();
  const code = thrown instanceof Fault ? ((STATUS as Readonly<Record<string, number>>)[thrown.code] ?? 500) : 500;
  if (code === 500) log.warn("the endpoint could not answer", { reason: reasonOf(thrown) });
  response.writeHead(code, { "content-type": "text/plain" });
  response.end(reasonOf(thrown));
}
