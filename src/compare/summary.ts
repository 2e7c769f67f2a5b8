/** The final table of a comparison, for a terminal. Pure. */
import { failureText, machineWarning } from "./failures.ts";
import type { Comparison, HullResult } from "./result.ts";

type Row = readonly [label: string, containers: string, functions: string];

export function summaryTable(comparison: Comparison): string {
  const [containers, functions] = comparison.hulls as readonly [HullResult, HullResult];
  const peak = (pick: (moment: Comparison["timeline"][number]) => number): number =>
    comparison.timeline.reduce((most, moment) => Math.max(most, pick(moment)), 0);
  const { costs, timeline } = comparison;
  const last = timeline.at(-1);
  const rows: readonly Row[] = [
    ["", "containers", "functions"],
    ["requests", count(containers.requests), count(functions.requests)],
    ["failed", failureText(containers), failureText(functions)],
    ["latency p50", ms(containers.latencyMs.p50), ms(functions.latencyMs.p50)],
    ["latency p95", ms(containers.latencyMs.p95), ms(functions.latencyMs.p95)],
    ["latency p99", ms(containers.latencyMs.p99), ms(functions.latencyMs.p99)],
    ["cold starts", "-", count(functions.coldStarts)],
    [
      "replicas / environments, most",
      count(peak(({ replicas }) => replicas)),
      count(peak(({ environments }) => environments)),
    ],
    ["CPU booked / used at the end", `${last?.bookedCpuMillis ?? 0}m / ${last?.usedCpuMillis ?? 0}m`, "per use"],
    ["memory booked / used at the end", `${last?.bookedMemoryMib ?? 0} / ${last?.usedMemoryMib ?? 0} MiB`, "per use"],
    ["a month of this, list price", costs.containers.totalUsd, costs.functions.totalUsd],
  ];
  const even =
    costs.breakEvenRequests === null
      ? "functions stay cheaper at any number of requests shown"
      : `both cost the same at ${count(costs.breakEvenRequests)} requests a month`;
  const warning = machineWarning(comparison);
  const warned = warning === null ? [] : ["", warning];
  return ["", ...aligned(rows), "", `${costs.bookTitle}, ${costs.asOf}: ${even}`, ...warned].join("\n");
}

function aligned(rows: readonly Row[]): readonly string[] {
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows.map(
    ([label, left, right]) =>
      `  ${label.padEnd(widths[0] ?? 0)}   ${left.padStart(widths[1] ?? 0)}   ${right.padStart(widths[2] ?? 0)}`,
  );
}

function count(value: number): string {
  return value.toLocaleString("en-US");
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} ms`;
}
