/** The gateway's side of a pod: forwards one HTTP request to a ready address, trying another one when it cannot connect. */
import { Agent, type IncomingMessage, request as httpRequest, type ServerResponse } from "node:http";
import { Agent as SecureAgent, request as httpsRequest } from "node:https";
import { type Answered, type Exchange, rawHeaders } from "./exchange.ts";
import { toClient, toPod } from "./forward-headers.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
  /** Over TLS, to a server that proves this name. */
  readonly tls?: { readonly servername: string };
}

/** What goes out, but for where to. */
export interface Sent {
  readonly method: string;
  readonly path: string;
  readonly headers: readonly string[];
  readonly body: Buffer;
  readonly timeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 2_000;
const ANSWER_TIMEOUT_MS = 120_000;
const MAX_TRIES = 4;
const IDEMPOTENT = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"]);

export class ServiceBackend implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 256, timeout: ANSWER_TIMEOUT_MS });
  readonly #secureAgent = new SecureAgent({ keepAlive: true, maxFreeSockets: 256, timeout: ANSWER_TIMEOUT_MS });

  /** Passes the pod's answer on as it comes. */
  async forward(exchange: Exchange, next: () => Address | undefined): Promise<Answered> {
    return pass(await this.ask(sentTo(exchange), next), exchange.response);
  }

  /**
   * `next` gives an address that was not tried yet, or undefined. A body was read before, so it can be sent again;
   * it is, when no byte of an answer came and either the connection was refused or the method is idempotent.
   */
  async ask(sent: Sent, next: () => Address | undefined): Promise<IncomingMessage> {
    let failure: unknown = new Error("no endpoint is ready");
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const address = next();
      if (address === undefined) break;
      try {
        return await this.#send(sent, address);
      } catch (thrown) {
        failure = thrown;
        if (!maySendAgain(thrown, sent.method)) break;
      }
    }
    throw failure;
  }

  #send({ body, timeoutMs = ANSWER_TIMEOUT_MS, ...sent }: Sent, address: Address): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const options = { ...sent, ...address, setHost: false };
      const upstream =
        address.tls === undefined
          ? httpRequest({ ...options, agent: this.#agent }, resolve)
          : httpsRequest({ ...options, ...address.tls, agent: this.#secureAgent }, resolve);
      upstream.setTimeout(timeoutMs, () => upstream.destroy(new Error("the answer did not come in time")));
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
    this.#secureAgent.destroy();
  }
}

/** No byte of an answer came, and another pod may be asked. */
export function maySendAgain(thrown: unknown, method: string): boolean {
  const code = (thrown as { readonly code?: string }).code ?? "";
  if (["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "ETIMEDOUT"].includes(code)) return true;
  return IDEMPOTENT.has(method) && ["ECONNRESET", "EPIPE"].includes(code);
}

/** What goes to the pod: the normal path, and headers of which each was said by the client or seen by the edge. */
export function sentTo({ request, target, client, body }: Omit<Exchange, "response">): Sent {
  const headers = toPod(request.headersDistinct, client);
  return {
    method: request.method ?? "GET",
    path: target.query === "" ? target.path : `${target.path}?${target.query}`,
    headers: rawHeaders(withLength(headers, request, body)),
    body,
  };
}

/** A body of no bytes is still a body for whoever waits for its length. */
export function withLength(
  headers: Map<string, string[]>,
  request: IncomingMessage,
  body: Buffer,
): Map<string, string[]> {
  headers.delete("content-length");
  const hasBody = body.length > 0 || request.headers["content-length"] !== undefined;
  if (hasBody) headers.set("content-length", [String(body.length)]);
  return headers;
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
