/** The command line's way to what only the control process can read: usage, function logs and figures, over its unix socket. */
import { type IncomingMessage, request as httpRequest } from "node:http";
import { Fault } from "#base/fault.ts";
import type { Usage, UsageWindow } from "#metering/usage.ts";

/** What a function does right now; see FunctionStats of the engine. */
export interface FunctionFigures {
  readonly namespace: string;
  readonly name: string;
  readonly running: number;
  readonly idle: number;
  readonly frozen: number;
  readonly invocations: number;
  readonly errors: number;
  readonly throttles: number;
  readonly coldStarts: number;
  readonly durationMsP50: number;
  readonly durationMsP99: number;
}

export interface FunctionLogLine {
  readonly atMs: number;
  readonly stream: string;
  readonly text: string;
}

export class ControlSocket {
  readonly #socketPath: string;

  constructor(socketPath: string) {
    this.#socketPath = socketPath;
  }

  /** In order of time; everything metered until about a second ago. */
  async *read(window: UsageWindow, is?: Usage["is"]): AsyncGenerator<Usage> {
    const query = new URLSearchParams({
      from: String(window.fromMs),
      to: String(window.toMs),
      ...(is !== undefined && { is }),
    });
    for await (const line of this.#lines(`/usage?${query.toString()}`)) yield JSON.parse(line) as Usage;
  }

  /** The newest `limit` lines of a log group. */
  async logs(group: string, limit: number): Promise<readonly FunctionLogLine[]> {
    const query = new URLSearchParams({ group, limit: String(limit) });
    const lines: FunctionLogLine[] = [];
    for await (const line of this.#lines(`/logs?${query.toString()}`)) lines.push(JSON.parse(line) as FunctionLogLine);
    return lines;
  }

  async functions(): Promise<readonly FunctionFigures[]> {
    const lines: FunctionFigures[] = [];
    for await (const line of this.#lines("/functions")) lines.push(JSON.parse(line) as FunctionFigures);
    return lines;
  }

  async *#lines(path: string): AsyncGenerator<string> {
    const response = await this.#get(path);
    let rest = "";
    response.setEncoding("utf8");
    for await (const chunk of response as AsyncIterable<string>) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
    if (response.statusCode !== 200)
      throw new Fault("InternalError", `the control process answered ${response.statusCode}: ${rest}`);
  }

  #get(path: string): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = httpRequest({ socketPath: this.#socketPath, path }, resolve);
      request.on("error", (cause) =>
        reject(
          new Fault(
            "Unavailable",
            `the control process does not answer (${cause.message}); is the platform up? catamaran status says`,
            { cause },
          ),
        ),
      );
      request.end();
    });
  }
}
