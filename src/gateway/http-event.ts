/**
 * From an HTTP request to a function's event, payload formats 1.0 and 2.0 (API Gateway Developer Guide, "Create AWS Lambda proxy
 * integrations for HTTP APIs"; Lambda Developer Guide, "Invoking Lambda function URLs"). Pure.
 */
import type { IamCaller } from "#control/contract.ts";
import { decodePercent } from "#base/percent.ts";
import { commonLogTime } from "./apis/api-context.ts";

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
  readonly front: "http-api" | "function-url" | "rest-api";
  /** "GET /users/{id}" or "$default". */
  readonly routeKey: string;
  readonly stage: string;
  readonly apiId: string;
  readonly accountId: string;
  readonly domainName: string;
  readonly parameters: ReadonlyMap<string, string>;
  /** "/dev" before the path, where a stage has a name. */
  readonly stagePath?: string;
  readonly variables?: Readonly<Record<string, string>>;
  /** Absent: anybody may ask. */
  readonly authorized?: Authorized;
}

/** What the guard of a route found out about the client. */
export type Authorized =
  | { readonly is: "iam"; readonly caller: IamCaller }
  | { readonly is: "jwt"; readonly claims: Readonly<Record<string, string>>; readonly scopes: readonly string[] | null }
  | {
      readonly is: "function";
      readonly context: Readonly<Record<string, unknown>>;
      /** Of those that answer with a policy. */
      readonly principalId?: string;
    };

/** A body that is no text travels as base64. */
interface CarriedBody {
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

export function eventV2(request: EdgeRequest, route: EventRoute): Readonly<Record<string, unknown>> {
  // A function URL has the path as it was sent beside the decoded one; an HTTP API decodes both.
  const path = `${route.stagePath ?? ""}${decodePercent(request.path)}`;
  const caller = callerOf(route);
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
      accountId: route.front === "function-url" ? (caller?.accountId ?? "anonymous") : route.accountId,
      apiId: route.apiId,
      ...(route.authorized !== undefined && { authorizer: authorizerV2(route.authorized) }),
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
    ...(hasMembers(route.variables) && { stageVariables: route.variables }),
    ...carried(request),
  };
}

function callerOf({ authorized }: EventRoute): IamCaller | undefined {
  return authorized?.is === "iam" ? authorized.caller : undefined;
}

function hasMembers(of: Readonly<Record<string, unknown>> | undefined): boolean {
  return of !== undefined && Object.keys(of).length > 0;
}

function authorizerV2(authorized: Authorized): Readonly<Record<string, unknown>> {
  switch (authorized.is) {
    case "iam":
      return { iam: { ...authorized.caller, cognitoIdentity: null, principalOrgId: null } };
    case "jwt":
      return { jwt: { claims: authorized.claims, scopes: authorized.scopes } };
    case "function":
      return { lambda: authorized.context };
  }
}

export function eventV1(request: EdgeRequest, route: EventRoute): Readonly<Record<string, unknown>> {
  const query = request.query === "" ? null : queryOf(request.query);
  const [, resource = route.routeKey] = route.routeKey.split(" ");
  const path = `${route.stagePath ?? ""}${decodePercent(request.path)}`;
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
      ...(route.authorized !== undefined && authorizerV1(route.authorized)),
      identity: {
        ...identityOf(callerOf(route)),
        sourceIp: request.sourceIp,
        userAgent: headerOf(request, "user-agent"),
      },
    },
    pathParameters: route.parameters.size === 0 ? null : Object.fromEntries(route.parameters),
    stageVariables: hasMembers(route.variables) ? route.variables : null,
    body: null,
    ...carried(request),
  };
}

function authorizerV1(authorized: Authorized): Readonly<Record<string, unknown>> {
  switch (authorized.is) {
    case "iam":
      return {};
    case "jwt":
      return { authorizer: { claims: authorized.claims, scopes: authorized.scopes } };
    case "function": {
      const { context, principalId } = authorized;
      return { authorizer: { ...context, ...(principalId !== undefined && { principalId }) } };
    }
  }
}

function identityOf(caller: IamCaller | undefined): Readonly<Record<string, unknown>> {
  if (caller === undefined) return {};
  const { accessKey, accountId, callerId, userArn, userId } = caller;
  return { accessKey, accountId, caller: callerId, userArn, user: userId };
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
