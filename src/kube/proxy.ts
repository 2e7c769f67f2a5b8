/** pods/proxy, services/proxy and nodes/proxy: the request goes on to a pod or to a node's agent, the answer comes back with its links rewritten. */
import { draft, put } from "#base/dictionary.ts";
import { request as httpRequest, type ClientRequest, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { promisify } from "node:util";
import { deflateRaw, gunzip, gzip, inflateRaw } from "node:zlib";
import { Fault, reasonOf, unsupported } from "#base/fault.ts";
import { whenStopped } from "#base/stop.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { podKind } from "#kinds/core/pod.ts";
import { serviceKind } from "#kinds/core/service.ts";
import { join } from "#relay/join.ts";
import { ask as askUpgrade, type Upgrade } from "#relay/upgrade.ts";
import type { Ask, Door } from "./door.ts";
import type { Exchange } from "./exchange.ts";
import { rewriteHtml, rewriteUrl, type ProxiedPage } from "./proxy-links.ts";
import { locateNode, locatePod, locateService, type Location } from "./proxy-location.ts";

/** What the path names, then over to it. */
export async function proxyObject(door: Door, ask: Ask): Promise<void> {
  const { exchange, identity, path } = ask;
  const { prefix, rest } = splitAtProxy(exchange.path, path.namespace === "" ? 5 : 7);
  // As upstream: a page's relative links need a folder to start from.
  if (rest === "" && exchange.upgrade === undefined) return redirect(exchange, `${exchange.path}/`);
  const location = locate(door, ask);
  using room = door.streamRoom.enter(identity.name);
  const request = await open(door, ask, { location, rest: rest === "" ? "/" : rest, prefix, hold: room.hold });
  const page = { prefix, sourceHost: location.host, requestHost: hostOf(exchange) };
  try {
    const { upgrade } = exchange;
    if (upgrade !== undefined) await switchOver(door, exchange, { request, page, upgrade, hold: room.hold });
    else await passOn(exchange, await answered(request, exchange), page);
  } finally {
    request.destroy();
  }
}

function locate(door: Door, { path }: Ask): Location {
  switch (path.kind) {
    case podKind:
      return locatePod(door, path.namespace, path.name);
    case serviceKind:
      return locateService(door, path.namespace, path.name);
    case nodeKind:
      return locateNode(door, path.name);
    default:
      throw unsupported(`${path.kind.plural}/proxy`);
  }
}

/** Splits behind the given number of parts; the rest is kept as the client wrote it. */
export function splitAtProxy(path: string, parts: number): { readonly prefix: string; readonly rest: string } {
  const match = new RegExp(`^(?:/+[^/]+){${parts}}`).exec(path);
  const prefix = match?.[0] ?? path;
  return { prefix, rest: path.slice(prefix.length) };
}

function redirect(exchange: Exchange, to: string): void {
  const { rawQuery } = exchange;
  exchange.send(301, { location: rawQuery === "" ? to : `${to}?${rawQuery}` }, "");
}

interface Opening {
  readonly location: Location;
  readonly rest: string;
  readonly prefix: string;
  readonly hold: (...connections: readonly Duplex[]) => void;
}

/** The request's head, on a connection of its own; the body is still to come. */
async function open(door: Door, { exchange }: Ask, { location, rest, prefix, hold }: Opening): Promise<ClientRequest> {
  const query = exchange.rawQuery === "" ? "" : `?${exchange.rawQuery}`;
  const path = `${rest}${query}`;
  const headers = { ...forwarded(exchange), "x-forwarded-uri": `${prefix}${rest}` };
  if (location.is === "node") return door.nodes.request(location.node, { path, method: exchange.method, headers });
  const raw = await dial(door, exchange, location);
  const socket = location.scheme === "https" ? await secured(raw) : raw;
  hold(raw);
  return httpRequest({ createConnection: () => socket, method: exchange.method, path, headers });
}

async function dial(
  door: Door,
  exchange: Exchange,
  { node, namespace, pod, port }: Location & { readonly is: "pod" },
): Promise<Duplex> {
  const answer = await door.nodes.upgrade(
    node,
    {
      path: `/dial/${namespace}/${pod}/${port}`,
      method: "POST",
      headers: { connection: "Upgrade", upgrade: "tcp" },
    },
    { clock: door.clock, stop: exchange.closed },
  );
  if (answer.is === "switched") return answer.socket;
  const why = await buffer(answer.response);
  throw unreachable(why.toString("utf8").slice(0, 500));
}

/** As upstream's proxy transport: a pod's certificate is not checked, nobody could have said whose it is. */
async function secured(raw: Duplex): Promise<Duplex> {
  const socket = connectTls({ socket: raw, rejectUnauthorized: false });
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", (cause) => reject(unreachable(reasonOf(cause))));
  });
  return socket;
}

function unreachable(why: string): Fault {
  return new Fault("Unavailable", `error trying to reach service: ${why}`);
}

// RFC 9110, 7.6.1, and what a door consumes itself: credentials are for it, not for pods.
const NOT_PASSED: ReadonlySet<string> = new Set([
  "connection",
  "proxy-connection",
  "keep-alive",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "proxy-authenticate",
  "proxy-authorization",
  "authorization",
  "expect",
]);

type Passed = Readonly<Record<string, string | string[]>>;

function forwarded(exchange: Exchange): Passed {
  const named = namedByConnection(exchange.headers["connection"]);
  const kept = Object.entries(exchange.headers).filter(
    ([name, value]) =>
      value !== undefined &&
      !name.startsWith(":") &&
      !name.startsWith("impersonate-") &&
      !NOT_PASSED.has(name) &&
      !named.has(name),
  ) as readonly (readonly [string, string])[];
  const { remoteAddress = "" } = exchange.socket;
  const from = exchange.headers["x-forwarded-for"];
  const isChunked = exchange.incoming !== null && exchange.headers["content-length"] === undefined;
  return {
    ...Object.fromEntries(kept),
    host: hostOf(exchange),
    "x-forwarded-for": from === undefined ? remoteAddress : `${from}, ${remoteAddress}`,
    // Said, never guessed: a body without a frame would be read as the next request.
    ...(isChunked && { "transfer-encoding": "chunked" }),
    ...exchange.upgrade?.headers,
  };
}

function namedByConnection(connection: string | undefined): ReadonlySet<string> {
  return new Set((connection ?? "").split(",").map((name) => name.trim().toLowerCase()));
}

function hostOf({ headers }: Exchange): string {
  return headers["host"] ?? headers[":authority"] ?? "";
}

/** Sends the body as it comes and waits for the head of the answer. */
function answered(request: ClientRequest, exchange: Exchange): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request.once("response", resolve);
  request.on("error", (cause) => reject(unreachable(reasonOf(cause))));
  whenStopped(exchange.closed, () => void request.destroy());
  if (exchange.incoming === null) request.end();
  else exchange.incoming.pipe(request);
  return promise;
}

interface Switching {
  readonly request: ClientRequest;
  readonly page: ProxiedPage;
  readonly upgrade: Upgrade;
  readonly hold: (...connections: readonly Duplex[]) => void;
}

async function switchOver(door: Door, exchange: Exchange, { request, page, upgrade, hold }: Switching): Promise<void> {
  const until = { clock: door.clock, stop: exchange.closed };
  const answer = await askUpgrade(request, until).catch((cause: unknown) => {
    throw unreachable(reasonOf(cause));
  });
  if (answer.is === "refused") return passOn(exchange, answer.response, page);
  const client = upgrade.accept(answer.headers);
  hold(client, answer.socket);
  await join(client, answer.socket, door.clock);
}

// DIFFERS: the links of pages that are larger than this are not rewritten; upstream holds pages of any size.
const MAX_HTML_BYTES = 1024 * 1024;

async function passOn(exchange: Exchange, response: IncomingMessage, page: ProxiedPage): Promise<void> {
  const headers = answeredHeaders(response, page);
  const status = response.statusCode ?? 502;
  const codec = isHtml(response) && exchange.method !== "HEAD" ? codecOf(response.headers["content-encoding"]) : null;
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  if (codec === null) return stream(exchange, { status, headers, chunks });
  const { bytes, isWhole } = await upTo(MAX_HTML_BYTES, chunks);
  if (!isWhole) return stream(exchange, { status, headers, chunks, first: bytes });
  const html = await rewritten(bytes, codec, page);
  const outlet = exchange.stream(status, { ...headers, "content-length": String(html.length) });
  outlet.write(html);
  outlet.end();
}

function isHtml({ headers }: IncomingMessage): boolean {
  return headers.location === undefined && /^\s*text\/html\s*(;|$)/i.test(headers["content-type"] ?? "");
}

interface Streamed {
  readonly status: number;
  readonly headers: Passed;
  readonly chunks: AsyncIterator<Buffer>;
  readonly first?: Buffer;
}

async function stream(exchange: Exchange, { status, headers, chunks, first }: Streamed): Promise<void> {
  const outlet = exchange.stream(status, headers);
  try {
    if (first !== undefined && !outlet.write(first)) await outlet.drained();
    for await (const chunk of { [Symbol.asyncIterator]: () => chunks })
      if (!outlet.write(chunk)) await outlet.drained();
    outlet.end();
  } catch {
    // It broke in the middle: the client must not take it for whole.
    exchange.abort();
  }
}

async function upTo(
  limit: number,
  chunks: AsyncIterator<Buffer>,
): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const held: Buffer[] = [];
  let size = 0;
  while (size <= limit) {
    const next = await chunks.next();
    if (next.done === true) return { bytes: Buffer.concat(held), isWhole: true };
    held.push(next.value);
    size += next.value.length;
  }
  return { bytes: Buffer.concat(held), isWhole: false };
}

type Recode = (bytes: Buffer) => Promise<Buffer>;

interface Codec {
  readonly unpack: Recode;
  readonly pack: Recode;
}

const same: Recode = async (bytes) => bytes;
const limits = { maxOutputLength: MAX_HTML_BYTES };
const [ungzipped, inflated] = [promisify(gunzip), promisify(inflateRaw)];

/** Null for an encoding that upstream does not look into either. */
function codecOf(encoding: string | undefined): Codec | null {
  switch (encoding) {
    case undefined:
    case "":
      return { unpack: same, pack: same };
    case "gzip":
      return { unpack: (bytes) => ungzipped(bytes, limits), pack: promisify<Buffer, Buffer>(gzip) };
    case "deflate":
      return { unpack: (bytes) => inflated(bytes, limits), pack: promisify<Buffer, Buffer>(deflateRaw) };
    default:
      return null;
  }
}

/** Latin-1 keeps every byte as it is; what is inserted is ASCII. */
async function rewritten(bytes: Buffer, { unpack, pack }: Codec, page: ProxiedPage): Promise<Buffer> {
  const plain = await unpack(bytes).catch(() => null);
  if (plain === null) return bytes;
  const html = rewriteHtml(plain.toString("latin1"), (url) => rewriteUrl(url, page));
  return pack(Buffer.from(html, "latin1"));
}

/** Hop-by-hop names end here, and a pod says nothing about who may read the API server's answers (corsRemovingTransport). */
function answeredHeaders(response: IncomingMessage, page: ProxiedPage): Passed {
  const named = namedByConnection(response.headers.connection);
  const passed = draft<string | string[]>();
  for (const [name, values = []] of Object.entries(response.headersDistinct)) {
    if (NOT_PASSED.has(name) || named.has(name) || name.startsWith("access-control-")) continue;
    put(passed, name, name === "set-cookie" ? values : values.join(", "));
  }
  const { location } = response.headers;
  return location === undefined ? passed : { ...passed, location: rewriteUrl(location, page) };
}
