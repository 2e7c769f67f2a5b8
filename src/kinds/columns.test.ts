/** Golden rows: what `kubectl get` and `kubectl get -o wide` print of each kind. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JsonObject } from "#base/json.ts";
import type { KubeObject } from "./object.ts";
import type { ContainerState } from "#kinds/core/pod-status.ts";
import { builtinKinds } from "./registry.ts";

const NOW = Date.parse("2026-01-02T00:00:00Z");
const HOUR_AGO = "2026-01-01T23:00:00Z";
const FIVE_MINUTES_AGO = "2026-01-01T23:55:00Z";

function rowOf(
  kindName: string,
  object: JsonObject,
): { readonly narrow: readonly unknown[]; readonly wide: readonly unknown[] } {
  const kind = builtinKinds.find(({ kind: name, storedAs }) => name === kindName && storedAs === undefined);
  assert.ok(kind, kindName);
  const metadata = {
    name: "x",
    namespace: "default",
    creationTimestamp: HOUR_AGO,
    ...(object["metadata"] as JsonObject | undefined),
  };
  const full = { ...object, metadata } as unknown as KubeObject;
  const cells = (priority: number): readonly unknown[] =>
    kind.columns.filter((column) => (column.priority ?? 0) === priority).map((column) => column.cell(full, NOW));
  return { narrow: cells(0), wide: cells(1) };
}

const container = (state: ContainerState, extra: JsonObject = {}): JsonObject => ({
  name: "a",
  ready: false,
  restartCount: 0,
  image: "i",
  imageID: "",
  state,
  ...extra,
});

const running = container({ running: { startedAt: HOUR_AGO } }, { ready: true, started: true });

interface PodCase {
  readonly title: string;
  readonly pod: JsonObject;
  readonly ready: string;
  readonly status: string;
  readonly restarts: string;
}

const spec = { containers: [{ name: "a" }] };
const died = { terminated: { exitCode: 1, reason: "Error", finishedAt: FIVE_MINUTES_AGO } };

const pods: readonly PodCase[] = [
  { title: "pending", pod: { spec, status: { phase: "Pending" } }, ready: "0/1", status: "Pending", restarts: "0" },
  {
    title: "running",
    pod: { spec, status: { phase: "Running", containerStatuses: [running] } },
    ready: "1/1",
    status: "Running",
    restarts: "0",
  },
  {
    title: "creating",
    pod: {
      spec,
      status: { phase: "Pending", containerStatuses: [container({ waiting: { reason: "ContainerCreating" } })] },
    },
    ready: "0/1",
    status: "ContainerCreating",
    restarts: "0",
  },
  {
    title: "crashing",
    pod: {
      spec,
      status: {
        phase: "Running",
        containerStatuses: [
          container({ waiting: { reason: "CrashLoopBackOff" } }, { restartCount: 2, lastState: died }),
        ],
      },
    },
    ready: "0/1",
    status: "CrashLoopBackOff",
    restarts: "2 (5m ago)",
  },
  {
    title: "out of memory",
    pod: {
      spec,
      status: {
        phase: "Failed",
        containerStatuses: [container({ terminated: { exitCode: 137, reason: "OOMKilled" } })],
      },
    },
    ready: "0/1",
    status: "OOMKilled",
    restarts: "0",
  },
  {
    title: "completed",
    pod: {
      spec,
      status: {
        phase: "Succeeded",
        containerStatuses: [container({ terminated: { exitCode: 0, reason: "Completed" } })],
      },
    },
    ready: "0/1",
    status: "Completed",
    restarts: "0",
  },
  {
    title: "exited without a reason",
    pod: { spec, status: { phase: "Failed", containerStatuses: [container({ terminated: { exitCode: 3 } })] } },
    ready: "0/1",
    status: "ExitCode:3",
    restarts: "0",
  },
  {
    title: "terminating",
    pod: {
      metadata: { deletionTimestamp: HOUR_AGO },
      spec,
      status: { phase: "Running", containerStatuses: [running] },
    },
    ready: "1/1",
    status: "Terminating",
    restarts: "0",
  },
  {
    title: "initializing",
    pod: {
      spec: { ...spec, initContainers: [{ name: "i" }] },
      status: { phase: "Pending", initContainerStatuses: [container({ running: {} }, { name: "i" })] },
    },
    ready: "0/1",
    status: "Init:0/1",
    restarts: "0",
  },
  {
    title: "failing to initialize",
    pod: {
      spec: { ...spec, initContainers: [{ name: "i" }] },
      status: {
        phase: "Pending",
        initContainerStatuses: [container({ waiting: { reason: "CrashLoopBackOff" } }, { name: "i", restartCount: 1 })],
      },
    },
    ready: "0/1",
    status: "Init:CrashLoopBackOff",
    restarts: "1",
  },
  {
    title: "with a sidecar",
    pod: {
      spec: { ...spec, initContainers: [{ name: "s", restartPolicy: "Always" }] },
      status: {
        phase: "Running",
        initContainerStatuses: [container({ running: {} }, { name: "s", started: true, ready: true })],
        containerStatuses: [running],
      },
    },
    ready: "2/2",
    status: "Running",
    restarts: "0",
  },
  {
    title: "one of two completed",
    pod: {
      spec: { containers: [{ name: "a" }, { name: "b" }] },
      status: {
        phase: "Running",
        conditions: [{ type: "Ready", status: "False" }],
        containerStatuses: [container({ terminated: { exitCode: 0, reason: "Completed" } }), { ...running, name: "b" }],
      },
    },
    ready: "1/2",
    status: "NotReady",
    restarts: "0",
  },
  {
    title: "lost with its node",
    pod: { metadata: { deletionTimestamp: HOUR_AGO }, spec, status: { phase: "Running", reason: "NodeLost" } },
    ready: "0/1",
    status: "Unknown",
    restarts: "0",
  },
];

for (const { title, pod, ready, status, restarts } of pods) {
  test(`a pod ${title}`, () => assert.deepEqual(rowOf("Pod", pod).narrow, [ready, status, restarts, "60m"]));
}

const template = { spec: { containers: [{ name: "web", image: "nginx:1" }] } };
const selector = { matchLabels: { app: "web" } };

const rows: readonly (readonly [
  kind: string,
  object: JsonObject,
  narrow: readonly unknown[],
  wide: readonly unknown[],
])[] = [
  [
    "Pod",
    {
      spec: { ...spec, nodeName: "node-1", readinessGates: [{ conditionType: "g" }] },
      status: { phase: "Running", podIPs: [{ ip: "10.0.0.7" }] },
    },
    ["0/1", "Running", "0", "60m"],
    ["10.0.0.7", "node-1", "<none>", "0/1"],
  ],
  [
    "Deployment",
    {
      spec: { replicas: 3, selector, template },
      status: { readyReplicas: 2, updatedReplicas: 3, availableReplicas: 2 },
    },
    ["2/3", 3, 2, "60m"],
    ["web", "nginx:1", "app=web"],
  ],
  [
    "DaemonSet",
    {
      spec: { selector, template },
      status: { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberReady: 1, updatedNumberScheduled: 2 },
    },
    [3, 2, 1, 2, 0, "<none>", "60m"],
    ["web", "nginx:1", "app=web"],
  ],
  [
    "StatefulSet",
    { spec: { replicas: 3, selector, template }, status: { readyReplicas: 2 } },
    ["2/3", "60m"],
    ["web", "nginx:1"],
  ],
  [
    "ControllerRevision",
    {
      metadata: {
        ownerReferences: [{ apiVersion: "apps/v1", kind: "DaemonSet", name: "web", uid: "u", controller: true }],
      },
      data: {},
      revision: 2,
    },
    ["daemonset.apps/web", "2", "60m"],
    [],
  ],
  [
    "ReplicaSet",
    { spec: { replicas: 3, selector, template }, status: { replicas: 3, readyReplicas: 2 } },
    [3, 3, 2, "60m"],
    ["web", "nginx:1", "app=web"],
  ],
  [
    "CronJob",
    { spec: { schedule: "* * * * *", suspend: true, jobTemplate: { spec: { template } } } },
    ["* * * * *", "<none>", "True", 0, "<none>", "60m"],
    ["web", "nginx:1", "<none>"],
  ],
  [
    "Job",
    {
      spec: { completions: 3, selector, template },
      status: { succeeded: 1, startTime: HOUR_AGO, conditions: [{ type: "Suspended", status: "True" }] },
    },
    ["Suspended", "1/3", "60m", "60m"],
    ["web", "nginx:1", "app=web"],
  ],
  [
    "Job",
    { spec: { parallelism: 2, selector, template }, metadata: { deletionTimestamp: HOUR_AGO } },
    ["Terminating", "0/1 of 2", "", "60m"],
    ["web", "nginx:1", "app=web"],
  ],
  [
    "ReplicationController",
    { spec: { replicas: 3, selector: { app: "web" }, template }, status: { replicas: 3, readyReplicas: 2 } },
    [3, 3, 2, "60m"],
    ["web", "nginx:1", "app=web"],
  ],
  [
    "Service",
    {
      spec: {
        type: "NodePort",
        clusterIP: "10.128.0.9",
        clusterIPs: ["10.128.0.9"],
        selector: { app: "web" },
        ports: [{ port: 80, nodePort: 30080, protocol: "TCP" }],
      },
    },
    ["NodePort", "10.128.0.9", "<none>", "80:30080/TCP", "60m"],
    ["app=web"],
  ],
  [
    "Service",
    { spec: { type: "ExternalName", externalName: "a.example" } },
    ["ExternalName", "<none>", "a.example", "<none>", "60m"],
    ["<none>"],
  ],
  [
    "Service",
    { spec: { type: "LoadBalancer", clusterIP: "10.128.0.9", ports: [{ port: 80 }] } },
    ["LoadBalancer", "10.128.0.9", "<pending>", "80/TCP", "60m"],
    ["<none>"],
  ],
  [
    "Node",
    {
      metadata: { labels: { "node-role.kubernetes.io/control-plane": "" } },
      spec: { unschedulable: true },
      status: {
        conditions: [{ type: "Ready", status: "True" }],
        addresses: [{ type: "InternalIP", address: "10.192.0.11" }],
        nodeInfo: {
          kubeletVersion: "v1.34.1",
          osImage: "Debian",
          kernelVersion: "6",
          containerRuntimeVersion: "containerd://1.6",
        },
      },
    },
    ["Ready,SchedulingDisabled", "control-plane", "60m", "v1.34.1"],
    ["10.192.0.11", "<none>", "Debian", "6", "containerd://1.6"],
  ],
  [
    "Node",
    { status: {} },
    ["Unknown", "<none>", "60m", ""],
    ["<none>", "<none>", "<unknown>", "<unknown>", "<unknown>"],
  ],
  ["Namespace", { status: { phase: "Active" } }, ["Active", "60m"], []],
  ["ConfigMap", { data: { a: "1" }, binaryData: { b: "MQ==" } }, [2, "60m"], []],
  ["Secret", { type: "Opaque", data: { a: "MQ==" } }, ["Opaque", 1, "60m"], []],
  ["ServiceAccount", {}, [0, "60m"], []],
  ["Lease", { spec: { holderIdentity: "node-1" } }, ["node-1", "60m"], []],
  ["PriorityClass", { value: 1000, preemptionPolicy: "Never" }, [1000, false, "60m", "Never"], []],
  ["Role", { rules: [] }, [HOUR_AGO], []],
  [
    "RoleBinding",
    {
      roleRef: { apiGroup: "", kind: "Role", name: "r" },
      subjects: [
        { kind: "User", name: "eve" },
        { kind: "ServiceAccount", namespace: "default", name: "sa" },
      ],
    },
    ["Role/r", "60m"],
    ["eve", "", "default/sa"],
  ],
  [
    "Endpoints",
    { subsets: [{ addresses: [{ ip: "10.0.0.1" }, { ip: "10.0.0.2" }], ports: [{ port: 80 }] }] },
    ["10.0.0.1:80,10.0.0.2:80", "60m"],
    [],
  ],
  [
    "EndpointSlice",
    {
      addressType: "IPv4",
      endpoints: ["1", "2", "3", "4"].map((last) => ({ addresses: [`10.0.0.${last}`] })),
      ports: [{ port: 80 }],
    },
    ["IPv4", "80", "10.0.0.1,10.0.0.2,10.0.0.3 + 1 more...", "60m"],
    [],
  ],
  [
    "Ingress",
    {
      spec: { ingressClassName: "catamaran", rules: [{ host: "a.example" }] },
      status: { loadBalancer: { ingress: [{ ip: "127.0.0.1" }] } },
    },
    ["catamaran", "a.example", "127.0.0.1", "80", "60m"],
    [],
  ],
  [
    "NetworkPolicy",
    {
      spec: {
        podSelector: { matchLabels: { b: "1" }, matchExpressions: [{ key: "a", operator: "In", values: ["y", "x"] }] },
      },
    },
    ["a in (x,y),b=1", "60m"],
    [],
  ],
  ["IngressClass", { spec: { controller: "catamaran.dev/gateway" } }, ["catamaran.dev/gateway", "<none>", "60m"], []],
  [
    "HorizontalPodAutoscaler",
    {
      spec: {
        scaleTargetRef: { kind: "Deployment", name: "web" },
        minReplicas: 3,
        maxReplicas: 10,
        metrics: [
          { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } },
        ],
      },
      status: {
        currentReplicas: 3,
        currentMetrics: [
          { type: "Resource", resource: { name: "cpu", current: { averageUtilization: 12, averageValue: "12m" } } },
        ],
      },
    },
    ["Deployment/web", "cpu: 12%/70%", "3", 10, 3, "60m"],
    [],
  ],
  [
    "HorizontalPodAutoscaler",
    {
      spec: {
        scaleTargetRef: { kind: "Deployment", name: "web" },
        maxReplicas: 10,
        metrics: [
          { type: "Resource", resource: { name: "memory", target: { type: "AverageValue", averageValue: "64Mi" } } },
        ],
      },
    },
    ["Deployment/web", "memory: <unknown>/64Mi", "<unset>", 10, 0, "60m"],
    [],
  ],
  [
    "Event",
    {
      involvedObject: { kind: "Pod", name: "p", fieldPath: "spec.containers{a}" },
      type: "Normal",
      reason: "Started",
      message: "Started container a",
      count: 3,
      firstTimestamp: HOUR_AGO,
      lastTimestamp: FIVE_MINUTES_AGO,
      source: { component: "kubelet", host: "node-1" },
    },
    ["5m", "Normal", "Started", "pod/p", "Started container a"],
    ["spec.containers{a}", "kubelet, node-1", "60m", "3", "x"],
  ],
  ["CustomResourceDefinition", {}, [HOUR_AGO], []],
  [
    "PodMetrics",
    {
      timestamp: HOUR_AGO,
      window: "5s",
      containers: [
        { name: "a", usage: { cpu: "120m", memory: "64Mi" } },
        { name: "b", usage: { cpu: "80m", memory: "1024Ki" } },
      ],
    },
    ["200m", "65Mi", "5s"],
    [],
  ],
  [
    "Function",
    {
      spec: { runtime: "nodejs24.x", handler: "index.handler", memoryMib: 128 },
      status: { state: "Active", running: 2 },
    },
    ["nodejs24.x", "index.handler", "128Mi", "Active", 2, "60m"],
    [],
  ],
  [
    "Table",
    {
      spec: { keySchema: [{ attributeName: "id", keyType: "HASH" }], billingMode: "PAY_PER_REQUEST" },
      status: { state: "ACTIVE" },
    },
    ["id", "PAY_PER_REQUEST", "ACTIVE", "60m"],
    [],
  ],
  [
    "HttpApi",
    {
      spec: {
        routes: [{ routeKey: "$default", function: "f" }],
        stages: [{ stageName: "$default" }, { stageName: "dev" }],
      },
      status: { endpoint: "http://a" },
    },
    [1, "$default,dev", "http://a", "60m"],
    [],
  ],
  [
    "RestApi",
    { spec: { resources: [{ id: "r" }], stages: [{ stageName: "dev" }] }, status: { endpoint: "http://a" } },
    [1, "dev", "http://a", "60m"],
    [],
  ],
  [
    "WebSocketApi",
    {
      spec: { routes: [{ routeKey: "$connect" }], stages: [{ stageName: "dev" }] },
      status: { endpoint: "ws://a" },
    },
    [1, "dev", "ws://a", "60m"],
    [],
  ],
  ["ApiKey", { spec: { name: "ann", value: "v", enabled: false } }, ["ann", "false", "60m"], []],
  ["UsagePlan", { spec: { name: "gold", keys: ["a", "b"] } }, ["gold", 2, "60m"], []],
  ["ApiDeployment", { spec: { api: "shop", deploymentId: "d", snapshot: {} } }, ["shop", "", "60m"], []],
];

for (const [index, [kind, object, narrow, wide]] of rows.entries()) {
  test(`row ${index + 1}, ${kind}`, () => assert.deepEqual(rowOf(kind, object), { narrow, wide }));
}
