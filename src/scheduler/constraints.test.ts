/** The finer members of spreading and pod affinity, and what a pod asks for beside its containers: each decides which node it gets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Node, Taint } from "#kinds/core/node.ts";
import type { PodAffinityTerm, TopologySpreadConstraint } from "#kinds/core/placement.ts";
import type { PodSpec } from "#kinds/core/pod-spec.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { Cluster } from "./cluster.ts";
import { pick } from "./pick.ts";

function nodeOf(name: string, zone: string, taints: readonly Taint[] = []): Node {
  return {
    metadata: { name, labels: { zone, name } },
    spec: { taints },
    status: { allocatable: { cpu: "4", memory: "8Gi", pods: "110" } },
  };
}

function podOf(name: string, spec: Partial<PodSpec>, labels: Readonly<Record<string, string>> = { app: "web" }): Pod {
  const requests = { cpu: "100m", memory: "1Mi" };
  return {
    metadata: { name, namespace: "default", uid: name, labels },
    spec: { containers: [{ name: "c", image: "app", resources: { requests } }], ...spec },
  };
}

const spread = (own: Partial<TopologySpreadConstraint>): Partial<PodSpec> => ({
  topologySpreadConstraints: [
    {
      maxSkew: 1,
      topologyKey: "zone",
      whenUnsatisfiable: "DoNotSchedule",
      labelSelector: { matchLabels: { app: "web" } },
      ...own,
    },
  ],
});
const near = (own: Partial<PodAffinityTerm>): Partial<PodSpec> => ({
  affinity: {
    podAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: [
        { topologyKey: "zone", labelSelector: { matchLabels: { app: "web" } }, ...own },
      ],
    },
  },
});

interface Case {
  readonly title: string;
  readonly pod: Pod;
  readonly placed: readonly (readonly [Pod, node: string])[];
  readonly nodes?: readonly Node[];
  readonly want: string | null;
}

const [a, b] = [nodeOf("a", "a"), nodeOf("b", "b")];
const dirty: Taint = { key: "dirty", effect: "NoSchedule" };
const version = (name: string, own: string): Pod => podOf(name, {}, { app: "web", version: own });
const other: Pod = {
  ...podOf("x", {}),
  metadata: { name: "x", namespace: "team", uid: "x", labels: { app: "web" } },
};

const cases: readonly Case[] = [
  {
    title: "two zones are enough by themselves",
    pod: podOf("p", spread({})),
    placed: [[podOf("x", {}), "a"]],
    want: "b",
  },
  {
    title: "minDomains: with fewer zones the emptiest counts as empty",
    pod: podOf("p", spread({ minDomains: 3 })),
    placed: [
      [podOf("x", {}), "a"],
      [podOf("y", {}), "b"],
    ],
    want: null,
  },
  {
    title: "nodeAffinityPolicy Honor: zones that the pod may not go to do not count",
    pod: podOf("p", { ...spread({}), nodeSelector: { name: "a" } }),
    placed: [[podOf("x", {}), "a"]],
    want: "a",
  },
  {
    title: "nodeAffinityPolicy Ignore: they count",
    pod: podOf("p", { ...spread({ nodeAffinityPolicy: "Ignore" }), nodeSelector: { name: "a" } }),
    placed: [[podOf("x", {}), "a"]],
    want: null,
  },
  {
    title: "nodeTaintsPolicy Ignore: tainted zones count",
    pod: podOf("p", spread({})),
    nodes: [a, nodeOf("b", "b", [dirty])],
    placed: [[podOf("x", {}), "a"]],
    want: null,
  },
  {
    title: "nodeTaintsPolicy Honor: they do not",
    pod: podOf("p", spread({ nodeTaintsPolicy: "Honor" })),
    nodes: [a, nodeOf("b", "b", [dirty])],
    placed: [[podOf("x", {}), "a"]],
    want: "a",
  },
  {
    title: "matchLabelKeys: only pods of the same version are spread",
    pod: podOf("p", spread({ matchLabelKeys: ["version"] }), { app: "web", version: "2" }),
    placed: [
      [version("x", "1"), "a"],
      [version("y", "2"), "b"],
    ],
    want: "a",
  },
  {
    title: "affinity by matchLabelKeys: to those of the same version",
    pod: podOf("p", near({ matchLabelKeys: ["version"] }), { app: "web", version: "2" }),
    placed: [
      [version("x", "1"), "a"],
      [version("y", "2"), "b"],
    ],
    want: "b",
  },
  {
    title: "affinity by mismatchLabelKeys: to those of another version",
    pod: podOf("p", near({ mismatchLabelKeys: ["version"] }), { app: "web", version: "2" }),
    placed: [
      [version("x", "1"), "a"],
      [version("y", "2"), "b"],
    ],
    want: "a",
  },
  {
    title: "affinity by namespaceSelector: to pods of the namespaces that it selects",
    pod: podOf("p", near({ namespaceSelector: { matchLabels: { kind: "team" } } }), {}),
    placed: [
      [podOf("y", {}), "a"],
      [other, "b"],
    ],
    want: "b",
  },
  {
    title: "overhead is asked for beside the containers",
    pod: podOf("p", { overhead: { cpu: "3950m" } }),
    placed: [],
    want: null,
  },
];

for (const { title, pod, placed, nodes = [a, b], want } of cases)
  test(title, () => {
    const cluster = new Cluster((namespace) => (namespace === "team" ? { kind: "team" } : {}));
    for (const node of nodes) cluster.setNode(node);
    for (const [one, node] of placed) cluster.placePod(one, node);
    assert.equal(pick(pod, cluster, {}).node, want);
  });
