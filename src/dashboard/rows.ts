/** The one list of both hulls: a row for every Deployment, every pod of its own and every function, from what is seen now. Pure. */
import { millis, units } from "#base/quantity.ts";
import type { Deployment } from "#kinds/apps/deployment.ts";
import type { FunctionObject } from "#kinds/catamaran/function.ts";
import type { PodMetrics } from "#kinds/autoscaling/metrics.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { PodSpec } from "#kinds/core/pod-spec.ts";
import type { Service } from "#kinds/core/service.ts";
import { fromLabelSelector, type Labels, matches, selectorOf } from "#base/selector.ts";
import type { Node } from "#kinds/core/node.ts";
import { functionBill } from "#metering/bill.ts";
import { type Amounts, partOf } from "#metering/booking.ts";
import { type Money, money, times } from "#metering/money.ts";
import { nodePrice, type PriceBook } from "#metering/price-book.ts";
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
  readonly nodes: readonly Node[];
  readonly podMetrics: readonly PodMetrics[];
  readonly functions: readonly FunctionObject[];
  readonly running: (namespace: string, name: string) => { readonly running: number; readonly idle: number };
  readonly figures: (backend: string) => MinuteFigures;
}

const MIB = 1024 * 1024;
const MINUTES_PER_HOUR = 60n;

/** What is seen, and what it costs. */
interface PricedSeen extends Seen {
  readonly book: PriceBook;
  /** What a workload's bookings cost an hour. */
  readonly bookedHour: (booked: Amounts) => Money;
}

export function rowsOf(objects: Seen, book: PriceBook): readonly Row[] {
  const seen: PricedSeen = { ...objects, book, bookedHour: bookedHours(objects.nodes, book) };
  const rows = [
    ...seen.deployments.map((deployment) => deploymentRow(deployment, seen)),
    ...seen.pods
      .filter(({ metadata }) => metadata.ownerReferences?.some(({ controller }) => controller === true) !== true)
      .map((pod) => podRow(pod, seen)),
    ...seen.functions.map((fn) => functionRow(fn, seen)),
  ];
  // What needs somebody comes first; otherwise rows stay where they are, however busy.
  return rows.toSorted(
    (a, b) =>
      Number(a.isHealthy) - Number(b.isHealthy) || (`${a.name}/${a.namespace}` < `${b.name}/${b.namespace}` ? -1 : 1),
  );
}

function deploymentRow(deployment: Deployment, seen: PricedSeen): Row {
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
    ),
  };
}

function podRow({ metadata, spec, status }: Pod, seen: PricedSeen): Row {
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
    ),
  };
}

interface Containers {
  readonly namespace: string;
  readonly labels: Labels;
  readonly booked: Amounts;
  readonly metrics: readonly PodMetrics[];
}

function containersRow(
  { namespace, labels, booked, metrics }: Containers,
  seen: PricedSeen,
): Pick<Row, "hull" | "figures" | "cpuMillis" | "memoryMib" | "perHour"> {
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
    cpuMillis: [Number(booked.cpuMillis), sum(used.map((usage) => millis(usage["cpu"] ?? "0")))],
    memoryMib: [mib(Number(booked.memoryBytes)), mib(sum(used.map((usage) => units(usage["memory"] ?? "0"))))],
    perHour: seen.bookedHour(booked),
  };
}

function bookedBy(spec: Pick<PodSpec, "containers"> | undefined, replicas: number): Containers["booked"] {
  const requests = (spec?.containers ?? []).map(({ resources }) => resources?.requests ?? {});
  return {
    cpuMillis: BigInt(sum(requests.map(({ cpu }) => millis(cpu ?? "0"))) * replicas),
    memoryBytes: BigInt(sum(requests.map(({ memory }) => units(memory ?? "0"))) * replicas),
  };
}

/** The booked part of all nodes, each priced as the book's default node: what `catamaran cost` says of a whole hour. */
function bookedHours(nodes: readonly Node[], book: PriceBook): (booked: Amounts) => Money {
  const capacities = nodes.map(({ status }) => status?.capacity ?? {});
  const capacity: Amounts = {
    cpuMillis: BigInt(sum(capacities.map(({ cpu = "0" }) => millis(cpu)))),
    memoryBytes: BigInt(sum(capacities.map(({ memory = "0" }) => units(memory)))),
  };
  const hourly = money(nodePrice(book).hourly) * BigInt(nodes.length);
  return (booked) => {
    const { numerator, denominator } = partOf(booked, capacity);
    return times(hourly, numerator, denominator);
  };
}

function functionRow(fn: FunctionObject, seen: PricedSeen): Row {
  const { name, namespace = "default" } = fn.metadata;
  const state = fn.status?.state ?? "Pending";
  const { running, idle } = seen.running(namespace, name);
  const figures = seen.figures(`Function/${namespace}/${name}`);
  const minute = { requests: BigInt(figures.invocations), mbMs: figures.mbMs, httpApiRequests: 0n };
  const perHour = functionBill(minute, seen.book).total * MINUTES_PER_HOUR;
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

function mib(bytes: number): number {
  return Math.round(bytes / MIB);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
