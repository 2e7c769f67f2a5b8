/** The one list of both hulls: a row for every Deployment and every function, from what is seen now. Pure. */
import { millis, units } from "#base/quantity.ts";
import type { Deployment } from "#kinds/deployment.ts";
import type { FunctionObject } from "#kinds/function.ts";
import type { PodMetrics } from "#kinds/metrics.ts";
import type { Service } from "#kinds/service.ts";
import { matches, selectorOf } from "#base/selector.ts";
import { tiered } from "#metering/bill.ts";
import { type Money, money, times } from "#metering/money.ts";
import type { PriceBook } from "#metering/price-book.ts";
import type { MinuteFigures } from "./minute.ts";

export interface Row {
  readonly hull: "containers" | "functions";
  readonly namespace: string;
  readonly name: string;
  readonly health: string;
  readonly isHealthy: boolean;
  readonly figures: MinuteFigures;
  /** Booked and used; functions book nothing. */
  readonly cpuMillis: readonly [booked: number, used: number];
  readonly memoryMib: readonly [booked: number, used: number];
  readonly perHour: Money;
}

export interface Seen {
  readonly deployments: readonly Deployment[];
  readonly services: readonly Service[];
  readonly podMetrics: readonly PodMetrics[];
  readonly functions: readonly FunctionObject[];
  readonly running: (namespace: string, name: string) => { readonly running: number; readonly idle: number };
  readonly figures: (backend: string) => MinuteFigures;
}

const MIB = 1024 * 1024;
const MINUTES_PER_HOUR = 60n;
const MILLION = 1_000_000n;
const MB_MS_PER_GB_SECOND = 1_024_000n;

export function rowsOf(seen: Seen, book: PriceBook): readonly Row[] {
  const rows = [
    ...seen.deployments.map((deployment) => deploymentRow(deployment, seen, book)),
    ...seen.functions.map((fn) => functionRow(fn, seen, book)),
  ];
  return rows.toSorted(
    (a, b) =>
      b.figures.requests - a.figures.requests || (`${a.namespace}/${a.name}` < `${b.namespace}/${b.name}` ? -1 : 1),
  );
}

function deploymentRow(deployment: Deployment, seen: Seen, book: PriceBook): Row {
  const { name, namespace = "default" } = deployment.metadata;
  const wanted = deployment.spec.replicas ?? 1;
  const ready = deployment.status?.readyReplicas ?? 0;
  const pods = (deployment.spec.template.spec?.containers ?? []).map(({ resources }) => resources?.requests ?? {});
  const replicas = deployment.status?.replicas ?? 0;
  const cpu = sum(pods.map((requests) => millis(requests["cpu"] ?? "0"))) * replicas;
  const memory = (sum(pods.map((requests) => units(requests["memory"] ?? "0"))) * replicas) / MIB;
  const labels = deployment.spec.template.metadata?.labels ?? {};
  const used = seen.podMetrics.filter(
    (metrics) =>
      metrics.metadata.namespace === namespace &&
      matches(selectorOf(deployment.spec.selector.matchLabels ?? {}), metrics.metadata.labels),
  );
  const service = seen.services.find(
    (candidate) =>
      candidate.metadata.namespace === namespace &&
      candidate.spec.selector !== undefined &&
      matches(selectorOf(candidate.spec.selector), labels),
  );
  return {
    hull: "containers",
    namespace,
    name,
    health: `${ready}/${wanted} ready`,
    isHealthy: ready >= wanted,
    figures: seen.figures(service === undefined ? "" : `Service/${namespace}/${service.metadata.name}`),
    cpuMillis: [cpu, sum(used.flatMap(({ containers }) => containers.map(({ usage }) => millis(usage["cpu"] ?? "0"))))],
    memoryMib: [
      Math.round(memory),
      Math.round(
        sum(used.flatMap(({ containers }) => containers.map(({ usage }) => units(usage["memory"] ?? "0")))) / MIB,
      ),
    ],
    perHour: nodeShare(cpu, memory, book),
  };
}

/** What the booked share of a node costs an hour: the larger of the CPU and the memory share. */
function nodeShare(cpuMillis: number, memoryMib: number, book: PriceBook): Money {
  const node = book.nodes.find(({ name }) => name === book.defaultNode);
  if (node === undefined) return 0n;
  const byCpu = times(money(node.hourly), BigInt(Math.round(cpuMillis)), BigInt(node.allocatableCpuMillis));
  const byMemory = times(money(node.hourly), BigInt(Math.round(memoryMib)), BigInt(node.allocatableMemoryMib));
  return byCpu > byMemory ? byCpu : byMemory;
}

function functionRow(fn: FunctionObject, seen: Seen, book: PriceBook): Row {
  const { name, namespace = "default" } = fn.metadata;
  const state = fn.status?.state ?? "Pending";
  const { running, idle } = seen.running(namespace, name);
  const figures = seen.figures(`Function/${namespace}/${name}`);
  const perHour =
    (tiered(book.functions.gbSecond, figures.mbMs, MB_MS_PER_GB_SECOND) +
      times(money(book.functions.requestsPerMillion), BigInt(figures.invocations), MILLION)) *
    MINUTES_PER_HOUR;
  return {
    hull: "functions",
    namespace,
    name,
    health: state === "Active" ? `${running} busy, ${idle} idle` : state,
    isHealthy: state === "Active",
    figures,
    cpuMillis: [0, 0],
    memoryMib: [0, (running + idle) * (fn.spec.memoryMib ?? 128)],
    perHour,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
