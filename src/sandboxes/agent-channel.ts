/** Control's end of one sandbox's socket: hands over a function, sends invocations, sorts what comes back. Never starts or kills anything. */
import net from "node:net";
import { rm, chmod } from "node:fs/promises";
import type { InitFailure, LogLine, RuntimeOutcome, RuntimeRequest } from "#functions/sandboxes.ts";
import { FRAME, FrameReader, headedFrame } from "./frames.ts";

export type Bound = { readonly ok: true } | { readonly ok: false; readonly failure: InitFailure };

/** What the agent said about one invocation; null when the socket closed first. */
export type Answer = Exclude<RuntimeOutcome, { readonly is: "ended" }> | null;

export interface ChannelListener {
  readonly onLog: (line: LogLine) => void;
  /** The V8 code cache that the code's first run made. */
  readonly onCache: (bytes: Buffer) => void;
}

export class AgentChannel {
  /** Resolves at the agent's first word. */
  readonly ready: Promise<void>;
  /** Resolves when the socket is closed, or was never opened. */
  readonly closed: Promise<void>;
  readonly #server: net.Server;
  readonly #path: string;
  #socket: net.Socket | null = null;
  #listener: ChannelListener | null = null;
  #bound: ((bound: Bound | null) => void) | null = null;
  #answered: ((answer: Answer) => void) | null = null;
  #lastId = 0;
  #requestId: string | null = null;
  #isReady = false;
  #onReady: () => void = () => {};
  #onClosed: () => void = () => {};

  /** One socket per sandbox, and its path is the sandbox's identity: it takes one connection and is unlinked. */
  static async listen(path: string): Promise<AgentChannel> {
    const server = net.createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    // The sandbox's user is nobody of this machine; only its own mount shows it the path.
    await chmod(path, 0o777);
    return new AgentChannel(server, path);
  }

  private constructor(server: net.Server, path: string) {
    this.#server = server;
    this.#path = path;
    this.ready = new Promise((resolve) => (this.#onReady = resolve));
    this.closed = new Promise((resolve) => (this.#onClosed = resolve));
    server.once("connection", (socket) => this.#adopt(socket));
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  #adopt(socket: net.Socket): void {
    this.#socket = socket;
    this.#server.close();
    rm(this.#path, { force: true }).catch(() => {
      // The folder went away with the sandbox.
    });
    const reader = new FrameReader((type, id, payload) => this.#take(type, id, payload));
    socket.on("data", (chunk: Buffer) => {
      try {
        if (!reader.push(chunk)) socket.destroy();
      } catch {
        // User code may have got hold of the socket: frames that cannot be read end that sandbox and nothing else.
        socket.destroy();
      }
    });
    // A reset says the same as an end: the sandbox is gone.
    socket.on("error", () => {});
    socket.on("close", () => this.#end());
  }

  #end(): void {
    this.#bound?.(null);
    this.#bound = null;
    this.#answered?.(null);
    this.#answered = null;
    this.#onClosed();
  }

  /** Hands the function over and waits for INIT; null when the sandbox ended under it. */
  bind(binding: object, cache: Uint8Array | undefined, listener: ChannelListener): Promise<Bound | null> {
    this.#listener = listener;
    return new Promise((resolve) => {
      this.#bound = resolve;
      this.#write(headedFrame(FRAME.bind, 0, binding, cache ?? EMPTY));
    });
  }

  /** Null when the sandbox ended under it. */
  invoke(request: RuntimeRequest): Promise<Answer> {
    const id = ++this.#lastId >>> 0;
    this.#requestId = request.requestId;
    const { requestId, deadlineMs, invokedArn, traceId, clientContext } = request;
    // JSON leaves out what is undefined.
    const head = { requestId, deadlineMs, arn: invokedArn, traceId, clientContext };
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#write(headedFrame(FRAME.invoke, id, head, request.payload));
    });
  }

  #write(frame: Buffer): void {
    if (this.#socket === null || this.#socket.destroyed) this.#end();
    else this.#socket.write(frame);
  }

  close(): void {
    this.#server.close();
    if (this.#socket === null) {
      rm(this.#path, { force: true }).catch(() => {
        // The folder went away with the sandbox.
      });
      this.#end();
    } else this.#socket.destroy();
  }

  /** What the sandbox's own pipes carried: output of children and of the runtime below the agent. */
  logRaw(text: string, atMs: number): void {
    this.#listener?.onLog({ atMs, requestId: this.#requestId, text });
  }

  #take(type: number, id: number, payload: Buffer): void {
    switch (type) {
      case FRAME.ready:
        this.#isReady = true;
        return this.#onReady();
      case FRAME.log:
        return this.#listener?.onLog({
          atMs: payload.readDoubleBE(0),
          requestId: id === 0 ? null : this.#requestId,
          text: payload.toString("utf8", 8),
        });
      case FRAME.response:
        return this.#answer(id, { is: "response", ...peakOf(payload), payload: payload.subarray(4) });
      case FRAME.error:
        return this.#answer(id, errorOf(payload));
      case FRAME.initDone:
        return this.#settleBound({ ok: true });
      case FRAME.initError:
        return this.#settleBound({ ok: false, failure: { errorType: errorTypeOf(payload), payload } });
      case FRAME.cache:
        return this.#listener?.onCache(Buffer.from(payload));
      default:
        throw new RangeError(`unknown frame type ${type}`);
    }
  }

  #answer(id: number, answer: Answer): void {
    // An answer to an earlier invocation that had timed out belongs to nobody.
    if (id !== this.#lastId) return;
    this.#answered?.(answer);
    this.#answered = null;
  }

  #settleBound(bound: Bound): void {
    this.#bound?.(bound);
    this.#bound = null;
  }
}

const EMPTY = new Uint8Array(0);

function errorOf(payload: Buffer): Answer {
  const end = 6 + payload.readUInt16BE(4);
  return {
    is: "error",
    ...peakOf(payload),
    errorType: payload.toString("utf8", 6, end),
    payload: payload.subarray(end),
  };
}

// Zero: the agent does not know, whoever wants to know asks the sandbox.
function peakOf(payload: Buffer): { readonly maxMemoryMib?: number } {
  const kib = payload.readUInt32BE(0);
  return kib === 0 ? {} : { maxMemoryMib: Math.ceil(kib / 1024) };
}

function errorTypeOf(payload: Buffer): string {
  try {
    const body = JSON.parse(payload.toString("utf8")) as { readonly errorType?: unknown };
    return typeof body.errorType === "string" ? body.errorType : "Unknown";
  } catch {
    return "Unknown";
  }
}
