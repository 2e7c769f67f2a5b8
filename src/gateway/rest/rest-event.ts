/** The events of REST APIs: of proxied functions and of authorizers (API Gateway, "Input format of a Lambda function for proxy integration"). Pure. */
import { decodePercent } from "#base/percent.ts";
import type { Authorized } from "../http-event.ts";
import type { Context } from "../apis/api-context.ts";

export interface RestEventRequest {
  readonly method: string;
  /** Below the stage, still encoded. */
  readonly path: string;
  readonly query: string;
  /** As the client wrote the names; values in the order they came. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Uint8Array;
  readonly isBinary: boolean;
  readonly parameters: ReadonlyMap<string, string>;
  readonly variables: Readonly<Record<string, string>>;
  readonly resourceId: string;
  readonly resourcePath: string;
  readonly context: Readonly<Context>;
  readonly apiKey?: { readonly id: string; readonly value: string };
  readonly authorized?: Authorized;
}

type Members = Readonly<Record<string, unknown>>;

export function restEvent(request: RestEventRequest): Members {
  return { ...seen(request), ...bodyOf(request) };
}

export function tokenEvent(token: string, methodArn: string): Members {
  return { type: "TOKEN", methodArn, authorizationToken: token };
}

export function requestEvent(request: RestEventRequest, methodArn: string): Members {
  return { type: "REQUEST", methodArn, ...seen(request) };
}

function seen(request: RestEventRequest): Members {
  const { parameters, variables } = request;
  const query = request.query === "" ? null : queryOf(request.query);
  return {
    resource: request.resourcePath,
    path: decodePercent(request.path),
    httpMethod: request.method,
    headers: lastOf(request.headers),
    multiValueHeaders: Object.fromEntries(request.headers),
    queryStringParameters: query && lastOf(query),
    multiValueQueryStringParameters: query && Object.fromEntries(query),
    pathParameters: parameters.size === 0 ? null : Object.fromEntries(parameters),
    stageVariables: Object.keys(variables).length === 0 ? null : variables,
    requestContext: requestContext(request),
  };
}

function requestContext({ context, resourceId, resourcePath, method, apiKey, authorized }: RestEventRequest): Members {
  const caller = authorized?.is === "iam" ? authorized.caller : null;
  return {
    resourceId,
    resourcePath,
    httpMethod: method,
    extendedRequestId: context["extendedRequestId"],
    requestTime: context["requestTime"],
    path: context["path"],
    accountId: context["accountId"],
    protocol: context["protocol"],
    stage: context["stage"],
    domainPrefix: context["domainPrefix"],
    requestTimeEpoch: Number(context["requestTimeEpoch"]),
    requestId: context["requestId"],
    identity: {
      cognitoIdentityPoolId: null,
      accountId: caller?.accountId ?? null,
      cognitoIdentityId: null,
      caller: caller?.callerId ?? null,
      sourceIp: context["identity.sourceIp"],
      principalOrgId: null,
      accessKey: caller?.accessKey ?? null,
      cognitoAuthenticationType: null,
      cognitoAuthenticationProvider: null,
      userArn: caller?.userArn ?? null,
      userAgent: context["identity.userAgent"],
      user: caller?.userId ?? null,
      ...(apiKey !== undefined && { apiKey: apiKey.value, apiKeyId: apiKey.id }),
    },
    domainName: context["domainName"],
    deploymentId: context["deploymentId"],
    apiId: context["apiId"],
    ...(authorized?.is === "function" && {
      authorizer: { ...textsOf(authorized.context), principalId: authorized.principalId, integrationLatency: 0 },
    }),
  };
}

/** What an authorizer says of the caller arrives as texts (API Gateway, "Output from an API Gateway Lambda authorizer"). */
function textsOf(context: Members): Members {
  return Object.fromEntries(Object.entries(context).map(([name, value]) => [name, String(value)]));
}

function bodyOf({ body, isBinary }: RestEventRequest): Members {
  if (body.length === 0) return { body: null, isBase64Encoded: false };
  const buffer = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return isBinary
    ? { body: buffer.toString("base64"), isBase64Encoded: true }
    : { body: buffer.toString("utf8"), isBase64Encoded: false };
}

export function queryOf(query: string): ReadonlyMap<string, readonly string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(query)) {
    const known = values.get(name);
    if (known === undefined) values.set(name, [value]);
    else known.push(value);
  }
  return values;
}

function lastOf(values: ReadonlyMap<string, readonly string[]>): Readonly<Record<string, string>> {
  return Object.fromEntries([...values].map(([name, all]) => [name, all.at(-1) ?? ""]));
}

/** Names as the client wrote them: REST APIs hand them on so. `raw` is Node's rawHeaders. */
export function asWritten(
  headers: ReadonlyMap<string, readonly string[]>,
  raw: readonly string[],
): ReadonlyMap<string, readonly string[]> {
  const names = new Map<string, string>(OURS);
  for (let at = 0; at + 1 < raw.length; at += 2) names.set((raw[at] ?? "").toLowerCase(), raw[at] ?? "");
  return new Map([...headers].map(([name, values]) => [names.get(name) ?? name, values]));
}

const OURS = [
  ["x-forwarded-for", "X-Forwarded-For"],
  ["x-forwarded-port", "X-Forwarded-Port"],
  ["x-forwarded-proto", "X-Forwarded-Proto"],
  ["x-amzn-trace-id", "X-Amzn-Trace-Id"],
] as const;
