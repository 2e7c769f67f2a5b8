/** Control's end of one sandbox's socket: hands over a function, sends invocations, sorts what comes back. Never starts or kills anything. */
import net from "node:net";
import { rm, chmod } from "node:fs/promises";
import type { Clock } from "#base/clock.ts";
import { MAX_RESPONSE_BYTES } from "#functions/invocation.ts";
import type { InitFailure, LogLine, ResponseSink, RuntimeOutcome, RuntimeRequest } from "#functions/sandboxes.ts";
import { FRAME, type FrameLimits, FrameReader, frameOf, headedFrame } from "./frames.ts";
import { MAX_LINE_BYTES, readInTurns } from "./lines.ts";
import { LogBudget } from "./log-budget.ts";
import { StreamedResponse } from "./streamed-response.ts";

export type Bound = { readonly ok: true } | { readonly ok: false; readonly failure: InitFailure };

/** What the agent said about one invocation; null when the socket closed first. */
export type Answer = Exclude<RuntimeOutcome, { readonly is: "ended" }> | null;

export interface ChannelListener {
  readonly onLog: (line: LogLine) => void;
  /** The V8 code cache that the code's first run made. */
  readonly onCache: (bytes: Buffer) => void;
  /** The runtime ends and does not know its peak: the last moment to look, in MiB. */
  readonly onEnding: () => Promise<number>;
}

// User code may get hold of the socket: what an agent of ours never sends is refused by its head.
const FROM_AGENT: FrameLimits = new Map([
  [FRAME.ready, 0],
  [FRAME.initDone, 0],
  [FRAME.initError, 256 * 1024],
  [FRAME.response, 5 + MAX_RESPONSE_BYTES],
  [FRAME.error, 7 + 4 * 1024 + MAX_RESPONSE_BYTES],
  [FRAME.oversized, 5],
  [FRAME.next, 0],
  [FRAME.log, 8 + MAX_LINE_BYTES],
  // Bundles of ten megabytes have caches of about that size.
  [FRAME.cache, 16 * 1024 * 1024],
  [FRAME.ending, 4],
  [FRAME.stream, 1024],
  [FRAME.piece, 64 * 1024],
]);

// A record may have waited while its sandbox was frozen; one from another day, or from tomorrow, is stamped here.
const OLDEST_RECORD_MS = 3_600_000;
const NEWEST_RECORD_MS = 1_000;

export class AgentChannel {
  /** Resolves at the agent's first word. */
  readonly ready: Promise<void>;
  /** Resolves when the socket is closed, or was never opened. */
  readonly closed: Promise<void>;
  readonly #server: net.Server;
  readonly #path: string;
  readonly #clock: Clock;
  readonly #budget = new LogBudget();
  #socket: net.Socket | null = null;
  #listener: ChannelListener | null = null;
  #bound: ((bound: Bound | null) => void) | null = null;
  #answered: ((answer: Answer) => void) | null = null;
  #sink: ResponseSink | undefined;
  /** Of the running invocation, once its response comes piece by piece. */
  #streamed: StreamedResponse | null = null;
  /** Pieces that were passed on and not yet taken: nothing more is read until they are. */
  #untaken = 0;
  #idle: PromiseWithResolvers<boolean> | null = null;
  #hasCache = false;
  #peakMib: number | undefined;
  #lastId = 0;
  #requestId: string | null = null;
  #isReady = false;
  #onReady: () => void = () => {};
  #onClosed: () => void = () => {};

  /** One socket per sandbox, and its path is the sandbox's identity: it takes one connection and is unlinked. */
  static async listen(path: string, clock: Clock): Promise<AgentChannel> {
    const server = net.createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    // The sandbox's user is nobody of this machine; only its own mount shows it the path.
    await chmod(path, 0o777).catch((thrown: unknown) => {
      // A launcher that starts, or ends, clears the folder: nobody would close the server then.
      server.close();
      throw thrown;
    });
    return new AgentChannel(server, path, clock);
  }

  private constructor(server: net.Server, path: string, clock: Clock) {
    this.#server = server;
    this.#path = path;
    this.#clock = clock;
    this.ready = new Promise((resolve) => (this.#onReady = resolve));
    this.closed = new Promise((resolve) => (this.#onClosed = resolve));
    server.once("connection", (socket) => this.#adopt(socket));
  }

  get isReady(): boolean {
    return this.#isReady;
  }

  /** What the runtime said of its peak when it ended. */
  get peakMib(): number | undefined {
    return this.#peakMib;
  }

  #adopt(socket: net.Socket): void {
    this.#socket = socket;
    this.#server.close();
    rm(this.#path, { force: true }).catch(() => {
      // The folder went away with the sandbox.
    });
    const reader = new FrameReader(FROM_AGENT, (type, id, payload) => this.#take(type, id, payload));
    const read = (chunk: Buffer): void => {
      try {
        if (!reader.push(chunk)) socket.destroy();
      } catch {
        // User code may have got hold of the socket: frames that cannot be read end that sandbox and nothing else.
        socket.destroy();
      }
    };
    readInTurns(socket, read, () => this.#untaken === 0);
    // A reset says the same as an end: the sandbox is gone.
    socket.on("error", () => {});
    socket.on("close", () => this.#end());
  }

  #end(): void {
    this.#bound?.(null);
    this.#bound = null;
    this.#answered?.(null);
    this.#answered = null;
    this.#idle?.resolve(false);
    this.#idle = null;
    this.#sayDropped();
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
    this.#sink = request.sink;
    this.#streamed = null;
    const { requestId, deadlineMs, invokedArn, traceId, clientContext } = request;
    // JSON leaves out what is undefined.
    const head = { requestId, deadlineMs, arn: invokedArn, traceId, clientContext };
    return new Promise((resolve) => {
      this.#answered = resolve;
      this.#write(headedFrame(FRAME.invoke, id, head, request.payload));
    });
  }

  /** After an answer that said it is busy: whether it asks for the next event, or ended instead. */
  async idle(): Promise<boolean> {
    return this.#idle === null ? this.#socket?.destroyed === false : this.#idle.promise;
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
    if (this.#mayLog(text.length)) this.#log(text, atMs, this.#requestId);
  }

  // One budget for all ways of logging: what control keeps of it must not depend on the way.
  #mayLog(bytes: number): boolean {
    const isAllowed = this.#budget.allows(bytes, this.#clock.now());
    if (isAllowed) this.#sayDropped();
    return isAllowed;
  }

  #sayDropped(): void {
    const dropped = this.#budget.report();
    if (dropped !== null) this.#log(dropped, this.#clock.now(), this.#requestId);
  }

  #log(text: string, atMs: number, requestId: string | null): void {
    this.#listener?.onLog({ atMs, requestId, text });
  }

  #takeRecord(id: number, payload: Buffer): void {
    if (!this.#mayLog(payload.length)) return;
    const now = this.#clock.now();
    const saidMs = payload.readDoubleBE(0);
    // Not a number is neither.
    const isPlausible = saidMs >= now - OLDEST_RECORD_MS && saidMs <= now + NEWEST_RECORD_MS;
    this.#log(payload.toString("utf8", 8), isPlausible ? saidMs : now, id === 0 ? null : this.#requestId);
  }

  #takeEnding(payload: Buffer): void {
    const kib = payload.readUInt32BE(0);
    if (kib > 0) {
      this.#peakMib = Math.ceil(kib / 1024);
      return;
    }
    void this.#listener?.onEnding().then((mib) => {
      this.#peakMib = mib;
      this.#socket?.write(frameOf(FRAME.end, 0, EMPTY));
    });
  }

  #takeCache(payload: Buffer): void {
    if (this.#hasCache) throw new RangeError("a second code cache");
    this.#hasCache = true;
    this.#listener?.onCache(Buffer.from(payload));
  }

  #take(type: number, id: number, payload: Buffer): void {
    switch (type) {
      case FRAME.ready:
        this.#isReady = true;
        return this.#onReady();
      case FRAME.log:
        return this.#takeRecord(id, payload);
      case FRAME.stream:
        if (this.#isRunning(id)) this.#streamed = new StreamedResponse(this.#sink, payload.toString("latin1"));
        return undefined;
      case FRAME.piece:
        return this.#takePiece(id, payload);
      case FRAME.response:
        return this.#answer(id, this.#responseOf(payload));
      case FRAME.error:
        return this.#answer(id, errorOf(payload));
      case FRAME.oversized:
        return this.#answer(id, { is: "oversized", ...stateOf(payload) });
      case FRAME.next:
        this.#idle?.resolve(true);
        this.#idle = null;
        return undefined;
      case FRAME.ending:
        return this.#takeEnding(payload);
      case FRAME.initDone:
        return this.#settleBound({ ok: true });
      case FRAME.initError:
        return this.#settleBound({ ok: false, failure: { errorType: errorTypeOf(payload), payload } });
      case FRAME.cache:
        return this.#takeCache(payload);
      default:
        throw new RangeError(`unknown frame type ${type}`);
    }
  }

  #isRunning(id: number): boolean {
    return id === this.#lastId && this.#answered !== null;
  }

  #takePiece(id: number, payload: Buffer): void {
    const untaken = this.#isRunning(id) ? this.#streamed?.take(payload) : null;
    if (untaken === null || untaken === undefined) return;
    this.#untaken++;
    this.#socket?.pause();
    const go = (): void => {
      this.#untaken--;
      if (this.#untaken === 0) this.#socket?.resume();
    };
    // A reader that is gone takes nothing more, and the function writes on into nothing.
    untaken.then(go, go);
  }

  #responseOf(payload: Buffer): NonNullable<Answer> {
    const state = stateOf(payload);
    if (this.#streamed?.isOversized === true) return { is: "oversized", ...state };
    return { is: "response", ...state, payload: this.#streamed?.whole() ?? payload.subarray(5) };
  }

  #answer(id: number, answer: NonNullable<Answer>): void {
    // An answer to an earlier invocation that had timed out belongs to nobody, nor does a second one.
    if (!this.#isRunning(id)) return;
    this.#sayDropped();
    if (answer.isBusy === true) this.#idle = Promise.withResolvers();
    this.#answered?.(answer);
    this.#answered = null;
  }

  #settleBound(bound: Bound): void {
    this.#bound?.(bound);
    this.#bound = null;
  }
}

const EMPTY = new Uint8Array(0);

function errorOf(payload: Buffer): NonNullable<Answer> {
  const end = 7 + payload.readUInt16BE(5);
  return {
    is: "error",
    ...stateOf(payload),
    errorType: payload.toString("utf8", 7, end),
    payload: payload.subarray(end),
  };
}

// A peak of zero: the agent does not know, whoever wants to know asks the sandbox.
function stateOf(payload: Buffer): { readonly maxMemoryMib?: number; readonly isBusy?: true } {
  const kib = payload.readUInt32BE(0);
  const isBusy = payload[4] === 1;
  return { ...(kib > 0 && { maxMemoryMib: Math.ceil(kib / 1024) }), ...(isBusy && { isBusy }) };
}

function errorTypeOf(payload: Buffer): string {
  try {
    const body = JSON.parse(payload.toString("utf8")) as { readonly errorType?: unknown };
    return typeof body.errorType === "string" ? body.errorType : "Unknown";
  } catch {
    return "Unknown";
  }
}
