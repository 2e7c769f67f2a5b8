/** What is written down about every invocation: Lambda's log lines, the usage record, the counters and a tail when one was asked for. */
import type { Clock } from "#base/clock.ts";
import type { InvocationUsage, Ledger } from "#metering/usage.ts";
import type { Fleet } from "./fleet.ts";
import type { Ended } from "./invocation.ts";
import type { Job } from "./job.ts";
import type { LogStore, Tail } from "./logs.ts";
import { type Failure, type InitReport, type PlatformLines, platformLines } from "./platform-lines.ts";
import { billedMs, type Report } from "./report.ts";
import type { LogLine, SandboxSpec } from "./sandboxes.ts";

export interface Took {
  readonly initMs: number;
  readonly durationMs: number;
  readonly isCold: boolean;
  readonly maxMemoryMib: number;
}

export class Recorder {
  readonly #logs: LogStore;
  readonly #ledger: Ledger;
  readonly #clock: Clock;
  /** Tails of invocations that asked for one, by log stream. */
  readonly #tails = new Map<string, Tail>();

  constructor(logs: LogStore, ledger: Ledger, clock: Clock) {
    this.#logs = logs;
    this.#ledger = ledger;
    this.#clock = clock;
  }

  /** A line of a sandbox. */
  write(fleet: Fleet, stream: string, line: LogLine): void {
    this.#append(fleet, stream, [line]);
  }

  #append(fleet: Fleet, stream: string, lines: readonly LogLine[]): void {
    this.#logs.append(fleet.settings.logGroup, stream, lines);
    const tail = this.#tails.get(stream);
    if (tail === undefined) return;
    for (const { requestId, text } of lines) if (requestId !== null) tail.add(text);
  }

  initStarted(fleet: Fleet, { logStream, initialization }: SandboxSpec): void {
    this.#say(fleet, logStream, null, this.#linesOf(fleet).initStart(initialization));
  }

  /** A failed INIT is part of what the caller is shown of the log. */
  initEnded({ fleet, tail }: Job, stream: string, init: InitReport & { readonly initLog: Tail }): void {
    const lines = this.#linesOf(fleet);
    const report = lines.initReport(init);
    this.#say(fleet, stream, null, report);
    for (const text of lines.initStart("on-demand")) tail?.add(text);
    tail?.addAll(init.initLog);
    for (const text of report) tail?.add(text);
  }

  begin({ fleet, requestId, tail }: Job, stream: string): void {
    if (tail !== null) this.#tails.set(stream, tail);
    this.#say(fleet, stream, requestId, this.#linesOf(fleet).start(requestId));
  }

  finish(job: Job, stream: string, ended: Ended, took: Took): void {
    const { fleet, requestId } = job;
    const { memoryMib } = fleet.settings;
    // The peak counts pages that are shared with everybody; no function is told that it used more than it may.
    const maxMemoryMib = Math.min(took.maxMemoryMib, memoryMib);
    const status = statusOf(ended);
    const report: Report = {
      requestId,
      durationMs: took.durationMs,
      billedMs: billedMs(took.initMs, took.durationMs),
      memoryMib,
      maxMemoryMib,
      ...(took.initMs > 0 && { initMs: took.initMs }),
      ...(status !== undefined && { status }),
      ...(status === "error" && ended.errorType !== undefined && { errorType: ended.errorType }),
    };
    this.#say(fleet, stream, requestId, this.#linesOf(fleet).end(report, failureOf(ended)));
    this.#tails.delete(stream);
    fleet.figures.durations.record((took.initMs + took.durationMs) * 1000);
    if (ended.verdict !== "ok") fleet.figures.counters.errors++;
    this.#meter(job, ended.verdict, { ...took, maxMemoryMib });
  }

  throttled(job: Job): void {
    job.fleet.figures.counters.throttles++;
    this.#meter(job, "throttled", { initMs: 0, durationMs: 0, isCold: false, maxMemoryMib: 0 });
  }

  #meter({ fleet, requestId }: Job, outcome: InvocationUsage["outcome"], took: Took): void {
    const { namespace, name, version, memoryMib } = fleet.settings;
    this.#ledger.append([
      {
        is: "invocation",
        atMs: this.#clock.now(),
        namespace,
        functionName: name,
        version,
        requestId,
        memoryMib,
        initMicros: Math.round(took.initMs * 1000),
        durationMicros: Math.round(took.durationMs * 1000),
        billedMs: outcome === "throttled" ? 0 : billedMs(took.initMs, took.durationMs),
        maxMemoryMib: took.maxMemoryMib,
        outcome,
        isCold: took.isCold,
      },
    ]);
  }

  #linesOf({ settings }: Fleet): PlatformLines {
    return platformLines(settings, () => new Date(this.#clock.now()).toISOString());
  }

  #say(fleet: Fleet, stream: string, requestId: string | null, texts: readonly string[]): void {
    const atMs = this.#clock.now();
    if (texts.length > 0)
      this.#append(
        fleet,
        stream,
        texts.map((text) => ({ atMs, requestId, text })),
      );
  }
}

/** What the runtime could not say itself. */
function failureOf({ verdict, reason, errorType }: Ended): Failure | null {
  if (verdict !== "timeout" && verdict !== "crash") return null;
  return { is: verdict, ...(reason !== undefined && { reason }), ...(errorType !== undefined && { errorType }) };
}

function statusOf(ended: Ended): "timeout" | "error" | undefined {
  if (ended.verdict === "timeout") return "timeout";
  return ended.verdict === "crash" ? "error" : undefined;
}
