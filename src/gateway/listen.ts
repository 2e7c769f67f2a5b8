/** The edge: one HTTP port for all user traffic; finds the route, forwards to pods or invokes a function, counts. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "#base/clock.ts";
import { decodePercent } from "#base/percent.ts";
import { reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { Objects } from "#deck/objects.ts";
import type { ControlClient } from "#control/client.ts";
import type { Control } from "#control/contract.ts";
import { limitConnections } from "#http/connections.ts";
import { HeldBytes } from "#http/held-bytes.ts";
import { listen, type Opened } from "#http/listen.ts";
import { BodyRefused, readBody } from "#http/read-body.ts";
import { API_HOST } from "#kinds/catamaran/http-api.ts";
import { ApiLogs } from "./apis/api-logs.ts";
import { findApi, type FoundAnyApi, type FoundSocketApi } from "./apis/find-api.ts";
import { Guards } from "./apis/guarding.ts";
import { HttpApiFront } from "./apis/http-api-front.ts";
import { HttpIntegrations } from "./apis/http-integration.ts";
import { Buckets } from "./apis/token-bucket.ts";
import { FunctionAuthorizers } from "./authorizers/function-authorizer.ts";
import { CatchUp } from "./catch-up.ts";
import { EdgeViews } from "./edge-views.ts";
import type { Counted } from "./counted.ts";
import { type Answered, clientOf, type Exchange, say, send } from "./exchange.ts";
import { FunctionFront, preflightAnswer } from "./function-front.ts";
import { failureAnswer } from "./http-answer.ts";
import { type Match, matchOf, matchRoute, pickBackend } from "./match.ts";
import { type RequestTarget, targetOf } from "./request-target.ts";
import type { Backend, ServiceTarget } from "./route.ts";
import { QuotaCounts } from "./rest/quota-counts.ts";
import { RestFront } from "./rest/rest-front.ts";
import { RestGuard } from "./rest/rest-guard.ts";
import { RestIntegrations } from "./rest/rest-integration.ts";
import { stripPrefix, URL_HOST } from "./routes.ts";
import { rotation } from "./endpoints.ts";
import { type Arriving, SocketFront } from "./sockets/socket-front.ts";
import { maySendAgain, ServiceBackend } from "./service-backend.ts";
import { Sleepers, WAITED } from "./sleepers.ts";
import { type BackendTraffic, Traffic } from "./traffic.ts";
import { isWebSocket, passUpgrade } from "./upgrade.ts";

export interface GatewayOptions {
  readonly objects: Objects;
  /** Asks the API server anything, over the connection that brings the views their changes. */
  readonly askServer: () => Promise<unknown>;
  /** Runs functions, knows who signed, keeps usage. */
  readonly control: Pick<
    ControlClient,
    "invoke" | "invokeStreaming" | "authorizeUrl" | "keepUsage" | "keepLoad" | "writeLogs" | "keepKeyUsage"
  > &
    Pick<Control, "readKeyUsage">;
  readonly host: string;
  readonly port: number;
  readonly accountId: string;
  readonly region: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface GatewayPart extends AsyncDisposable {
  readonly port: number;
  readonly traffic: () => readonly BackendTraffic[];
}

const MAX_BODY_BYTES = 10 * 1024 * 1024; // API Gateway's payload quota.
const BODY_DEADLINE_MS = 60_000;
const HEADERS_DEADLINE_MS = 20_000;
// Bodies that are being received or handed on; one client may fill half of it.
const HELD = { totalBytes: 256 * 1024 * 1024, peerBytes: 128 * 1024 * 1024 };
// Below the 20,000 descriptors that a role can count on, with room for the pods' side of each.
const CONNECTIONS = { total: 8_000, perPeer: 4_000 };
const REPORT_EVERY_MS = 1_000;
const GRACE_MS = 1_000; // For answers that are under way when the gateway ends.

/** Opens the port once the views are filled; from then on it serves from them, also while the API server is away. */
export async function listenGateway(options: GatewayOptions): Promise<GatewayPart> {
  const gateway = new Gateway(options);
  await gateway.start();
  return gateway;
}

interface Found {
  readonly match: Match;
  readonly backend: Backend;
}

class Gateway implements GatewayPart {
  readonly #options: GatewayOptions;
  readonly #views: EdgeViews;
  readonly #catchUp: CatchUp;
  readonly #functionFront: FunctionFront;
  readonly #httpApiFront: HttpApiFront;
  readonly #restFront: RestFront;
  readonly #socketFront: SocketFront;
  readonly #apiLogs = new ApiLogs();
  readonly #quotaCounts = new QuotaCounts();
  #isCounting = false;
  readonly #serviceBackend = new ServiceBackend();
  readonly #sleepers: Sleepers;
  readonly #traffic = new Traffic();
  readonly #held = new HeldBytes(HELD);
  readonly #server: Server;
  readonly #upgraded = new Set<Socket>();
  #opened: Opened | undefined;
  #turn = 0;
  #report: Disposable | undefined;

  constructor(options: GatewayOptions) {
    const { control, accountId, region, clock, random, log } = options;
    this.#options = options;
    this.#views = new EdgeViews(options.objects, { accountId, region });
    this.#sleepers = new Sleepers({ keepLoad: control.keepLoad, views: this.#views, clock });
    this.#catchUp = new CatchUp(options.askServer);
    this.#functionFront = new FunctionFront({ control, accountId, clock, random });
    const place = { accountId, region };
    const buckets = new Buckets();
    const functions = new FunctionAuthorizers({ control, clock });
    const integrations = new HttpIntegrations({
      backend: this.#serviceBackend,
      addresses: (service) => this.#views.addresses(service),
      clock,
    });
    const common = { ...place, buckets, logs: this.#apiLogs, clock, random };
    const guards = new Guards({ control, functions, clock, log });
    this.#httpApiFront = new HttpApiFront({ ...common, control, guards, integrations, log });
    this.#restFront = new RestFront({
      ...common,
      guard: new RestGuard({ control, functions }),
      integrations: new RestIntegrations({ control, http: integrations }),
      keys: () => this.#views.routes().keys,
      counts: this.#quotaCounts,
    });
    this.#socketFront = new SocketFront({ ...common, control, functions, log });
    this.#server = createServer(
      {
        headersTimeout: HEADERS_DEADLINE_MS,
        requestTimeout: HEADERS_DEADLINE_MS + BODY_DEADLINE_MS,
        shouldUpgradeCallback: (request) =>
          isWebSocket(request) && (this.#socketApiOf(request) !== null || this.#isForPods(request)),
      },
      (request, response) => void this.#serve(request, response),
    );
    limitConnections(this.#server, CONNECTIONS);
    this.#server.on("upgrade", (request, socket, head) => this.#upgrade(request, socket as Socket, head));
  }

  get port(): number {
    return this.#opened?.port ?? 0;
  }

  async start(): Promise<void> {
    await this.#views.synced;
    const { host, port, clock } = this.#options;
    this.#opened = await listen({ server: () => this.#server, hosts: [host], port, grace: { ms: GRACE_MS, clock } });
    this.#scheduleReport();
  }

  traffic = (): readonly BackendTraffic[] => this.#traffic.summary();

  /** Answers one request and counts it. Never rejects. */
  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    const counted = { backend: "none", bytesIn: 0 };
    const answered = await this.#answer(request, response, counted).catch((thrown: unknown) =>
      this.#failed(request, response, thrown, counted.backend),
    );
    this.#traffic.record({
      is: "request",
      atMs: clock.now(),
      backend: counted.backend,
      status: answered.status,
      latencyMicros: Math.round((clock.monotonicMs() - startMs) * 1000),
      bytesIn: counted.bytesIn,
      bytesOut: answered.bytesOut,
    });
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    counted: { backend: string; bytesIn: number },
  ): Promise<Answered> {
    // Node drops what came in one piece behind an offer to upgrade: whoever sent more asks again on a new connection.
    if (request.headers.upgrade !== undefined) response.shouldKeepAlive = false;
    const target = edgeTarget(request);
    if ("refused" in target) return say(response, 400, `Bad Request: ${target.refused}`);
    const { remoteAddress: peer = "" } = request.socket;
    const limits = { maxBytes: MAX_BODY_BYTES, deadlineMs: BODY_DEADLINE_MS, held: this.#held };
    using body = await readBody(
      request,
      { peer, contentLength: request.headers["content-length"] },
      { ...limits, clock: this.#options.clock },
    );
    counted.bytesIn = body.bytes.length;
    const exchange = { request, response, target, client: clientOf(request, target), body: body.bytes };
    const api = await this.#findApi(target, request.method ?? "GET");
    // Awaited here, as below: the body counts as held until then.
    if (api !== null) return await this.#toApi(exchange, api, counted);
    const cors = this.#views.routes().cors.get(target.host);
    const preflighted = cors && preflightAnswer(cors, request, target.host.endsWith(URL_HOST));
    if (preflighted) return send(response, preflighted);
    const found = await this.#find(target, request.method ?? "GET");
    if (found === null) return say(response, 404, "no route matches this host and path");
    const { match, backend } = found;
    counted.backend = `${backend.is === "service" ? "Service" : "Function"}/${backend.namespace}/${backend.name}`;
    if (backend.is === "service") return await this.#toService(exchange, backend);
    return await this.#functionFront.answer({ exchange, match, target: backend, cors });
  }

  /** Null when the host is no API's. Whoever was told that his route is made may ask for it at once. */
  async #findApi(target: RequestTarget, method: string): Promise<FoundAnyApi | null> {
    const found = findApi(this.#views.routes(), target, method);
    if (found === null ? !target.host.endsWith(API_HOST) : isServed(found, method)) return found;
    await this.#catchUp.wait();
    return findApi(this.#views.routes(), target, method);
  }

  async #toApi(exchange: Exchange, found: FoundAnyApi, counted: Counted): Promise<Answered> {
    if (found.is === "rest") return this.#restFront.answer({ ...found, exchange }, counted);
    const { stage } = found;
    if (found.is === "socket") return this.#toSocketApi(exchange, found);
    if (stage === null) return say(exchange.response, 404, "Not Found");
    return this.#httpApiFront.answer({ ...found, stage, exchange }, counted);
  }

  /** Without an upgrade there are only the commands for connections. */
  async #toSocketApi(exchange: Exchange, { api, stage, path }: FoundSocketApi): Promise<Answered> {
    const id = /^\/@connections\/([^/]+)$/.exec(path)?.[1];
    if (stage === null || id === undefined) return say(exchange.response, 403, "Forbidden");
    return this.#socketFront.manage(exchange, { api, stage, id: decodePercent(id) });
  }

  async #find(target: RequestTarget, method: string): Promise<Found | null> {
    const find = (): Match | null => matchRoute(this.#views.routes(), target.host, target.path, method);
    let match = find();
    if (match === null) {
      // Whoever was told that his route is made may ask for it at once.
      await this.#catchUp.wait();
      match = find();
    }
    const backend = match && pickBackend(match.route.backends, this.#options.random.number());
    return match && backend ? { match, backend } : null;
  }

  #failed(request: IncomingMessage, response: ServerResponse, thrown: unknown, backend: string): Answered {
    if (thrown instanceof BodyRefused) return this.#refuseBody(request, response, thrown);
    this.#options.log.warn("a request failed at the edge", { backend, url: request.url, reason: reasonOf(thrown) });
    if (!response.headersSent) return say(response, 502, `${backend} could not be reached or broke off its answer`);
    response.destroy();
    return { status: 502, bytesOut: 0 };
  }

  /** The rest of the body is not worth receiving: the connection ends with the answer. */
  #refuseBody(request: IncomingMessage, response: ServerResponse, { reason, message }: BodyRefused): Answered {
    if (reason === "cut off") response.destroy();
    if (response.destroyed) return { status: 499, bytesOut: 0 };
    response.setHeader("connection", "close");
    const statuses = { "too large": 413, "too slow": 408, "too many": 503 } as const;
    const target = edgeTarget(request);
    const match =
      "refused" in target ? null : matchRoute(this.#views.routes(), target.host, target.path, request.method ?? "GET");
    const backend = match?.route.backends[0];
    const ofFunction = backend?.is === "function" ? backend.front : undefined;
    const front = !("refused" in target) && target.host.endsWith(API_HOST) ? "http-api" : ofFunction;
    if (reason === "too large" && front !== undefined) return send(response, failureAnswer(front, "too large"));
    return say(response, statuses[reason as keyof typeof statuses], message);
  }

  /** Held while its workload sleeps, also when the last pod went to sleep under it. */
  async #toService(exchange: Exchange, backend: ServiceTarget): Promise<Answered> {
    using visit = this.#sleepers.enter(backend, exchange);
    const { response } = exchange;
    for (;;) {
      const held = await visit.wait();
      if (held.is === "refused") {
        if (held.retryAfterS !== undefined) response.setHeader("retry-after", String(held.retryAfterS));
        return say(response, 503, held.why);
      }
      if (held.waitedMs !== undefined) response.setHeader(WAITED, String(held.waitedMs));
      try {
        return await this.#serviceBackend.forward(exchange, rotation(held.addresses, this.#turn++));
      } catch (thrown) {
        if (response.headersSent || !maySendAgain(thrown, exchange.request.method ?? "GET")) throw thrown;
        if (!(await visit.mayTryAgain())) throw thrown;
      }
    }
  }

  #isForPods(request: IncomingMessage): boolean {
    return this.#serviceOf(request) !== undefined;
  }

  #serviceOf(request: IncomingMessage): ServiceTarget | undefined {
    const target = edgeTarget(request);
    if ("refused" in target) return undefined;
    const match = matchRoute(this.#views.routes(), target.host, target.path, "GET");
    const backend = match && pickBackend(match.route.backends, this.#options.random.number());
    return backend?.is === "service" ? backend : undefined;
  }

  /** Null when the host is no WebSocket API's, or the path names no stage of it. */
  #socketApiOf(request: IncomingMessage): Pick<Arriving, "api" | "stage" | "target"> | null {
    const target = edgeTarget(request);
    if ("refused" in target) return null;
    const found = findApi(this.#views.routes(), target, "GET");
    if (found?.is !== "socket" || found.stage === null || found.path !== "/") return null;
    return { target, api: found.api, stage: found.stage };
  }

  /** WebSockets go to a pod, or are the gateway's own where the API is a WebSocket API. */
  #upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const ofApi = this.#socketApiOf(request);
    if (ofApi !== null) return void this.#socketFront.connect({ ...ofApi, request, socket, head });
    const target = edgeTarget(request);
    const backend = this.#serviceOf(request);
    if ("refused" in target || backend === undefined) return void socket.destroy();
    const addresses = this.#views.addresses(backend);
    this.#upgraded.add(socket);
    socket.once("close", () => this.#upgraded.delete(socket));
    const address = addresses[this.#turn++ % Math.max(1, addresses.length)];
    void passUpgrade({ request, socket, head, target }, address, this.#options.clock);
  }

  #scheduleReport(): void {
    this.#report = this.#options.clock.after(
      REPORT_EVERY_MS,
      () => void this.#deliver().then(() => this.#scheduleReport()),
    );
  }

  async #deliver(): Promise<void> {
    const usage = this.#traffic.take();
    // The control process is away: what it did not take goes with the next report.
    if (usage.length > 0) await this.#options.control.keepUsage(usage).catch(() => this.#traffic.restore(usage));
    await this.#sleepers.report();
    await this.#loadCounts();
    const uses = this.#isCounting ? this.#quotaCounts.take() : [];
    if (uses.length > 0) await this.#options.control.keepKeyUsage(uses).catch(() => this.#quotaCounts.restore(uses));
    const lines = this.#apiLogs.take();
    if (lines.length > 0) await this.#options.control.writeLogs(lines).catch(() => this.#apiLogs.restore(lines));
  }

  /** Once, before anything that was counted here is handed over: else it would be counted twice. */
  async #loadCounts(): Promise<void> {
    if (this.#isCounting) return;
    try {
      this.#quotaCounts.load(await Array.fromAsync(this.#options.control.readKeyUsage()));
      this.#isCounting = true;
    } catch {
      // The control process is not there yet; the next report asks again.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#report?.[Symbol.dispose]();
    // The server does not count those that switched protocols among its own.
    for (const socket of this.#upgraded) socket.destroy();
    await this.#opened?.[Symbol.asyncDispose]();
    await this.#deliver();
    this.#report?.[Symbol.dispose]();
    for (const part of [this.#socketFront, this.#views, this.#serviceBackend]) part[Symbol.dispose]();
  }
}

/** Whether there is a route: else the view may be behind what was just declared. */
function isServed(found: FoundAnyApi, method: string): boolean {
  if (found.is === "http") return found.match !== null;
  if (found.is === "socket") return found.stage !== null;
  return found.stage !== null && matchOf(found.stage.deployment.methods, found.path, method) !== null;
}

/** As the route table knows hosts and paths: the path forms of virtual hosts are these hosts. */
function edgeTarget(request: IncomingMessage): ReturnType<typeof targetOf> {
  const target = targetOf(request.url ?? "/", request.rawHeaders);
  return "refused" in target ? target : { ...target, ...stripPrefix(target.host, target.path) };
}
