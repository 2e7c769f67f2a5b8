/** Sends a trace to one address, open loop: a request goes out at its time, whether or not earlier ones came back. */
import { Agent, request as httpRequest } from "node:http";
import type { Clock } from "#base/clock.ts";
import { Histogram } from "#base/histogram.ts";
import type { Stop } from "#base/stop.ts";
import type { Trace } from "#simulate/trace.ts";
import type { FailureCause, FailureCauses } from "./result.ts";

export interface Target {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Sent as Host. */
  readonly virtualHost: string;
  /** The path of the n-th request. */
  readonly path: (n: number) => string;
}

export interface LoadSample {
  /** Since the start of the trace. */
  readonly atMs: number;
  readonly latencyMs: number;
  readonly status: number;
  readonly isCold: boolean;
}

export interface LoadResult {
  readonly target: string;
  readonly sent: number;
  readonly failed: number;
  readonly coldStarts: number;
  /** Microseconds from the planned moment to the last byte, so that a late start counts too. */
  readonly latency: Histogram;
  readonly samples: readonly LoadSample[];
  /** The first few reasons of failures. */
  readonly failures: readonly string[];
  readonly causes: FailureCauses;
  /** Microseconds from the planned moment to the moment at which the request was sent: what the generator itself was late. */
  readonly lateness: Histogram;
}

const MAX_IN_FLIGHT = 2_000; // Beyond it the machine, not the target, is being measured.
const TIMEOUT_MS = 30_000;
const KEPT_FAILURES = 5;

/** `onProgress` sees every finished request. Counted as failed: no answer, or a status of 500 and above, or 429. */
export async function sendTrace(
  trace: Trace,
  target: Target,
  clock: Clock,
  options: { readonly stop: Stop; readonly onProgress?: (done: number, failed: number) => void },
): Promise<LoadResult> {
  const load = new Load(target, clock, options.onProgress ?? (() => {}));
  const startMs = clock.monotonicMs();
  for (const [n, arrivalMs] of trace.arrivalsMs.entries()) {
    const waitMs = startMs + arrivalMs - clock.monotonicMs();
    if (waitMs > 0) await clock.sleep(waitMs, options.stop);
    if (options.stop.aborted) break;
    await load.send(n, startMs, startMs + arrivalMs);
  }
  return load.finish();
}

interface Answer {
  readonly status: number;
  readonly isCold: boolean;
  readonly failure?: NodeJS.ErrnoException;
}

/** Why a request counts as failed; null when it does not. `status` 0 is no answer, and `code` says how it ended. */
export function causeOf(status: number, code?: string): FailureCause | null {
  if (status === 0)
    return code === "ETIMEDOUT"
      ? "timed out"
      : code === "ECONNREFUSED" || code === "EHOSTUNREACH"
        ? "refused"
        : "broken";
  if (status === 429) return "throttled";
  if (status === 502 || status === 503) return "refused";
  if (status === 504) return "timed out";
  return status >= 500 ? "failed" : null;
}

class Load {
  readonly #target: Target;
  readonly #clock: Clock;
  readonly #onProgress: (done: number, failed: number) => void;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_IN_FLIGHT, scheduling: "lifo" });
  readonly #inFlight = new Set<Promise<void>>();
  readonly #latency = new Histogram();
  readonly #samples: LoadSample[] = [];
  readonly #failures: string[] = [];
  readonly #causes: Partial<Record<FailureCause, number>> = {};
  readonly #lateness = new Histogram();
  #sent = 0;
  #failed = 0;
  #cold = 0;

  constructor(target: Target, clock: Clock, onProgress: (done: number, failed: number) => void) {
    this.#target = target;
    this.#clock = clock;
    this.#onProgress = onProgress;
  }

  async send(n: number, startMs: number, plannedMs: number): Promise<void> {
    if (this.#inFlight.size >= MAX_IN_FLIGHT) await Promise.race(this.#inFlight);
    this.#sent++;
    const one: Promise<void> = this.#one(n, startMs, plannedMs).finally(() => this.#inFlight.delete(one));
    this.#inFlight.add(one);
  }

  async #one(n: number, startMs: number, plannedMs: number): Promise<void> {
    this.#lateness.record(Math.max(0, this.#clock.monotonicMs() - plannedMs) * 1000);
    const { status, isCold, failure } = await this.#get(this.#target.path(n));
    const latencyMs = this.#clock.monotonicMs() - plannedMs;
    this.#latency.record(latencyMs * 1000);
    this.#samples.push({ atMs: plannedMs - startMs, latencyMs, status, isCold });
    if (isCold) this.#cold++;
    const cause = causeOf(status, failure?.code);
    if (cause !== null) {
      this.#failed++;
      this.#causes[cause] = (this.#causes[cause] ?? 0) + 1;
      if (this.#failures.length < KEPT_FAILURES) this.#failures.push(failure?.message ?? `HTTP ${status}`);
    }
    this.#onProgress(this.#samples.length, this.#failed);
  }

  #get(path: string): Promise<Answer> {
    const { host, port, virtualHost } = this.#target;
    return new Promise((resolve) => {
      const request = httpRequest(
        { host, port, path, agent: this.#agent, headers: { host: virtualHost }, timeout: TIMEOUT_MS },
        (response) => {
          response.resume();
          response.on("end", () =>
            resolve({ status: response.statusCode ?? 0, isCold: response.headers["x-catamaran-cold-start"] === "1" }),
          );
          response.on("error", (error) => resolve({ status: 0, isCold: false, failure: error }));
        },
      );
      request.on("timeout", () =>
        request.destroy(Object.assign(new Error(`no answer within ${TIMEOUT_MS / 1000} s`), { code: "ETIMEDOUT" })),
      );
      request.on("error", (error) => resolve({ status: 0, isCold: false, failure: error }));
      request.end();
    });
  }

  async finish(): Promise<LoadResult> {
    await Promise.all(this.#inFlight);
    this.#agent.destroy();
    return {
      target: this.#target.name,
      sent: this.#sent,
      failed: this.#failed,
      coldStarts: this.#cold,
      latency: this.#latency,
      samples: this.#samples.toSorted((a, b) => a.atMs - b.atMs),
      failures: this.#failures,
      causes: this.#causes,
      lateness: this.#lateness,
    };
  }
}
