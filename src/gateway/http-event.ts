/**
 * From an HTTP request to a function's event, payload formats 1.0 and 2.0 (API Gateway Developer Guide, "Create AWS Lambda proxy
 * integrations for HTTP APIs"; Lambda Developer Guide, "Invoking Lambda function URLs"). Pure.
 */
import type { IamCaller } from "#control/contract.ts";
import { decodePercent } from "#base/percent.ts";

export interface EdgeRequest {
  readonly method: string;
  /** Still percent-encoded, without the query. */
  readonly path: string;
  readonly query: string;
  /** Lower-case names; values in the order they came. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Uint8Array;
  readonly sourceIp: string;
  readonly requestId: string;
  /** Wall time in ms. */
  readonly atMs: number;
}

export interface EventRoute {
  readonly front: "http-api" | "function-url";
  /** "GET /users/{id}" or "$default". */
  readonly routeKey: string;
  readonly stage: string;
  readonly apiId: string;
  readonly accountId: string;
  readonly domainName: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** Who signed, where the front demands it. */
  readonly caller?: IamCaller;
}

/** A body that is no text travels as base64. */
interface CarriedBody {
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

export function eventV2(request: EdgeRequest, route: EventRoute): Readonly<Record<string, unknown>> {
  // A function URL has the path as it was sent beside the decoded one; an HTTP API decodes both.
  const path = decodePercent(request.path);
  const cookies = request.headers.get("cookie")?.flatMap((line) => line.split(/;\s*/));
  return {
    version: "2.0",
    routeKey: route.routeKey,
    rawPath: route.front === "function-url" ? request.path : path,
    rawQueryString: request.query,
    ...(cookies !== undefined && { cookies }),
    headers: joined([...request.headers].filter(([name]) => name !== "cookie")),
    ...(request.query === "" ? {} : { queryStringParameters: joined([...queryOf(request.query)]) }),
    requestContext: {
      accountId: route.caller?.accountId ?? (route.front === "function-url" ? "anonymous" : route.accountId),
      apiId: route.apiId,
      ...(route.caller !== undefined && { authorizer: { iam: iamOf(route.caller) } }),
      domainName: route.domainName,
      domainPrefix: route.domainName.split(".")[0],
      http: {
        method: request.method,
        path,
        protocol: "HTTP/1.1",
        sourceIp: request.sourceIp,
        userAgent: headerOf(request, "user-agent"),
      },
      requestId: request.requestId,
      routeKey: route.routeKey,
      stage: route.stage,
      time: commonLogTime(request.atMs),
      timeEpoch: request.atMs,
    },
    ...(route.parameters.size > 0 && { pathParameters: Object.fromEntries(route.parameters) }),
    ...carried(request),
  };
}

export function eventV1(request: EdgeRequest, route: EventRoute): Readonly<Record<string, unknown>> {
  const query = request.query === "" ? null : queryOf(request.query);
  const [, resource = route.routeKey] = route.routeKey.split(" ");
  const path = decodePercent(request.path);
  return {
    version: "1.0",
    resource,
    path,
    httpMethod: request.method,
    headers: lastOf(request.headers),
    multiValueHeaders: Object.fromEntries(request.headers),
    queryStringParameters: query === null ? null : lastOf(query),
    multiValueQueryStringParameters: query === null ? null : Object.fromEntries(query),
    requestContext: {
      accountId: route.accountId,
      apiId: route.apiId,
      domainName: route.domainName,
      domainPrefix: route.domainName.split(".")[0],
      httpMethod: request.method,
      path,
      protocol: "HTTP/1.1",
      requestId: request.requestId,
      requestTime: commonLogTime(request.atMs),
      requestTimeEpoch: request.atMs,
      resourcePath: resource,
      stage: route.stage,
      identity: { sourceIp: request.sourceIp, userAgent: headerOf(request, "user-agent") },
    },
    pathParameters: route.parameters.size === 0 ? null : Object.fromEntries(route.parameters),
    stageVariables: null,
    body: null,
    ...carried(request),
  };
}

function iamOf(caller: IamCaller): Readonly<Record<string, unknown>> {
  return { ...caller, cognitoIdentity: null, principalOrgId: null };
}

// What API Gateway hands over as text; everything else, forms among it, is base64.
const TEXT_TYPE = /^(text\/|application\/(json|xml|javascript)|[^;]*\+(json|xml))/i;

function carried(request: EdgeRequest): CarriedBody {
  if (request.body.length === 0) return { isBase64Encoded: false };
  const buffer = Buffer.from(request.body.buffer, request.body.byteOffset, request.body.byteLength);
  const encoding = headerOf(request, "content-encoding").toLowerCase();
  const mayBeText = TEXT_TYPE.test(headerOf(request, "content-type")) && (encoding === "" || encoding === "identity");
  const text = mayBeText ? utf8Of(buffer) : null;
  return text === null
    ? { body: buffer.toString("base64"), isBase64Encoded: true }
    : { body: text, isBase64Encoded: false };
}

/** Null when the bytes are no UTF-8: as a text they would not be the same any more. */
function utf8Of(bytes: Buffer): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

function headerOf(request: EdgeRequest, name: string): string {
  return request.headers.get(name)?.join(",") ?? "";
}

function queryOf(query: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  return values;
}

function joined(entries: readonly (readonly [string, readonly string[]])[]): Readonly<Record<string, string>> {
  return Object.fromEntries(entries.map(([name, values]) => [name, values.join(",")]));
}

function lastOf(values: ReadonlyMap<string, readonly string[]>): Readonly<Record<string, string>> {
  return Object.fromEntries([...values].map(([name, all]) => [name, all.at(-1) ?? ""]));
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "23/Nov/2026:05:00:00 +0000", as requestContext.time wants it. */
function commonLogTime(ms: number): string {
  const [date = "", time = ""] = new Date(ms).toISOString().split("T");
  const [year, month, day] = date.split("-");
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
}
