/** One request and its answer, whether it came by HTTP/1.1 or HTTP/2: what the verbs see of the wire. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { IncomingHttpHeaders, ServerHttp2Stream } from "node:http2";
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
  readonly hasAnswered: boolean;
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

async function collect(source: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of source) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Fault("RequestTooLarge", `Request entity too large: limit is ${MAX_BODY_BYTES}`);
    chunks.push(chunk);
  }
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, size);
}

function splitUrl(url: string): { readonly path: string; readonly query: URLSearchParams } {
  const question = url.indexOf("?");
  return question < 0 ? { path: url, query: new URLSearchParams() } : { path: url.slice(0, question), query: new URLSearchParams(url.slice(question + 1)) };
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
    get hasAnswered() {
      return response.headersSent;
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
    body: () => collect(stream as AsyncIterable<Buffer>),
    send: (status, more, body) => {
      if (stream.destroyed) return;
      stream.respond({ ":status": status, ...more, "content-length": Buffer.byteLength(body) });
      stream.end(body);
    },
    stream: (status, more) => {
      if (!stream.destroyed) stream.respond({ ":status": status, ...more });
      return outletOf(stream as unknown as Writable);
    },
    get hasAnswered() {
      return stream.headersSent;
    },
  };
}
