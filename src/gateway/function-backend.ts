/** The gateway's side of an invocation: one HTTP request over the control process's unix socket, patient while it restarts. */
import { Agent, type IncomingMessage, request as httpRequest } from "node:http";
import type { Clock } from "#base/clock.ts";

export interface Invoked {
  /** 200 when the function ran; 404, 413, 429 or 503 when it did not. */
  readonly status: number;
  readonly payload: Uint8Array;
  readonly functionError: string | undefined;
  readonly isCold: boolean;
}

/** A control process that restarts is back within a second or two; a request that never arrived may wait for it. */
const PATIENCE_MS = 15_000;
const RETRY_MS = 50;

export class FunctionBackend implements Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
  readonly #socketPath: string;
  readonly #clock: Clock;

  constructor(socketPath: string, clock: Clock) {
    this.#socketPath = socketPath;
    this.#clock = clock;
  }

  async invoke(namespace: string, name: string, qualifier: string, payload: Uint8Array): Promise<Invoked> {
    const path = `/invoke/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}${qualifier === "" ? "" : `?qualifier=${encodeURIComponent(qualifier)}`}`;
    const { response, body } = await this.#post(path, payload);
    return {
      status: response.statusCode ?? 500,
      payload: body,
      functionError: response.headers["x-amz-function-error"] as string | undefined,
      isCold: response.headers["x-catamaran-cold"] === "1",
    };
  }

  /** Best effort: usage that cannot be delivered is returned for the next try. */
  async report(usage: readonly unknown[]): Promise<boolean> {
    try {
      await this.#once("/usage", Buffer.from(JSON.stringify(usage)));
      return true;
    } catch {
      // The control process is away; the caller keeps the records and tries again.
      return false;
    }
  }

  async #post(
    path: string,
    payload: Uint8Array,
  ): Promise<{ readonly response: IncomingMessage; readonly body: Buffer }> {
    const deadline = this.#clock.monotonicMs() + PATIENCE_MS;
    for (;;) {
      try {
        return await this.#once(path, payload);
      } catch (thrown) {
        if (!neverArrived(thrown) || this.#clock.monotonicMs() > deadline) throw thrown;
        await this.#clock.sleep(RETRY_MS);
      }
    }
  }

  #once(path: string, payload: Uint8Array): Promise<{ readonly response: IncomingMessage; readonly body: Buffer }> {
    return new Promise((resolve, reject) => {
      const options = {
        socketPath: this.#socketPath,
        agent: this.#agent,
        method: "POST",
        path,
        headers: { "content-length": payload.length },
      };
      const request = httpRequest(options, (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () =>
          resolve({ response, body: chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks) }),
        );
        response.on("error", reject);
      });
      request.on("error", reject);
      request.end(payload);
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

// Refused or absent: nobody read a byte of the request, so sending it again runs nothing twice.
function neverArrived(thrown: unknown): boolean {
  const code = (thrown as { readonly code?: string }).code;
  return code === "ECONNREFUSED" || code === "ENOENT";
}
