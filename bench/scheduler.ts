/** How many pods a second the scheduler places: 1,000 nodes in three zones, all of them filtered and scored for each pod. */
import { Cluster } from "#scheduler/cluster.ts";
import { defaultSpreads } from "#scheduler/needs.ts";
import { pick } from "#scheduler/pick.ts";
import type { Node } from "#kinds/core/node.ts";
import type { PodSpec } from "#kinds/core/pod-spec.ts";
import type { Pod } from "#kinds/core/pod.ts";

const NODES = 1_000;
const PODS = 10_000;

interface Workload {
  readonly title: string;
  readonly spec: Partial<PodSpec>;
  readonly isInService?: true;
}

const term = (topologyKey: string) => ({ labelSelector: { matchLabels: { app: "web" } }, topologyKey });
const workloads: readonly Workload[] = [
  { title: "resources only", spec: {} },
  { title: "pods of a service (default spreading)", spec: {}, isInService: true },
  {
    title: "required spreading over zones",
    spec: { topologySpreadConstraints: [{ ...term("zone"), maxSkew: 1, whenUnsatisfiable: "DoNotSchedule" }] },
  },
  {
    title: "zone affinity to itself",
    spec: { affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term("zone")] } } },
  },
  {
    title: "preferred host anti-affinity",
    spec: {
      affinity: {
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 10, podAffinityTerm: term("kubernetes.io/hostname") },
          ],
        },
      },
    },
  },
];

function clusterOf(count: number): Cluster {
  const cluster = new Cluster();
  for (let at = 0; at < count; at++) cluster.setNode(nodeOf(at));
  return cluster;
}

function nodeOf(at: number): Node {
  const taints = at % 10 === 0 ? [{ key: "dedicated", effect: "NoSchedule" as const }] : [];
  return {
    metadata: { name: `node-${at}`, labels: { "kubernetes.io/hostname": `node-${at}`, zone: `zone-${at % 3}` } },
    spec: { taints },
    status: { allocatable: { cpu: "32", memory: "128Gi", pods: "110" } },
  };
}

function podOf(at: number, spec: Partial<PodSpec>): Pod {
  const resources = { requests: { cpu: "100m", memory: "128Mi" } };
  return {
    metadata: { name: `web-${at}`, namespace: "default", uid: `uid-${at}`, labels: { app: "web" } },
    spec: { containers: [{ name: "c", image: "app:1", resources }], ...spec },
  };
}

for (const { title, spec, isInService } of workloads) {
  const cluster = clusterOf(NODES);
  const spreads = isInService ? defaultSpreads("default", [{ key: "app", operator: "In", values: ["web"] }]) : [];
  let worstMs = 0;
  const start = performance.now();
  for (let at = 0; at < PODS; at++) {
    const before = performance.now();
    const pod = podOf(at, spec);
    const { node } = pick(pod, cluster, { spreads });
    if (node === null) throw new RangeError(`no node for pod ${at} of "${title}"`);
    cluster.placePod(pod, node);
    worstMs = Math.max(worstMs, performance.now() - before);
  }
  const seconds = (performance.now() - start) / 1_000;
  console.log(`${title}: ${Math.round(PODS / seconds).toLocaleString("en")} pods/s, worst ${worstMs.toFixed(1)} ms`);
}
