/** What kubelet's HTTPS server tells of its node besides logs: pods, usage as JSON and for Prometheus. Pure; what else kubelet serves is refused by name. */
import { timestamp } from "#base/clock.ts";
import { Fault, unsupported } from "#base/fault.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { Consumption, NodeStats } from "#metering/stats.ts";

export interface Page {
  readonly type: string;
  readonly text: string;
}

// kubelet's other paths (pkg/kubelet/server/server.go), so that nobody takes them for misspelt.
const NOT_SERVED: ReadonlySet<string> = new Set([
  "attach",
  "checkpoint",
  "configz",
  "cri",
  "debug",
  "flagz",
  "run",
  "runningpods",
  "spec",
  "statusz",
]);

/** For whatever the agent does not serve. */
export function noPage(path: string): Fault {
  const [first = ""] = path.split("/").filter(Boolean);
  if (NOT_SERVED.has(first)) return unsupported(`the path /${first} of a node's agent`);
  return new Fault("NotFound", `there is no ${path} here`);
}

export function podsPage(pods: readonly Pod[]): Page {
  const items = pods.map((pod) => ({ kind: "Pod", apiVersion: "v1", ...pod }));
  return json({ kind: "PodList", apiVersion: "v1", metadata: {}, items });
}

/** stats/v1alpha1 Summary: CPU is cumulative, memory is the working set. */
export function summaryPage(node: string, stats: NodeStats): Page {
  const time = timestamp(stats.atMs);
  const usage = ({ cpuMicros, memoryBytes }: Consumption): object => ({
    cpu: { time, usageCoreNanoSeconds: cpuMicros * 1_000 },
    memory: { time, workingSetBytes: memoryBytes },
  });
  return json({
    node: { nodeName: node, ...usage(stats.node) },
    pods: stats.pods.map(({ name, namespace, uid, containers }) => ({
      podRef: { name, namespace, uid },
      ...usage(sumOf(containers)),
      containers: containers.map((container) => ({ name: container.name, ...usage(container) })),
    })),
  });
}

function sumOf(all: readonly Consumption[]): Consumption {
  return {
    cpuMicros: all.reduce((sum, { cpuMicros }) => sum + cpuMicros, 0),
    memoryBytes: all.reduce((sum, { memoryBytes }) => sum + memoryBytes, 0),
  };
}

/** The series of kubelet's /metrics/resource, under its names. */
export function resourceMetricsPage({ node, pods, atMs }: NodeStats): Page {
  const containers = pods.flatMap(({ namespace, name: pod, containers: all }) =>
    all.map(({ name, ...usage }) => ({ labels: { container: name, namespace, pod }, ...usage })),
  );
  const whole = pods.map(({ namespace, name: pod, containers: all }) => ({
    labels: { namespace, pod },
    ...sumOf(all),
  }));
  const series = [
    ["node", [{ labels: {}, ...node }]],
    ["container", containers],
    ["pod", whole],
  ] as const;
  const lines = series.flatMap(([what, samples]) => [
    `# TYPE ${what}_cpu_usage_seconds_total counter`,
    ...samples.map(({ labels, cpuMicros }) => sample(`${what}_cpu_usage_seconds_total`, labels, cpuMicros / 1e6, atMs)),
    `# TYPE ${what}_memory_working_set_bytes gauge`,
    ...samples.map(({ labels, memoryBytes }) => sample(`${what}_memory_working_set_bytes`, labels, memoryBytes, atMs)),
  ]);
  return prometheus(lines);
}

/** What kubelet says of itself, as far as it is true of the agent. */
export function metricsPage({ pods }: NodeStats): Page {
  const containers = pods.reduce((sum, pod) => sum + pod.containers.length, 0);
  return prometheus([
    "# TYPE kubelet_running_pods gauge",
    `kubelet_running_pods ${pods.length}`,
    "# TYPE kubelet_running_containers gauge",
    `kubelet_running_containers{container_state="running"} ${containers}`,
  ]);
}

function sample(name: string, labels: Readonly<Record<string, string>>, value: number, atMs: number): string {
  // Names of pods, namespaces and containers need no escapes.
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value} ${atMs}`;
}

function prometheus(lines: readonly string[]): Page {
  return { type: "text/plain; version=0.0.4; charset=utf-8", text: `${lines.join("\n")}\n` };
}

function json(value: object): Page {
  return { type: "application/json", text: JSON.stringify(value) };
}
