/** WebSocket APIs at the edge: a route for each thing that a client does, and messages to clients by @connections. */
import type { Duplex } from "node:stream";
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type RawData, WebSocketServer } from "ws";
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { ControlClient } from "#control/client.ts";
import { plainResponse } from "#relay/upgrade.ts";
import type { ApiLogs } from "../apis/api-logs.ts";
import type { Guard, ServedRoute, ServedSocketApi, ServedStage } from "../apis/served-api.ts";
import { functionOf, withVariables } from "../apis/served-api.ts";
import type { Buckets } from "../apis/token-bucket.ts";
import type { FunctionAuthorizers } from "../authorizers/function-authorizer.ts";
import { identityOf } from "../authorizers/identity.ts";
import { type Answered, clientOf, type Exchange, say } from "../exchange.ts";
import { toFunction } from "../forward-headers.ts";
import { traceOf } from "../function-front.ts";
import type { RequestTarget } from "../request-target.ts";
import { queryOf } from "../rest/rest-event.ts";
import { signedRequest } from "../signed-request.ts";
import { Connections, type OpenConnection } from "./connections.ts";
import { type Connected, selectedRoute, socketEvent, type SocketEventType } from "./socket-event.ts";

// API Gateway's quotas of WebSocket APIs.
const MAX_MESSAGE_BYTES = 128 * 1024;
const IDLE_MS = 10 * 60_000;
const LONGEST_MS = 2 * 3_600_000;
const LOOK_EVERY_MS = 30_000;
const DEADLINE_MS = 29_000;
// Within what the edge takes in all.
const MAX_CONNECTIONS = 6_000;
// What a client that does not read may leave unread before it is let go.
const MAX_UNREAD_BYTES = 4 * 1024 * 1024;

export interface SocketFrontOptions {
  readonly accountId: string;
  readonly region: string;
  readonly control: Pick<ControlClient, "invoke" | "authorizeUrl">;
  readonly functions: FunctionAuthorizers;
  readonly buckets: Buckets;
  readonly logs: ApiLogs;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A client that asks to be let in. */
export interface Arriving {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  readonly head: Buffer;
  readonly target: RequestTarget;
  readonly api: ServedSocketApi;
  readonly stage: ServedStage;
}

type Admission =
  | { readonly is: "admitted"; readonly authorizer: Readonly<Record<string, unknown>> | null }
  | { readonly is: "refused"; readonly status: number; readonly message: string };

const FORBIDDEN: Admission = { is: "refused", status: 403, message: "Forbidden" };
const UNAUTHORIZED: Admission = { is: "refused", status: 401, message: "Unauthorized" };

export class SocketFront implements Disposable {
  readonly #options: SocketFrontOptions;
  readonly #connections = new Connections();
  readonly #server = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  #look: Disposable;

  constructor(options: SocketFrontOptions) {
    this.#options = options;
    this.#look = this.#lookAgain();
  }

  /** Asks the authorizer and $connect; then the connection is open, or the client is told why not. Never rejects. */
  async connect(arriving: Arriving): Promise<void> {
    const { request, socket } = arriving;
    socket.on("error", () => {});
    try {
      const connected = await this.#admitted(arriving);
      if ("is" in connected) return void say(plainResponse(request, socket), connected.status, connected.message);
      this.#open(arriving, connected);
    } catch (thrown) {
      this.#options.log.warn("a WebSocket could not be opened", { reason: reasonOf(thrown) });
      if (!socket.destroyed) say(plainResponse(request, socket), 500, "Internal server error");
    }
  }

  async #admitted({
    request,
    target,
    api,
    stage,
  }: Arriving): Promise<Connected | (Admission & { readonly is: "refused" })> {
    if (this.#connections.size >= MAX_CONNECTIONS) return { is: "refused", status: 429, message: "Too Many Requests" };
    const { clock } = this.#options;
    const client = clientOf(request, target);
    const route = routeOf(stage, "$connect");
    const type: SocketEventType = {
      is: "CONNECT",
      headers: toFunction(request.headersDistinct, client, traceOf(request, this.#options)),
      query: queryOf(target.query),
    };
    const connected: Connected = {
      connectionId: this.#newId(),
      apiId: api.apiId,
      stage: stage.name,
      domainName: target.host,
      connectedAtMs: clock.now(),
      sourceIp: client.address,
      userAgent: request.headers["user-agent"] ?? "",
      variables: stage.variables,
      authorizer: null,
    };
    if (route === undefined) return connected;
    if (!this.#admits(api, stage, route)) return { is: "refused", status: 429, message: "Too Many Requests" };
    const admission = await this.#guarded({ request, target, api, guard: route.guard, connected, type });
    if (admission.is === "refused") return admission;
    const known = { ...connected, authorizer: admission.authorizer };
    const answer = await this.#run(api, route, { connected: known, type });
    const status = answer === null ? 500 : statusOf(answer);
    if (status >= 200 && status < 300) return known;
    return {
      is: "refused",
      status: status === 500 ? 502 : status,
      message: status === 403 ? "Forbidden" : "Internal server error",
    };
  }

  async #guarded({
    request,
    target,
    api,
    guard,
    connected,
    type,
  }: Pick<Arriving, "request" | "target" | "api"> & {
    readonly guard: Guard;
    readonly connected: Connected;
    readonly type: SocketEventType & { readonly is: "CONNECT" };
  }): Promise<Admission> {
    const methodArn = this.#arnOf(connected, "$connect");
    switch (guard.is) {
      case "open":
        return { is: "admitted", authorizer: null };
      case "closed":
        return { is: "refused", status: 500, message: "Internal server error" };
      case "iam": {
        const signed = signedRequest({ request, body: Buffer.alloc(0) });
        const verdict = await this.#options.control.authorizeUrl({ ...signed, methodArn });
        return verdict.is === "allowed" ? { is: "admitted", authorizer: null } : FORBIDDEN;
      }
      case "authorizer": {
        const { authorizer } = guard;
        const source = {
          headers: type.headers,
          query: target.query,
          path: target.path,
          parameters: new Map<string, string>(),
          body: Buffer.alloc(0),
          variables: connected.variables,
          context: () => undefined,
        };
        const identity = identityOf(authorizer.identitySource ?? [], source);
        if (identity === null) return UNAUTHORIZED;
        const fn = functionOf(withVariables(authorizer.authorizerUri ?? "", connected.variables));
        if (fn === null) return { is: "refused", status: 500, message: "Internal server error" };
        const occasion = {
          routeKey: "$connect",
          requestId: this.#options.random.uuid(),
          atMs: this.#options.clock.now(),
        };
        const event = (): Readonly<Record<string, unknown>> => ({
          type: "REQUEST",
          methodArn,
          ...socketEvent(connected, type, occasion),
        });
        // API Gateway keeps no results for WebSocket APIs.
        const call = { namespace: api.namespace, ...fn, cacheKey: null, ttlMs: 0, isSimple: false, event, traceId: "" };
        const verdict = await this.#options.functions.verdict(call, methodArn);
        if (verdict.is === "unauthorized") return UNAUTHORIZED;
        if (verdict.is !== "allowed")
          return verdict.is === "broken" ? { is: "refused", status: 500, message: "Internal server error" } : FORBIDDEN;
        const { context, principalId } = verdict;
        return { is: "admitted", authorizer: { ...context, ...(principalId !== undefined && { principalId }) } };
      }
    }
  }

  #open({ request, socket, head, api, stage }: Arriving, connected: Connected): void {
    this.#server.handleUpgrade(request, socket as Duplex, head, (opened) => {
      const connection: OpenConnection = { connected, socket: opened, lastActiveAtMs: this.#options.clock.now() };
      this.#connections.add(connection);
      let last: Promise<void> = Promise.resolve();
      // One message after the other: their order is the client's.
      opened.on("message", (data, isBinary) => {
        connection.lastActiveAtMs = this.#options.clock.now();
        last = last.then(() => this.#message({ api, stage, connection }, data, isBinary));
      });
      opened.on("error", () => {});
      opened.on("close", (code, reason) => {
        this.#connections.remove(connection);
        void last.then(() => this.#closed({ api, stage, connection }, code, reason.toString("utf8")));
      });
    });
  }

  /** Never rejects. */
  async #message(
    {
      api,
      stage,
      connection,
    }: { readonly api: ServedSocketApi; readonly stage: ServedStage; readonly connection: OpenConnection },
    data: RawData,
    isBinary: boolean,
  ): Promise<void> {
    const body = bytesOf(data);
    const { connected, socket } = connection;
    const wanted = selectedRoute(api.selection, body.toString("utf8"));
    const named = wanted === null || wanted.startsWith("$") ? undefined : routeOf(stage, wanted);
    const route = named ?? routeOf(stage, "$default");
    if (route === undefined) return this.#complain(connection, "Forbidden");
    if (!this.#admits(api, stage, route)) return this.#complain(connection, "Too Many Requests");
    const answer = await this.#run(api, route, { connected, type: { is: "MESSAGE", body, isText: !isBinary } });
    if (answer === null) return this.#complain(connection, "Internal server error");
    const reply = route.hasResponse ? answer["body"] : undefined;
    if (typeof reply === "string") socket.send(reply);
  }

  #complain({ connected, socket }: OpenConnection, message: string): void {
    const { connectionId } = connected;
    socket.send(JSON.stringify({ message, connectionId, requestId: this.#options.random.uuid() }));
  }

  async #closed(
    {
      api,
      stage,
      connection,
    }: { readonly api: ServedSocketApi; readonly stage: ServedStage; readonly connection: OpenConnection },
    code: number,
    reason: string,
  ): Promise<void> {
    const route = routeOf(stage, "$disconnect");
    if (route !== undefined)
      await this.#run(api, route, { connected: connection.connected, type: { is: "DISCONNECT", code, reason } });
  }

  /** What the route's function answered; null when it failed. Never rejects. */
  async #run(
    api: ServedSocketApi,
    route: ServedRoute,
    { connected, type }: { readonly connected: Connected; readonly type: SocketEventType },
  ): Promise<Readonly<Record<string, unknown>> | null> {
    const { target, routeKey } = route;
    if (target?.is !== "function") return target === null ? {} : null;
    const { clock, random, control, logs } = this.#options;
    const occasion = { routeKey, requestId: random.uuid(), atMs: clock.now() };
    const payload = Buffer.from(JSON.stringify(socketEvent(connected, type, occasion)));
    const { name, qualifier } = target;
    let answer: Readonly<Record<string, unknown>> | null = null;
    try {
      const invoked = await control.invoke(
        { namespace: api.namespace, name, qualifier, payload, traceId: "" },
        DEADLINE_MS,
      );
      if (invoked.functionError === undefined) answer = answerIn(invoked.payload);
    } catch (thrown) {
      this.#options.log.warn("a route of a WebSocket API failed", { routeKey, reason: reasonOf(thrown) });
    }
    const log = api.stages.get(connected.stage)?.accessLog;
    if (log !== undefined)
      logs.write(
        log,
        {
          apiId: api.apiId,
          stage: connected.stage,
          routeKey,
          requestId: occasion.requestId,
          extendedRequestId: occasion.requestId,
          connectionId: connected.connectionId,
          eventType: type.is,
          status: String(answer === null ? 500 : statusOf(answer)),
          "identity.sourceIp": connected.sourceIp,
        },
        occasion.atMs,
      );
    return answer;
  }

  #admits({ apiId }: ServedSocketApi, stage: ServedStage, { limit, routeKey }: ServedRoute): boolean {
    const { buckets, clock } = this.#options;
    return limit === undefined || buckets.admits(`${apiId}/${stage.name}/${routeKey}`, limit, clock.monotonicMs());
  }

  /** POST, GET and DELETE of /@connections/ID, for whoever signs (API Gateway, "Use @connections commands"). */
  async manage(
    exchange: Exchange,
    { api, stage, id }: { readonly api: ServedSocketApi; readonly stage: ServedStage; readonly id: string },
  ): Promise<Answered> {
    const { request, response, body } = exchange;
    const method = request.method ?? "GET";
    const { accountId, region, control } = this.#options;
    const methodArn = `arn:aws:execute-api:${region}:${accountId}:${api.apiId}/${stage.name}/${method}/@connections/${id}`;
    const verdict = await control.authorizeUrl({
      ...signedRequest(exchange),
      methodArn,
      permission: "execute-api:ManageConnections",
    });
    if (verdict.is === "refused") return say(response, 403, verdict.message);
    const found = this.#connections.find(api.apiId, stage.name, id);
    if (found === undefined) {
      response.setHeader("x-amzn-errortype", "GoneException");
      return say(response, 410, "Gone");
    }
    switch (method) {
      case "POST":
        return this.#post(exchange, found, body);
      case "GET":
        return this.#describe(exchange, found);
      case "DELETE":
        found.socket.close(1000, "Connection Closed Normally");
        return nothing(exchange);
      default:
        return say(response, 403, "Forbidden");
    }
  }

  #post(exchange: Exchange, found: OpenConnection, body: Buffer): Answered {
    if (body.length > MAX_MESSAGE_BYTES) {
      exchange.response.setHeader("x-amzn-errortype", "PayloadTooLargeException");
      return say(exchange.response, 413, "Payload too large");
    }
    found.lastActiveAtMs = this.#options.clock.now();
    // Copied: the bytes of a request are its own.
    found.socket.send(Buffer.from(body), { binary: !isUtf8(body) });
    if (found.socket.bufferedAmount > MAX_UNREAD_BYTES) found.socket.terminate();
    return { ...nothing(exchange), bytesOut: 0 };
  }

  #describe(exchange: Exchange, { connected, lastActiveAtMs }: OpenConnection): Answered {
    const text = JSON.stringify({
      connectedAt: new Date(connected.connectedAtMs).toISOString(),
      identity: { sourceIp: connected.sourceIp, userAgent: connected.userAgent },
      lastActiveAt: new Date(lastActiveAtMs).toISOString(),
    });
    exchange.response.writeHead(200, { "content-type": "application/json" }).end(text);
    return { status: 200, bytesOut: text.length };
  }

  /** Lets go who has said nothing for ten minutes, or is here for two hours. */
  #lookAgain(): Disposable {
    return this.#options.clock.after(LOOK_EVERY_MS, () => {
      const nowMs = this.#options.clock.now();
      for (const { connected, socket, lastActiveAtMs } of this.#connections.all()) {
        if (nowMs - lastActiveAtMs >= IDLE_MS) socket.close(1001, "Going away");
        else if (nowMs - connected.connectedAtMs >= LONGEST_MS) socket.close(1001, "Going away");
      }
      this.#look = this.#lookAgain();
    });
  }

  /** As API Gateway's: base64 with an equals sign at its end. */
  #newId(): string {
    return Buffer.from(this.#options.random.uuid().replaceAll("-", "").slice(0, 22), "hex")
      .toString("base64url")
      .concat("=");
  }

  #arnOf({ apiId, stage }: Connected, routeKey: string): string {
    const { accountId, region } = this.#options;
    return `arn:aws:execute-api:${region}:${accountId}:${apiId}/${stage}/${routeKey}`;
  }

  [Symbol.dispose](): void {
    this.#look[Symbol.dispose]();
    for (const { socket } of this.#connections.all()) socket.terminate();
    this.#server.close();
  }
}

function nothing({ response }: Exchange): Answered {
  response.writeHead(200, { "content-length": "0" }).end();
  return { status: 200, bytesOut: 0 };
}

function routeOf({ routes }: ServedStage, routeKey: string): ServedRoute | undefined {
  return routes.find((route) => route.routeKey === routeKey);
}

function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

function isUtf8(body: Buffer): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(body);
    return true;
  } catch {
    return false;
  }
}

/** A proxied function's answer; one that is no object says nothing. */
function answerIn(payload: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(Buffer.from(payload).toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}

/** Without one, the route has gone well. */
function statusOf(answer: Readonly<Record<string, unknown>>): number {
  const status = Number(answer["statusCode"] ?? 200);
  return Number.isInteger(status) && status >= 200 && status < 600 ? status : 500;
}
