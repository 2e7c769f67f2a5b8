/**
 * Between an HTTP request and a function's event, payload format 1.0 and 2.0, and back
 * (API Gateway Developer Guide, "Create AWS Lambda proxy integrations for HTTP APIs").
 */

export interface EdgeRequest {
  readonly method: string;
  /** Still percent-encoded, without the query. */
  readonly path: string;
  readonly query: string;
  /** Lower-case names; values in the order they came. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array;
  readonly sourceIp: string;
  readonly requestId: string;
  /** Wall time in ms. */
  readonly atMs: number;
}

export interface EventRoute {
  /** "GET /users/{id}" or "$default". */
  readonly routeKey: string;
  readonly stage: string;
  readonly apiId: string;
  readonly accountId: string;
  readonly domainName: string;
  readonly parameters: Readonly<Record<string, string>>;
}

export interface EdgeResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array;
}

/** A body that is no text travels as base64. */
interface CarriedBody {
  readonly body?: string;
  readonly isBase64Encoded: boolean;
}

export function eventV2(request: EdgeRequest, route: EventRoute): Readonly<Record<string, unknown>> {
  const { cookie, ...others } = request.headers;
  const query = queryOf(request.query);
  return {
    version: "2.0",
    routeKey: route.routeKey,
    rawPath: decodePath(request.path),
    rawQueryString: request.query,
    ...(cookie === undefined ? {} : { cookies: joined(cookie, "; ").split(/;\s*/) }),
    headers: mapValues(others, (value) => joined(value, ",")),
    ...(request.query === "" ? {} : { queryStringParameters: mapValues(query, (values) => values.join(",")) }),
    requestContext: {
      accountId: route.accountId,
      apiId: route.apiId,
      domainName: route.domainName,
      domainPrefix: route.domainName.split(".")[0],
      http: {
        method: request.method,
        path: decodePath(request.path),
        protocol: "HTTP/1.1",
        sourceIp: request.sourceIp,
        userAgent: joined(request.headers["user-agent"] ?? "", ","),
      },
      requestId: request.requestId,
      routeKey: route.routeKey,
      stage: route.stage,
      time: commonLogTime(request.atMs),
      timeEpoch: request.atMs,
    },
    ...(Object.keys(route.parameters).length === 0 ? {} : { pathParameters: route.parameters }),
    ...carried(request),
  };
}

export function eventV1(request: EdgeRequest, route: EventRoute): Readonly<Record<string, unknown>> {
  const query = queryOf(request.query);
  const [, resource = route.routeKey] = route.routeKey.split(" ");
  const hasQuery = request.query !== "";
  return {
    version: "1.0",
    resource,
    path: decodePath(request.path),
    httpMethod: request.method,
    headers: mapValues(request.headers, (value) => joined(value, ",")),
    multiValueHeaders: mapValues(request.headers, (value) => (typeof value === "string" ? [value] : value)),
    queryStringParameters: hasQuery ? mapValues(query, (values) => values.at(-1) ?? "") : null,
    multiValueQueryStringParameters: hasQuery ? query : null,
    requestContext: {
      accountId: route.accountId,
      apiId: route.apiId,
      domainName: route.domainName,
      domainPrefix: route.domainName.split(".")[0],
      httpMethod: request.method,
      path: decodePath(request.path),
      protocol: "HTTP/1.1",
      requestId: request.requestId,
      requestTime: commonLogTime(request.atMs),
      requestTimeEpoch: request.atMs,
      resourcePath: resource,
      stage: route.stage,
      identity: { sourceIp: request.sourceIp, userAgent: joined(request.headers["user-agent"] ?? "", ",") },
    },
    pathParameters: Object.keys(route.parameters).length === 0 ? null : route.parameters,
    stageVariables: null,
    body: null,
    ...carried(request),
  };
}

/**
 * The HTTP response of a function's result. Format 2.0 infers: a value without statusCode is a JSON body with 200.
 * Null when a 1.0 result has no statusCode or a header is no text: the gateway then answers 502, as API Gateway does.
 */
export function responseOf(payload: Uint8Array, format: "1.0" | "2.0"): EdgeResponse | null {
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString("utf8");
  let result: unknown;
  try {
    result = JSON.parse(text === "" ? "null" : text);
  } catch {
    // Custom runtimes may answer what is no JSON; it is nobody's valid response then.
    return null;
  }
  if (!isRecord(result) || result["statusCode"] === undefined) return format === "2.0" ? inferred(result) : null;
  const status = Number(result["statusCode"]);
  if (!Number.isInteger(status) || status < 100 || status > 599) return null;
  return { status, headers: responseHeaders(result), body: responseBody(result) };
}

function inferred(result: unknown): EdgeResponse {
  const body = typeof result === "string" ? result : JSON.stringify(result);
  return { status: 200, headers: { "content-type": "application/json" }, body: Buffer.from(body) };
}

function responseHeaders(result: Readonly<Record<string, unknown>>): EdgeResponse["headers"] {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of recordEntries(result["headers"])) headers[name.toLowerCase()] = String(value);
  for (const [name, values] of recordEntries(result["multiValueHeaders"])) {
    if (Array.isArray(values)) headers[name.toLowerCase()] = values.map(String);
  }
  if (Array.isArray(result["cookies"])) headers["set-cookie"] = result["cookies"].map(String);
  headers["content-type"] ??= typeof result["body"] === "string" ? "text/plain;charset=utf-8" : "application/json";
  return headers;
}

function responseBody(result: Readonly<Record<string, unknown>>): Uint8Array {
  const body = result["body"];
  if (body === undefined || body === null) return new Uint8Array();
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return Buffer.from(text, result["isBase64Encoded"] === true ? "base64" : "utf8");
}

function recordEntries(value: unknown): readonly (readonly [string, unknown])[] {
  return isRecord(value) ? Object.entries(value) : [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function carried(request: EdgeRequest): CarriedBody {
  if (request.body.length === 0) return { isBase64Encoded: false };
  const buffer = Buffer.from(request.body.buffer, request.body.byteOffset, request.body.byteLength);
  const type = joined(request.headers["content-type"] ?? "", ",");
  const isText = /^(text\/|application\/(json|xml|javascript|x-www-form-urlencoded)|[^;]*\+(json|xml))/.test(type);
  return isText
    ? { body: buffer.toString("utf8"), isBase64Encoded: false }
    : { body: buffer.toString("base64"), isBase64Encoded: true };
}

function queryOf(query: string): Readonly<Record<string, readonly string[]>> {
  const values: Record<string, string[]> = {};
  for (const [name, value] of new URLSearchParams(query)) (values[name] ??= []).push(value);
  return values;
}

function mapValues<T, R>(record: Readonly<Record<string, T>>, change: (value: T) => R): Readonly<Record<string, R>> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}

function joined(value: string | readonly string[], separator: string): string {
  return typeof value === "string" ? value : value.join(separator);
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    // The function sees what the client sent.
    return path;
  }
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "23/Nov/2026:05:00:00 +0000", as requestContext.time wants it. */
function commonLogTime(ms: number): string {
  const [date = "", time = ""] = new Date(ms).toISOString().split("T");
  const [year, month, day] = date.split("-");
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
}
