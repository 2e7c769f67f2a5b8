/** The scheduler's rules as tables: which node a pod gets, or in which words it is told why none. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Affinity, Toleration, TopologySpreadConstraint } from "#kinds/core/placement.ts";
import type { Node, Taint } from "#kinds/core/node.ts";
import type { PodSpec } from "#kinds/core/pod-spec.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { Cluster } from "./cluster.ts";
import { unschedulableMessage } from "./message.ts";
import { defaultSpreads } from "./needs.ts";
import { pick, type PickOptions } from "./pick.ts";
import { preempt } from "./preempt.ts";
import type { PodDisruptionBudget } from "#kinds/policy/pod-disruption-budget.ts";

interface NodeWish {
  readonly cpu?: string;
  readonly memory?: string;
  readonly pods?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  readonly unschedulable?: boolean;
  readonly images?: Readonly<Record<string, number>>;
  readonly others?: Readonly<Record<string, string>>;
}

function nodeOf(
  name: string,
  {
    cpu = "4",
    memory = "8Gi",
    pods = "110",
    labels = {},
    taints,
    unschedulable,
    images = {},
    others = {},
  }: NodeWish = {},
): Node {
  return {
    metadata: { name, labels: { "kubernetes.io/hostname": name, ...labels } },
    spec: { ...(taints && { taints }), ...(unschedulable !== undefined && { unschedulable }) },
    status: {
      allocatable: { cpu, memory, pods, ...others },
      images: Object.entries(images).map(([image, sizeBytes]) => ({ names: [image], sizeBytes })),
    },
  };
}

interface PodWish {
  readonly cpu?: string;
  readonly memory?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly priority?: number;
  readonly spec?: Partial<PodSpec>;
  readonly image?: string;
  readonly hostPort?: number;
  readonly others?: Readonly<Record<string, string>>;
}

function podOf(
  name: string,
  {
    cpu = "100m",
    memory = "128Mi",
    labels = { app: name },
    priority = 0,
    spec = {},
    image = "app:1",
    hostPort,
    others = {},
  }: PodWish = {},
): Pod {
  const ports = hostPort === undefined ? [] : [{ containerPort: 80, hostPort }];
  return {
    metadata: { name, namespace: "default", uid: `uid-${name}`, labels },
    spec: {
      priority,
      containers: [{ name: "c", image, ports, resources: { requests: { cpu, memory, ...others } } }],
      ...spec,
    },
  };
}

function clusterOf(nodes: readonly Node[], placed: readonly (readonly [Pod, string])[] = []): Cluster {
  const cluster = new Cluster();
  for (const node of nodes) cluster.setNode(node);
  for (const [pod, node] of placed) cluster.placePod(pod, node);
  return cluster;
}

function term(
  app: string,
  topologyKey = "kubernetes.io/hostname",
): { readonly labelSelector: { readonly matchLabels: { readonly app: string } }; readonly topologyKey: string } {
  return { labelSelector: { matchLabels: { app } }, topologyKey };
}

const affinity = (rules: Affinity): Partial<PodSpec> => ({ affinity: rules });
const required = (
  ...terms: ReturnType<typeof term>[]
): { readonly requiredDuringSchedulingIgnoredDuringExecution: typeof terms } => ({
  requiredDuringSchedulingIgnoredDuringExecution: terms,
});
const spread = (
  whenUnsatisfiable: TopologySpreadConstraint["whenUnsatisfiable"],
  topologyKey = "zone",
  maxSkew = 1,
): Partial<PodSpec> => ({
  topologySpreadConstraints: [
    { maxSkew, topologyKey, whenUnsatisfiable, labelSelector: { matchLabels: { app: "web" } } },
  ],
});
const web = { labels: { app: "web" } };
const zone = (name: string): NodeWish => ({ labels: { zone: name } });
const tolerating = (...tolerations: Toleration[]): Partial<PodSpec> => ({ tolerations });
const taint = (key: string, effect: Taint["effect"], value?: string): Taint => ({
  key,
  effect,
  ...(value !== undefined && { value }),
});
const nodeAffinity = (
  operator: "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt",
  values: readonly string[] = [],
): Partial<PodSpec> =>
  affinity({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: [{ matchExpressions: [{ key: "disk", operator, values }] }],
      },
    },
  });

interface Case {
  readonly title: string;
  readonly pod: Pod;
  readonly nodes: readonly Node[];
  readonly placed?: readonly (readonly [Pod, string])[];
  /** A name, or the reasons. */
  readonly want: string | Readonly<Record<string, number>>;
  readonly options?: PickOptions;
}

const two = [nodeOf("a"), nodeOf("b")];
const zones = [nodeOf("a1", zone("a")), nodeOf("a2", zone("a")), nodeOf("b1", zone("b"))];

const cases: readonly Case[] = [
  { title: "the emptier node", pod: podOf("p"), nodes: two, placed: [[podOf("x", { cpu: "2" }), "a"]], want: "b" },
  {
    title: "packing: the fuller node",
    pod: podOf("p"),
    nodes: two,
    placed: [[podOf("x", { cpu: "2", memory: "4Gi" }), "a"]],
    want: "a",
    options: { strategy: "MostAllocated" },
  },
  {
    title: "of two equally full the better balanced",
    pod: podOf("p", { cpu: "1", memory: "1Gi" }),
    nodes: two,
    placed: [
      [podOf("x", { cpu: "2", memory: "1Gi" }), "a"],
      [podOf("y", { cpu: "1", memory: "3Gi" }), "b"],
    ],
    want: "b",
  },
  {
    title: "no CPU left",
    pod: podOf("p", { cpu: "3" }),
    nodes: two,
    placed: [
      [podOf("x", { cpu: "2" }), "a"],
      [podOf("y", { cpu: "2" }), "b"],
    ],
    want: { "Insufficient cpu": 2 },
  },
  {
    title: "exactly enough CPU",
    pod: podOf("p", { cpu: "2" }),
    nodes: [nodeOf("a")],
    placed: [[podOf("x", { cpu: "2" }), "a"]],
    want: "a",
  },
  {
    title: "no CPU and no memory on the same node count both",
    pod: podOf("p", { cpu: "5", memory: "9Gi" }),
    nodes: [nodeOf("a")],
    want: { "Insufficient cpu": 1, "Insufficient memory": 1 },
  },
  {
    title: "too many pods",
    pod: podOf("p"),
    nodes: [nodeOf("a", { pods: "1" })],
    placed: [[podOf("x"), "a"]],
    want: { "Too many pods": 1 },
  },
  {
    title: "an extended resource",
    pod: podOf("p", { others: { "example.com/gpu": "1" } }),
    nodes: [nodeOf("a"), nodeOf("b", { others: { "example.com/gpu": "1" } })],
    want: "b",
  },
  {
    title: "an extended resource that is used up",
    pod: podOf("p", { others: { "example.com/gpu": "1" } }),
    nodes: [nodeOf("b", { others: { "example.com/gpu": "1" } })],
    placed: [[podOf("x", { others: { "example.com/gpu": "1" } }), "b"]],
    want: { "Insufficient example.com/gpu": 1 },
  },
  {
    title: "the greediest init container counts",
    pod: podOf("p", { spec: { initContainers: [{ name: "i", resources: { requests: { cpu: "5" } } }] } }),
    nodes: [nodeOf("a")],
    want: { "Insufficient cpu": 1 },
  },
  {
    title: "cordoned",
    pod: podOf("p"),
    nodes: [nodeOf("a", { unschedulable: true })],
    want: { "node(s) were unschedulable": 1 },
  },
  {
    title: "cordoned, but tolerated",
    pod: podOf("p", { spec: tolerating({ key: "node.kubernetes.io/unschedulable", operator: "Exists" }) }),
    nodes: [nodeOf("a", { unschedulable: true })],
    want: "a",
  },
  {
    title: "a taint",
    pod: podOf("p"),
    nodes: [nodeOf("a", { taints: [taint("dedicated", "NoSchedule", "db")] })],
    want: { "node(s) had untolerated taint {dedicated: db}": 1 },
  },
  {
    title: "a taint tolerated by value",
    pod: podOf("p", { spec: tolerating({ key: "dedicated", operator: "Equal", value: "db", effect: "NoSchedule" }) }),
    nodes: [nodeOf("a", { taints: [taint("dedicated", "NoSchedule", "db")] })],
    want: "a",
  },
  {
    title: "a taint tolerated for another effect only",
    pod: podOf("p", { spec: tolerating({ key: "dedicated", operator: "Exists", effect: "NoSchedule" }) }),
    nodes: [nodeOf("a", { taints: [taint("dedicated", "NoExecute")] })],
    want: { "node(s) had untolerated taint {dedicated: }": 1 },
  },
  {
    title: "everything tolerated",
    pod: podOf("p", { spec: tolerating({ operator: "Exists" }) }),
    nodes: [nodeOf("a", { taints: [taint("x", "NoExecute"), taint("y", "NoSchedule")] })],
    want: "a",
  },
  {
    title: "rather not there",
    pod: podOf("p"),
    nodes: [nodeOf("a", { taints: [taint("slow", "PreferNoSchedule")] }), nodeOf("b", { cpu: "2" })],
    want: "b",
  },
  {
    title: "node selector",
    pod: podOf("p", { spec: { nodeSelector: { disk: "ssd" } } }),
    nodes: [nodeOf("a"), nodeOf("b", { labels: { disk: "ssd" } })],
    want: "b",
  },
  {
    title: "node selector that nobody meets",
    pod: podOf("p", { spec: { nodeSelector: { disk: "ssd" } } }),
    nodes: two,
    want: { "node(s) didn't match Pod's node affinity/selector": 2 },
  },
  {
    title: "node affinity In",
    pod: podOf("p", { spec: nodeAffinity("In", ["ssd", "nvme"]) }),
    nodes: [nodeOf("a", { labels: { disk: "hdd" } }), nodeOf("b", { labels: { disk: "nvme" } })],
    want: "b",
  },
  {
    title: "node affinity NotIn takes those without the label",
    pod: podOf("p", { spec: nodeAffinity("NotIn", ["hdd"]) }),
    nodes: [nodeOf("a", { labels: { disk: "hdd" } }), nodeOf("b")],
    want: "b",
  },
  {
    title: "node affinity Gt",
    pod: podOf("p", { spec: nodeAffinity("Gt", ["10"]) }),
    nodes: [nodeOf("a", { labels: { disk: "9" } }), nodeOf("b", { labels: { disk: "11" } })],
    want: "b",
  },
  {
    title: "node affinity by the node's name",
    pod: podOf("p", {
      spec: affinity({
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchFields: [{ key: "metadata.name", operator: "In", values: ["b"] }] }],
          },
        },
      }),
    }),
    nodes: two,
    want: "b",
  },
  {
    title: "preferred node affinity beats emptiness",
    pod: podOf("p", {
      spec: affinity({
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 50, preference: { matchExpressions: [{ key: "disk", operator: "Exists" }] } },
          ],
        },
      }),
    }),
    nodes: [nodeOf("a", { labels: { disk: "ssd" } }), nodeOf("b")],
    placed: [[podOf("x", { cpu: "1" }), "a"]],
    want: "a",
  },
  {
    title: "a host port that is taken",
    pod: podOf("p", { hostPort: 80 }),
    nodes: two,
    placed: [[podOf("x", { hostPort: 80 }), "a"]],
    want: "b",
  },
  {
    title: "a host port that is taken everywhere",
    pod: podOf("p", { hostPort: 80 }),
    nodes: [nodeOf("a")],
    placed: [[podOf("x", { hostPort: 80 }), "a"]],
    want: { "node(s) didn't have free ports for the requested pod ports": 1 },
  },
  {
    title: "pod affinity: where the others are",
    pod: podOf("p", { spec: affinity({ podAffinity: required(term("db")) }) }),
    nodes: two,
    placed: [[podOf("db"), "b"]],
    want: "b",
  },
  {
    title: "pod affinity: nobody there",
    pod: podOf("p", { spec: affinity({ podAffinity: required(term("db")) }) }),
    nodes: two,
    want: { "node(s) didn't match pod affinity rules": 2 },
  },
  {
    title: "pod affinity to itself: the first may start",
    pod: podOf("web", { spec: affinity({ podAffinity: required(term("web", "zone")) }) }),
    nodes: [nodeOf("a"), nodeOf("b", zone("z"))],
    want: "b",
  },
  {
    title: "pod affinity by zone",
    pod: podOf("p", { spec: affinity({ podAffinity: required(term("db", "zone")) }) }),
    nodes: zones,
    placed: [[podOf("db", { cpu: "3900m" }), "a1"]],
    want: "a2",
  },
  {
    title: "pod affinity looks into its own namespace only",
    pod: podOf("p", { spec: affinity({ podAffinity: required(term("db")) }) }),
    nodes: two,
    placed: [[{ ...podOf("db"), metadata: { ...podOf("db").metadata, namespace: "other" } }, "b"]],
    want: { "node(s) didn't match pod affinity rules": 2 },
  },
  {
    title: "anti-affinity: not beside its like",
    pod: podOf("p", { ...web, spec: affinity({ podAntiAffinity: required(term("web")) }) }),
    nodes: two,
    placed: [[podOf("x", web), "a"]],
    want: "b",
  },
  {
    title: "anti-affinity: no node left",
    pod: podOf("p", { ...web, spec: affinity({ podAntiAffinity: required(term("web")) }) }),
    nodes: two,
    placed: [
      [podOf("x", web), "a"],
      [podOf("y", web), "b"],
    ],
    want: { "node(s) didn't match pod anti-affinity rules": 2 },
  },
  {
    title: "theirs counts as well",
    pod: podOf("p", web),
    nodes: two,
    placed: [[podOf("x", { spec: affinity({ podAntiAffinity: required(term("web")) }) }), "a"]],
    want: "b",
  },
  {
    title: "theirs everywhere",
    pod: podOf("p", web),
    nodes: [nodeOf("a")],
    placed: [[podOf("x", { spec: affinity({ podAntiAffinity: required(term("web")) }) }), "a"]],
    want: { "node(s) didn't satisfy existing pods anti-affinity rules": 1 },
  },
  {
    title: "preferred anti-affinity",
    pod: podOf("p", {
      spec: affinity({
        podAntiAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: term("noisy") }],
        },
      }),
    }),
    nodes: [nodeOf("a", { cpu: "8", memory: "16Gi" }), nodeOf("b")],
    placed: [[podOf("noisy"), "a"]],
    want: "b",
  },
  {
    title: "spreading: the zone with fewer",
    pod: podOf("p", { ...web, spec: spread("DoNotSchedule") }),
    nodes: zones,
    placed: [[podOf("x", web), "a1"]],
    want: "b1",
  },
  {
    title: "spreading: no zone may have more",
    pod: podOf("p", { ...web, spec: spread("DoNotSchedule") }),
    nodes: [nodeOf("a1", zone("a")), nodeOf("b1", { ...zone("b"), cpu: "50m" })],
    placed: [[podOf("x", web), "a1"]],
    want: { "node(s) didn't match pod topology spread constraints": 1, "Insufficient cpu": 1 },
  },
  {
    title: "spreading: a node without the label",
    pod: podOf("p", { ...web, spec: spread("DoNotSchedule") }),
    nodes: [nodeOf("a")],
    want: { "node(s) didn't match pod topology spread constraints (missing required label)": 1 },
  },
  {
    title: "spreading counts only where the pod may go",
    pod: podOf("p", { ...web, spec: { ...spread("DoNotSchedule"), nodeSelector: { zone: "a" } } }),
    nodes: zones,
    placed: [
      [podOf("x", web), "a1"],
      [podOf("y", web), "a2"],
    ],
    want: "a",
  },
  {
    title: "soft spreading",
    pod: podOf("p", { ...web, spec: spread("ScheduleAnyway") }),
    nodes: [nodeOf("a1", { ...zone("a"), cpu: "16", memory: "32Gi" }), nodeOf("b1", zone("b"))],
    placed: [[podOf("x", web), "a1"]],
    want: "b1",
  },
  {
    title: "a service's pods keep apart by themselves",
    pod: podOf("p", web),
    nodes: [nodeOf("a", { cpu: "5" }), nodeOf("b")],
    placed: [[podOf("x", { ...web, cpu: "0", memory: "0" }), "a"]],
    want: "b",
    options: { spreads: defaultSpreads("default", [{ key: "app", operator: "In", values: ["web"] }]) },
  },
  {
    title: "where the image is",
    pod: podOf("p", { image: "big" }),
    nodes: [nodeOf("a"), nodeOf("b", { images: { "big:latest": 2_000_000_000 } })],
    want: "b",
  },
];

for (const { title, pod, nodes, placed = [], want, options = {} } of cases) {
  test(`pick: ${title}`, () => {
    const picked = pick(pod, clusterOf(nodes, placed), options);
    if (typeof want === "string") assert.ok(picked.node?.startsWith(want), `${picked.node} is not ${want}`);
    else assert.deepEqual(picked.node === null && Object.fromEntries(picked.reasons), want);
  });
}

test("the message counts the reasons, in the order of their text", () => {
  const cluster = clusterOf([
    nodeOf("a", { cpu: "1" }),
    nodeOf("b", { taints: [taint("k", "NoSchedule")] }),
    nodeOf("c", { cpu: "1" }),
  ]);
  const pod = podOf("p", { cpu: "2" });
  const picked = pick(pod, cluster);
  const preemption = preempt(pod, cluster);
  assert.ok(picked.node === null && preemption.node === null);
  assert.equal(
    unschedulableMessage(3, picked.reasons, preemption.reasons),
    "0/3 nodes are available: 1 node(s) had untolerated taint {k: }, 2 Insufficient cpu. preemption: 0/3 nodes are available: 1 Preemption is not helpful for scheduling, 2 No preemption victims found for incoming pod.",
  );
  assert.equal(unschedulableMessage(0, new Map(), new Map()), "no nodes available to schedule pods");
});

interface Preemption {
  readonly title: string;
  readonly pod: Pod;
  readonly nodes: readonly Node[];
  readonly placed: readonly (readonly [Pod, string])[];
  readonly want: readonly [node: string, ...victims: string[]] | null;
}

const big = (name: string, priority: number, cpu = "2"): Pod => podOf(name, { priority, cpu });

const preemptions: readonly Preemption[] = [
  {
    title: "only as many as needed, the most important are let off",
    pod: big("p", 100, "2"),
    nodes: [nodeOf("a")],
    placed: [
      [big("x", 1, "1"), "a"],
      [big("y", 5, "1"), "a"],
      [big("z", 3, "2"), "a"],
    ],
    want: ["a", "z"],
  },
  {
    title: "two small ones go when it takes both",
    pod: big("p", 100, "3"),
    nodes: [nodeOf("a")],
    placed: [
      [big("x", 1), "a"],
      [big("y", 1), "a"],
    ],
    want: ["a", "x", "y"],
  },
  {
    title: "the node with the less important victim",
    pod: big("p", 100, "3"),
    nodes: two,
    placed: [
      [big("x", 10, "3"), "a"],
      [big("y", 5, "3"), "b"],
    ],
    want: ["b", "y"],
  },
  {
    title: "of equals the node with fewer victims",
    pod: big("p", 100, "4"),
    nodes: two,
    placed: [
      [big("x", 5), "a"],
      [big("y", 5), "a"],
      [big("z", 5, "3"), "b"],
    ],
    want: ["b", "z"],
  },
  {
    title: "never one of the same priority",
    pod: big("p", 5, "3"),
    nodes: [nodeOf("a")],
    placed: [[big("x", 5, "3"), "a"]],
    want: null,
  },
  {
    title: "never where it would not fit anyway",
    pod: big("p", 100, "5"),
    nodes: [nodeOf("a")],
    placed: [[big("x", 1), "a"]],
    want: null,
  },
  {
    title: "for a host port",
    pod: podOf("p", { priority: 9, hostPort: 80 }),
    nodes: [nodeOf("a")],
    placed: [
      [podOf("x", { hostPort: 80 }), "a"],
      [podOf("y"), "a"],
    ],
    want: ["a", "x"],
  },
  {
    title: "for the distance from another",
    pod: podOf("p", { priority: 9, ...web, spec: affinity({ podAntiAffinity: required(term("web")) }) }),
    nodes: [nodeOf("a")],
    placed: [
      [podOf("x", web), "a"],
      [podOf("y"), "a"],
    ],
    want: ["a", "x"],
  },
];

const budget = (allowed: number, disruptedPods: Readonly<Record<string, string>> = {}): PodDisruptionBudget => ({
  metadata: { name: "web", namespace: "default" },
  spec: { selector: { matchLabels: { app: "web" } } },
  status: { disruptionsAllowed: allowed, currentHealthy: 2, desiredHealthy: 2, expectedPods: 2, disruptedPods },
});
const held = big("held", 1);
const guarded: Pod = { ...held, metadata: { ...held.metadata, labels: { app: "web" } } };

const budgeted: readonly (readonly [title: string, budgets: readonly PodDisruptionBudget[], node: string])[] = [
  ["without one the less important victim", [], "a"],
  ["the node whose victim's budget holds", [budget(0)], "b"],
  ["one that lets it go is no reason", [budget(1)], "a"],
  ["nor is one that let it go already", [budget(0, { held: "" })], "a"],
];
for (const [title, budgets, node] of budgeted)
  test(`preemption and disruption budgets: ${title}`, () => {
    const cluster = clusterOf(two, [
      [guarded, "a"],
      [big("free", 5), "b"],
    ]);
    assert.equal(preempt(big("p", 100, "3"), cluster, { budgets }).node, node);
  });

test("preemption on one node lets off those first that a budget holds", () => {
  const cluster = clusterOf(
    [nodeOf("a")],
    [
      [guarded, "a"],
      [big("free", 5), "a"],
    ],
  );
  const found = preempt(big("p", 100, "2"), cluster, { budgets: [budget(0)] });
  assert.deepEqual(found.node === null ? [] : found.victims.map(({ metadata }) => metadata.name), ["free"]);
});

for (const { title, pod, nodes, placed, want } of preemptions) {
  test(`preemption: ${title}`, () => {
    const cluster = clusterOf(nodes, placed);
    const version = cluster.version;
    const found = preempt(pod, cluster);
    assert.deepEqual(
      found.node === null ? null : [found.node, ...found.victims.map(({ metadata }) => metadata.name).toSorted()],
      want,
    );
    // Thinking about it changes nothing.
    assert.equal(cluster.version, version);
    for (const [one, node] of placed) assert.equal(cluster.nodeOf(one.metadata.uid ?? "")?.name, node);
  });
}

test("room that is kept for a more important pod is not given to a lesser one, but is to a greater", () => {
  const cluster = clusterOf([nodeOf("a")]);
  cluster.nominate(big("coming", 50, "3"), "a");
  assert.equal(pick(big("lesser", 10, "2"), cluster).node, null);
  assert.equal(pick(big("greater", 99, "2"), cluster).node, "a");
  cluster.nominate(big("coming", 50, "3"), null);
  assert.equal(pick(big("lesser", 10, "2"), cluster).node, "a");
});

const kept: readonly {
  readonly title: string;
  readonly coming: PodWish;
  readonly lesser: PodWish;
  readonly why: string;
}[] = [
  { title: "CPU", coming: { cpu: "3" }, lesser: { cpu: "2" }, why: "Insufficient cpu" },
  { title: "memory", coming: { memory: "6Gi" }, lesser: { memory: "3Gi" }, why: "Insufficient memory" },
  {
    title: "ephemeral storage",
    coming: { others: { "ephemeral-storage": "8Gi" } },
    lesser: { others: { "ephemeral-storage": "3Gi" } },
    why: "Insufficient ephemeral-storage",
  },
  {
    title: "an extended resource",
    coming: { others: { "example.com/gpu": "3" } },
    lesser: { others: { "example.com/gpu": "2" } },
    why: "Insufficient example.com/gpu",
  },
  {
    title: "a host port",
    coming: { hostPort: 80 },
    lesser: { hostPort: 80 },
    why: "node(s) didn't have free ports for the requested pod ports",
  },
];
for (const { title, coming, lesser, why } of kept)
  test(`a nominated pod keeps ${title} from a lesser one, and gives it back when it is nominated no more`, () => {
    const cluster = clusterOf([nodeOf("a", { others: { "example.com/gpu": "4", "ephemeral-storage": "10Gi" } })]);
    const nominee = podOf("coming", { ...coming, priority: 50 });
    cluster.nominate(nominee, "a");
    const picked = pick(podOf("lesser", { ...lesser, priority: 10 }), cluster);
    assert.deepEqual(picked, { node: null, reasons: new Map([[why, 1]]) });
    const version = cluster.version;
    cluster.nominate(nominee, "a");
    assert.equal(cluster.version, version);
    cluster.nominate(nominee, null);
    assert.ok(cluster.version > version, "who waits must look again");
    assert.equal(pick(podOf("lesser", { ...lesser, priority: 10 }), cluster).node, "a");
  });

test("used amounts come and go with the pods", () => {
  const cluster = clusterOf([nodeOf("a")]);
  for (let round = 0; round < 3; round++) {
    cluster.placePod(big("x", 0, "3"), "a");
    assert.equal(pick(big("p", 0), cluster).node, null);
    cluster.removePod("uid-x");
    assert.equal(pick(big("p", 0), cluster).node, "a");
  }
  const facts = cluster.node("a");
  assert.deepEqual([facts?.cpuMillis, facts?.memoryBytes, facts?.pods.size], [0, 0, 0]);
});

test("counts follow pods and labels that change", () => {
  const cluster = clusterOf(two);
  const lonely = podOf("p", { ...web, spec: affinity({ podAntiAffinity: required(term("web")) }) });
  assert.notEqual(pick(lonely, cluster).node, null);
  cluster.placePod(podOf("x", web), "a");
  cluster.placePod(podOf("y", web), "b");
  assert.equal(pick(lonely, cluster).node, null);
  cluster.placePod(podOf("x", { labels: { app: "other" } }), "a");
  assert.equal(pick(lonely, cluster).node, "a");
  cluster.setNode(nodeOf("a", { labels: { "kubernetes.io/hostname": "b" } }));
  assert.equal(pick(lonely, cluster).node, null);
});
