/** The edge: one HTTP port for all user traffic; finds the route, forwards to pods or invokes a function, counts. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { Objects, View } from "#deck/objects.ts";
import { endpointSliceKind, type EndpointSlice } from "#kinds/endpoint-slice.ts";
import { functionKind, type FunctionObject } from "#kinds/function.ts";
import { httpApiKind, type HttpApi } from "#kinds/http-api.ts";
import { ingressKind, type Ingress } from "#kinds/ingress.ts";
import { serviceKind, type Service } from "#kinds/service.ts";
import { passUpgrade } from "./upgrade.ts";
import { addressesOf, rotation } from "./endpoints.ts";
import { FunctionBackend } from "./function-backend.ts";
import { type EdgeRequest, type EventRoute, eventV1, eventV2, responseOf } from "./http-event.ts";
import { type Match, matchRoute, pickBackend } from "./match.ts";
import type { Backend, Route } from "./route.ts";
import { routesOf, stripPrefix } from "./routes.ts";
import { ServiceBackend } from "./service-backend.ts";
import { type BackendTraffic, Traffic } from "./traffic.ts";

export interface GatewayOptions {
  readonly objects: Objects;
  /** Where the control process takes invocations. */
  readonly invokeSocket: string;
  readonly host: string;
  readonly port: number;
  readonly accountId: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface GatewayPart extends AsyncDisposable {
  readonly port: number;
  readonly traffic: () => readonly BackendTraffic[];
}

const MAX_BODY_BYTES = 10 * 1024 * 1024; // API Gateway's payload quota.
const REPORT_EVERY_MS = 1_000;

/** Opens the port once the views are filled; from then on it serves from them, also while the API server is away. */
export async function listenGateway(options: GatewayOptions): Promise<GatewayPart> {
  const gateway = new Gateway(options);
  await gateway.start();
  return gateway;
}

type Answered = { readonly status: number; readonly bytesOut: number };

class Gateway implements GatewayPart {
  readonly #options: GatewayOptions;
  readonly #ingresses: View<Ingress>;
  readonly #apis: View<HttpApi>;
  readonly #functions: View<FunctionObject>;
  readonly #services: View<Service>;
  readonly #slices: View<EndpointSlice>;
  readonly #functionBackend: FunctionBackend;
  readonly #serviceBackend = new ServiceBackend();
  readonly #traffic = new Traffic();
  readonly #server: Server;
  readonly #upgraded = new Set<Socket>();
  #routes: readonly Route[] | null = null;
  #turn = 0;
  #report: Disposable | undefined;

  constructor(options: GatewayOptions) {
    const { objects } = options;
    this.#options = options;
    this.#ingresses = objects.view(ingressKind);
    this.#apis = objects.view(httpApiKind);
    this.#functions = objects.view(functionKind);
    this.#services = objects.view(serviceKind);
    this.#slices = objects.view(endpointSliceKind, { indexes: { service: serviceOfSlice } });
    this.#functionBackend = new FunctionBackend(options.invokeSocket, options.clock);
    this.#server = createServer((request, response) => void this.#answer(request, response));
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket as Socket, head));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async start(): Promise<void> {
    const forget = (): void => {
      this.#routes = null;
    };
    for (const view of [this.#ingresses, this.#apis, this.#functions]) (view as View<Ingress>).onChange(forget);
    await Promise.all(
      [this.#ingresses, this.#apis, this.#functions, this.#services, this.#slices].map((view) => view.synced),
    );
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#options.port, this.#options.host, resolve);
    });
    this.#scheduleReport();
  }

  traffic = (): readonly BackendTraffic[] => this.#traffic.summary();

  #table(): readonly Route[] {
    this.#routes ??= routesOf({
      ingresses: this.#ingresses.list(),
      httpApis: this.#apis.list(),
      functions: this.#functions.list(),
    });
    return this.#routes;
  }

  #find(request: IncomingMessage): { readonly match: Match; readonly path: string; readonly host: string } | null {
    const rawHost = (request.headers.host ?? "").replace(/:\d+$/, "").toLowerCase();
    const [rawPath = "/"] = (request.url ?? "/").split("?");
    const { host, path } = stripPrefix(rawHost, rawPath);
    const match = matchRoute(this.#table(), host, path, request.method ?? "GET");
    return match === null ? null : { match, path, host };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    let backendName = "none";
    let bytesIn = 0;
    let answered: Answered;
    try {
      const body = await readBody(request);
      bytesIn = body.length;
      const found = this.#find(request);
      const backend =
        found === null ? undefined : pickBackend(found.match.route.backends, this.#options.random.number());
      if (found === null || backend === undefined) {
        answered = say(response, 404, "no route matches this host and path");
      } else {
        backendName = `${backend.is === "service" ? "Service" : "Function"}/${backend.namespace}/${backend.name}`;
        answered = await (backend.is === "service"
          ? this.#toService(request, body, response, backend)
          : this.#toFunction(request, body, response, { ...found, backend }));
      }
    } catch (thrown) {
      answered = this.#failed(request, response, thrown, backendName);
    }
    const latencyMicros = Math.round((clock.monotonicMs() - startMs) * 1000);
    this.#traffic.record({
      is: "request",
      atMs: clock.now(),
      backend: backendName,
      status: answered.status,
      latencyMicros,
      bytesIn,
      bytesOut: answered.bytesOut,
    });
  }

  #failed(request: IncomingMessage, response: ServerResponse, thrown: unknown, backend: string): Answered {
    if (thrown instanceof BodyTooLarge) return say(response, 413, thrown.message);
    this.#options.log.warn("a request failed at the edge", { backend, url: request.url, reason: reasonOf(thrown) });
    if (!response.headersSent) return say(response, 502, `${backend}: ${reasonOf(thrown)}`);
    response.destroy();
    return { status: 502, bytesOut: 0 };
  }

  async #toService(
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
    backend: Backend & { is: "service" },
  ): Promise<Answered> {
    const addresses = this.#addresses(backend);
    if (addresses.length === 0)
      return say(
        response,
        503,
        `Service ${backend.namespace}/${backend.name} has no ready endpoint for port ${backend.port}`,
      );
    return this.#serviceBackend.forward(request, body, response, rotation(addresses, this.#turn++));
  }

  #addresses(backend: Backend & { is: "service" }): ReturnType<typeof addressesOf> {
    const key = keyOf(backend.namespace, backend.name);
    const service = this.#services.get(key);
    return service === undefined ? [] : addressesOf(service, this.#slices.by("service", key), backend.port);
  }

  async #toFunction(
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
    to: FunctionTarget,
  ): Promise<Answered> {
    const { backend } = to;
    const edge = edgeRequest(request, body, to.path, this.#options);
    const event = (backend.payload === "1.0" ? eventV1 : eventV2)(edge, eventRoute(to, this.#options.accountId));
    const invoked = await this.#functionBackend.invoke(
      backend.namespace,
      backend.name,
      backend.qualifier,
      Buffer.from(JSON.stringify(event)),
    );
    // API Gateway's own answers: 429 passes through, everything that is no valid response is a 502 or 500.
    if (invoked.status !== 200)
      return say(
        response,
        invoked.status === 429 ? 429 : invoked.status === 404 ? 404 : 503,
        invoked.status === 429 ? "Too Many Requests" : "Service Unavailable",
      );
    if (invoked.functionError !== undefined) return say(response, 500, "Internal Server Error");
    const answer = responseOf(invoked.payload, backend.payload);
    if (answer === null) return say(response, 502, "Internal Server Error");
    const cold = invoked.isCold ? { "x-catamaran-cold-start": "1" } : {};
    response.writeHead(answer.status, {
      ...(answer.headers as Record<string, string | string[]>),
      ...cold,
      "content-length": answer.body.length,
    });
    response.end(answer.body);
    return { status: answer.status, bytesOut: answer.body.length };
  }

  /** WebSockets and other upgrades go to a pod; functions cannot take them. */
  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const backend = this.#find(request)?.match.route.backends[0];
    const address = backend?.is === "service" ? this.#addresses(backend)[0] : undefined;
    this.#upgraded.add(socket);
    socket.once("close", () => this.#upgraded.delete(socket));
    passUpgrade({ request, socket, head }, address, this.#options.clock);
  }

  #scheduleReport(): void {
    this.#report = this.#options.clock.after(
      REPORT_EVERY_MS,
      () => void this.#deliver().then(() => this.#scheduleReport()),
    );
  }

  async #deliver(): Promise<void> {
    const usage = this.#traffic.take();
    if (usage.length > 0 && !(await this.#functionBackend.report(usage))) this.#traffic.restore(usage);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#report?.[Symbol.dispose]();
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
      // The server does not count those that switched protocols among its own.
      for (const socket of this.#upgraded) socket.destroy();
      this.#options.clock.after(1_000, () => this.#server.closeAllConnections());
    });
    await this.#deliver();
    this.#report?.[Symbol.dispose]();
    for (const part of [
      this.#ingresses,
      this.#apis,
      this.#functions,
      this.#services,
      this.#slices,
      this.#functionBackend,
      this.#serviceBackend,
    ])
      part[Symbol.dispose]();
  }
}

interface FunctionTarget {
  readonly match: Match;
  readonly path: string;
  readonly host: string;
  readonly backend: Backend & { readonly is: "function" };
}

class BodyTooLarge extends Error {}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new BodyTooLarge(`the body is larger than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
}

function say(response: ServerResponse, status: number, message: string): Answered {
  const body = Buffer.from(`${JSON.stringify({ message })}\n`);
  response.writeHead(status, { "content-type": "application/json", "content-length": body.length });
  response.end(body);
  return { status, bytesOut: body.length };
}

function edgeRequest(
  request: IncomingMessage,
  body: Buffer,
  path: string,
  { clock, random }: GatewayOptions,
): EdgeRequest {
  const url = request.url ?? "/";
  const question = url.indexOf("?");
  return {
    method: request.method ?? "GET",
    path,
    query: question < 0 ? "" : url.slice(question + 1),
    headers: request.headers as Record<string, string | readonly string[]>,
    body,
    sourceIp: request.socket.remoteAddress ?? "",
    requestId: random.uuid(),
    atMs: clock.now(),
  };
}

function eventRoute({ match, host, backend }: FunctionTarget, accountId: string): EventRoute {
  const { route } = match;
  const routeKey = route.pathType === "Template" ? `${route.methods[0] ?? "ANY"} ${route.path}` : "$default";
  return {
    routeKey,
    stage: backend.stage ?? "$default",
    apiId: backend.apiId ?? backend.name,
    accountId,
    domainName: host,
    parameters: match.parameters,
  };
}

function serviceOfSlice(slice: EndpointSlice): readonly string[] {
  const name = slice.metadata.labels?.["kubernetes.io/service-name"];
  return name === undefined ? [] : [keyOf(slice.metadata.namespace ?? "", name)];
}
