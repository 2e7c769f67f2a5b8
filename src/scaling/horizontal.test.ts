/** The autoscaler's arithmetic as tables; figures are worked out by hand from upstream's rules. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { timestamp } from "#base/clock.ts";
import type { HorizontalPodAutoscalerSpec, MetricSpec } from "#kinds/autoscaling/autoscaler-spec.ts";
import type { PodMetrics } from "#kinds/autoscaling/metrics.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { DEFAULT_SETTINGS, desiredReplicas, type ScalingDecision, type ScalingQuestion } from "./horizontal.ts";
import { averageReplicas, type MetricAnswer, type MetricQuestion, utilizationReplicas } from "./metric-replicas.ts";
import { noHistory } from "./pace.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const MINUTE = 60_000;

type State = "ready" | "unready" | "pending" | "failed" | "deleted";

function podOf(
  name: string,
  state: State = "ready",
  {
    startedAgoMs = 60 * MINUTE,
    changedAgoMs = 59 * MINUTE,
    request = "1000",
  }: { readonly startedAgoMs?: number; readonly changedAgoMs?: number; readonly request?: string | null } = {},
): Pod {
  const requests = request === null ? {} : { requests: { cpu: `${request}m`, memory: `${request}Mi` } };
  // A pod that was never ready became unready as it started.
  const changedMs = state === "unready" ? NOW - startedAgoMs + 1_000 : NOW - changedAgoMs;
  return {
    metadata: { name, namespace: "default", ...(state === "deleted" && { deletionTimestamp: timestamp(NOW) }) },
    spec: { containers: [{ name: "app", resources: requests }] },
    status: {
      phase: state === "pending" ? "Pending" : state === "failed" ? "Failed" : "Running",
      startTime: timestamp(NOW - startedAgoMs),
      conditions: [
        {
          type: "Ready",
          status: state === "ready" || state === "deleted" ? "True" : "False",
          lastTransitionTime: timestamp(changedMs),
        },
      ],
    },
  };
}

function sample(name: string, used: number, atMs: number = NOW - 5_000): PodMetrics {
  return {
    metadata: { name, namespace: "default" },
    timestamp: timestamp(atMs),
    window: "15s",
    containers: [{ name: "app", usage: { cpu: `${used}m`, memory: `${used}Mi` } }],
  };
}

interface Case {
  readonly title: string;
  readonly current: number;
  /** Percent of requests, or "500m" per pod. */
  readonly target: number | string;
  /** Millicores (or Mi) of 1000 requested; null is a missing sample. */
  readonly used: readonly (number | null)[];
  readonly states?: readonly State[];
  readonly resource?: string;
  readonly replicas: number;
  readonly utilization?: number;
}

function same(count: number, used: number): readonly number[] {
  return Array.from({ length: count }, () => used);
}

function ask({ current, target, used, states = [], resource = "cpu" }: Omit<Case, "title" | "replicas">): MetricAnswer {
  const pods = used.map((_, at) => podOf(`p${at}`, states[at] ?? "ready"));
  const metrics = used.flatMap((value, at) => (value === null ? [] : [sample(`p${at}`, value)]));
  return askOf({ currentReplicas: current, resource, pods, metrics }, target);
}

function askOf(
  question: Pick<MetricQuestion, "currentReplicas" | "resource" | "pods" | "metrics"> & { readonly container?: string },
  target: number | string,
): MetricAnswer {
  const full: MetricQuestion = { ...question, tolerance: { up: 0.1, down: 0.1 }, timing: DEFAULT_SETTINGS, now: NOW };
  return typeof target === "number"
    ? utilizationReplicas(full, target)
    : averageReplicas(full, Number(target.replace("m", "")));
}

const metricCases: readonly Case[] = [
  { title: "scales up by the ratio", current: 3, target: 30, used: [300, 500, 700], replicas: 5, utilization: 50 },
  {
    title: "scales down by the ratio, rounded up",
    current: 5,
    target: 50,
    used: [100, 300, 500, 250, 250],
    replicas: 3,
    utilization: 28,
  },
  { title: "at the target nothing changes", current: 2, target: 50, used: [500, 500], replicas: 2, utilization: 50 },
  {
    title: "2 % over is within the tolerance",
    current: 3,
    target: 100,
    used: [1010, 1030, 1020],
    replicas: 3,
    utilization: 102,
  },
  {
    title: "10 % over is within the tolerance",
    current: 10,
    target: 100,
    used: same(10, 1100),
    replicas: 10,
    utilization: 110,
  },
  { title: "11 % over is not", current: 10, target: 100, used: same(10, 1110), replicas: 12, utilization: 111 },
  {
    title: "10 % under is within the tolerance",
    current: 10,
    target: 100,
    used: same(10, 900),
    replicas: 10,
    utilization: 90,
  },
  { title: "11 % under is not", current: 10, target: 100, used: same(10, 890), replicas: 9, utilization: 89 },
  {
    title: "77.9 % is cut to 77 %, which is 10 % over 70 %: no change",
    current: 10,
    target: 70,
    used: same(10, 779),
    replicas: 10,
    utilization: 77,
  },
  { title: "78 % of 70 % is over", current: 10, target: 70, used: same(10, 780), replicas: 12, utilization: 78 },
  { title: "63 % of 70 % is just within", current: 10, target: 70, used: same(10, 630), replicas: 10, utilization: 63 },
  {
    title: "62.9 % is cut to 62 %, which is under",
    current: 10,
    target: 70,
    used: same(10, 629),
    replicas: 9,
    utilization: 62,
  },
  {
    title: "down: missing pods use all of their request",
    current: 4,
    target: 100,
    used: [500, 500, null, null],
    replicas: 3,
    utilization: 50,
  },
  {
    title: "up: missing pods use nothing, and the rest is just enough",
    current: 4,
    target: 50,
    used: [1000, 1000, null, null],
    replicas: 4,
    utilization: 100,
  },
  {
    title: "up: missing pods use nothing, and it is still too much",
    current: 3,
    target: 50,
    used: [1000, 1000, null],
    replicas: 4,
    utilization: 100,
  },
  {
    title: "missing pods bring it within the tolerance",
    current: 3,
    target: 100,
    used: [800, null, null],
    replicas: 3,
    utilization: 80,
  },
  {
    title: "missing pods would turn the direction",
    current: 2,
    target: 50,
    used: [400, null],
    replicas: 2,
    utilization: 40,
  },
  {
    title: "a target over 100 %: missing pods use as much as that",
    current: 4,
    target: 150,
    used: [600, 600, 600, null],
    replicas: 3,
    utilization: 60,
  },
  {
    title: "missing pods at the target change nothing",
    current: 2,
    target: 50,
    used: [500, null],
    replicas: 2,
    utilization: 50,
  },
  {
    title: "up: unready pods use nothing",
    current: 3,
    target: 30,
    used: [300, 500, 700],
    states: ["unready"],
    replicas: 4,
    utilization: 60,
  },
  {
    title: "down: unready pods do not count at all",
    current: 3,
    target: 50,
    used: [200, 200, 200],
    states: ["unready"],
    replicas: 1,
    utilization: 20,
  },
  {
    title: "up: pending pods use nothing",
    current: 3,
    target: 30,
    used: [null, 500, 700],
    states: ["pending"],
    replicas: 4,
    utilization: 60,
  },
  {
    title: "unready pods would turn the direction",
    current: 4,
    target: 100,
    used: [1500, 1, 1, 1],
    states: ["ready", "unready", "unready", "unready"],
    replicas: 4,
    utilization: 150,
  },
  {
    title: "pods on their way out are ignored",
    current: 2,
    target: 50,
    used: [1000, 1000, 1000],
    states: ["ready", "ready", "deleted"],
    replicas: 4,
    utilization: 100,
  },
  {
    title: "failed pods are ignored",
    current: 2,
    target: 50,
    used: [1000, 1000, 0],
    states: ["ready", "ready", "failed"],
    replicas: 4,
    utilization: 100,
  },
  {
    title: "up: missing and unready together",
    current: 4,
    target: 50,
    used: [1000, 1000, null, 1000],
    states: ["ready", "ready", "ready", "unready"],
    replicas: 4,
    utilization: 100,
  },
  {
    title: "fewer pods than replicas: the result may not go against the ratio",
    current: 10,
    target: 50,
    used: [1000, 1000, null],
    replicas: 10,
    utilization: 100,
  },
  {
    title: "fewer pods than replicas, all known: the ratio counts from the pods",
    current: 10,
    target: 50,
    used: [1000, 1000, 1000],
    replicas: 6,
    utilization: 100,
  },
  {
    title: "memory believes unready pods",
    current: 2,
    target: 50,
    used: [750, 750],
    states: ["unready", "ready"],
    resource: "memory",
    replicas: 3,
    utilization: 75,
  },
  { title: "by amount: up", current: 3, target: "500m", used: [600, 600, 900], replicas: 5 },
  {
    title: "by amount: the average is cut to a whole milli",
    current: 3,
    target: "500m",
    used: [500, 500, 501],
    replicas: 3,
  },
  {
    title: "by amount, down: missing pods use the target",
    current: 4,
    target: "1000m",
    used: [400, 400, null, null],
    replicas: 3,
  },
  {
    title: "by amount, up: missing pods use nothing",
    current: 3,
    target: "500m",
    used: [1000, 1000, null],
    replicas: 4,
  },
];

for (const { title, replicas, utilization, ...question } of metricCases) {
  test(`metric: ${title}`, () => {
    const answer = ask(question);
    assert.ok(answer.ok, answer.ok ? "" : answer.message);
    assert.equal(answer.replicas, replicas);
    assert.equal(answer.utilization, utilization);
  });
}

const refusals: readonly {
  readonly title: string;
  readonly question: Parameters<typeof askOf>[0];
  readonly message: string;
}[] = [
  {
    title: "no samples",
    question: { currentReplicas: 1, resource: "cpu", pods: [podOf("a")], metrics: [] },
    message: "unable to get metrics for resource cpu: no metrics returned from resource metrics API",
  },
  {
    title: "no requests",
    question: {
      currentReplicas: 1,
      resource: "cpu",
      pods: [podOf("a", "ready", { request: null })],
      metrics: [sample("a", 1)],
    },
    message: "missing request for cpu in container app of Pod a",
  },
  {
    title: "no such container",
    question: { currentReplicas: 1, resource: "cpu", container: "side", pods: [podOf("a")], metrics: [sample("a", 1)] },
    message: "container side not found in Pod a",
  },
  {
    title: "only unready pods",
    question: { currentReplicas: 1, resource: "cpu", pods: [podOf("a", "unready")], metrics: [sample("a", 1)] },
    message: "did not receive metrics for targeted pods (pods might be unready)",
  },
];

for (const { title, question, message } of refusals)
  test(`metric: ${title} is said`, () => assert.deepEqual(askOf(question, 50), { ok: false, message }));

const beliefs: readonly {
  readonly title: string;
  readonly pod: Pod;
  readonly sampledAgoMs: number;
  readonly isCounted: boolean;
}[] = [
  {
    title: "started four minutes ago, ready, sampled since: counts",
    pod: podOf("b", "ready", { startedAgoMs: 4 * MINUTE, changedAgoMs: MINUTE }),
    sampledAgoMs: 5_000,
    isCounted: true,
  },
  {
    title: "started four minutes ago, the sample's window began before it was ready: does not",
    pod: podOf("b", "ready", { startedAgoMs: 4 * MINUTE, changedAgoMs: 10_000 }),
    sampledAgoMs: 5_000,
    isCounted: false,
  },
  {
    title: "started six minutes ago, just became ready: counts",
    pod: podOf("b", "ready", { startedAgoMs: 6 * MINUTE, changedAgoMs: 10_000 }),
    sampledAgoMs: 5_000,
    isCounted: true,
  },
  {
    title: "started an hour ago and never was ready: does not",
    pod: podOf("b", "unready"),
    sampledAgoMs: 5_000,
    isCounted: false,
  },
  {
    title: "was ready once and is not now: counts",
    pod: {
      ...podOf("b", "unready"),
      status: {
        ...podOf("b").status,
        conditions: [{ type: "Ready", status: "False", lastTransitionTime: timestamp(NOW - MINUTE) }],
      },
    },
    sampledAgoMs: 5_000,
    isCounted: true,
  },
  {
    title: "has no start time: does not",
    pod: { ...podOf("b"), status: { phase: "Running", conditions: podOf("b").status?.conditions ?? [] } },
    sampledAgoMs: 5_000,
    isCounted: false,
  },
];

for (const { title, pod, sampledAgoMs, isCounted } of beliefs) {
  test(`CPU of a pod that ${title}`, () => {
    // Alone 100 % of 50 %; with b's idle sample it is 50 % of 50 %.
    const answer = askOf(
      {
        currentReplicas: 2,
        resource: "cpu",
        pods: [podOf("a"), pod],
        metrics: [sample("a", 1000), sample("b", 0, NOW - sampledAgoMs)],
      },
      50,
    );
    assert.equal(answer.ok && answer.utilization, isCounted ? 50 : 100);
  });
}

const cpu = (averageUtilization: number): MetricSpec => ({
  type: "Resource",
  resource: { name: "cpu", target: { type: "Utilization", averageUtilization } },
});
const memory = (averageValue: string): MetricSpec => ({
  type: "Resource",
  resource: { name: "memory", target: { type: "AverageValue", averageValue } },
});
const custom: MetricSpec = {
  type: "Pods",
  pods: { metric: { name: "requests" }, target: { type: "AverageValue", averageValue: "10" } },
};

function specOf(rest: Partial<HorizontalPodAutoscalerSpec> = {}): HorizontalPodAutoscalerSpec {
  return {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
    minReplicas: 3,
    maxReplicas: 10,
    metrics: [cpu(70)],
    ...rest,
  };
}

function decide(used: readonly number[], rest: Partial<ScalingQuestion> = {}): ScalingDecision {
  return desiredReplicas({
    spec: specOf(),
    currentReplicas: used.length,
    pods: used.map((_, at) => podOf(`p${at}`)),
    metrics: used.map((value, at) => sample(`p${at}`, value)),
    history: noHistory,
    now: NOW,
    ...rest,
  });
}

function words({ conditions }: ScalingDecision): readonly string[] {
  return conditions.map(({ type, status, reason }) => `${type}=${status} ${reason}`);
}

test("two autoscalers of the same pods: nobody scales, and it is said why", () => {
  const contest = {
    selector: "app=web",
    autoscalers: [
      { name: "a", namespace: "default" },
      { name: "b", namespace: "default" },
    ],
  };
  const decision = decide(same(3, 1200), { contest });
  const message = "pods by selector app=web are controlled by multiple HPAs: [{a default} {b default}]";
  assert.deepEqual([decision.replicas, decision.isRescaled, decision.isKnown], [3, false, false]);
  assert.deepEqual(decision.conditions[1], {
    type: "ScalingActive",
    status: "False",
    reason: "AmbiguousSelector",
    message,
  });
  assert.deepEqual(decision.warnings, [
    { reason: "AmbiguousSelector", message },
    { reason: "FailedComputeMetricsReplicas", message },
  ]);
});

test("two autoscalers of the same pods: the bounds hold all the same", () => {
  const contest = { selector: "app=web", autoscalers: [] };
  assert.equal(decide(same(11, 1200), { contest }).replicas, 10);
});

test("up: the event's reason, the conditions and the status of the metric", () => {
  const decision = decide(same(3, 1200));
  assert.equal(decision.replicas, 6);
  assert.equal(decision.reason, "cpu resource utilization (percentage of request) above target");
  assert.deepEqual(words(decision), [
    "AbleToScale=True SucceededRescale",
    "ScalingActive=True ValidMetricFound",
    "ScalingLimited=False DesiredWithinRange",
  ]);
  assert.deepEqual(decision.currentMetrics, [
    { type: "Resource", resource: { name: "cpu", current: { averageValue: "1200m", averageUtilization: 120 } } },
  ]);
  assert.equal(
    decision.conditions[1]?.message,
    "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)",
  );
});

test("down waits five minutes from the first decision, then says why it goes", () => {
  const first = decide(same(6, 100));
  assert.equal(first.isRescaled, false);
  assert.deepEqual(words(first), [
    "AbleToScale=True ScaleDownStabilized",
    "ScalingActive=True ValidMetricFound",
    "ScalingLimited=False DesiredWithinRange",
  ]);
  const later = decide(same(6, 100), { history: first.history, now: NOW + 300_000 });
  assert.equal(later.replicas, 3);
  assert.equal(later.reason, "All metrics below target");
  assert.deepEqual(words(later), [
    "AbleToScale=True SucceededRescale",
    "ScalingActive=True ValidMetricFound",
    "ScalingLimited=True TooFewReplicas",
  ]);
});

test("more than the maximum and less than the minimum are put right at once", () => {
  assert.equal(decide(same(12, 700)).reason, "Current number of replicas above Spec.MaxReplicas");
  assert.equal(decide(same(12, 700)).replicas, 10);
  assert.equal(decide(same(1, 700)).reason, "Current number of replicas below Spec.MinReplicas");
  assert.equal(decide(same(1, 700)).replicas, 3);
});

test("a target of no replicas is left alone", () => {
  const decision = decide([], { currentReplicas: 0 });
  assert.equal(decision.isRescaled, false);
  assert.deepEqual(words(decision), ["AbleToScale=True SucceededGetScale", "ScalingActive=False ScalingDisabled"]);
});

test("of several metrics the highest counts", () => {
  const decision = decide(same(3, 1000), { spec: specOf({ metrics: [cpu(70), memory("500Mi")] }) });
  assert.equal(decision.replicas, 6);
  assert.equal(decision.reason, "memory resource above target");
  assert.equal(decision.currentMetrics.length, 2);
  assert.deepEqual(decision.currentMetrics[1], {
    type: "Resource",
    resource: { name: "memory", current: { averageValue: "1048576k" } },
  });
});

test("with one metric unknown it still goes up", () => {
  const decision = decide(same(3, 1200), { spec: specOf({ metrics: [custom, cpu(70)] }) });
  assert.equal(decision.replicas, 6);
  assert.deepEqual(
    decision.warnings.map(({ reason }) => reason),
    ["FailedGetPodsMetric"],
  );
});

test("with one metric unknown it never goes down", () => {
  const decision = decide(same(6, 100), { spec: specOf({ metrics: [custom, cpu(70)] }) });
  assert.equal(decision.isRescaled, false);
  assert.deepEqual(words(decision), ["AbleToScale=True SucceededGetScale", "ScalingActive=False FailedGetPodsMetric"]);
});

test("without any metric it says so as upstream does", () => {
  const decision = decide(same(3, 0), { metrics: [] });
  assert.equal(decision.isRescaled, false);
  assert.deepEqual(decision.warnings, [
    {
      reason: "FailedGetResourceMetric",
      message:
        "failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API",
    },
    {
      reason: "FailedComputeMetricsReplicas",
      message:
        "invalid metrics (1 invalid out of 1), first error is: failed to get cpu resource metric value: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API",
    },
  ]);
});

test("a container's own resource", () => {
  const metric: MetricSpec = {
    type: "ContainerResource",
    containerResource: { name: "cpu", container: "app", target: { type: "Utilization", averageUtilization: 70 } },
  };
  const decision = decide(same(3, 1200), { spec: specOf({ metrics: [metric] }) });
  assert.equal(decision.reason, "cpu container resource utilization (percentage of request) above target");
});

test("a tolerance of the object's own", () => {
  const behavior = { scaleUp: { tolerance: "0.5" } };
  assert.equal(decide(same(4, 1000)).replicas, 6);
  assert.equal(decide(same(4, 1000), { spec: specOf({ behavior }) }).replicas, 4);
});
