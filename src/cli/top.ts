/** What nodes, pods and functions use now, in one list. */
import { millis, units } from "#base/quantity.ts";
import type { Sheet } from "./rows.ts";
import { type FunctionObject, functionKind } from "#kinds/catamaran/function.ts";
import { type NodeMetrics, nodeMetricsKind, type PodMetrics, podMetricsKind } from "#kinds/autoscaling/metrics.ts";
import type { Instance } from "#instance/instance.ts";
import { collectionPath } from "#client/paths.ts";
import { connect, listObjects } from "./session.ts";

export interface Use {
  readonly is: "node" | "pod" | "function";
  readonly namespace: string;
  readonly name: string;
  /** Absent for functions: they have no use while nobody calls them. */
  readonly cpuMillis?: number;
  readonly memoryMib: number;
  readonly running?: number;
  readonly warm?: number;
}

export const useSheet: Sheet<Use> = {
  headings: [
    { title: "TYPE", cell: ({ is }) => is },
    { title: "NAMESPACE", cell: ({ namespace }) => namespace },
    { title: "NAME", cell: ({ name }) => name },
    { title: "CPU", cell: ({ cpuMillis }) => (cpuMillis === undefined ? "-" : `${cpuMillis}m`) },
    { title: "MEMORY", cell: ({ memoryMib }) => `${memoryMib}Mi` },
    { title: "RUNNING", cell: ({ running }) => (running === undefined ? "-" : String(running)) },
    { title: "WARM", cell: ({ warm }) => (warm === undefined ? "-" : String(warm)) },
  ],
  nameOf: ({ is, name }) => `${is}/${name}`,
};

const MIB = 1024 * 1024;

export async function usesOf(instance: Instance): Promise<readonly Use[]> {
  using connection = await connect(instance, "catamaran-top");
  const [nodes, pods, functions] = await Promise.all([
    listObjects<NodeMetrics>(connection, collectionPath(nodeMetricsKind)),
    listObjects<PodMetrics>(connection, collectionPath(podMetricsKind)),
    listObjects<FunctionObject>(connection, collectionPath(functionKind)),
  ]);
  return [
    ...nodes.map(({ metadata, usage }): Use => ({
      is: "node",
      namespace: "",
      name: metadata.name,
      ...amounts([usage]),
    })),
    ...pods.map(({ metadata, containers }): Use => ({
      is: "pod",
      namespace: metadata.namespace ?? "",
      name: metadata.name,
      ...amounts(containers.map(({ usage }) => usage)),
    })),
    // Environments hold their memory while they are there, as Lambda's do.
    ...functions.map(({ metadata, spec, status }): Use => {
      const [running, warm] = [status?.running ?? 0, status?.warm ?? 0];
      return {
        is: "function",
        namespace: metadata.namespace ?? "",
        name: metadata.name,
        memoryMib: (running + warm) * (spec.memoryMib ?? 128),
        running,
        warm,
      };
    }),
  ];
}

function amounts(usages: readonly Readonly<Record<string, string>>[]): {
  readonly cpuMillis: number;
  readonly memoryMib: number;
} {
  const total = (name: string, count: (quantity: string) => number): number =>
    usages.reduce((sum, usage) => sum + count(usage[name] ?? "0"), 0);
  return { cpuMillis: total("cpu", millis), memoryMib: Math.round(total("memory", units) / MIB) };
}
