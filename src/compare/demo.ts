/** The main job: the same workload on both hulls under the same traffic, measured side by side, with the bill of each. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { PodSize } from "#metering/booking.ts";
import { dayBills, type DayPoint } from "#metering/forecast.ts";
import { type PriceBook, priceBook } from "#metering/price-book.ts";
import type { InvocationUsage } from "#metering/usage.ts";
import { officeDay } from "#simulate/synthesis.ts";
import { ratesOf, squeezed, type Trace } from "#simulate/trace.ts";
import { compareCosts } from "./cost.ts";
import {
  buildExample,
  deployContainers,
  deployFunction,
  fillTable,
  FUNCTION_MEMORY_MIB,
  NAME,
  NAMESPACE,
  USERS,
} from "./deploy.ts";
import { type LoadResult, sendTrace, type Target } from "./load.ts";
import { Observer } from "./observe.ts";
import { reportHtml } from "./report.ts";
import type { Comparison, HullResult, Moment } from "./result.ts";
import { watchProcessors } from "./machine-load.ts";
import { summaryTable } from "./summary.ts";
import type { DemoInstance } from "./demo-instance.ts";

export interface DemoOptions {
  readonly requestsPerDay: number;
  /** The day is replayed in this time. */
  readonly replayMs: number;
  /** At most so many of the day's requests are sent to each hull. */
  readonly requests: number;
  readonly seed: number;
  readonly priceBook: string;
}

export const demoDefaults: DemoOptions = {
  requestsPerDay: 100_000,
  replayMs: 60_000,
  requests: 1_200,
  seed: 2026,
  priceBook: "aws-us-east-1",
};

const POD: PodSize = { podCpuMillis: 100, podMemoryMib: 128 };
const MIN_REPLICAS = 3;
const DAYS_PER_MONTH = 30;
const LEDGER_LAG_MS = 1_500; // The ledger flushes within a second.
const RATE_BUCKETS = 60;

export interface DemoResult {
  readonly comparison: Comparison;
  readonly reportFile: string;
  readonly dataFile: string;
}

/** Builds, deploys, sends, measures, prices, reports. Rejects with a Fault that says which step failed. */
export async function runDemo(instance: DemoInstance, options: DemoOptions): Promise<DemoResult> {
  await step(instance, "build the example once, for both hulls", () => buildExample(instance));
  await step(instance, `fill the table with ${USERS} users`, () => fillTable(instance));
  await Promise.all([
    step(instance, "deploy on containers (3 replicas, HPA 3..10 at 70 % CPU)", () => deployContainers(instance)),
    step(instance, "deploy as a function (128 MB, reserved concurrency 100, HTTP API)", () => deployFunction(instance)),
  ]);
  const trace = squeezed(officeDay(options.requestsPerDay, options.seed), options.replayMs, options.requests);
  const startedAtMs = instance.clock.now();
  const { results, moments, machineBusy } = await sendToBoth(instance, trace, options);
  await instance.clock.sleep(LEDGER_LAG_MS, instance.stop);
  const comparison = await compareRun(instance, options, { startedAtMs, trace, results, moments, machineBusy });
  const [reportFile, dataFile] = [join(instance.workFolder, "report.html"), join(instance.workFolder, "report.json")];
  await writeFile(reportFile, reportHtml(comparison));
  await writeFile(dataFile, `${JSON.stringify(comparison, null, 2)}\n`);
  instance.progress.say(summaryTable(comparison));
  return { comparison, reportFile, dataFile };
}

async function step<T>(instance: DemoInstance, title: string, work: () => Promise<T>): Promise<T> {
  const done = instance.progress.step(title);
  const result = await work();
  done();
  return result;
}

interface Run {
  readonly startedAtMs: number;
  readonly trace: Trace;
  readonly results: readonly [LoadResult, LoadResult];
  readonly moments: readonly Moment[];
  readonly machineBusy: number;
}

async function sendToBoth(
  instance: DemoInstance,
  trace: Trace,
  options: DemoOptions,
): Promise<Pick<Run, "results" | "moments" | "machineBusy">> {
  const done = instance.progress.step(
    `send the same day to both: ${options.requestsPerDay.toLocaleString("en-US")} requests a day, ${trace.arrivalsMs.length.toLocaleString("en-US")} of them in ${Math.round(trace.lengthMs / 1000)} s`,
  );
  const machineBusy = watchProcessors();
  const counted = { containers: 0, functions: 0 };
  const failed = { containers: 0, functions: 0 };
  using observer = new Observer(instance, () => ({ ...counted }));
  const watch = (hull: "containers" | "functions") => (sent: number, bad: number) => {
    counted[hull] = sent;
    failed[hull] = bad;
    const last = observer.moments.at(-1);
    instance.progress.live(
      `containers ${counted.containers} (${failed.containers} failed, ${last?.replicas ?? 0} replicas)   functions ${counted.functions} (${failed.functions} failed, ${last?.environments ?? 0} environments)`,
    );
  };
  const results = await Promise.all([
    sendTrace(trace, target(instance, "containers", "users.containers.localhost"), instance.clock, {
      stop: instance.stop,
      onProgress: watch("containers"),
    }),
    sendTrace(trace, target(instance, "functions", "users.execute-api.localhost"), instance.clock, {
      stop: instance.stop,
      onProgress: watch("functions"),
    }),
  ]);
  done(`${counted.containers + counted.functions} answered, ${failed.containers + failed.functions} failed`);
  return { results, moments: [...observer.moments], machineBusy: machineBusy() };
}

function target(instance: DemoInstance, name: string, virtualHost: string): Target {
  // A fixed walk over the users, so that both hulls read the same ones in the same order.
  return { name, ...instance.gateway, virtualHost, path: (n) => `/users/${(n * 7919) % USERS}` };
}

async function compareRun(instance: DemoInstance, options: DemoOptions, run: Run): Promise<Comparison> {
  const book = priceBook(options.priceBook);
  if (book === undefined) throw new RangeError(`no price book ${options.priceBook}`);
  const usage = await invocations(instance, run.startedAtMs);
  const [containers, functions] = run.results;
  const meanReplicas = mean(run.moments.map(({ replicas }) => replicas));
  const plannedRate = [...ratesOf(run.trace, RATE_BUCKETS)];
  const peak = Math.max(...plannedRate);
  const costs = compareCosts(
    {
      requestsPerDay: options.requestsPerDay,
      daysPerMonth: DAYS_PER_MONTH,
      memoryMib: FUNCTION_MEMORY_MIB,
      billedMs: usage.reduce((total, { billedMs }) => total + billedMs, 0),
      invocations: usage.length,
      meanReplicas,
      ...POD,
      requestsPerSecondPerReplica:
        peak / Math.max(1, Math.max(...run.moments.map(({ readyReplicas }) => readyReplicas))),
      peakFactor: peak / Math.max(0.001, mean(plannedRate)),
      minReplicas: MIN_REPLICAS,
    },
    dayOf(run, usage, options, book),
    book,
  );
  return {
    title: "users-api on containers and as a function",
    startedAtMs: run.startedAtMs,
    durationMs: run.trace.lengthMs,
    traffic: {
      requestsPerDay: options.requestsPerDay,
      replayedMs: run.trace.lengthMs,
      requestsSent: containers.sent,
      seed: options.seed,
      plannedRate,
    },
    hulls: [hullResult("containers", containers), hullResult("functions", functions)],
    machineBusy: run.machineBusy,
    timeline: run.moments,
    costs,
    assumptions: assumptions(options, run),
  };
}

function assumptions(options: DemoOptions, run: Run): readonly string[] {
  return [
    `A day of ${options.requestsPerDay.toLocaleString("en-US")} requests was replayed in ${Math.round(run.trace.lengthMs / 1000)} s with ${run.trace.arrivalsMs.length.toLocaleString("en-US")} of its requests; both hulls got the same ones at the same moments, on the same machine at the same time.`,
    "Latency counts from the moment a request was due to the last byte of its answer, through the same gateway.",
    "The month has 30 days of this traffic; containers are priced as whole nodes at their mean number of replicas, functions as their measured billed milliseconds.",
    "Prices are list prices of the named book, without free tiers, data transfer, storage and log costs; they are not a bill.",
    "The autoscaler reacts in real seconds while the day passes faster, so replicas follow the peak later than they would in a real day.",
  ];
}

async function invocations(instance: DemoInstance, fromMs: number): Promise<readonly InvocationUsage[]> {
  const found: InvocationUsage[] = [];
  for await (const record of instance.usage.read({ fromMs, toMs: instance.clock.now() + 1 }, "invocation")) {
    if (
      record.is === "invocation" &&
      record.namespace === NAMESPACE &&
      record.functionName === NAME &&
      record.outcome !== "throttled"
    )
      found.push(record);
  }
  return found;
}

function hullResult(hull: HullResult["hull"], load: LoadResult): HullResult {
  const ms = (share: number): number => load.latency.quantile(share) / 1000;
  return {
    hull,
    requests: load.sent,
    failed: load.failed,
    coldStarts: load.coldStarts,
    latencyMs: { p50: ms(0.5), p95: ms(0.95), p99: ms(0.99), max: load.latency.max / 1000 },
    curve: load.latency.curve().map(({ value, share }) => ({ ms: value / 1000, share })),
    failures: load.failures,
    causes: load.causes,
    sendLateMsP99: load.lateness.quantile(0.99) / 1000,
  };
}

function dayOf(
  run: Run,
  usage: readonly InvocationUsage[],
  options: DemoOptions,
  book: PriceBook,
): readonly DayPoint[] {
  return dayBills(
    {
      lengthMs: run.trace.lengthMs,
      requestsPerDay: options.requestsPerDay,
      requestsSent: run.trace.arrivalsMs.length,
      pod: POD,
      moments: run.moments,
      invocations: usage.map(({ atMs, billedMs, memoryMib }) => ({
        atMs: atMs - run.startedAtMs,
        billedMs,
        memoryMib,
      })),
    },
    book,
  );
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((total, value) => total + value, 0) / values.length;
}
