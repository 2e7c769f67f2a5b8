/** The one list of both hulls: a row for every Deployment, every pod of its own and every function, from what is seen now. Pure. */
import { millis, units } from "#base/quantity.ts";
import type { Deployment } from "#kinds/apps/deployment.ts";
import type { FunctionObject } from "#kinds/catamaran/function.ts";
import type { PodMetrics } from "#kinds/autoscaling/metrics.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { PodSpec } from "#kinds/core/pod-spec.ts";
import type { Service } from "#kinds/core/service.ts";
import { fromLabelSelector, type Labels, matches, selectorOf } from "#base/selector.ts";
import { tiered } from "#metering/bill.ts";
import { type Money, money, times } from "#metering/money.ts";
import type { PriceBook } from "#metering/price-book.ts";
import type { MinuteFigures } from "./minute.ts";

export interface Row {
  readonly hull: "containers" | "functions";
  readonly type: "deployment" | "pod" | "function";
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
  /** Those that nothing controls are workloads of their own. */
  readonly pods: readonly Pod[];
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
    ...seen.pods
      .filter(({ metadata }) => metadata.ownerReferences?.some(({ controller }) => controller === true) !== true)
      .map((pod) => podRow(pod, seen, book)),
    ...seen.functions.map((fn) => functionRow(fn, seen, book)),
  ];
  // What needs somebody comes first; otherwise rows stay where they are, however busy.
  return rows.toSorted(
    (a, b) =>
      Number(a.isHealthy) - Number(b.isHealthy) || (`${a.name}/${a.namespace}` < `${b.name}/${b.namespace}` ? -1 : 1),
  );
}

function deploymentRow(deployment: Deployment, seen: Seen, book: PriceBook): Row {
  const { name, namespace = "default" } = deployment.metadata;
  const { selector, template } = deployment.spec;
  const wanted = deployment.spec.replicas ?? 1;
  const ready = deployment.status?.readyReplicas ?? 0;
  const chosen = fromLabelSelector(selector);
  const isOurs = (labels: Labels | undefined): boolean => chosen !== null && matches(chosen, labels);
  return {
    type: "deployment",
    namespace,
    name,
    health: `${ready}/${wanted} ready`,
    isHealthy: ready >= wanted,
    ...containersRow(
      {
        namespace,
        labels: template.metadata?.labels ?? {},
        booked: bookedBy(template.spec, deployment.status?.replicas ?? 0),
        metrics: seen.podMetrics.filter(({ metadata }) => metadata.namespace === namespace && isOurs(metadata.labels)),
      },
      seen,
      book,
    ),
  };
}

function podRow({ metadata, spec, status }: Pod, seen: Seen, book: PriceBook): Row {
  const { name, namespace = "default", labels = {} } = metadata;
  const phase = status?.phase ?? "Pending";
  const isOver = phase === "Succeeded" || phase === "Failed";
  const ready = (status?.containerStatuses ?? []).filter((container) => container.ready).length;
  return {
    type: "pod",
    namespace,
    name,
    health: phase === "Running" ? `${ready}/${spec.containers.length} running` : phase,
    isHealthy: phase === "Succeeded" || (phase === "Running" && ready === spec.containers.length),
    ...containersRow(
      {
        namespace,
        labels,
        booked: bookedBy(spec, isOver ? 0 : 1),
        metrics: seen.podMetrics.filter(
          (metrics) => metrics.metadata.namespace === namespace && metrics.metadata.name === name,
        ),
      },
      seen,
      book,
    ),
  };
}

interface Containers {
  readonly namespace: string;
  readonly labels: Labels;
  readonly booked: { readonly cpuMillis: number; readonly memoryMib: number };
  readonly metrics: readonly PodMetrics[];
}

function containersRow(
  { namespace, labels, booked, metrics }: Containers,
  seen: Seen,
  book: PriceBook,
): Pick<Row, "hull" | "figures" | "cpuMillis" | "memoryMib" | "perHour"> {
  const { cpuMillis, memoryMib } = booked;
  const service = seen.services.find(
    (candidate) =>
      candidate.metadata.namespace === namespace &&
      candidate.spec.selector !== undefined &&
      matches(selectorOf(candidate.spec.selector), labels),
  );
  const used = metrics.flatMap(({ containers }) => containers.map(({ usage }) => usage));
  return {
    hull: "containers",
    figures: seen.figures(service === undefined ? "" : `Service/${namespace}/${service.metadata.name}`),
    cpuMillis: [cpuMillis, sum(used.map((usage) => millis(usage["cpu"] ?? "0")))],
    memoryMib: [Math.round(memoryMib), Math.round(sum(used.map((usage) => units(usage["memory"] ?? "0"))) / MIB)],
    perHour: nodeShare(cpuMillis, memoryMib, book),
  };
}

function bookedBy(spec: Pick<PodSpec, "containers"> | undefined, replicas: number): Containers["booked"] {
  const requests = (spec?.containers ?? []).map(({ resources }) => resources?.requests ?? {});
  return {
    cpuMillis: sum(requests.map(({ cpu }) => millis(cpu ?? "0"))) * replicas,
    memoryMib: (sum(requests.map(({ memory }) => units(memory ?? "0"))) * replicas) / MIB,
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
    type: "function",
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
