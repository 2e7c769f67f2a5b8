/** How HTTP APIs and function URLs put an HTTP request to a function, and its result to the client. */
import type { IncomingMessage } from "node:http";
import type { Clock } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import { Fault } from "#base/fault.ts";
import { type ControlClient, TooSlow } from "#control/client.ts";
import type { IamCaller, Invocation, Invoked } from "#control/contract.ts";
import type { Cors } from "#kinds/catamaran/cors.ts";
import { preflight, withCors } from "./cors.ts";
import { type Answered, type Exchange, send, sendPieces } from "./exchange.ts";
import { toClient, toFunction } from "./forward-headers.ts";
import { answerOf, type EdgeAnswer, type Failure, failureAnswer } from "./http-answer.ts";
import { type EdgeRequest, type EventRoute, eventV1, eventV2 } from "./http-event.ts";
import type { Match } from "./match.ts";
import type { FunctionTarget } from "./route.ts";
import { signedRequest } from "./signed-request.ts";
import { streamedAnswer, type StreamedAnswer } from "./streamed-answer.ts";

// API Gateway's integration time-out for HTTP APIs; a function URL waits as long as a function may run.
const DEADLINE_MS = { "http-api": 30_000, "function-url": 900_000 } as const;

export interface FunctionFrontOptions {
  readonly control: Pick<ControlClient, "invoke" | "invokeStreaming" | "authorizeUrl">;
  readonly accountId: string;
  readonly clock: Clock;
  readonly random: Random;
}

export interface FunctionRequest {
  readonly exchange: Exchange;
  readonly match: Match;
  readonly target: FunctionTarget;
  readonly cors: Cors | undefined;
}

export class FunctionFront {
  readonly #options: FunctionFrontOptions;

  constructor(options: FunctionFrontOptions) {
    this.#options = options;
  }

  async answer(asked: FunctionRequest): Promise<Answered> {
    const { exchange, target, cors } = asked;
    const origin = exchange.request.headers.origin;
    const traceId = traceOf(exchange.request, this.#options);
    const answer = await this.#answerTo(asked, traceId);
    const headers = toClient(Object.fromEntries(answer.headers));
    if (cors !== undefined) withCors(cors, origin, headers);
    if (target.front === "function-url") headers.set("x-amzn-trace-id", [traceId]);
    if ("pieces" in answer) return sendPieces(exchange.response, { ...answer, headers }, answer.pieces);
    return send(exchange.response, { ...answer, headers });
  }

  async #answerTo(asked: FunctionRequest, traceId: string): Promise<EdgeAnswer | StreamedAnswer> {
    const { exchange, target } = asked;
    if (target.auth === "NONE") return this.#invoke(asked, traceId, undefined);
    if (target.auth === "CLOSED") return refused(403, "AccessDeniedException", "Forbidden");
    const verdict = await this.#options.control.authorizeUrl({
      ...signedRequest(exchange),
      namespace: target.namespace,
      name: target.name,
    });
    if (verdict.is === "allowed") return this.#invoke(asked, traceId, verdict.caller);
    return refused(verdict.status, verdict.code, verdict.message);
  }

  async #invoke(
    asked: FunctionRequest,
    traceId: string,
    caller: IamCaller | undefined,
  ): Promise<EdgeAnswer | StreamedAnswer> {
    const { exchange, target } = asked;
    const request = edgeRequest(exchange, traceId, this.#options);
    const authorized = caller === undefined ? {} : ({ authorized: { is: "iam", caller } } as const);
    const route = { ...eventRoute(asked, this.#options.accountId), ...authorized };
    const event = (target.payload === "1.0" ? eventV1 : eventV2)(request, route);
    const invocation = { ...target, payload: Buffer.from(JSON.stringify(event)), traceId };
    try {
      if (target.isStreamed === true) return await this.#stream(invocation);
      return answerOfInvoked(await this.#options.control.invoke(invocation, DEADLINE_MS[target.front]), target);
    } catch (thrown) {
      if (thrown instanceof TooSlow) return failureAnswer(target.front, "too slow");
      if (thrown instanceof Fault) return failureAnswer(target.front, failureOf(thrown));
      throw thrown;
    }
  }

  async #stream(invocation: Invocation): Promise<EdgeAnswer | StreamedAnswer> {
    const streamed = await this.#options.control.invokeStreaming(invocation, DEADLINE_MS["function-url"]);
    const answer = streamed.functionError === undefined ? await streamedAnswer(streamed) : "failed";
    return withFacts(typeof answer === "string" ? failureAnswer("function-url", answer) : answer, streamed);
  }
}

function refused(status: number, code: string, message: string): EdgeAnswer {
  return {
    status,
    headers: new Map([
      ["content-type", ["application/json"]],
      ["x-amzn-errortype", [code]],
    ]),
    body: Buffer.from(JSON.stringify({ Message: message })),
  };
}

/** With what a client may know of the invocation. */
function withFacts<T extends StreamedAnswer | EdgeAnswer>(
  answer: T,
  { requestId, isCold }: Pick<Invoked, "requestId" | "isCold">,
): T {
  const headers = new Map(answer.headers);
  if (requestId !== "") headers.set("x-amzn-requestid", [requestId]);
  if (isCold) headers.set("x-catamaran-cold-start", ["1"]);
  return { ...answer, headers };
}

/** The answer to a preflight, or null when the request is to be served. Status as API Gateway's and Lambda's own. */
export function preflightAnswer(cors: Cors, request: IncomingMessage, isUrl: boolean): EdgeAnswer | null {
  const { headers } = request;
  const answer = preflight(cors, {
    method: request.method ?? "GET",
    origin: headers.origin,
    wantedMethod: headers["access-control-request-method"],
    wantedHeaders: headers["access-control-request-headers"],
  });
  if (answer === null) return null;
  const entries = Object.entries(answer).map(([name, value]) => [name, [value]] as const);
  return { status: isUrl ? 200 : 204, headers: new Map(entries), body: new Uint8Array() };
}

function answerOfInvoked(invoked: Invoked, { front, payload }: FunctionTarget): EdgeAnswer {
  const said = resultOf(invoked, front, payload);
  const answer = typeof said === "string" ? failureAnswer(front, said) : said;
  // API Gateway has request ids of its own.
  return withFacts(answer, front === "function-url" ? invoked : { ...invoked, requestId: "" });
}

function resultOf(
  invoked: Invoked,
  front: FunctionTarget["front"],
  format: FunctionTarget["payload"],
): EdgeAnswer | Failure {
  return invoked.functionError === undefined ? answerOf(invoked.payload, { front, format }) : "failed";
}

/** What the control process may say of a function that did not run; see its contract. */
export function failureOf({ code }: Fault): Failure {
  if (code === "NotFound") return "gone";
  if (code === "RequestTooLarge") return "too large";
  return code === "TooManyRequests" ? "throttled" : "unavailable";
}

function edgeRequest(
  { request, target, client, body }: Exchange,
  traceId: string,
  { clock, random }: FunctionFrontOptions,
): EdgeRequest {
  return {
    method: request.method ?? "GET",
    path: target.path,
    query: target.query,
    headers: toFunction(request.headersDistinct, client, traceId),
    body,
    sourceIp: client.address,
    requestId: random.uuid(),
    atMs: clock.now(),
  };
}

function eventRoute({ exchange, match, target }: FunctionRequest, accountId: string): EventRoute {
  const { route, parameters } = match;
  return {
    front: target.front,
    routeKey: route.pathType === "Template" ? `${route.methods[0] ?? "ANY"} ${route.path}` : "$default",
    stage: target.stage ?? "$default",
    apiId: target.apiId ?? target.name,
    accountId,
    domainName: exchange.target.host,
    parameters,
  };
}

/** A client's own trace goes on; else one begins here (X-Ray, "Tracing header"). */
export function traceOf(
  request: IncomingMessage,
  { clock, random }: Pick<FunctionFrontOptions, "clock" | "random">,
): string {
  const sent = request.headers["x-amzn-trace-id"];
  if (typeof sent === "string" && /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}(;[\w=;-]*)?$/.test(sent)) return sent;
  const seconds = Math.floor(clock.now() / 1000).toString(16);
  return `Root=1-${seconds.padStart(8, "0")}-${random.uuid().replaceAll("-", "").slice(0, 24)}`;
}
