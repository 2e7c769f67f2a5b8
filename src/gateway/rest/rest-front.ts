/** REST APIs at the edge: method, throttle, guard, key, validation, cache, integration and answer, in that order. */
import { gunzipSync, gzipSync, inflateSync } from "node:zlib";
import type { Clock } from "#base/clock.ts";
import { decodePercent } from "#base/percent.ts";
import type { Random } from "#base/random.ts";
import type { RestMethodSetting } from "#kinds/catamaran/rest-api-parts.ts";
import { commonLogTime, type Context, flatten } from "../apis/api-context.ts";
import type { ApiLogs } from "../apis/api-logs.ts";
import type { Buckets } from "../apis/token-bucket.ts";
import type { Counted } from "../counted.ts";
import { type Answered, type Exchange, send } from "../exchange.ts";
import { toClient, toFunction } from "../forward-headers.ts";
import { traceOf } from "../function-front.ts";
import type { EdgeAnswer } from "../http-answer.ts";
import { matchOf } from "../match.ts";
import { AnswerCache } from "./answer-cache.ts";
import { ExecutionLog } from "./execution-log.ts";
import { answerOfRefusal, type Refusal } from "./gateway-response.ts";
import { type KeysAndPlans, verdictOnKey } from "./keys-and-plans.ts";
import { renderTemplate } from "./mapping-template.ts";
import type { QuotaCounts } from "./quota-counts.ts";
import { asWritten } from "./rest-event.ts";
import type { RestGuard, RestPassage } from "./rest-guard.ts";
import type { RestAnswer, RestIntegrations } from "./rest-integration.ts";
import { sourceValue } from "./rest-mapping.ts";
import { type Admitted, mediaTypeOf, methodOf, type RestRequest, templateInput } from "./rest-request.ts";
import { type ServedDeployment, type ServedRestApi, type ServedRestStage, settingOf } from "./served-rest.ts";
import { refusalOfRequest } from "./validate-request.ts";

export interface RestFrontOptions {
  readonly accountId: string;
  readonly region: string;
  readonly guard: RestGuard;
  readonly integrations: RestIntegrations;
  readonly keys: () => KeysAndPlans;
  readonly buckets: Buckets;
  readonly counts: QuotaCounts;
  readonly logs: ApiLogs;
  readonly clock: Clock;
  readonly random: Random;
}

/** A request to the host of a REST API; `stage` is null when its path names none. */
export interface FoundRest {
  readonly exchange: Exchange;
  readonly api: ServedRestApi;
  readonly stage: ServedRestStage | null;
  readonly path: string;
  readonly stagePath: string;
}

const NO_TOKEN: Refusal = { type: "MISSING_AUTHENTICATION_TOKEN", message: "Missing Authentication Token" };

type Outcome = RestAnswer | { readonly is: "answer"; readonly answer: EdgeAnswer };

export class RestFront {
  readonly #options: RestFrontOptions;
  readonly #cache = new AnswerCache();

  constructor(options: RestFrontOptions) {
    this.#options = options;
  }

  async answer(found: FoundRest, counted: Counted): Promise<Answered> {
    const { exchange, stage } = found;
    const { clock, logs } = this.#options;
    const startMs = clock.monotonicMs();
    const context = this.#contextOf(found);
    if (stage === null) return this.#sendForbidden(exchange, context);
    const isCanary = stage.canary !== undefined && this.#options.random.number() * 100 < stage.canary.percent;
    const deployment = isCanary && stage.canary !== undefined ? stage.canary.deployment : stage.deployment;
    if (stage.canary !== undefined) context["isCanaryRequest"] = String(isCanary);
    context["deploymentId"] = deployment.deploymentId;
    const request = this.#requestOf({ ...found, stage }, deployment, { context, counted, isCanary });
    const log = request === null ? null : ExecutionLog.of(request, logs, clock);
    const outcome = request === null ? ({ is: "refused", refusal: NO_TOKEN } as const) : await this.#outcome(request);
    const answer =
      outcome.is === "answer"
        ? outcome.answer
        : this.#refused(outcome.refusal, { found, deployment, context, request });
    const answered = this.#send(exchange, answer, { context, deployment });
    context["status"] = String(answered.status);
    context["responseLength"] = String(answered.bytesOut);
    context["responseLatency"] = String(Math.round(clock.monotonicMs() - startMs));
    log?.end(answer, context);
    if (stage.accessLog !== undefined) logs.write(stage.accessLog, context, clock.now());
    return answered;
  }

  #sendForbidden(exchange: Exchange, context: Context): Answered {
    const body = Buffer.from(JSON.stringify({ message: "Forbidden" }));
    const headers = new Map([
      ["content-type", ["application/json"]],
      ["x-amzn-errortype", ["ForbiddenException"]],
      ["x-amzn-requestid", [context["requestId"] ?? ""]],
    ]);
    return send(exchange.response, { status: 403, headers, body });
  }

  /** Null when no method of the deployment is meant. */
  #requestOf(
    found: FoundRest & { readonly stage: ServedRestStage },
    deployment: ServedDeployment,
    {
      context,
      counted,
      isCanary,
    }: { readonly context: Context; readonly counted: Counted; readonly isCanary: boolean },
  ): RestRequest | null {
    const { exchange, api, stage, path } = found;
    const { request, client } = exchange;
    const method = request.method ?? "GET";
    const match = matchOf(deployment.methods, path, method);
    if (match === null) return null;
    const served = match.route;
    context["resourcePath"] = served.resourcePath;
    context["resourceId"] = served.resourceId;
    const traceId = traceOf(request, this.#options);
    const { region, accountId } = this.#options;
    return {
      exchange: { ...exchange, body: unpacked(exchange, deployment) },
      api,
      stage,
      deployment,
      variables: isCanary && stage.canary !== undefined ? stage.canary.variables : stage.variables,
      served,
      path,
      parameters: match.parameters,
      headers: asWritten(toFunction(request.headersDistinct, client, traceId), request.rawHeaders),
      context,
      traceId,
      methodArn: `arn:aws:execute-api:${region}:${accountId}:${api.apiId}/${stage.name}/${method}${decodePercent(path)}`,
      counted,
    };
  }

  async #outcome(request: RestRequest): Promise<Outcome> {
    const { stage, served, api, context, deployment } = request;
    const setting = settingOf(stage, served);
    if (!this.#admits(request, setting))
      return { is: "refused", refusal: { type: "THROTTLED", message: "Too Many Requests" } };
    const passage = await this.#options.guard.passage(request);
    if (passage.is === "refused") {
      context["authorizer.error"] = passage.refusal.message ?? passage.refusal.type;
      return passage;
    }
    note(context, passage);
    const keyed = this.#byKey(request, passage, api);
    if ("refusal" in keyed) return { is: "refused", refusal: keyed.refusal };
    const { authorized } = passage;
    const admitted: Admitted = { ...keyed, ...(authorized !== undefined && { authorized }) };
    const refusal = refusalOfRequest(
      served.method,
      deployment,
      templateInput(request),
      mediaTypeOf(request.exchange.request.headers),
    );
    if (refusal !== null) return { is: "refused", refusal };
    return this.#cached(request, setting, () => this.#integrated(request, admitted));
  }

  async #integrated(request: RestRequest, admitted: Admitted): Promise<Outcome> {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    const outcome = await this.#options.integrations.answer(request, admitted);
    request.context["integrationLatency"] = String(Math.round(clock.monotonicMs() - startMs));
    if (outcome.is === "answer") request.context["integration.status"] ??= String(outcome.answer.status);
    return outcome;
  }

  #admits({ api, stage, served }: RestRequest, setting: RestMethodSetting): boolean {
    const { throttlingRateLimit: rate = -1, throttlingBurstLimit: burst = -1 } = setting;
    // -1 is "no limit of its own".
    if (rate < 0 && burst < 0) return true;
    const limit = { perSecond: rate < 0 ? 10_000 : rate, burst: burst < 0 ? 5_000 : burst };
    const name = `${api.apiId}/${stage.name}${served.resourcePath}/${served.httpMethod}`;
    return this.#options.buckets.admits(name, limit, this.#options.clock.monotonicMs());
  }

  #byKey(
    request: RestRequest,
    passage: RestPassage & { readonly is: "passed" },
    { apiId }: ServedRestApi,
  ): Pick<Admitted, "apiKey"> | { readonly refusal: Refusal } {
    const { served, deployment, stage, exchange, context } = request;
    if (served.method.apiKeyRequired !== true) return {};
    const header = exchange.request.headers["x-api-key"];
    const value =
      deployment.keySource === "AUTHORIZER" ? passage.usageKey : typeof header === "string" ? header : undefined;
    const { keys, buckets, counts, clock } = this.#options;
    const verdict = verdictOnKey(
      keys(),
      {
        value,
        apiId,
        stage: stage.name,
        method: `${served.resourcePath}/${served.httpMethod}`,
        nowMs: clock.now(),
        monotonicMs: clock.monotonicMs(),
      },
      { buckets, counts },
    );
    switch (verdict.is) {
      case "no key":
        return { refusal: { type: "INVALID_API_KEY", message: "Forbidden" } };
      case "throttled":
        return { refusal: { type: "THROTTLED", message: "Too Many Requests" } };
      case "used up":
        return { refusal: { type: "QUOTA_EXCEEDED", message: "Limit Exceeded" } };
      case "let in": {
        const id = verdict.key.metadata.name;
        context["identity.apiKeyId"] = id;
        context["identity.apiKey"] = verdict.key.spec.value;
        return { apiKey: { id, value: verdict.key.spec.value } };
      }
    }
  }

  async #cached(request: RestRequest, setting: RestMethodSetting, ask: () => Promise<Outcome>): Promise<Outcome> {
    const { stage, exchange } = request;
    if (!stage.isCached || setting.cachingEnabled !== true || methodOf(request) !== "GET") return ask();
    const key = cacheKey(request);
    const nowMs = this.#options.clock.now();
    const isRefreshed = /max-age=0|no-cache/.test(exchange.request.headers["cache-control"] ?? "");
    const kept = isRefreshed ? undefined : this.#cache.get(key, nowMs);
    if (kept !== undefined) return { is: "answer", answer: kept };
    const outcome = await ask();
    const ttlSeconds = setting.cacheTtlInSeconds ?? 300;
    if (outcome.is === "answer" && outcome.answer.status < 300 && ttlSeconds > 0)
      this.#cache.set(key, outcome.answer, nowMs + ttlSeconds * 1_000);
    return outcome;
  }

  #refused(
    refusal: Refusal,
    {
      found,
      deployment,
      context,
      request,
    }: {
      readonly found: FoundRest;
      readonly deployment: ServedDeployment;
      readonly context: Context;
      readonly request: RestRequest | null;
    },
  ): EdgeAnswer {
    context["error.message"] = refusal.message ?? "";
    context["error.messageString"] = JSON.stringify(refusal.message);
    context["error.responseType"] = refusal.type;
    const headers = new Map(
      Object.entries(found.exchange.request.headersDistinct).map(([name, values]) => [name, values ?? []]),
    );
    const input =
      request === null
        ? {
            body: "",
            path: new Map<string, string>(),
            query: new Map<string, string[]>(),
            headers,
            context,
            variables: {},
          }
        : templateInput(request);
    const answer = answerOfRefusal(
      refusal,
      deployment.gatewayResponses,
      (source) => sourceValue(source, "method.request", input) ?? "",
    );
    const [type, template] = Object.entries(answer.templates)[0] ?? [];
    const body = Buffer.from(template === undefined ? answer.body : renderTemplate(template, input).text);
    const told = type === undefined ? answer.headers : new Map([...answer.headers, ["content-type", [type]]]);
    return { status: answer.status, headers: told, body };
  }

  #send(
    { request, response }: Exchange,
    answer: EdgeAnswer,
    { context, deployment }: { readonly context: Context; readonly deployment: ServedDeployment },
  ): Answered {
    const headers = remapped(toClient(Object.fromEntries(answer.headers)));
    headers.set("x-amzn-requestid", [context["requestId"] ?? ""]);
    headers.set("x-amz-apigw-id", [context["extendedRequestId"] ?? ""]);
    const { compressFrom } = deployment;
    const takes = /\bgzip\b/.test(String(request.headers["accept-encoding"] ?? ""));
    if (compressFrom === null || answer.body.length < compressFrom || !takes || headers.has("content-encoding"))
      return send(response, { ...answer, headers });
    headers.set("content-encoding", ["gzip"]);
    return send(response, { ...answer, headers, body: gzipSync(answer.body) });
  }

  #contextOf({ exchange, api, stage, path, stagePath }: FoundRest): Context {
    const { request, client, target } = exchange;
    const { clock, random, accountId } = this.#options;
    const nowMs = clock.now();
    const requestId = random.uuid();
    return {
      requestId,
      extendedRequestId: Buffer.from(requestId.replaceAll("-", ""), "hex").toString("base64url"),
      apiId: api.apiId,
      accountId,
      stage: stage?.name ?? "",
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

function note(context: Context, { authorized }: RestPassage & { readonly is: "passed" }): void {
  if (authorized?.is === "function") {
    if (authorized.principalId !== undefined) context["authorizer.principalId"] = authorized.principalId;
    flatten(context, "authorizer", authorized.context);
  }
  if (authorized?.is !== "iam") return;
  context["identity.user"] = authorized.caller.userId;
  context["identity.caller"] = authorized.caller.callerId;
  context["identity.userArn"] = authorized.caller.userArn;
}

/** What of the request makes a difference: the path itself, and the parameters that the integration names. */
function cacheKey({
  api,
  stage,
  deployment,
  served,
  path,
  parameters,
  exchange,
  headers,
  context,
  variables,
}: RestRequest): string {
  const { cacheKeyParameters = [], cacheNamespace } = served.method.methodIntegration ?? {};
  const input = templateInput({ parameters, exchange, headers, context, variables } as RestRequest);
  const values = cacheKeyParameters.map((source) => sourceValue(source, "method.request", input) ?? null);
  return JSON.stringify([api.apiId, stage.name, deployment.deploymentId, cacheNamespace ?? path, values]);
}

// What API Gateway says itself: an integration's own goes out under another name ("Amazon API Gateway important notes").
const REMAPPED = ["authorization", "date", "server", "www-authenticate", "host", "user-agent"];

function remapped(headers: Map<string, string[]>): Map<string, string[]> {
  for (const name of REMAPPED) {
    const values = headers.get(name);
    if (values === undefined) continue;
    headers.delete(name);
    headers.set(`x-amzn-remapped-${name}`, values);
  }
  return headers;
}

const MAX_UNPACKED = { maxOutputLength: 10 * 1024 * 1024 };

/** Of an API that compresses, bodies may come compressed, too. */
function unpacked({ request, body }: Exchange, { compressFrom }: ServedDeployment): Buffer {
  if (compressFrom === null) return body;
  const encoding = request.headers["content-encoding"];
  if (encoding === "gzip") return gunzipSync(body, MAX_UNPACKED);
  return encoding === "deflate" ? inflateSync(body, MAX_UNPACKED) : body;
}
