/** The question of `catamaran whatif` from its options, and its answer as rows with the assumptions behind them. */
import { existsSync } from "node:fs";
import { Fault } from "#base/fault.ts";
import { formatUsd, toNumber } from "#metering/money.ts";
import type { Instance } from "#instance/instance.ts";
import type { FunctionPlan, Plan, PodPlan } from "#simulate/plans.ts";
import { factsOf, type Trace } from "#simulate/trace.ts";
import { assumedFunctions, assumedPods, type Choice, failedShare, type Question, whatIf } from "#simulate/what-if.ts";
import { durationOf } from "./duration.ts";
import { bookOf, nodeOf } from "./list-prices.ts";
import type { Sheet } from "./rows.ts";
import { plansOf } from "./recording.ts";
import { made, positive, readTrace, recorded, whole } from "./traces.ts";

export interface Asked {
  readonly trace?: string | undefined;
  readonly slo: string;
  readonly nodes: string;
  readonly "pod-cpu"?: string | undefined;
  readonly "pod-memory"?: string | undefined;
  readonly "pod-start": string;
  readonly init?: string | undefined;
  readonly "keep-alive": string;
  readonly seeds: string;
  readonly "price-book": string;
  readonly node?: string | undefined;
}

const MAX_SEEDS = 50;

/** A workload as it runs today: what whatif starts from. */
export interface Live {
  readonly trace: Trace | null;
  readonly functions: FunctionPlan;
  readonly pods: PodPlan;
  /** What of it was measured, for people. */
  readonly facts: readonly string[];
}

/** Faults: BadRequest, NotFound. */
export async function liveOf(
  instance: Instance,
  workload: string,
  asked: {
    readonly trace?: string | undefined;
    readonly namespace: string;
    readonly window: string;
    readonly cpu: string;
  },
): Promise<Live> {
  const plans = await plansOf(instance, { workload, namespace: asked.namespace });
  if (asked.trace !== undefined) return { ...plans, trace: null, facts: [`plan       ${workload} as it runs today`] };
  const { trace, cpu, initMs } = await recorded(instance, workload, asked);
  const init = initMs === null ? "" : `, INIT ${initMs.toFixed(0)} ms measured`;
  return {
    ...plans,
    ...(initMs !== null && { functions: { ...plans.functions, initMs } }),
    trace,
    facts: [
      `plan       ${workload} as it runs today`,
      `measured   its traffic of the last ${asked.window}${init}; CPU of a request ${cpu === "measured" ? "measured over its pods" : `assumed as ${asked.cpu}`}`,
    ],
  };
}

/** Faults: BadRequest that names the option, NotFound. */
export async function questionOf(asked: Asked, live: Live | null): Promise<Question> {
  const book = bookOf(asked["price-book"]);
  const seeds = whole("--seeds", asked.seeds);
  if (seeds < 1 || seeds > MAX_SEEDS) throw new Fault("BadRequest", `--seeds ${asked.seeds}: from 1 to ${MAX_SEEDS}`);
  if (asked.nodes !== "whole" && asked.nodes !== "share")
    throw new Fault("BadRequest", `--nodes ${asked.nodes}: whole or share`);
  const { functions, pods } = live ?? { functions: assumedFunctions, pods: assumedPods };
  return {
    trace: await traceOf(asked.trace, live),
    functions: {
      ...functions,
      ...(asked.init !== undefined && { initMs: durationOf("--init", asked.init) }),
      keepAliveMs: durationOf("--keep-alive", asked["keep-alive"]),
    },
    pods: { ...pods, ...sizeOf(asked), startMs: durationOf("--pod-start", asked["pod-start"]) },
    promise: promiseOf(asked.slo),
    pricing: { book, node: nodeOf(book, asked.node).name, nodes: asked.nodes },
    seeds: Array.from({ length: seeds }, (_, i) => i + 1),
  };
}

async function traceOf(asked: string | undefined, live: Live | null): Promise<Trace> {
  if (asked !== undefined && existsSync(asked)) return readTrace(asked);
  if (asked === undefined && live?.trace) return live.trace;
  return made({ preset: asked ?? "office", seed: "1", length: "24h", times: "1" }, "--trace");
}

function sizeOf(asked: Pick<Asked, "pod-cpu" | "pod-memory">): Partial<PodPlan> {
  const { "pod-cpu": cpu, "pod-memory": memory } = asked;
  const millis = cpu === undefined ? undefined : positive("--pod-cpu", cpu);
  return {
    ...(millis !== undefined && { requestCpuMillis: millis, limitCpuMillis: millis }),
    ...(memory !== undefined && { memoryMib: whole("--pod-memory", memory) }),
  };
}

function promiseOf(text: string): Question["promise"] {
  const terms = new Map(
    text.split(",").map((term) => [term.slice(0, term.indexOf("=")), term.slice(term.indexOf("=") + 1)]),
  );
  const [p99, fail = "0%"] = [terms.get("p99"), terms.get("fail")];
  const share = /^(\d+(?:\.\d+)?)%$/.exec(fail)?.[1];
  if (p99 === undefined || share === undefined || [...terms.keys()].some((name) => name !== "p99" && name !== "fail"))
    throw new Fault("BadRequest", `--slo ${text}: such as p99=300ms,fail=0.1%`);
  return { p99Ms: durationOf("--slo p99", p99), failedShare: Number(share) / 100 };
}

export interface ChoiceRow {
  readonly model: Plan["model"];
  readonly usd: number;
  readonly perMonth: string;
  readonly band: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly failed: string;
  readonly cold: string;
  readonly keeps: boolean;
  readonly plan: string;
  readonly tried: number;
}

export const choiceSheet: Sheet<ChoiceRow> = {
  headings: [
    { title: "MODEL", cell: ({ model }) => model },
    { title: "$/MONTH", cell: ({ perMonth }) => perMonth },
    { title: "BAND", cell: ({ band }) => band },
    { title: "P50 MS", cell: ({ p50Ms }) => p50Ms.toFixed(0) },
    { title: "P99 MS", cell: ({ p99Ms }) => p99Ms.toFixed(0) },
    { title: "FAILED", cell: ({ failed }) => failed },
    { title: "COLD", cell: ({ cold }) => cold },
    { title: "SLO", cell: ({ keeps }) => (keeps ? "kept" : "broken") },
    { title: "PLAN", cell: ({ plan }) => plan },
    { title: "TRIED", cell: ({ tried }) => String(tried), isWide: true },
  ],
  nameOf: ({ model }) => model,
};

/** Throws BadRequest for a model that there is not. */
export function choiceRows(question: Question, only: string | undefined): readonly ChoiceRow[] {
  const rows = whatIf(question).map(rowOf);
  const asked = rows.filter(({ model }) => only === undefined || model === only);
  if (asked.length === 0)
    throw new Fault("BadRequest", `--to ${only}: one of ${rows.map(({ model }) => model).join(", ")}`);
  return asked;
}

function rowOf({ model, plan, run, cost, keepsPromise, band, tried }: Choice): ChoiceRow {
  const { functions } = run;
  return {
    model,
    usd: toNumber(cost.total),
    perMonth: formatUsd(cost.total),
    band: band.cost.map((amount) => formatUsd(amount)).join(" to "),
    p50Ms: run.latencies.quantile(0.5),
    p99Ms: run.latencies.quantile(0.99),
    failed: percent(failedShare(run)),
    cold: functions === null ? "" : percent(functions.cold / Math.max(1, functions.requests)),
    keeps: keepsPromise,
    plan: planText(plan),
    tried,
  };
}

function percent(share: number): string {
  return `${(share * 100).toFixed(3)} %`;
}

function planText(plan: Plan): string {
  switch (plan.model) {
    case "function":
      return `${plan.functions.memoryMib} MB`;
    case "pods": {
      const { scaling, limitCpuMillis, requestCpuMillis } = plan.pods;
      return `${scaling.minReplicas} to ${scaling.maxReplicas} pods at ${scaling.targetPercent} % of ${requestCpuMillis}m, limit ${limitCpuMillis}m`;
    }
    case "hybrid":
      return `${plan.pods.scaling.minReplicas} pods of ${plan.pods.requestCpuMillis}m, over ${plan.spillAfterMs} ms to functions of ${plan.functions.memoryMib} MB`;
  }
}

/** One sentence for whoever reads no table. */
export function verdict(rows: readonly ChoiceRow[]): string {
  const kept = rows.filter(({ keeps }) => keeps);
  const cheapest = kept.reduce<ChoiceRow | null>(
    (best, row) => (best === null || row.usd < best.usd ? row : best),
    null,
  );
  if (cheapest === null) return "no plan that was tried keeps the promise: those above fail least";
  const others = kept.filter((row) => row !== cheapest).map(({ model, usd }) => `${model} ${times(usd, cheapest.usd)}`);
  const against = others.length === 0 ? "" : ` (${others.join(", ")})`;
  return `cheapest that keeps the promise: ${cheapest.model}, ${cheapest.perMonth} a month${against}`;
}

function times(usd: number, least: number): string {
  return least === 0 ? "more" : `${(usd / least).toFixed(2)} times as much`;
}

/** What the figures rest on, for whoever judges them. */
export function assumptions({ trace, functions, pods, pricing, promise, seeds }: Question): readonly string[] {
  const { book, node, nodes } = pricing;
  const { requests, meanPerSecond, peakPerSecond } = factsOf(trace);
  const month = `${book.hoursPerMonth} h a month, ${book.title} of ${book.asOf}`;
  return [
    `trace      ${trace.name}: ${requests.toLocaleString("en-US")} requests, ${meanPerSecond.toFixed(2)} a second, ${peakPerSecond.toFixed(2)} in the busiest minute`,
    `promise    p99 up to ${promise.p99Ms} ms, at most ${percent(promise.failedShare)} failed; ${seeds.length} seeds`,
    `prices     ${month}; ${nodes === "whole" ? `whole ${node ?? book.defaultNode} and a control plane` : `a share of ${node ?? book.defaultNode}`}${book.httpApi === null ? "" : "; functions behind an HTTP API"}; no free tier, no egress`,
    `assumed    INIT ${functions.initMs} ms, environments kept for ${functions.keepAliveMs / 1000} s, pods ready after ${pods.startMs / 1000} s, clients give up after ${pods.timeoutMs / 1000} s, functions after ${functions.timeoutMs / 1000} s`,
    "assumed    a function of less than 1,769 MB has that share of a core; a pod runs one request's CPU at a time; nodes have CPU for pods that use more than they book, and are there when they are wanted",
  ];
}
