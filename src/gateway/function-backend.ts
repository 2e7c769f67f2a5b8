/** The gateway's side of an invocation: one HTTP request over the control process's unix socket, patient while it restarts. */
import { Agent, type IncomingMessage, request as httpRequest } from "node:http";
import type { Clock } from "#base/clock.ts";
import type { UrlRequest, UrlVerdict } from "./url-authorization.ts";

export interface Invoked {
  /** 200 when the function ran; 404, 413, 429 or 503 when it did not. */
  readonly status: number;
  readonly payload: Uint8Array;
  /** As in the function's log. */
  readonly requestId: string;
  readonly functionError: string | undefined;
  readonly isCold: boolean;
}

/** A control process that restarts is back within a second or two; a request that never arrived may wait for it. */
const PATIENCE_MS = 15_000;
const RETRY_MS = 50;
const AUTHORIZE_MS = 10_000;

interface PostOptions {
  readonly deadlineMs: number;
  readonly headers: Readonly<Record<string, string>>;
}

interface Posted {
  readonly response: IncomingMessage;
  readonly body: Buffer;
}

export interface Invocation {
  readonly namespace: string;
  readonly name: string;
  readonly qualifier: string;
  readonly payload: Uint8Array;
  /** X-Amzn-Trace-Id, so that the function's trace is the request's. */
  readonly traceId: string;
  /** The client is told that it took too long after this; the function may run on. */
  readonly deadlineMs: number;
}

/** The front's own deadline: not a failure of the function. */
export class TooSlow extends Error {}

export class FunctionBackend implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
  readonly #socketPath: string;
  readonly #clock: Clock;

  constructor(socketPath: string, clock: Clock) {
    this.#socketPath = socketPath;
    this.#clock = clock;
  }

  async invoke({ namespace, name, qualifier, payload, traceId, deadlineMs }: Invocation): Promise<Invoked> {
    const path = `/invoke/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}${qualifier === "" ? "" : `?qualifier=${encodeURIComponent(qualifier)}`}`;
    const { response, body } = await this.#post(path, payload, { deadlineMs, headers: { "x-amzn-trace-id": traceId } });
    return {
      status: response.statusCode ?? 500,
      payload: body,
      requestId: headerOf(response, "x-catamaran-request-id") ?? "",
      functionError: headerOf(response, "x-amz-function-error"),
      isCold: response.headers["x-catamaran-cold"] === "1",
    };
  }

  /** Who signed this request, and whether he may; see url-authorization.ts. */
  async authorize(request: UrlRequest): Promise<UrlVerdict> {
    const sent = Buffer.from(JSON.stringify(request));
    const { response, body } = await this.#post("/authorize", sent, { deadlineMs: AUTHORIZE_MS, headers: {} });
    if (response.statusCode !== 200) throw new Error(`the control process answered ${response.statusCode}`);
    return JSON.parse(body.toString("utf8")) as UrlVerdict;
  }

  /** Best effort: usage that cannot be delivered is returned for the next try. */
  async report(usage: readonly unknown[]): Promise<boolean> {
    try {
      await this.#once("/usage", Buffer.from(JSON.stringify(usage)), { deadlineMs: PATIENCE_MS, headers: {} });
      return true;
    } catch {
      // The control process is away; the caller keeps the records and tries again.
      return false;
    }
  }

  async #post(path: string, payload: Uint8Array, options: PostOptions): Promise<Posted> {
    const deadline = this.#clock.monotonicMs() + PATIENCE_MS;
    for (;;) {
      try {
        return await this.#once(path, payload, options);
      } catch (thrown) {
        if (!neverArrived(thrown) || this.#clock.monotonicMs() > deadline) throw thrown;
        await this.#clock.sleep(RETRY_MS);
      }
    }
  }

  #once(path: string, payload: Uint8Array, { deadlineMs, headers }: PostOptions): Promise<Posted> {
    return new Promise((resolve, reject) => {
      const options = {
        socketPath: this.#socketPath,
        agent: this.#agent,
        method: "POST",
        path,
        headers: { ...headers, "content-length": payload.length },
      };
      const request = httpRequest(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({ response, body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks) }),
        );
        response.on("error", reject);
      });
      const late = this.#clock.after(deadlineMs, () => request.destroy(new TooSlow(`no answer in ${deadlineMs} ms`)));
      request.on("error", reject);
      request.on("close", () => late[Symbol.dispose]());
      request.end(payload);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

// Refused or absent: nobody read a byte of the request, so sending it again runs nothing twice.
function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}

function neverArrived(thrown: unknown): boolean {
  const code = (thrown as { readonly code?: string }).code;
  return code === "ECONNREFUSED" || code === "ENOENT";
}
