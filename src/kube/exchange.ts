/** One request and its answer, whether it came by HTTP/1.1 or HTTP/2: what the verbs see of the wire. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Readable } from "node:stream";
import { constants, type IncomingHttpHeaders, type ServerHttp2Stream } from "node:http2";
import type { TLSSocket } from "node:tls";
import { Fault } from "#base/fault.ts";
import type { Stop } from "#base/stop.ts";

export interface Exchange {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly socket: TLSSocket;
  /** Fires when the client went away or the answer is complete. */
  readonly closed: Stop;
  body(): Promise<Buffer>;
  send(status: number, headers: Readonly<Record<string, string>>, body: Uint8Array | string): void;
  /** Starts an answer that is written bit by bit. */
  stream(status: number, headers: Readonly<Record<string, string>>): Outlet;
  /** Breaks an answer off that cannot be ended well. */
  abort(): void;
  /** The code that was answered; 0 until then. */
  readonly status: number;
}

export interface Outlet {
  /** False when the client reads more slowly than we write; wait for `drained` then. */
  write(bytes: Uint8Array | string): boolean;
  drained(): Promise<void>;
  /** Bytes that the client has not taken yet. */
  readonly waiting: number;
  end(): void;
}

export const MAX_BODY_BYTES: number = 3 * 1024 * 1024; // As kube-apiserver.

/** All of a body; what is too large is thrown away as it comes, so that the refusal still reaches the client. */
function collect(source: Readable): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const chunks: Buffer[] = [];
  let size = 0;
  source.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) return void chunks.push(chunk);
    chunks.length = 0;
    reject(new Fault("RequestTooLarge", `Request entity too large: limit is ${MAX_BODY_BYTES}`));
  });
  source.once("end", () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
  source.once("error", reject);
  // Only a client that went away closes before the end; nobody will read the refusal.
  source.once("close", () => reject(new Fault("BadRequest", "the client went away before the end of the body")));
  return promise;
}

function splitUrl(url: string): { readonly path: string; readonly query: URLSearchParams } {
  const question = url.indexOf("?");
  return question < 0
    ? { path: url, query: new URLSearchParams() }
    : { path: url.slice(0, question), query: new URLSearchParams(url.slice(question + 1)) };
}

interface Writable {
  write(bytes: Uint8Array | string): boolean;
  readonly writableLength: number;
  once(event: "drain" | "close", listener: () => void): unknown;
  end(): unknown;
}

function outletOf(target: Writable): Outlet {
  return {
    write: (bytes) => target.write(bytes),
    drained: () =>
      new Promise((resolve) => {
        target.once("drain", resolve);
        target.once("close", resolve);
      }),
    get waiting() {
      return target.writableLength;
    },
    end: () => void target.end(),
  };
}

export function http1Exchange(request: IncomingMessage, response: ServerResponse): Exchange {
  const closing = new AbortController();
  response.once("close", () => closing.abort());
  return {
    method: request.method ?? "GET",
    ...splitUrl(request.url ?? "/"),
    headers: request.headers as Record<string, string | undefined>,
    socket: request.socket as TLSSocket,
    closed: closing.signal,
    body: () => collect(request),
    send: (status, headers, body) => {
      response.writeHead(status, { ...headers, "content-length": Buffer.byteLength(body) });
      response.end(body);
    },
    stream: (status, headers) => {
      response.writeHead(status, headers);
      response.flushHeaders();
      return outletOf(response);
    },
    abort: () => void response.destroy(),
    get status() {
      return response.headersSent ? response.statusCode : 0;
    },
  };
}

/** The core stream API: half the CPU of the compatibility layer. */
export function http2Exchange(stream: ServerHttp2Stream, headers: IncomingHttpHeaders): Exchange {
  const closing = new AbortController();
  stream.once("close", () => closing.abort());
  // A client that resets its stream is a client that went away; `close` follows.
  stream.on("error", () => {});
  return {
    method: headers[":method"] ?? "GET",
    ...splitUrl(headers[":path"] ?? "/"),
    headers: headers as Record<string, string | undefined>,
    socket: stream.session?.socket as TLSSocket,
    closed: closing.signal,
    body: () => collect(stream),
    send: (status, more, body) => {
      if (stream.destroyed) return;
      const isHead = headers[":method"] === "HEAD";
      stream.respond({ ":status": status, ...more, "content-length": Buffer.byteLength(body) }, { endStream: isHead });
      if (!isHead) stream.end(body);
    },
    stream: (status, more) => {
      if (!stream.destroyed) stream.respond({ ":status": status, ...more });
      return outletOf(stream as unknown as Writable);
    },
    abort: () => stream.close(constants.NGHTTP2_INTERNAL_ERROR),
    get status() {
      return stream.headersSent ? Number(stream.sentHeaders[":status"]) : 0;
    },
  };
}
