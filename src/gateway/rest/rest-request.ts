/** One request to a REST API, with what is known of it once its method is found. */
import type { Context } from "../apis/api-context.ts";
import type { Counted } from "../counted.ts";
import type { Exchange } from "../exchange.ts";
import type { Authorized } from "../http-event.ts";
import type { TemplateInput } from "./mapping-template.ts";
import type { RestEventRequest } from "./rest-event.ts";
import { queryOf } from "./rest-event.ts";
import type { ServedDeployment, ServedMethod, ServedRestApi, ServedRestStage } from "./served-rest.ts";

export interface RestRequest {
  readonly exchange: Exchange;
  readonly api: ServedRestApi;
  readonly stage: ServedRestStage;
  /** The stage's, or its canary's. */
  readonly deployment: ServedDeployment;
  readonly variables: Readonly<Record<string, string>>;
  readonly served: ServedMethod;
  /** Below the stage, still encoded. */
  readonly path: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** As the client wrote the names, with those that the edge adds. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly context: Context;
  readonly traceId: string;
  readonly methodArn: string;
  readonly counted: Counted;
}

/** What a guard and a plan have found out. */
export interface Admitted {
  readonly authorized?: Authorized;
  readonly apiKey?: { readonly id: string; readonly value: string };
}

export function methodOf({ exchange }: Pick<RestRequest, "exchange">): string {
  return exchange.request.method ?? "GET";
}

/** The type of the body, without its parameters; API Gateway takes JSON where none is said. */
export function mediaTypeOf(headers: Readonly<Record<string, unknown>>): string {
  const type = headers["content-type"];
  return typeof type === "string" ? (type.split(";")[0] ?? "").trim().toLowerCase() : "application/json";
}

/** "*" + "/*" stands for all types. */
export function isBinaryType(types: readonly string[], type: string): boolean {
  return types.some((one) => one === "*/*" || one.toLowerCase() === type || one === `${type.split("/")[0]}/*`);
}

export function eventRequest(request: RestRequest, { authorized, apiKey }: Admitted): RestEventRequest {
  const { exchange, served, parameters, variables, path, headers, context, deployment } = request;
  return {
    method: methodOf(request),
    path,
    query: exchange.target.query,
    headers,
    body: exchange.body,
    isBinary: isBinaryType(deployment.binaryTypes, mediaTypeOf(exchange.request.headers)),
    parameters,
    variables,
    resourceId: served.resourceId,
    resourcePath: served.resourcePath,
    context,
    ...(apiKey !== undefined && { apiKey }),
    ...(authorized !== undefined && { authorized }),
  };
}

/** What templates and mappings may see of the request. */
export function templateInput({ exchange, parameters, headers, context, variables }: RestRequest): TemplateInput {
  return {
    body: exchange.body.toString("utf8"),
    path: parameters,
    query: queryOf(exchange.target.query),
    headers,
    context,
    variables,
  };
}
