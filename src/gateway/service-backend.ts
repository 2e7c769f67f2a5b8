/** The gateway's side of a pod: forwards one HTTP request to a ready address, trying another one when it cannot connect. */
import { Agent, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface Forwarded {
  readonly status: number;
  readonly bytesOut: number;
}

const CONNECT_TIMEOUT_MS = 2_000;
const ANSWER_TIMEOUT_MS = 120_000;
const MAX_TRIES = 4;
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);
// RFC 9110 7.6.1: these belong to one connection and are not passed on.
const HOP_BY_HOP = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "te",
  "trailer",
  "upgrade",
]);

export class ServiceBackend implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 256, timeout: ANSWER_TIMEOUT_MS });

  /**
   * `next` gives an address that was not tried yet, or undefined. A body was read before, so it can be sent again;
   * it is, when no byte of an answer came and either the connection was refused or the method is idempotent.
   */
  async forward(
    request: IncomingMessage,
    body: Uint8Array,
    response: ServerResponse,
    next: () => Address | undefined,
  ): Promise<Forwarded> {
    let failure: unknown = new Error("no endpoint is ready");
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const address = next();
      if (address === undefined) break;
      try {
        const upstream = await this.#send(request, body, address);
        return await pass(upstream, response);
      } catch (thrown) {
        failure = thrown;
        if (response.headersSent || !maySendAgain(thrown, request.method ?? "GET")) break;
      }
    }
    throw failure;
  }

  #send(request: IncomingMessage, body: Uint8Array, address: Address): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const headers = forwardedHeaders(request, body) as Record<string, string | string[]>;
      const method = request.method ?? "GET";
      const upstream = httpRequest(
        { ...address, agent: this.#agent, method, path: request.url ?? "/", headers, setHost: false },
        resolve,
      );
      upstream.setTimeout(ANSWER_TIMEOUT_MS, () => upstream.destroy(new Error("the pod did not answer in time")));
      upstream.on("socket", (socket) => {
        if (!socket.connecting) return;
        const giveUp = (): void =>
          void upstream.destroy(Object.assign(new Error("connect timed out"), { code: "ETIMEDOUT" }));
        const timer = setTimeout(giveUp, CONNECT_TIMEOUT_MS);
        socket.once("close", () => clearTimeout(timer));
        socket.once("connect", () => clearTimeout(timer));
      });
      upstream.on("error", reject);
      upstream.end(body);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

function maySendAgain(thrown: unknown, method: string): boolean {
  const code = (thrown as { readonly code?: string }).code ?? "";
  if (["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"].includes(code)) return true;
  return IDEMPOTENT.has(method) && ["ECONNRESET", "EPIPE"].includes(code);
}

function forwardedHeaders(request: IncomingMessage, body: Uint8Array): Record<string, string | readonly string[]> {
  const headers: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(request.headers)) {
    if (value !== undefined && !HOP_BY_HOP.has(name)) headers[name] = value;
  }
  const client = request.socket.remoteAddress ?? "";
  const before = request.headers["x-forwarded-for"];
  headers["x-forwarded-for"] = before === undefined ? client : `${String(before)}, ${client}`;
  headers["x-forwarded-host"] ??= request.headers.host ?? "";
  headers["x-forwarded-proto"] ??= "http";
  if (body.length > 0 || request.headers["content-length"] !== undefined)
    headers["content-length"] = String(body.length);
  return headers;
}

function pass(upstream: IncomingMessage, response: ServerResponse): Promise<Forwarded> {
  return new Promise((resolve, reject) => {
    const headers: Record<string, string | readonly string[]> = {};
    for (const [name, value] of Object.entries(upstream.headers)) {
      if (value !== undefined && !HOP_BY_HOP.has(name)) headers[name] = value;
    }
    response.writeHead(upstream.statusCode ?? 502, headers as Record<string, string | string[]>);
    let bytesOut = 0;
    upstream.on("data", (chunk: Buffer) => {
      bytesOut += chunk.length;
    });
    upstream.pipe(response);
    upstream.on("error", reject);
    response.on("finish", () => resolve({ status: upstream.statusCode ?? 502, bytesOut }));
    response.on("close", () => {
      // A client that went away early leaves the pod's answer unread.
      if (!response.writableFinished) upstream.destroy();
      resolve({ status: upstream.statusCode ?? 502, bytesOut });
    });
  });
}
