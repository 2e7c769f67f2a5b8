/** What the door answers without a signature: its health, and to browsers whether a page may ask (Fetch standard, "CORS protocol"). */
import type { SignedHead } from "./sign.ts";

export interface UnsignedAnswer {
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;
}

// What a page may read of an answer, and for how many seconds it need not ask again: as DynamoDB says.
const EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,x-amz-request-id,x-amz-id-2,x-amzn-ErrorMessage,Date";
const MAX_AGE = "172800";

/** Null: the request needs a signature. */
export function unsignedAnswer({ method, path, query, headers }: SignedHead): UnsignedAnswer | null {
  if (path !== "/") return null;
  if (method === "OPTIONS") return { body: "", headers: preflight(headers) };
  if (method !== "GET" || query !== "" || headers["authorization"] !== undefined) return null;
  return { body: `healthy: ${headers["host"] ?? ""} `, headers: { "content-type": "text/plain" } };
}

function preflight(headers: SignedHead["headers"]): Readonly<Record<string, string>> {
  if (headers["origin"] === undefined) return {};
  const [method, names] = [headers["access-control-request-method"], headers["access-control-request-headers"]];
  return {
    "access-control-max-age": MAX_AGE,
    ...(method !== undefined && { "access-control-allow-methods": method }),
    ...(names !== undefined && { "access-control-allow-headers": names }),
  };
}

/** For pages of every origin: whoever has no key gets nothing, wherever the request comes from. */
export function originHeaders({ path, headers }: SignedHead): Readonly<Record<string, string>> {
  if (path !== "/" || headers["origin"] === undefined) return {};
  return { "access-control-allow-origin": "*", "access-control-expose-headers": EXPOSED };
}
