/** One request and its answer, whether it came by HTTP/1.1 or HTTP/2: what the verbs see of the wire. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Duplex, Readable } from "node:stream";
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { type Stop, stopper, whenStopped } from "#base/stop.ts";
import type { HeldBytes } from "#http/held-bytes.ts";
import { BodyRefused, readBody, type Sender } from "#http/read-body.ts";
import { type Headers as UpgradeHeaders, negotiation, plainResponse, switching, type Upgrade } from "#relay/upgrade.ts";
import { nowhere, type Outlet, outletOf, type Target } from "./outlet.ts";
import { acceptsGzip, packed, PACKED, packing } from "./gzip.ts";

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** As the client wrote it, without the question mark. */
  readonly rawQuery: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly socket: TLSSocket;
  /** Fires when the client went away or the answer is complete. */
  readonly closed: Stop;
  /** Faults: RequestTooLarge, Timeout, TooManyRequests. */
  body(maxBytes?: number): Promise<Buffer>;
  /** Bodies count against whoever sends them: an address, until who it is is known. */
  chargeTo(sender: string): void;
  /** The body as it comes, for proxies; null when the request has none. */
  readonly incoming: Readable | null;
  send(status: number, headers: Headers, body: Uint8Array | string): void;
  /** Starts an answer that is written bit by bit; only one that ends by itself may be packed. */
  stream(status: number, headers: Headers, options?: { readonly isPackable?: boolean }): Outlet;
  /** Breaks an answer off that cannot be ended well. */
  abort(): void;
  /** The code that was answered; 0 until then. */
  readonly status: number;
  /** Absent when the client does not ask to switch protocols. */
  readonly upgrade?: Upgrade;
}

export const MAX_BODY_BYTES: number = 3 * 1024 * 1024; // As kube-apiserver.

// As kube-apiserver's limit on a whole request; whoever drips is cut off.
const LONGEST_BODY_MS = 60_000;

// Whoever was answered and still sends is cut off; until then it is read and forgotten, so that the answer arrives.
const LINGER_MS = 5_000;

function cutOff(source: Readable, clock: Clock): void {
  const late = clock.after(LINGER_MS, () => void source.destroy());
  source.once("close", () => late[Symbol.dispose]());
  source.resume();
}

/** What requests share with all others. */
export interface Intake {
  readonly clock: Clock;
  /** The room for bodies that have come and are not answered yet. */
  readonly held: HeldBytes;
}

interface Coming {
  readonly source: Readable;
  readonly sender: Sender;
  readonly maxBytes: number;
  /** Fires when the answer is complete: the body is held until then. */
  readonly closed: Stop;
}

async function bodyOf({ source, sender, maxBytes, closed }: Coming, { clock, held }: Intake): Promise<Buffer> {
  try {
    const body = await readBody(source, sender, { maxBytes, deadlineMs: LONGEST_BODY_MS, held, clock });
    whenStopped(closed, () => body[Symbol.dispose]());
    return body.bytes;
  } catch (thrown) {
    cutOff(source, clock);
    throw thrown instanceof BodyRefused ? refusal(thrown, maxBytes) : thrown;
  }
}

function refusal({ reason, message }: BodyRefused, maxBytes: number): Fault {
  switch (reason) {
    case "too large":
      return new Fault("RequestTooLarge", `Request entity too large: limit is ${maxBytes}`);
    case "too slow":
      return new Fault("Timeout", "the body of the request did not come within the allotted time");
    case "too many":
      return new Fault("TooManyRequests", message, { retryAfterSeconds: 1 });
    case "cut off":
      return new Fault("BadRequest", "the client went away before the end of the body");
  }
}

function splitUrl(url: string): Pick<Exchange, "path" | "query" | "rawQuery"> {
  const question = url.indexOf("?");
  const rawQuery = question < 0 ? "" : url.slice(question + 1);
  return { path: question < 0 ? url : url.slice(0, question), query: new URLSearchParams(rawQuery), rawQuery };
}

type Headers = Readonly<Record<string, string | string[]>>;

/** What differs between the two protocols. */
interface Wire {
  readonly request: Pick<Exchange, "method" | "headers" | "socket"> & { readonly url: string };
  readonly source: Readable;
  readonly hasBody: boolean;
  readonly target: Target;
  readonly start: (status: number, headers: Headers, follows: "nothing" | "body" | "stream") => void;
  readonly finish: (body: Uint8Array | string) => void;
  readonly abort: () => void;
  readonly intake: Intake;
  readonly upgrade?: Upgrade;
}

function exchangeOf(wire: Wire): Exchange {
  const { request, source, target, start, finish, abort, intake, upgrade } = wire;
  // Not an AbortController: that makes an error object and an event for each, a twentieth of a small request.
  const { stop, fire } = stopper();
  target.once("close", fire);
  const { method, headers, socket, url } = request;
  const answersBody = method !== "HEAD";
  let answered = 0;
  let peer = socket?.remoteAddress ?? "";
  return {
    method,
    headers,
    socket,
    ...splitUrl(url),
    closed: stop,
    body: (maxBytes = MAX_BODY_BYTES) =>
      bodyOf({ source, sender: { peer, contentLength: headers["content-length"] }, maxBytes, closed: stop }, intake),
    chargeTo: (sender) => void (peer = sender),
    incoming: wire.hasBody ? source : null,
    send: (status, more, body) => {
      answered = status;
      packed(body, headers["accept-encoding"], (ready, encoding) => {
        if (target.destroyed) return;
        start(
          status,
          { ...more, ...encoding, "content-length": String(Buffer.byteLength(ready)) },
          answersBody ? "body" : "nothing",
        );
        if (answersBody) finish(ready);
      });
    },
    stream: (status, more, options) => {
      answered = status;
      if (target.destroyed) return nowhere;
      const isPacked = options?.isPackable === true && acceptsGzip(headers["accept-encoding"]);
      start(status, isPacked ? { ...more, ...PACKED } : more, answersBody ? "stream" : "nothing");
      if (!answersBody) return nowhere;
      return isPacked ? packing(outletOf(target), stop) : outletOf(target);
    },
    abort,
    get status() {
      return answered;
    },
    ...(upgrade !== undefined && {
      upgrade: {
        headers: upgrade.headers,
        accept: (more) => {
          answered = 101;
          return upgrade.accept(more);
        },
      },
    }),
  };
}

/** A request that asks to switch protocols; without that it is answered as any other. */
export function upgradeExchange(request: IncomingMessage, socket: Duplex, intake: Intake): Exchange {
  const response = plainResponse(request, socket);
  const accept = (headers: UpgradeHeaders): Duplex => {
    response.detachSocket(socket as Socket);
    socket.write(switching(headers));
    return socket;
  };
  return http1Exchange(request, response, intake, { headers: negotiation(request), accept });
}

export function http1Exchange(
  request: IncomingMessage,
  response: ServerResponse,
  intake: Intake,
  upgrade?: Upgrade,
): Exchange {
  // RFC 9112, 6: one of the two says that there is a body.
  const hasBody =
    request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
  // Answered without a look at the body: there is no such path, or no right to it.
  if (hasBody) response.once("finish", () => void (request.complete || cutOff(request, intake.clock)));
  return exchangeOf({
    intake,
    ...(upgrade !== undefined && { upgrade }),
    request: {
      method: request.method ?? "GET",
      url: request.url ?? "/",
      headers: request.headers as Record<string, string | undefined>,
      socket: request.socket as TLSSocket,
    },
    source: request,
    hasBody,
    target: response,
    start: (status, headers, follows) => {
      response.writeHead(status, headers);
      // A watch shows its headers before its first event.
      if (follows === "stream") response.flushHeaders();
      if (follows === "nothing") response.end();
    },
    finish: (body) => void response.end(body),
    abort: () => void response.destroy(),
  });
}

/** The core stream API: half the CPU of the compatibility layer. */
export function http2Exchange(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, intake: Intake): Exchange {
  // A client that resets its stream is a client that went away; `close` follows.
  stream.on("error", () => {});
  return exchangeOf({
    intake,
    request: {
      method: headers[":method"] ?? "GET",
      url: headers[":path"] ?? "/",
      headers: headers as Record<string, string | undefined>,
      socket: stream.session?.socket as TLSSocket,
    },
    source: stream,
    hasBody: !stream.endAfterHeaders,
    target: stream,
    start: (status, more, follows) =>
      stream.respond({ ":status": status, ...more }, { endStream: follows === "nothing" }),
    finish: (body) => void stream.end(body),
    abort: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
  });
}
