/** HTTP APIs at the edge: stage, route, throttle, guard, integration and answer, in that order. */
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import { decodePercent } from "#base/percent.ts";
import { type ControlClient, TooSlow } from "#control/client.ts";
import { preflight, withCors } from "../cors.ts";
import type { Counted } from "../counted.ts";
import { type Answered, type Exchange, send } from "../exchange.ts";
import { toClient, toFunction, toPod } from "../forward-headers.ts";
import { answerOf, type EdgeAnswer, type Failure, failureAnswer } from "../http-answer.ts";
import { type Authorized, type EdgeRequest, type EventRoute, eventV1, eventV2 } from "../http-event.ts";
import { failureOf, traceOf } from "../function-front.ts";
import { commonLogTime, type Context, flatten } from "./api-context.ts";
import type { ApiLogs } from "./api-logs.ts";
import type { FoundApi } from "./find-api.ts";
import type { Guards, Passage } from "./guarding.ts";
import type { HttpIntegrations } from "./http-integration.ts";
import { mapAnswer, type MappedRequest, mapRequest, type MappingSource } from "./parameter-mapping.ts";
import type { ApiTarget, ServedRoute, ServedStage } from "./served-api.ts";
import type { Buckets } from "./token-bucket.ts";

export interface ApiPlace {
  readonly accountId: string;
  readonly region: string;
}

export interface HttpApiFrontOptions extends ApiPlace {
  readonly control: Pick<ControlClient, "invoke">;
  readonly guards: Guards;
  readonly buckets: Buckets;
  readonly integrations: HttpIntegrations;
  readonly logs: ApiLogs;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** A request that has found its stage. */
export interface ApiRequest extends FoundApi {
  readonly exchange: Exchange;
  readonly stage: ServedStage;
}

/** A request that has found its route, with what is known of it. */
interface Routed extends ApiRequest {
  readonly route: ServedRoute;
  readonly parameters: ReadonlyMap<string, string>;
  readonly context: Context;
  readonly traceId: string;
  readonly counted: Counted;
}

/** A request whom nothing holds up any more. */
interface Integrated {
  readonly routed: Routed;
  readonly request: EdgeRequest;
  readonly source: MappingSource;
  readonly authorized?: Authorized;
}

export class HttpApiFront {
  readonly #options: HttpApiFrontOptions;

  constructor(options: HttpApiFrontOptions) {
    this.#options = options;
  }

  async answer(asked: ApiRequest, counted: Counted): Promise<Answered> {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    const context = this.#contextOf(asked);
    const { exchange, api, stage } = asked;
    const preflighted = preflightOf(asked);
    const answer = preflighted ?? (await this.#answerTo(asked, context, counted));
    const headers = toClient(Object.fromEntries(answer.headers));
    headers.set("apigw-requestid", [context["requestId"] ?? ""]);
    if (api.cors !== undefined && preflighted === null) withCors(api.cors, exchange.request.headers.origin, headers);
    const answered = send(exchange.response, { ...answer, headers });
    if (stage.accessLog !== undefined) {
      context["status"] = String(answered.status);
      context["responseLength"] = String(answered.bytesOut);
      context["responseLatency"] = String(Math.round(clock.monotonicMs() - startMs));
      this.#options.logs.write(stage.accessLog, context, clock.now());
    }
    return answered;
  }

  async #answerTo(asked: ApiRequest, context: Context, counted: Counted): Promise<EdgeAnswer> {
    const { exchange, match } = asked;
    if (match === null) return said(404, "Not Found", context);
    const { route, parameters } = match;
    context["routeKey"] = route.routeKey;
    if (route.limit !== undefined && !this.#admits(asked, route)) return said(429, "Too Many Requests", context);
    const traceId = traceOf(exchange.request, this.#options);
    return this.#guarded({ ...asked, route, parameters, context, traceId, counted });
  }

  #admits({ api, stage }: ApiRequest, { limit, routeKey }: ServedRoute): boolean {
    const { buckets, clock } = this.#options;
    return limit === undefined || buckets.admits(`${api.apiId}/${stage.name}/${routeKey}`, limit, clock.monotonicMs());
  }

  async #guarded(routed: Routed): Promise<EdgeAnswer> {
    const { route, context } = routed;
    const source = sourceOf(routed);
    const request = this.#edgeRequest(routed);
    if (route.guard.is === "open") return this.#integrated({ routed, request, source });
    const passage = await this.#options.guards.passage({
      api: routed.api,
      exchange: routed.exchange,
      guard: route.guard,
      source,
      request,
      route: this.#eventRoute(routed, undefined),
      methodArn: this.#methodArn(routed),
      traceId: routed.traceId,
    });
    if (passage.is === "refused") return refusalOf(passage, context);
    if (passage.is === "open") return this.#integrated({ routed, request, source });
    noteAuthorized(context, passage.authorized);
    return this.#integrated({ routed, request, source, authorized: passage.authorized });
  }

  async #integrated({ routed, request, source, authorized }: Integrated): Promise<EdgeAnswer> {
    const { route, context, exchange } = routed;
    const { target } = route;
    if (target === null) return said(500, "Internal Server Error", context);
    const startMs = this.#options.clock.monotonicMs();
    const isFunction = target.is === "function";
    const headers = isFunction ? mutable(request.headers) : toPod(exchange.request.headersDistinct, exchange.client);
    const mapped = mapRequest(target.mapping.request, { headers, query: request.query, path: request.path }, source);
    const answer = isFunction
      ? await this.#invoke(target, { ...request, ...mapped }, { routed, authorized })
      : await this.#forward(target, mapped, routed);
    context["integrationLatency"] = String(Math.round(this.#options.clock.monotonicMs() - startMs));
    context["integration.status"] ??= String(answer.status);
    if (Object.keys(target.mapping.response).length === 0) return answer;
    const answered = { ...source, body: answer.body };
    const changed = mapAnswer(target.mapping.response, { ...answer, headers: mutable(answer.headers) }, answered);
    return { ...answer, ...changed };
  }

  async #invoke(
    target: ApiTarget & { readonly is: "function" },
    request: EdgeRequest,
    { routed, authorized }: { readonly routed: Routed; readonly authorized: Authorized | undefined },
  ): Promise<EdgeAnswer> {
    const { context, api, traceId, counted } = routed;
    const { name, qualifier, payload: format, timeoutMs } = target;
    counted.backend = `Function/${api.namespace}/${name}`;
    const event = (format === "1.0" ? eventV1 : eventV2)(request, this.#eventRoute(routed, authorized));
    const payload = Buffer.from(JSON.stringify(event));
    try {
      const invoked = await this.#options.control.invoke(
        { namespace: api.namespace, name, qualifier, payload, traceId },
        timeoutMs,
      );
      context["integration.requestId"] = invoked.requestId;
      const result =
        invoked.functionError === undefined ? answerOf(invoked.payload, { front: "http-api", format }) : "failed";
      if (typeof result === "string") return failed(result, context);
      return invoked.isCold ? withHeader(result, "x-catamaran-cold-start", "1") : result;
    } catch (thrown) {
      if (thrown instanceof TooSlow) return failed("too slow", context);
      if (thrown instanceof Fault) return failed(failureOf(thrown), context);
      throw thrown;
    }
  }

  async #forward(
    target: ApiTarget & { readonly is: "http" },
    mapped: MappedRequest,
    routed: Routed,
  ): Promise<EdgeAnswer> {
    const { exchange, parameters, context, counted } = routed;
    const { service } = target;
    counted.backend = service === undefined ? "Http" : `Service/${service.namespace}/${service.name}`;
    try {
      return await this.#options.integrations.answer(target, mapped, { exchange, parameters });
    } catch (thrown) {
      context["integrationErrorMessage"] = reasonOf(thrown);
      this.#options.log.warn("an integration did not answer", { backend: counted.backend, reason: reasonOf(thrown) });
      return failed("unavailable", context);
    }
  }

  #edgeRequest({ exchange, context, traceId, path }: Routed): EdgeRequest {
    const { request, target, client, body } = exchange;
    return {
      method: request.method ?? "GET",
      path,
      query: target.query,
      headers: toFunction(request.headersDistinct, client, traceId),
      body,
      sourceIp: client.address,
      requestId: context["requestId"] ?? "",
      atMs: Number(context["requestTimeEpoch"]),
    };
  }

  #eventRoute(
    { api, stage, route, parameters, exchange, stagePath }: Routed,
    authorized: Authorized | undefined,
  ): EventRoute {
    return {
      front: "http-api",
      routeKey: route.routeKey,
      stage: stage.name,
      stagePath,
      apiId: api.apiId,
      accountId: this.#options.accountId,
      domainName: exchange.target.host,
      parameters,
      variables: stage.variables,
      ...(authorized !== undefined && { authorized }),
    };
  }

  #methodArn({ api, stage, exchange, path }: Routed): string {
    const { region, accountId } = this.#options;
    const method = exchange.request.method ?? "GET";
    return `arn:aws:execute-api:${region}:${accountId}:${api.apiId}/${stage.name}/${method}${decodePercent(path)}`;
  }

  #contextOf({ exchange, api, stage, path, stagePath }: ApiRequest): Context {
    const { request, client, target } = exchange;
    const { clock, random, accountId } = this.#options;
    const nowMs = clock.now();
    const requestId = random.uuid();
    return {
      requestId,
      extendedRequestId: requestId,
      apiId: api.apiId,
      accountId,
      stage: stage.name,
      httpMethod: request.method ?? "GET",
      path: `${stagePath}${path}`,
      protocol: `HTTP/${request.httpVersion}`,
      domainName: target.host,
      domainPrefix: target.host.split(".")[0] ?? "",
      requestTime: commonLogTime(nowMs),
      requestTimeEpoch: String(nowMs),
      "identity.sourceIp": client.address,
      "identity.userAgent": request.headers["user-agent"] ?? "",
    };
  }
}

/** A route that names OPTIONS goes before the gateway's own answer (API Gateway, "Configuring CORS for HTTP APIs"). */
function preflightOf({ api: { cors }, match, exchange: { request } }: ApiRequest): EdgeAnswer | null {
  if (cors === undefined || match?.route.methods.includes("OPTIONS") === true) return null;
  const answer = preflight(cors, {
    method: request.method ?? "GET",
    origin: request.headers.origin,
    wantedMethod: request.headers["access-control-request-method"],
    wantedHeaders: request.headers["access-control-request-headers"],
  });
  if (answer === null) return null;
  const entries = Object.entries(answer).map(([name, value]) => [name, [value]] as const);
  return { status: 204, headers: new Map(entries), body: new Uint8Array() };
}

function sourceOf({ exchange, path, parameters, stage, context }: Routed): MappingSource {
  const { request, target, body } = exchange;
  const headers = new Map<string, readonly string[]>();
  for (const [name, values] of Object.entries(request.headersDistinct))
    if (values !== undefined) headers.set(name, values);
  return {
    headers,
    query: target.query,
    path,
    parameters,
    body,
    variables: stage.variables,
    context: (name) => context[name],
  };
}

function noteAuthorized(context: Context, authorized: Authorized): void {
  switch (authorized.is) {
    case "jwt":
      return flatten(context, "authorizer.claims", authorized.claims);
    case "function":
      if (authorized.principalId !== undefined) context["authorizer.principalId"] = authorized.principalId;
      return flatten(context, "authorizer", authorized.context);
    case "iam":
      context["identity.user"] = authorized.caller.userId;
      context["identity.caller"] = authorized.caller.callerId;
      context["identity.userArn"] = authorized.caller.userArn;
  }
}

const REFUSALS = { 401: "Unauthorized", 403: "Forbidden", 500: "Internal Server Error" } as const;

function refusalOf(passage: Passage & { readonly is: "refused" }, context: Context): EdgeAnswer {
  context["authorizer.error"] = passage.why;
  const answer = said(passage.status, REFUSALS[passage.status], context);
  return passage.challenge === undefined ? answer : withHeader(answer, "www-authenticate", passage.challenge);
}

function failed(failure: Failure, context: Context): EdgeAnswer {
  const answer = failureAnswer("http-api", failure);
  context["error.message"] = messageOf(answer);
  context["integration.error"] = failure;
  context["integrationErrorMessage"] ??= failure;
  return answer;
}

function messageOf({ body }: EdgeAnswer): string {
  return (JSON.parse(Buffer.from(body).toString()) as { readonly message: string }).message;
}

function said(status: number, message: string, context: Context): EdgeAnswer {
  context["error.message"] = message;
  context["error.messageString"] = JSON.stringify(message);
  return {
    status,
    headers: new Map([["content-type", ["application/json"]]]),
    body: Buffer.from(JSON.stringify({ message })),
  };
}

function withHeader(answer: EdgeAnswer, name: string, value: string): EdgeAnswer {
  return { ...answer, headers: new Map([...answer.headers, [name, [value]]]) };
}

function mutable(headers: ReadonlyMap<string, readonly string[]>): Map<string, string[]> {
  return new Map([...headers].map(([name, values]) => [name, [...values]]));
}
