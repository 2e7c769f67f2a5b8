/** What a method of a REST API leads to: a proxied function, a function, an address, or nothing but its own answer (MOCK). */
import { Fault, reasonOf } from "#base/fault.ts";
import { member } from "#base/dictionary.ts";
import { type ControlClient, TooSlow } from "#control/client.ts";
import type { RestIntegration, RestIntegrationResponse } from "#kinds/catamaran/rest-api-parts.ts";
import { compilePattern } from "#kinds/schema/pattern.ts";
import type { HttpIntegrations } from "../apis/http-integration.ts";
import { functionOf, serviceOf, withVariables } from "../apis/served-api.ts";
import { toPod } from "../forward-headers.ts";
import { answerOf, type EdgeAnswer } from "../http-answer.ts";
import { TemplateFault } from "../vtl/syntax.ts";
import type { Refusal } from "./gateway-response.ts";
import { renderTemplate, type TemplateInput } from "./mapping-template.ts";
import { restEvent } from "./rest-event.ts";
import { mapAnswerHeaders, mapParts } from "./rest-mapping.ts";
import {
  type Admitted,
  eventRequest,
  isBinaryType,
  mediaTypeOf,
  methodOf,
  type RestRequest,
  templateInput,
} from "./rest-request.ts";

export type RestAnswer =
  | { readonly is: "answer"; readonly answer: EdgeAnswer }
  | { readonly is: "refused"; readonly refusal: Refusal };

export interface RestIntegrationsOptions {
  readonly control: Pick<ControlClient, "invoke">;
  readonly http: HttpIntegrations;
}

const BROKEN = "Internal server error";
const refused = (refusal: Refusal): RestAnswer => ({ is: "refused", refusal });
const BAD_GATEWAY = refused({ type: "API_CONFIGURATION_ERROR", message: BROKEN, status: 502 });
const MISCONFIGURED = refused({ type: "API_CONFIGURATION_ERROR", message: BROKEN });
const TIMED_OUT = refused({ type: "INTEGRATION_TIMEOUT", message: "Endpoint request timed out" });
const DEFAULT_TIMEOUT_MS = 29_000;

/** What an integration said, before it is mapped. */
interface Said {
  readonly status: number;
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Uint8Array;
  /** What selection patterns are held against. */
  readonly selector: string;
}

export class RestIntegrations {
  readonly #options: RestIntegrationsOptions;

  constructor(options: RestIntegrationsOptions) {
    this.#options = options;
  }

  async answer(request: RestRequest, admitted: Admitted): Promise<RestAnswer> {
    const { methodIntegration: integration } = request.served.method;
    if (integration === undefined) return MISCONFIGURED;
    try {
      switch (integration.type) {
        case "AWS_PROXY":
          return await this.#proxyFunction(request, integration, admitted);
        case "HTTP_PROXY":
          return { is: "answer", answer: await this.#http(request, integration, { isProxy: true, body: null }) };
        case "AWS":
        case "HTTP":
        case "MOCK":
          return await this.#mapped(request, integration);
      }
    } catch (thrown) {
      if (thrown instanceof TooSlow) return TIMED_OUT;
      request.context["integrationErrorMessage"] = reasonOf(thrown);
      if (thrown instanceof TemplateFault) return MISCONFIGURED;
      if (thrown instanceof Fault) return thrown.code === "RequestTooLarge" ? tooLarge() : BAD_GATEWAY;
      // Nobody answered, or broke off.
      return refused({ type: "INTEGRATION_FAILURE", message: BROKEN });
    }
  }

  async #proxyFunction(request: RestRequest, integration: RestIntegration, admitted: Admitted): Promise<RestAnswer> {
    const event = restEvent(eventRequest(request, admitted));
    const invoked = await this.#invoke(request, integration, Buffer.from(JSON.stringify(event)));
    if (invoked === null) return MISCONFIGURED;
    const said =
      invoked.functionError === undefined ? answerOf(invoked.payload, { front: "rest-api", format: "1.0" }) : "failed";
    if (typeof said === "string") {
      request.context["integrationErrorMessage"] = said;
      return BAD_GATEWAY;
    }
    const answer = this.#asText(request, invoked.payload, said);
    return { is: "answer", answer: invoked.isCold ? withHeader(answer, "x-catamaran-cold-start", "1") : answer };
  }

  /** Base64 becomes bytes only where the client takes a binary type; else it goes out as the text that it is. */
  #asText({ deployment, exchange }: RestRequest, payload: Uint8Array, answer: EdgeAnswer): EdgeAnswer {
    if (!isBase64(payload)) return answer;
    const accepted = (exchange.request.headers.accept ?? "").split(",")[0]?.split(";")[0]?.trim().toLowerCase() ?? "";
    const own = answer.headers.get("content-type")?.[0]?.split(";")[0]?.trim().toLowerCase() ?? "";
    const { binaryTypes } = deployment;
    if (isBinaryType(binaryTypes, accepted) || isBinaryType(binaryTypes, own)) return answer;
    return { ...answer, body: Buffer.from(Buffer.from(answer.body).toString("base64")) };
  }

  /** Null when the integration names no function. */
  async #invoke(
    { api, traceId, counted, context, variables }: RestRequest,
    integration: RestIntegration,
    payload: Buffer,
    isEvent = false,
  ): Promise<Awaited<ReturnType<ControlClient["invoke"]>> | null> {
    const fn = functionOf(withVariables(integration.uri ?? "", variables));
    if (fn === null) return null;
    counted.backend = `Function/${api.namespace}/${fn.name}`;
    const timeoutMs = integration.timeoutInMillis ?? DEFAULT_TIMEOUT_MS;
    const invoked = await this.#options.control.invoke(
      { namespace: api.namespace, ...fn, payload, traceId, ...(isEvent && { isEvent: true }) },
      timeoutMs,
    );
    context["integration.requestId"] = invoked.requestId;
    return invoked;
  }

  async #http(
    request: RestRequest,
    integration: RestIntegration,
    { isProxy, body }: { readonly isProxy: boolean; readonly body: Buffer | null },
  ): Promise<EdgeAnswer> {
    const { exchange, counted, variables, parameters } = request;
    const url = withVariables(integration.uri ?? "", variables);
    const service = serviceOf(url);
    counted.backend = service === null ? "Http" : `Service/${service.namespace}/${service.name}`;
    const parts = mapParts(integration.requestParameters ?? {}, templateInput(request));
    const headers = isProxy ? toPod(exchange.request.headersDistinct, exchange.client) : new Map<string, string[]>();
    for (const [name, values] of parts.headers) headers.set(name, values);
    if (!isProxy && body !== null && !headers.has("content-type")) headers.set("content-type", ["application/json"]);
    const own = isProxy ? exchange.target.query : "";
    const query = [own, new URLSearchParams(parts.query).toString()].filter((one) => one !== "").join("&");
    const target = {
      method: integration.httpMethod === "ANY" || integration.httpMethod === undefined ? null : integration.httpMethod,
      url,
      ...(service !== null && { service }),
      timeoutMs: integration.timeoutInMillis ?? DEFAULT_TIMEOUT_MS,
    };
    const sent = body === null ? exchange : { ...exchange, body };
    const filled = parts.path.size > 0 ? parts.path : parameters;
    return this.#options.http.answer(
      target,
      { headers, query, path: request.path },
      { exchange: sent, parameters: filled },
    );
  }

  /** A template makes the request, a pattern chooses the answer, and a template makes that. */
  async #mapped(request: RestRequest, integration: RestIntegration): Promise<RestAnswer> {
    const input = templateInput(request);
    const chosen = requestTemplate(integration, mediaTypeOf(request.exchange.request.headers));
    if (chosen === "unsupported") return refused({ type: "UNSUPPORTED_MEDIA_TYPE", message: "Unsupported Media Type" });
    const { template } = chosen;
    const body = template === null ? request.exchange.body : Buffer.from(renderTemplate(template, input).text);
    const said = await this.#said(request, integration, { body, input });
    if (said === null) return MISCONFIGURED;
    request.context["integration.status"] = String(said.status);
    return answerOfSaid(integration, said, input);
  }

  async #said(
    request: RestRequest,
    integration: RestIntegration,
    { body, input }: { readonly body: Buffer; readonly input: TemplateInput },
  ): Promise<Said | null> {
    switch (integration.type) {
      case "MOCK":
        return mocked(body);
      case "AWS": {
        const { headers } = mapParts(integration.requestParameters ?? {}, input);
        const isEvent = headers.get("x-amz-invocation-type")?.[0]?.toLowerCase() === "event";
        const invoked = await this.#invoke(request, integration, body.length === 0 ? Buffer.from("{}") : body, isEvent);
        if (invoked === null) return null;
        const status = isEvent ? 202 : 200;
        const selector = invoked.functionError === undefined ? String(status) : errorMessageOf(invoked.payload);
        return { status, headers: new Map(), body: invoked.payload, selector };
      }
      case "AWS_PROXY":
      case "HTTP":
      case "HTTP_PROXY": {
        const hasBody = !["GET", "HEAD"].includes(integration.httpMethod ?? methodOf(request));
        const answer = await this.#http(request, integration, {
          isProxy: false,
          body: hasBody ? body : Buffer.alloc(0),
        });
        return { ...answer, selector: String(answer.status) };
      }
    }
  }
}

function tooLarge(): RestAnswer {
  return refused({ type: "REQUEST_TOO_LARGE", message: "Request Too Long" });
}

/** The template of the body's type; null: the body goes through as it is (API Gateway, "Integration passthrough behaviors"). */
function requestTemplate(
  { requestTemplates = {}, passthroughBehavior = "WHEN_NO_MATCH" }: RestIntegration,
  type: string,
): { readonly template: string | null } | "unsupported" {
  const template = member(requestTemplates, type) ?? member(requestTemplates, "$default");
  if (template !== undefined) return { template };
  switch (passthroughBehavior) {
    case "WHEN_NO_MATCH":
      return { template: null };
    case "WHEN_NO_TEMPLATES":
      return Object.keys(requestTemplates).length === 0 ? { template: null } : "unsupported";
    case "NEVER":
      return "unsupported";
  }
}

/** A MOCK answers with the status that its request template says. */
function mocked(body: Buffer): Said | null {
  try {
    const { statusCode } = JSON.parse(body.toString("utf8")) as { readonly statusCode?: unknown };
    if (!Number.isInteger(statusCode)) return null;
    return { status: Number(statusCode), headers: new Map(), body: new Uint8Array(), selector: String(statusCode) };
  } catch {
    return null;
  }
}

function errorMessageOf(payload: Uint8Array): string {
  try {
    const { errorMessage } = JSON.parse(Buffer.from(payload).toString("utf8")) as { readonly errorMessage?: unknown };
    return typeof errorMessage === "string" ? errorMessage : "error";
  } catch {
    return "error";
  }
}

function answerOfSaid(integration: RestIntegration, said: Said, input: TemplateInput): RestAnswer {
  const chosen = chosenResponse(integration.integrationResponses ?? {}, said.selector);
  if (chosen === null) return MISCONFIGURED;
  const [status, response] = chosen;
  const text = Buffer.from(said.body).toString("utf8");
  const ofAnswer = { ...input, body: text, headers: said.headers };
  const headers = mapAnswerHeaders(response.responseParameters ?? {}, ofAnswer);
  const templates = Object.entries(response.responseTemplates ?? {});
  const [type, template] = templates.find(([one]) => one === "application/json") ??
    templates[0] ?? ["application/json", ""];
  if (!headers.has("content-type")) headers.set("content-type", [type]);
  // An empty template lets the body through.
  if (template === "") return { is: "answer", answer: { status, headers, body: bodyOf(response, said) } };
  const rendered = renderTemplate(template, ofAnswer);
  for (const [name, value] of Object.entries(rendered.overrides.headers)) headers.set(name.toLowerCase(), [value]);
  return {
    is: "answer",
    answer: { status: rendered.overrides.status ?? status, headers, body: Buffer.from(rendered.text) },
  };
}

function bodyOf({ contentHandling }: RestIntegrationResponse, { body }: Said): Uint8Array {
  if (contentHandling === undefined) return body;
  return contentHandling === "CONVERT_TO_BINARY"
    ? Buffer.from(Buffer.from(body).toString("utf8"), "base64")
    : Buffer.from(Buffer.from(body).toString("base64"));
}

/** The first whose pattern is the whole of the selector; else the one without a pattern. */
function chosenResponse(
  responses: Readonly<Record<string, RestIntegrationResponse>>,
  selector: string,
): readonly [status: number, response: RestIntegrationResponse] | null {
  const all = Object.entries(responses);
  const isDefault = ({ selectionPattern = "" }: RestIntegrationResponse): boolean => selectionPattern === "";
  const found =
    all.find(
      ([, one]) => !isDefault(one) && compilePattern(`^(?s:${one.selectionPattern})$`)?.occursIn(selector) === true,
    ) ?? all.find(([, one]) => isDefault(one));
  return found === undefined ? null : [Number(found[0]), found[1]];
}

function isBase64(payload: Uint8Array): boolean {
  return Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).includes('"isBase64Encoded":true');
}

function withHeader(answer: EdgeAnswer, name: string, value: string): EdgeAnswer {
  return { ...answer, headers: new Map([...answer.headers, [name, [value]]]) };
}
