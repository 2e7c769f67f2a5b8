/** One HTTP/2 connection to an API server: requests, streams, reconnecting. Knows paths and bytes, no kinds. */
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { Fault, type FaultCode, type FieldFault } from "#base/fault.ts";

export interface Credentials {
  /** "https://127.0.0.1:6443". */
  readonly server: string;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

export interface RequestOptions {
  readonly body?: string | Uint8Array;
  readonly contentType?: string;
  readonly accept?: string;
}

const REQUEST_TIMEOUT_MS = 30_000;
// A dead peer is noticed within this time, as client-go does.
const PING_EVERY_MS = 15_000;

export class Connection implements Disposable {
  readonly #credentials: Credentials;
  readonly #agent: string;
  #session: ClientHttp2Session | null = null;
  #isClosed = false;

  /** `agent` is the user agent: "component/version". */
  constructor(credentials: Credentials, agent: string) {
    this.#credentials = credentials;
    this.#agent = agent;
  }

  /** Rejects with a Fault "Unavailable" when the server cannot be reached. */
  request(method: string, path: string, options: RequestOptions = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const stream = this.#open(method, path, options);
      let status = 0;
      const chunks: Buffer[] = [];
      const fail = (reason: string): void => reject(unreachable(this.#credentials.server, reason));
      stream.setTimeout(REQUEST_TIMEOUT_MS, () => stream.close());
      stream.on("response", (headers) => {
        status = Number(headers[":status"]);
      });
      stream.on("data", (chunk: Buffer) => chunks.push(chunk));
      stream.on("error", (error) => fail(error.message));
      stream.on("close", () =>
        status === 0 ? fail("the connection was closed") : resolve({ status, body: Buffer.concat(chunks) }),
      );
      stream.end(options.body);
    });
  }

  /** An answer that goes on: resolves with the stream once it has begun. */
  stream(
    path: string,
    accept = "application/json",
  ): Promise<{ readonly status: number; readonly stream: ClientHttp2Stream }> {
    return new Promise((resolve, reject) => {
      const stream = this.#open("GET", path, { accept });
      stream.on("error", (error) => reject(unreachable(this.#credentials.server, error.message)));
      stream.on("close", () => reject(unreachable(this.#credentials.server, "the connection was closed")));
      stream.on("response", (headers) => resolve({ status: Number(headers[":status"]), stream }));
      stream.end();
    });
  }

  #open(
    method: string,
    path: string,
    { body, contentType = "application/json", accept = "application/json" }: RequestOptions,
  ): ClientHttp2Stream {
    if (this.#isClosed) throw unreachable(this.#credentials.server, "the client is closed");
    const headers = {
      ":method": method,
      ":path": path,
      accept,
      "user-agent": this.#agent,
      ...(body !== undefined && { "content-type": contentType, "content-length": Buffer.byteLength(body) }),
    };
    return this.#connected().request(headers, { endStream: false });
  }

  #connected(): ClientHttp2Session {
    const current = this.#session;
    if (current !== null && !current.closed && !current.destroyed) return current;
    const { server, ca, cert, key } = this.#credentials;
    const session = connect(server, { ca, cert, key, settings: { initialWindowSize: 1024 * 1024 } });
    // Errors reach the streams of the session; here they only must not be unhandled.
    session.on("error", () => {});
    session.on("goaway", () => session.close());
    const pinging = setInterval(() => {
      let isAlive = false;
      const timer = setTimeout(() => isAlive || session.destroy(), PING_EVERY_MS / 2);
      timer.unref();
      if (!session.destroyed) session.ping(() => (isAlive = true));
    }, PING_EVERY_MS);
    pinging.unref();
    session.on("close", () => clearInterval(pinging));
    this.#session = session;
    return session;
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#session?.destroy();
  }
}

function unreachable(server: string, reason: string): Fault {
  return new Fault("Unavailable", `the API server at ${server} cannot be reached: ${reason}`);
}

/** The Fault that a Status body stands for. */
export function faultOf({ status, body }: Answer): Fault {
  const text = body.toString("utf8");
  try {
    const parsed = JSON.parse(text) as {
      readonly message?: string;
      readonly reason?: string;
      readonly details?: { readonly causes?: readonly FieldFault[]; readonly name?: string; readonly kind?: string };
    };
    return new Fault(codeOf(parsed.reason, status), parsed.message ?? text, {
      ...(parsed.details?.causes && { causes: parsed.details.causes }),
      ...(parsed.details?.name !== undefined && { name: parsed.details.name }),
    });
  } catch {
    // Not a Status: something between us and the server answered.
    return new Fault(codeOf(undefined, status), `HTTP ${status}: ${text.slice(0, 300)}`);
  }
}

const REASONS: ReadonlySet<string> = new Set([
  "BadRequest",
  "Unauthorized",
  "Forbidden",
  "NotFound",
  "MethodNotAllowed",
  "NotAcceptable",
  "AlreadyExists",
  "Conflict",
  "Expired",
  "Gone",
  "RequestTooLarge",
  "UnsupportedMediaType",
  "Invalid",
  "TooManyRequests",
  "Timeout",
  "InternalError",
]);

function codeOf(reason: string | undefined, status: number): FaultCode {
  if (reason !== undefined && REASONS.has(reason)) return reason as FaultCode;
  if (status === 503) return "Unavailable";
  if (status === 413) return "RequestTooLarge";
  return status === 404 ? "NotFound" : status === 410 ? "Expired" : status >= 500 ? "InternalError" : "BadRequest";
}
