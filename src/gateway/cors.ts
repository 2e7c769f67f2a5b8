/**
 * Cross-origin rules of HTTP APIs and function URLs (API Gateway, "Configure CORS for HTTP APIs"; the Fetch standard, "CORS protocol"):
 * the gateway answers preflights and says who may read an answer, whatever the function says. Pure.
 */
import type { Cors } from "#kinds/catamaran/cors.ts";

export interface CorsRequest {
  readonly method: string;
  readonly origin: string | undefined;
  /** Access-Control-Request-Method: with it, an OPTIONS request is a preflight. */
  readonly wantedMethod: string | undefined;
  readonly wantedHeaders: string | undefined;
}

export type CorsHeaders = Readonly<Record<string, string>>;

const ANSWER_HEADERS = /^access-control-/;

/** The headers that answer a preflight; null when the request is none. */
export function preflight(cors: Cors, request: CorsRequest): CorsHeaders | null {
  const { method, origin, wantedMethod, wantedHeaders = "" } = request;
  if (method !== "OPTIONS" || origin === undefined || wantedMethod === undefined) return null;
  const allowed = allowedOrigin(cors, origin);
  if (allowed === null) return {};
  return {
    ...allowed,
    ...listed("access-control-allow-methods", cors.allowMethods, wantedMethod),
    ...listed("access-control-allow-headers", cors.allowHeaders, wantedHeaders),
    ...(cors.maxAge !== undefined && { "access-control-max-age": String(cors.maxAge) }),
  };
}

/** Puts the API's own words in the place of those that the function gave. */
export function withCors(cors: Cors, origin: string | undefined, headers: Map<string, string[]>): void {
  for (const name of headers.keys()) if (ANSWER_HEADERS.test(name)) headers.delete(name);
  if (origin === undefined) return;
  const allowed = allowedOrigin(cors, origin);
  if (allowed === null) return;
  for (const [name, value] of Object.entries(allowed)) {
    // One answer for each origin: caches must not mix them.
    headers.set(name, name === "vary" ? [...(headers.get("vary") ?? []), value] : [value]);
  }
  const exposed = cors.exposeHeaders ?? [];
  if (exposed.length > 0) headers.set("access-control-expose-headers", [exposed.join(",")]);
}

function allowedOrigin(cors: Cors, origin: string): CorsHeaders | null {
  const origins = cors.allowOrigins ?? [];
  const isAny = origins.includes("*");
  if (!isAny && !origins.some((allowed) => matches(allowed, origin))) return null;
  return {
    "access-control-allow-origin": isAny ? "*" : origin,
    ...(!isAny && { vary: "origin" }),
    ...(cors.allowCredentials === true && { "access-control-allow-credentials": "true" }),
  };
}

/** "https://*" and "http://*" allow every origin of that scheme, as HTTP APIs do. */
function matches(allowed: string, origin: string): boolean {
  if (allowed.endsWith("://*")) return origin.toLowerCase().startsWith(allowed.slice(0, -1).toLowerCase());
  return allowed.toLowerCase() === origin.toLowerCase();
}

function listed(name: string, allowed: readonly string[] | undefined, wanted: string): CorsHeaders {
  if (allowed === undefined || allowed.length === 0) return {};
  // A star does not cover Authorization in browsers: what is asked for is said instead.
  const value = allowed.includes("*") ? wanted : allowed.join(",");
  return value === "" ? {} : { [name]: value };
}
