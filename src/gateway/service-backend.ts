/** The gateway's side of a pod: forwards one HTTP request to a ready address, trying another one when it cannot connect. */
import {
  Agent,
  type IncomingMessage,
  request as httpRequest,
  type RequestOptions,
  type ServerResponse,
} from "node:http";
import { type Answered, type Exchange, rawHeaders } from "./exchange.ts";
import { toClient, toPod } from "./forward-headers.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

const CONNECT_TIMEOUT_MS = 2_000;
const ANSWER_TIMEOUT_MS = 120_000;
const MAX_TRIES = 4;
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);

export class ServiceBackend implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 256, timeout: ANSWER_TIMEOUT_MS });

  /**
   * `next` gives an address that was not tried yet, or undefined. A body was read before, so it can be sent again;
   * it is, when no byte of an answer came and either the connection was refused or the method is idempotent.
   */
  async forward(exchange: Exchange, next: () => Address | undefined): Promise<Answered> {
    const { request, response } = exchange;
    let failure: unknown = new Error("no endpoint is ready");
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const address = next();
      if (address === undefined) break;
      try {
        return await pass(await this.#send(exchange, address), response);
      } catch (thrown) {
        failure = thrown;
        if (response.headersSent || !maySendAgain(thrown, request.method ?? "GET")) break;
      }
    }
    throw failure;
  }

  #send(exchange: Exchange, address: Address): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const upstream = httpRequest({ ...requestTo(address, exchange), agent: this.#agent }, resolve);
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
      upstream.end(exchange.body);
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

/** What goes to the pod: the normal path, and headers of which each was said by the client or seen by the edge. */
export function requestTo(
  address: Address,
  { request, target, client, body }: Omit<Exchange, "response">,
): RequestOptions & { readonly headers: readonly string[] } {
  const headers = toPod(request.headersDistinct, client);
  // A body of no bytes is still a body for whoever waits for its length.
  headers.delete("content-length");
  const hasBody = body.length > 0 || request.headers["content-length"] !== undefined;
  if (hasBody) headers.set("content-length", [String(body.length)]);
  return {
    ...address,
    method: request.method ?? "GET",
    path: target.query === "" ? target.path : `${target.path}?${target.query}`,
    headers: rawHeaders(headers),
    setHost: false,
  };
}

/** Resolves when the answer is over for the client, whole or not. */
export function pass(upstream: IncomingMessage, response: ServerResponse): Promise<Answered> {
  const status = upstream.statusCode ?? 502;
  return new Promise((resolve, reject) => {
    response.writeHead(status, rawHeaders(toClient(upstream.headersDistinct)));
    let bytesOut = 0;
    upstream.on("data", (chunk: Buffer) => {
      bytesOut += chunk.length;
    });
    upstream.pipe(response);
    upstream.on("error", reject);
    response.on("finish", () => resolve({ status, bytesOut }));
    response.on("close", () => {
      // A client that went away early leaves the pod's answer unread.
      if (!response.writableFinished) upstream.destroy();
      resolve({ status, bytesOut });
    });
  });
}
