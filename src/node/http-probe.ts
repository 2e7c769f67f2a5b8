/** One HTTP probe or hook as kubelet makes it: its headers, its redirects, its limits. What the answer means for the container is decided elsewhere. */
import { request as requestHttp, type IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import type { HttpGet } from "#kinds/core/pod-spec.ts";
import { dialText } from "./dial-text.ts";

/** Where a probe goes. */
export interface HttpTarget {
  readonly host: string;
  readonly port: number;
  readonly timeoutMs: number;
}

export type HttpAnswer =
  | { readonly ok: true; readonly status: number; readonly body: string }
  | { readonly ok: false; readonly message: string };

// pkg/probe/http: as much of a body is read, and so many redirects are followed.
const MAX_BODY_BYTES = 10 * 1024;
const MAX_REDIRECTS = 10;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** The last answer: redirects within the same host are followed, one to another host is the answer itself. Certificates are not looked at. */
export async function askHttp(get: HttpGet, { host, port, timeoutMs }: HttpTarget): Promise<HttpAnswer> {
  const path = get.path ?? "/";
  const scheme = (get.scheme ?? "HTTP").toLowerCase();
  let url = new URL(`${scheme}://${host}:${port}${path.startsWith("/") ? path : `/${path}`}`);
  let headers = headersOf(get);
  // One deadline for the whole chain, as Go's Client.Timeout.
  const deadline = AbortSignal.timeout(timeoutMs);
  for (let redirects = 0; ; redirects++) {
    const answer = await once(url, headers, deadline).catch((cause: Error) => ({
      ok: false as const,
      message: `Get "${url.href}": ${deadline.aborted ? TIMED_OUT : dialText(cause, url.hostname, portOfUrl(url))}`,
    }));
    if (!answer.ok || answer.location === null || !REDIRECTS.has(answer.status)) return answer;
    const next = nextUrl(url, answer.location);
    if (next === null) return { ok: false, message: `Get "${answer.location}": unsupported protocol scheme` };
    if (next.hostname !== url.hostname) return answer;
    if (redirects + 1 >= MAX_REDIRECTS)
      return { ok: false, message: `Get "${answer.location}": stopped after ${MAX_REDIRECTS} redirects` };
    // Go keeps a Host of the caller's own only where the new place is a relative one.
    if (/^[a-z][a-z0-9+.-]*:/i.test(answer.location)) headers = without(headers, "host");
    url = next;
  }
}

const TIMED_OUT = "context deadline exceeded (Client.Timeout exceeded while awaiting headers)";

type Headers = ReadonlyMap<string, readonly string[]>;

/** Both headers of kubelet's can be replaced, and with an empty value left out. */
function headersOf({ httpHeaders = [] }: HttpGet): Headers {
  const own = Map.groupBy(httpHeaders, ({ name }) => name.toLowerCase());
  const ours = [
    ["user-agent", "kube-probe/1.34"],
    ["accept", "*/*"],
  ] as const;
  const values = new Map<string, readonly string[]>(ours.map(([name, value]) => [name, [value]]));
  for (const [name, list] of own)
    values.set(
      name,
      list.map(({ value }) => value),
    );
  for (const [name] of ours) if (values.get(name)?.[0] === "") values.delete(name);
  return values;
}

function without(headers: Headers, name: string): Headers {
  return new Map([...headers].filter(([key]) => key !== name));
}

/** Null when it leads to something that is not HTTP. */
function nextUrl(from: URL, location: string): URL | null {
  const next = URL.parse(location, from.href);
  return next !== null && /^https?:$/.test(next.protocol) ? next : null;
}

function portOfUrl({ port, protocol }: URL): number {
  return port === "" ? (protocol === "https:" ? 443 : 80) : Number(port);
}

interface Answered {
  readonly ok: true;
  readonly status: number;
  readonly body: string;
  readonly location: string | null;
}

async function once(url: URL, headers: Headers, deadline: AbortSignal): Promise<Answered> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = (url.protocol === "https:" ? requestHttps : requestHttp)(url, {
    headers: Object.fromEntries(
      [...headers].map(([name, [first = "", ...more]]) => [name, more.length === 0 ? first : [first, ...more]]),
    ),
    agent: false,
    rejectUnauthorized: false,
    signal: deadline,
  });
  request.on("response", resolve);
  request.on("error", reject);
  request.end();
  try {
    const response = await promise;
    const body = await startOf(response);
    return { ok: true, status: response.statusCode ?? 0, body, location: response.headers.location ?? null };
  } finally {
    request.destroy();
  }
}

/** The rest of a long body is nobody's business. */
async function startOf(response: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of response as AsyncIterable<Buffer>) {
    parts.push(part);
    size += part.length;
    if (size >= MAX_BODY_BYTES) break;
  }
  return Buffer.concat(parts).subarray(0, MAX_BODY_BYTES).toString("utf8");
}
