/** The other roles' and the command line's side of the control process's private API; patient, if asked, while that restarts. */
import { Agent, type IncomingMessage, request as httpRequest } from "node:http";
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
  STATUSES,
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
    const { namespace, name, qualifier, payload, traceId } = invocation;
    const query = qualifier === "" ? "" : `?qualifier=${encodeURIComponent(qualifier)}`;
    const path = `invoke/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}${query}`;
    const { response, body } = await this.#post(path, { payload, headers: { "x-amzn-trace-id": traceId }, deadlineMs });
    const functionError = headerOf(response, "x-amz-function-error");
    return {
      payload: body,
      requestId: headerOf(response, "x-catamaran-request-id") ?? "",
      ...(functionError !== undefined && { functionError }),
      isCold: response.headers["x-catamaran-cold"] === "1",
    };
  };

  authorizeUrl = async (request: UrlRequest): Promise<UrlVerdict> => {
    const { body } = await this.#post("authorize-url", { payload: Buffer.from(JSON.stringify(request)) });
    return JSON.parse(body.toString("utf8")) as UrlVerdict;
  };

  /** Sent once, without patience: whoever meters keeps what was not taken and sends it with the next. */
  keepUsage = async (usage: readonly RequestUsage[]): Promise<void> => {
    await this.#once("usage", { payload: Buffer.from(JSON.stringify(usage)) });
  };

  rotateSecretKey = async (): Promise<number> => {
    const { body } = await this.#once("rotate-secret-key", { payload: Buffer.alloc(0), deadlineMs: ROTATION_MS });
    return Number(JSON.parse(body.toString("utf8")));
  };

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

  async #post(path: string, sent: Sent): Promise<Answered> {
    const { clock, patienceMs } = this.#options;
    const untilMs = clock.monotonicMs() + patienceMs;
    for (;;) {
      try {
        return await this.#once(path, sent);
      } catch (thrown) {
        if (!neverArrived(thrown) || clock.monotonicMs() >= untilMs) throw toldOf(thrown);
        await clock.sleep(RETRY_MS);
      }
    }
  }

  async #once(path: string, { payload, headers, deadlineMs = DEADLINE_MS }: Sent): Promise<Answered> {
    const { promise, resolve, reject } = Promise.withResolvers<Answered>();
    const request = httpRequest(
      {
        socketPath: this.#options.socketPath,
        agent: this.#agent,
        method: "POST",
        path: `/${VERSION}/${path}`,
        headers: { ...headers, "content-length": payload.length },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on("data", (chunk: Buffer) => chunks.push(chunk));
        response.on("end", () => resolve({ response, body: Buffer.concat(chunks) }));
        response.on("error", reject);
      },
    );
    const { clock } = this.#options;
    const late = clock.after(deadlineMs, () => request.destroy(new TooSlow(`no answer in ${deadlineMs} ms`)));
    request.on("error", reject);
    request.on("close", () => late[Symbol.dispose]());
    request.end(payload);
    const answered = await promise;
    const { statusCode = 500 } = answered.response;
    if (statusCode >= 300) throw refusal(statusCode, answered.body.toString("utf8"));
    return answered;
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
