/** A gRPC client over plain HTTP/2: unary calls and server streams of raw messages. Knows no service. */
import {
  connect as connectHttp2,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
} from "node:http2";
import { connect as connectSocket } from "node:net";
import { Fault } from "#base/fault.ts";
import { type Stop, whenStopped } from "#base/stop.ts";

/** Codes of https://grpc.io/docs/guides/status-codes/ that we branch on. */
export const grpcCode = {
  unknown: 2,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  unimplemented: 12,
  unavailable: 14,
} as const;

export class GrpcError extends Error {
  override readonly name = "GrpcError";
  readonly code: number;
  readonly method: string;

  constructor(code: number, method: string, message: string) {
    super(message);
    this.code = code;
    this.method = method;
  }
}

export function isGrpc(thrown: unknown, code: number): boolean {
  return thrown instanceof GrpcError && thrown.code === code;
}

// containerd's own limit is 16 MiB; a bigger answer is a broken one.
const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

interface CallOptions {
  readonly timeoutMs?: number;
  /** Cancels the call when it fires. */
  readonly stop?: Stop;
  readonly headers?: Readonly<Record<string, string>>;
  /** Of one answer; what a pod says is trusted less than what containerd does. */
  readonly maxBytes?: number;
}

/** The path of a unix socket, or a TCP port. */
export type Address = string | { readonly host: string; readonly port: number };

/** Connects when first used and again after a loss; a call on a lost connection fails with `unavailable`. */
export class GrpcClient implements AsyncDisposable {
  readonly #address: Address;
  #session: ClientHttp2Session | null = null;
  #underWay = 0;

  constructor(address: Address) {
    this.#address = address;
  }

  async unary(path: string, request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    let answer: Uint8Array | null = null;
    for await (const message of this.stream(path, request, options)) answer = message;
    if (answer === null) throw new GrpcError(grpcCode.unknown, path, "the call ended without an answer");
    return answer;
  }

  /** One request, any number of answers. Leaving the loop early cancels the call. */
  async *stream(path: string, request: Uint8Array, options: CallOptions = {}): AsyncGenerator<Uint8Array> {
    const stream = this.open(path, options);
    try {
      stream.end(framed(request));
      yield* answersOf(stream, path, options.maxBytes);
    } finally {
      if (!stream.closed) stream.close(constants.NGHTTP2_CANCEL);
    }
  }

  /** The raw stream of a call, for those that send more than one message. */
  open(path: string, options: CallOptions = {}): ClientHttp2Stream {
    const session = this.#connected();
    const stream = session.request({
      ":method": "POST",
      ":path": path,
      "content-type": "application/grpc",
      te: "trailers",
      ...options.headers,
      ...(options.timeoutMs !== undefined && { "grpc-timeout": `${Math.ceil(options.timeoutMs)}m` }),
    });
    this.#underWay++;
    session.ref();
    const cancel = (): void => stream.close(constants.NGHTTP2_CANCEL);
    const stopping = options.stop && whenStopped(options.stop, cancel);
    stream.on("error", () => {}); // Whoever reads the stream is told; without a reader, nobody needs to be.
    stream.once("close", () => {
      this.#underWay--;
      stopping?.[Symbol.dispose]();
      // An idle connection must not keep the process alive.
      if (this.#underWay === 0 && !session.destroyed) session.unref();
    });
    // containerd may hang without answering; the margin lets its own deadline speak first.
    if (options.timeoutMs !== undefined)
      stream.setTimeout(options.timeoutMs + 2_000, () => stream.close(constants.NGHTTP2_CANCEL));
    return stream;
  }

  #connected(): ClientHttp2Session {
    if (this.#session !== null && !this.#session.closed && !this.#session.destroyed) return this.#session;
    const session = connectHttp2("http://localhost", {
      createConnection: () =>
        typeof this.#address === "string" ? connectSocket(this.#address) : connectSocket(this.#address),
    });
    // Every call of the session reports the loss itself.
    session.on("error", () => {});
    session.on("close", () => {
      if (this.#session === session) this.#session = null;
    });
    this.#session = session;
    return session;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = this.#session;
    this.#session = null;
    if (session === null || session.destroyed) return;
    await new Promise<void>((resolve) => {
      session.once("close", resolve);
      session.destroy();
    });
  }
}

export function framed(message: Uint8Array): Buffer {
  const frame = Buffer.allocUnsafe(5 + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, 5);
  return frame;
}

/** The messages that a call answers; throws GrpcError when its status is not OK. */
export async function* answersOf(
  stream: ClientHttp2Stream,
  path: string,
  maxBytes: number = MAX_MESSAGE_BYTES,
): AsyncGenerator<Uint8Array> {
  let status: IncomingHttpHeaders = {};
  stream.on("response", (headers) => (status = { ...status, ...headers }));
  stream.on("trailers", (headers) => (status = { ...status, ...headers }));
  const messages = new Messages(maxBytes);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) yield* messages.add(chunk);
  } catch (cause) {
    if (cause instanceof Fault) throw cause;
    throw new GrpcError(grpcCode.unavailable, path, `${path}: ${(cause as Error).message}`);
  }
  const code = status["grpc-status"];
  if (code === undefined) throw new GrpcError(grpcCode.unavailable, path, `${path}: the connection was lost`);
  if (code !== "0") throw new GrpcError(Number(code), path, messageOf(status["grpc-message"]));
}

const PREFIX_BYTES = 5;

/** Cuts a stream into messages. Pieces of one that is under way are joined once, when it is whole: a big one comes in a thousand. */
export class Messages {
  readonly #maxBytes: number;
  #pieces: Buffer[] = [];
  #size = 0;
  /** How much must be there before it is worth a look. */
  #wanted = PREFIX_BYTES;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  *add(chunk: Buffer): Generator<Uint8Array> {
    this.#pieces.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= this.#wanted) {
      const [first = chunk, ...more] = this.#pieces;
      const joined = more.length === 0 ? first : Buffer.concat(this.#pieces);
      const end = PREFIX_BYTES + this.#lengthOf(joined);
      const isWhole = joined.length >= end;
      const rest = isWhole ? joined.subarray(end) : joined;
      this.#pieces = [rest];
      this.#size = rest.length;
      this.#wanted = isWhole ? PREFIX_BYTES : end;
      if (!isWhole) return;
      yield joined.subarray(PREFIX_BYTES, end);
    }
  }

  #lengthOf(start: Buffer): number {
    const size = start.readUInt32BE(1);
    if (size > this.#maxBytes)
      throw new Fault("InternalError", `a gRPC answer of ${size} bytes is over the limit of ${this.#maxBytes}`);
    return size;
  }
}

/** grpc-message is percent-encoded UTF-8. */
function messageOf(header: string | string[] | undefined): string {
  const text = String(header ?? "unknown error");
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // Not everybody encodes it.
  }
}
