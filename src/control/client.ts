/** The other roles' and the command line's side of the control process's private API; patient, if asked, while that restarts. */
import { Agent, type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import type { RequestUsage, Usage, UsageWindow } from "#metering/usage.ts";
import {
  type ApiLogLine,
  type Control,
  type FunctionFigures,
  type FunctionLogLine,
  type Invocation,
  type Invoked,
  type KeyUsage,
  type ServiceLoad,
  STATUSES,
  STREAM_TYPE,
  type Streamed,
  type UrlRequest,
  type UrlVerdict,
  VERSION,
} from "./contract.ts";

const RETRY_MS = 50;
const DEADLINE_MS = 15_000;
// A journal of a million records is sealed anew within that.
const ROTATION_MS = 300_000;

/** The caller's own deadline is over; the function may run on. */
export class TooSlow extends Error {}

export interface ControlClientOptions {
  readonly socketPath: string;
  readonly clock: Clock;
  /** For so long a request that never arrived is sent again: a control process that restarts is back within a second or two. */
  readonly patienceMs: number;
}

interface Sent {
  readonly payload: Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
  /** The deadline is for the head of the answer alone. */
  readonly isHeadEnough?: true;
}

interface Answered {
  readonly response: IncomingMessage;
  readonly body: Buffer;
}

export class ControlClient implements Control, Disposable {
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 256 });
  readonly #options: ControlClientOptions;

  constructor(options: ControlClientOptions) {
    this.#options = options;
  }

  /** Rejects with TooSlow after `deadlineMs`, and as the contract says. */
  invoke = async (invocation: Invocation, deadlineMs: number = DEADLINE_MS): Promise<Invoked> => {
    const { payload, traceId } = invocation;
    const headers = { "x-amzn-trace-id": traceId };
    const { response, body } = await this.#post(pathOf("invoke", invocation), { payload, headers, deadlineMs });
    return { payload: body, ...invokedOf(response) };
  };

  /** Rejects with TooSlow when the response has not begun after `deadlineMs`, and as the contract says. */
  invokeStreaming = async (invocation: Invocation, deadlineMs: number = DEADLINE_MS): Promise<Streamed> => {
    const { payload, traceId } = invocation;
    const path = pathOf("invoke-streaming", invocation);
    const response = await this.#patiently(() =>
      this.#begin(path, { payload, headers: { "x-amzn-trace-id": traceId }, deadlineMs }),
    );
    const { statusCode = 500 } = response;
    if (statusCode >= 300) throw refusal(statusCode, (await wholeOf(response)).toString("utf8"));
    const contentType = headerOf(response, STREAM_TYPE) ?? null;
    return { ...invokedOf(response), contentType, pieces: response as AsyncIterable<Uint8Array> };
  };

  authorizeUrl = async (request: UrlRequest): Promise<UrlVerdict> => {
    const { body } = await this.#post("authorize-url", { payload: Buffer.from(JSON.stringify(request)) });
    return JSON.parse(body.toString("utf8")) as UrlVerdict;
  };

  /** Sent once, without patience: whoever meters keeps what was not taken and sends it with the next. */
  keepUsage = async (usage: readonly RequestUsage[]): Promise<void> => {
    await this.#once("usage", { payload: Buffer.from(JSON.stringify(usage)) });
  };

  keepLoad = async (loads: readonly ServiceLoad[]): Promise<readonly string[]> => {
    const { body } = await this.#post("load", { payload: Buffer.from(JSON.stringify(loads)) });
    return JSON.parse(body.toString("utf8")) as readonly string[];
  };

  rotateSecretKey = async (): Promise<number> => {
    const { body } = await this.#once("rotate-secret-key", { payload: Buffer.alloc(0), deadlineMs: ROTATION_MS });
    return Number(JSON.parse(body.toString("utf8")));
  };

  /** Sent once, as usage is. */
  keepKeyUsage = async (usage: readonly KeyUsage[]): Promise<void> => {
    await this.#once("key-usage", { payload: Buffer.from(JSON.stringify(usage)) });
  };

  async *readKeyUsage(): AsyncGenerator<KeyUsage> {
    for await (const line of this.#lines("key-usage")) yield JSON.parse(line) as KeyUsage;
  }

  /** Sent once, as usage is. */
  writeLogs = async (lines: readonly ApiLogLine[]): Promise<void> => {
    await this.#once("logs", { payload: Buffer.from(JSON.stringify(lines)) });
  };

  async *readUsage({ fromMs, toMs }: UsageWindow, is?: Usage["is"]): AsyncGenerator<Usage> {
    const query = new URLSearchParams({ from: String(fromMs), to: String(toMs), ...(is !== undefined && { is }) });
    for await (const line of this.#lines(`usage?${query.toString()}`)) yield JSON.parse(line) as Usage;
  }

  async *readLogs(group: string, limit: number): AsyncGenerator<FunctionLogLine> {
    const query = new URLSearchParams({ group, limit: String(limit) });
    for await (const line of this.#lines(`logs?${query.toString()}`)) yield JSON.parse(line) as FunctionLogLine;
  }

  async *readFunctions(): AsyncGenerator<FunctionFigures> {
    for await (const line of this.#lines("functions")) yield JSON.parse(line) as FunctionFigures;
  }

  #post(path: string, sent: Sent): Promise<Answered> {
    return this.#patiently(() => this.#once(path, sent));
  }

  async #patiently<T>(send: () => Promise<T>): Promise<T> {
    const { clock, patienceMs } = this.#options;
    const untilMs = clock.monotonicMs() + patienceMs;
    for (;;) {
      try {
        return await send();
      } catch (thrown) {
        if (!neverArrived(thrown) || clock.monotonicMs() >= untilMs) throw toldOf(thrown);
        await clock.sleep(RETRY_MS);
      }
    }
  }

  async #once(path: string, sent: Sent): Promise<Answered> {
    const { promise, resolve, reject } = Promise.withResolvers<Answered>();
    const request = this.#send(path, sent, (response) => {
      wholeOf(response).then((body) => resolve({ response, body }), reject);
    });
    request.on("error", reject);
    const answered = await promise;
    const { statusCode = 500 } = answered.response;
    if (statusCode >= 300) throw refusal(statusCode, answered.body.toString("utf8"));
    return answered;
  }

  /** Resolves with the head of the answer. */
  #begin(path: string, sent: Sent): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = this.#send(path, { ...sent, isHeadEnough: true }, resolve);
      request.on("error", reject);
    });
  }

  #send(path: string, sent: Sent, onHead: (response: IncomingMessage) => void): ClientRequest {
    const { payload, headers, deadlineMs = DEADLINE_MS, isHeadEnough = false } = sent;
    const request = httpRequest(
      {
        socketPath: this.#options.socketPath,
        agent: this.#agent,
        method: "POST",
        path: `/${VERSION}/${path}`,
        headers: { ...headers, "content-length": payload.length },
      },
      onHead,
    );
    const { clock } = this.#options;
    const late = clock.after(deadlineMs, () => request.destroy(new TooSlow(`no answer in ${deadlineMs} ms`)));
    request.on(isHeadEnough ? "response" : "close", () => late[Symbol.dispose]());
    if (isHeadEnough) request.on("close", () => late[Symbol.dispose]());
    return request.end(payload);
  }

  async *#lines(path: string): AsyncGenerator<string> {
    const response = await this.#get(`/${VERSION}/${path}`);
    let rest = "";
    response.setEncoding("utf8");
    for await (const chunk of response as AsyncIterable<string>) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      if (response.statusCode === 200) yield* lines;
    }
    if (response.statusCode !== 200) throw refusal(response.statusCode ?? 500, rest);
  }

  #get(path: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ socketPath: this.#options.socketPath, path }, resolve);
      request.on("error", (cause) => reject(toldOf(cause)));
      request.end();
    });
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

function pathOf(verb: string, { namespace, name, qualifier, isEvent }: Invocation): string {
  const asked = [
    ...(qualifier === "" ? [] : [`qualifier=${encodeURIComponent(qualifier)}`]),
    ...(isEvent === true ? ["event=1"] : []),
  ];
  const query = asked.length === 0 ? "" : `?${asked.join("&")}`;
  return `${verb}/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}${query}`;
}

async function wholeOf(response: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function invokedOf(response: IncomingMessage): Omit<Invoked, "payload"> {
  const functionError = headerOf(response, "x-amz-function-error");
  return {
    requestId: headerOf(response, "x-catamaran-request-id") ?? "",
    ...(functionError !== undefined && { functionError }),
    isCold: response.headers["x-catamaran-cold"] === "1",
  };
}

function headerOf({ headers }: IncomingMessage, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}

/** What the server refused, as the fault that it was. */
function refusal(status: number, message: string): Fault {
  const [code] = STATUSES.find(([, known]) => known === status) ?? ["InternalError"];
  return new Fault(code, message);
}

/** Refused or absent: nobody read a byte of the request, so sending it again runs nothing twice. */
function neverArrived(thrown: unknown): boolean {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
  return code === "ECONNREFUSED" || code === "ENOENT";
}

function toldOf(thrown: unknown): unknown {
  if (!neverArrived(thrown)) return thrown;
  const how = thrown instanceof Error ? thrown.message : "";
  return new Fault(
    "Unavailable",
    `the control process does not answer (${how}); is the platform up? catamaran status says`,
    { cause: thrown },
  );
}
