/** Which headers cross the edge, either way: RFC 9110 7.6.1 (hop-by-hop), X-Forwarded-*, and nothing of our own sessions. Pure. */

/** What the connection says of the client, whatever the client says of itself. */
export interface Client {
  readonly address: string;
  /** As the client named the host, with its port. */
  readonly host: string;
  readonly port: string;
  readonly proto: "http" | "https";
}

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "transfer-encoding",
  "te",
  "trailer",
  "upgrade",
  "http2-settings",
  // Answered here: the body is read before anything is forwarded (RFC 9110 10.1.1).
  "expect",
]);
const OF_CLIENT: readonly string[] = [
  "forwarded",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-port",
  "x-forwarded-proto",
  "x-real-ip",
];
// The dashboard's session: cookies know no ports, so browsers send it to everything on this host.
const OUR_COOKIE = /^\s*ctm-/;

/** Headers that belong to the message and not to one connection. `distinct` is Node's headersDistinct. */
export function endToEnd(distinct: Readonly<Record<string, readonly string[] | undefined>>): Map<string, string[]> {
  const named = new Set((distinct["connection"] ?? []).flatMap((value) => value.toLowerCase().split(/\s*,\s*/)));
  const kept = new Map<string, string[]>();
  for (const [name, values] of Object.entries(distinct)) {
    if (values !== undefined && !HOP_BY_HOP.has(name) && !named.has(name)) kept.set(name, [...values]);
  }
  return kept;
}

/** For a pod: what the client says of its own address is replaced, as ingress controllers do that stand at the edge. */
export function toPod(
  distinct: Readonly<Record<string, readonly string[] | undefined>>,
  client: Client,
): Map<string, string[]> {
  const headers = endToEnd(distinct);
  for (const name of OF_CLIENT) headers.delete(name);
  takeOurCookies(headers);
  headers.set("x-forwarded-for", [client.address]);
  headers.set("x-forwarded-host", [client.host]);
  headers.set("x-forwarded-port", [client.port]);
  headers.set("x-forwarded-proto", [client.proto]);
  headers.set("x-real-ip", [client.address]);
  return headers;
}

/** For a function: API Gateway appends the address that it saw to X-Forwarded-For, and says port, protocol and trace itself. */
export function toFunction(
  distinct: Readonly<Record<string, readonly string[] | undefined>>,
  client: Client,
  traceId: string,
): Map<string, string[]> {
  const headers = endToEnd(distinct);
  takeOurCookies(headers);
  headers.set("x-forwarded-for", [[...(headers.get("x-forwarded-for") ?? []), client.address].join(", ")]);
  headers.set("x-forwarded-port", [client.port]);
  headers.set("x-forwarded-proto", [client.proto]);
  headers.set("x-amzn-trace-id", [traceId]);
  return headers;
}

/** What a backend answered, for the client. */
export function toClient(distinct: Readonly<Record<string, readonly string[] | undefined>>): Map<string, string[]> {
  const headers = endToEnd(distinct);
  const cookies = headers.get("set-cookie")?.filter((cookie) => !OUR_COOKIE.test(cookie));
  if (cookies !== undefined) setOrDelete(headers, "set-cookie", cookies);
  return headers;
}

function takeOurCookies(headers: Map<string, string[]>): void {
  const cookies = headers
    .get("cookie")
    ?.flatMap((line) => line.split(";"))
    .filter((cookie) => !OUR_COOKIE.test(cookie))
    .map((cookie) => cookie.trim());
  if (cookies !== undefined) setOrDelete(headers, "cookie", cookies.length > 0 ? [cookies.join("; ")] : []);
}

function setOrDelete(headers: Map<string, string[]>, name: string, values: string[]): void {
  if (values.length > 0) headers.set(name, values);
  else headers.delete(name);
}
