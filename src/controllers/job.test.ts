/** Jobs: their plans as tables, and whole ones on a cluster in memory, each ended pod counted once. */
import assert from "node:assert/strict";
import { setImmediate as yieldOnce } from "node:timers/promises";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { jobKind } from "#kinds/batch/job.ts";
import type { Job, JobSpec } from "#kinds/batch/job-spec.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { allControllers } from "./all.ts";
import { jobController } from "./job.ts";
import { SampleCluster } from "./sample-cluster.ts";
import { brief, planOf } from "./sample-plan.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const START = "2026-01-02T03:00:00Z";
const TRACKING = "batch.kubernetes.io/job-tracking";
const pod = { restartPolicy: "Never", containers: [{ name: "c", image: "app:1" }] } as const;

type Status = NonNullable<Job["status"]>;

function jobOf(rest: Partial<JobSpec>, status: Status = {}): Job {
  const labels = { "batch.kubernetes.io/controller-uid": "u", "batch.kubernetes.io/job-name": "sum" };
  const spec = { completions: 2, parallelism: 1, backoffLimit: 1, template: { metadata: { labels }, spec: pod } };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name: "sum", namespace: "default", uid: "u" },
    spec: { ...spec, selector: { matchLabels: { "batch.kubernetes.io/controller-uid": "u" } }, ...rest },
    status: { startTime: START, ...status },
  };
}

interface PodFacts {
  readonly phase?: "Pending" | "Running" | "Succeeded" | "Failed";
  readonly isTracked?: boolean;
  readonly index?: number;
  readonly exitCode?: number;
  readonly condition?: string;
  readonly owner?: string;
}

function podOf(name: string, facts: PodFacts = {}): Pod {
  const { phase = "Running", isTracked = true, index, exitCode, condition, owner = "u" } = facts;
  const reference = { apiVersion: "batch/v1", kind: "Job", name: "sum", uid: owner, controller: true };
  const state = { terminated: { exitCode: exitCode ?? 0, finishedAt: "2026-01-02T03:04:00Z" } };
  return {
    metadata: {
      name,
      namespace: "default",
      uid: name,
      labels: { "batch.kubernetes.io/controller-uid": "u", "batch.kubernetes.io/job-name": "sum" },
      ...(isTracked && { finalizers: [TRACKING] }),
      ...(index !== undefined && { annotations: { "batch.kubernetes.io/job-completion-index": String(index) } }),
      ...(owner !== "" && { ownerReferences: [reference] }),
    },
    spec: { containers: [] },
    status: {
      phase,
      ...(condition !== undefined && { conditions: [{ type: condition, status: "True" as const }] }),
      ...(exitCode !== undefined && {
        containerStatuses: [{ name: "c", ready: false, restartCount: 0, image: "", imageID: "", state }],
      }),
    },
  };
}

const failing = (rule: object): Partial<JobSpec> => ({
  podFailurePolicy: { rules: [{ action: "FailJob", ...rule }] } as NonNullable<JobSpec["podFailurePolicy"]>,
});
const indexed = { completionMode: "Indexed", completions: 4, parallelism: 4 } as const;

/** What the plan says in short, and what of the status it changes. */
const cases: readonly {
  readonly title: string;
  readonly spec?: Partial<JobSpec>;
  readonly status?: Status;
  readonly pods?: readonly Pod[];
  readonly changes: readonly string[];
  readonly says?: object;
}[] = [
  {
    title: "one that is missing is made",
    changes: [
      "patch jobs.batch/status default/sum",
      "create pods default/sum-",
      "event Normal SuccessfulCreate: Created pod: sum-",
    ],
    says: { ready: 0, terminating: 0, uncountedTerminatedPods: {} },
  },
  {
    title: "an ended one is written down before its finalizer is taken",
    spec: { completions: 1 },
    pods: [podOf("a", { phase: "Succeeded" })],
    changes: ["patch jobs.batch/status default/sum", "patch pods default/a"],
    says: { uncountedTerminatedPods: { succeeded: ["a"] } },
  },
  {
    title: "and counted once it has none",
    spec: { completions: 3 },
    status: { uncountedTerminatedPods: { succeeded: ["a"], failed: ["b"] }, succeeded: 1 },
    pods: [podOf("a", { phase: "Succeeded", isTracked: false }), podOf("c")],
    changes: ["patch jobs.batch/status default/sum"],
    says: { succeeded: 2, failed: 1, active: 1, uncountedTerminatedPods: {} },
  },
  {
    title: "a podFailurePolicy fails it by an exit code",
    spec: failing({ onExitCodes: { operator: "In", values: [3], containerName: "c" } }),
    pods: [podOf("a", { phase: "Failed", exitCode: 3 }), podOf("b")],
    changes: [
      "patch jobs.batch/status default/sum",
      "remove pods default/b",
      "event Normal SuccessfulDelete: Deleted pod: b",
      "patch pods default/a",
      "patch pods default/b",
    ],
    says: {
      type: "FailureTarget",
      reason: "PodFailurePolicy",
      message: "Container c for pod default/a failed with exit code 3 matching FailJob rule at index 0",
    },
  },
  {
    title: "NotIn leaves out what it names",
    spec: { ...failing({ onExitCodes: { operator: "NotIn", values: [3] } }), backoffLimit: 6 },
    pods: [podOf("a", { phase: "Failed", exitCode: 3 }), podOf("b")],
    changes: ["patch jobs.batch/status default/sum", "patch pods default/a"],
    says: { uncountedTerminatedPods: { failed: ["a"] } },
  },
  {
    title: "Ignore lets a failure pass by onPodConditions, and it goes uncounted",
    spec: failing({ action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }),
    pods: [podOf("a", { phase: "Failed", condition: "DisruptionTarget" }), podOf("b")],
    changes: ["patch jobs.batch/status default/sum", "patch pods default/a"],
    says: { uncountedTerminatedPods: {} },
  },
  {
    title: "Count counts it against backoffLimit",
    spec: { ...failing({ action: "Count", onExitCodes: { operator: "In", values: [1] } }), backoffLimit: 0 },
    pods: [podOf("a", { phase: "Failed", exitCode: 1 })],
    changes: ["patch jobs.batch/status default/sum", "patch pods default/a"],
    says: { type: "FailureTarget", reason: "BackoffLimitExceeded" },
  },
  {
    title: "activeDeadlineSeconds ends it",
    spec: { activeDeadlineSeconds: 245 },
    changes: [
      "patch jobs.batch/status default/sum",
      "event Warning DeadlineExceeded: Job was active longer than specified deadline",
    ],
    says: { type: "FailureTarget", reason: "DeadlineExceeded" },
  },
  {
    title: "suspend ends its pods without counting them",
    spec: { suspend: true },
    pods: [podOf("a")],
    changes: [
      "patch jobs.batch/status default/sum",
      "event Normal Suspended: Job suspended",
      "patch pods default/a",
      "remove pods default/a",
      "event Normal SuccessfulDelete: Deleted pod: a",
    ],
    says: { type: "Suspended", reason: "JobSuspended" },
  },
  {
    title: "Indexed: indexes are written down, and the lowest missing is next",
    spec: { ...indexed, parallelism: 2 },
    pods: [podOf("a", { phase: "Succeeded", index: 1 }), podOf("b", { index: 0 })],
    changes: [
      "patch jobs.batch/status default/sum",
      "patch pods default/a",
      "create pods default/sum-2-",
      "event Normal SuccessfulCreate: Created pod: sum-2-",
    ],
    says: { completedIndexes: "1", succeeded: 1 },
  },
  {
    title: "Indexed: the second of an index goes",
    spec: { ...indexed, parallelism: 2 },
    status: { completedIndexes: "0,1", succeeded: 2 },
    pods: [podOf("a", { index: 2 }), podOf("b", { index: 2 })],
    changes: [
      "patch jobs.batch/status default/sum",
      "patch pods default/b",
      "remove pods default/b",
      "event Normal SuccessfulDelete: Deleted pod: b",
    ],
  },
  {
    title: "a successPolicy is met by succeededIndexes and succeededCount",
    spec: { ...indexed, successPolicy: { rules: [{ succeededIndexes: "0-2", succeededCount: 2 }] } },
    status: { completedIndexes: "0,1", succeeded: 2 },
    changes: ["patch jobs.batch/status default/sum", "event Normal Completed: Job completed"],
    says: { type: "SuccessCriteriaMet", reason: "SuccessPolicy", message: "Matched rules at index 0" },
  },
  {
    title: "an orphan of its own is held and adopted",
    spec: { completions: 1 },
    pods: [podOf("a", { owner: "", isTracked: false })],
    changes: ["patch pods default/a", "patch pods default/a", "patch jobs.batch/status default/sum"],
  },
  {
    title: "what another of its name left is let go",
    spec: { suspend: true },
    status: { conditions: [{ type: "Suspended", status: "True" }] },
    pods: [podOf("a", { owner: "before" })],
    changes: ["patch pods default/a", "patch jobs.batch/status default/sum"],
  },
  { title: "another's by managedBy is left alone", spec: { managedBy: "a.example/x" }, changes: [] },
  {
    title: "and its own by its name is not",
    spec: { managedBy: "kubernetes.io/job-controller", completions: 1 },
    pods: [podOf("a")],
    changes: ["patch jobs.batch/status default/sum"],
  },
];

for (const { title, spec = {}, status = {}, pods = [], changes, says } of cases)
  test(`a job: ${title}`, () => {
    const { changes: found } = planOf(jobController, jobOf(spec, status), { there: [[podKind, pods]], now: NOW });
    // The random suffix of a name is left out.
    assert.deepEqual(
      brief(found).map((line) => line.replace(/(sum-(?:\d-)?)[b-z2-9]{5}$/, "$1")),
      changes,
    );
    const write = found.find((change) => change.verb === "patch" && change.subresource === "status");
    const text = JSON.stringify(write?.verb === "patch" ? write.patch : {});
    for (const [name, value] of Object.entries(says ?? {}))
      if (JSON.stringify(value) !== "{}") assert.ok(text.includes(`"${name}":${JSON.stringify(value)}`), text);
  });

test("pods of a job that is gone are let go", () => {
  const there = [[podKind, [podOf("a"), podOf("b", { isTracked: false })]]] as const;
  assert.deepEqual(brief(planOf(jobController, "default/sum", { there }).changes), ["patch pods default/a"]);
});

test("failures are paused after, twice as long each time: 10 s, 20 s", () => {
  const pods = [podOf("a", { phase: "Failed", exitCode: 1 })];
  const first = planOf(jobController, jobOf({ backoffLimit: 6 }), { there: [[podKind, pods]], now: NOW });
  assert.equal(first.againAtMs, Date.parse("2026-01-02T03:04:10Z"));
  const again = { there: [[podKind, pods]] as const, now: NOW, ...(first.memory && { memory: first.memory }) };
  assert.equal(planOf(jobController, jobOf({ backoffLimit: 6 }), again).againAtMs, Date.parse("2026-01-02T03:04:20Z"));
});

async function withCluster(body: (cluster: SampleCluster) => Promise<void>): Promise<void> {
  await using cluster = await SampleCluster.open(new MemoryJournal(new FakeClock()), allControllers, yieldOnce);
  await cluster.addNode("node-1");
  await body(cluster);
}

async function start(cluster: SampleCluster, spec: object): Promise<void> {
  const job = { metadata: { name: "sum", namespace: "default" }, spec: { template: { spec: pod }, ...spec } };
  await cluster.objects.create(jobKind, job as Job);
  await cluster.settle();
}

/** Its running pods end with this code. */
async function end(cluster: SampleCluster, exitCode: number): Promise<void> {
  for (const { metadata } of cluster.list(podKind)) cluster.agent(metadata.name)?.exit("c", exitCode);
  await cluster.settle();
}

const statusOf = (cluster: SampleCluster): Status => cluster.list(jobKind)[0]?.status ?? {};
const typesOf = (cluster: SampleCluster): readonly string[] =>
  (statusOf(cluster).conditions ?? []).map(({ type, reason }) => `${type} ${reason ?? ""}`);

test("three completions, two at a time", () =>
  withCluster(async (cluster) => {
    await start(cluster, { completions: 3, parallelism: 2 });
    assert.equal(statusOf(cluster).active, 2);
    await end(cluster, 0);
    await end(cluster, 0);
    const { succeeded, active, uncountedTerminatedPods, completionTime } = statusOf(cluster);
    assert.deepEqual([succeeded, active, uncountedTerminatedPods], [3, undefined, {}]);
    assert.ok(completionTime);
    assert.deepEqual(typesOf(cluster), ["SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"]);
    assert.deepEqual(
      cluster.list(podKind).flatMap(({ metadata }) => metadata.finalizers ?? []),
      [],
    );
    assert.deepEqual(cluster.told("sum").at(-1), "Completed: Job completed");
  }));

test("a failing one is tried again after 10 s, and fails beyond backoffLimit", () =>
  withCluster(async (cluster) => {
    await start(cluster, { backoffLimit: 1 });
    await end(cluster, 1);
    assert.equal(cluster.list(podKind).length, 1);
    await cluster.pass(11);
    assert.equal(cluster.list(podKind).length, 2);
    await end(cluster, 1);
    assert.equal(statusOf(cluster).failed, 2);
    assert.deepEqual(typesOf(cluster), ["FailureTarget BackoffLimitExceeded", "Failed BackoffLimitExceeded"]);
  }));

test("indexes have their variable, hostname and label", () =>
  withCluster(async (cluster) => {
    await start(cluster, { ...indexed, completions: 2 });
    const [one] = cluster.list(podKind).filter(({ spec }) => spec.hostname === "sum-1");
    assert.equal(one?.spec.containers[0]?.env?.[0]?.name, "JOB_COMPLETION_INDEX");
    assert.equal(one?.metadata.labels?.["batch.kubernetes.io/job-completion-index"], "1");
    await end(cluster, 0);
    assert.equal(statusOf(cluster).completedIndexes, "0,1");
  }));

/** The pods of an index, oldest first, as how often it had failed before each. */
function failuresAt(cluster: SampleCluster, index: number): readonly string[] {
  return cluster
    .list(podKind)
    .filter(({ spec }) => spec.hostname === `sum-${index}`)
    .map(({ metadata }) => metadata.annotations?.["batch.kubernetes.io/job-index-failure-count"] ?? "");
}

async function endIndex(cluster: SampleCluster, index: number, exitCode: number): Promise<void> {
  for (const { metadata, spec, status } of cluster.list(podKind))
    if (spec.hostname === `sum-${index}` && status?.phase === "Running")
      cluster.agent(metadata.name)?.exit("c", exitCode);
  await cluster.settle();
}

test("backoffLimitPerIndex: each index is tried again by itself, and the others go on", () =>
  withCluster(async (cluster) => {
    await start(cluster, { ...indexed, completions: 3, parallelism: 3, backoffLimitPerIndex: 1, backoffLimit: 99 });
    await endIndex(cluster, 0, 1);
    assert.deepEqual(failuresAt(cluster, 0), ["0"]);
    // Held until the next one says how often it has failed.
    assert.equal(statusOf(cluster).failed, undefined);
    await cluster.pass(11);
    assert.deepEqual(failuresAt(cluster, 0).toSorted(), ["0", "1"]);
    assert.equal(statusOf(cluster).failed, 1);
    await endIndex(cluster, 0, 1);
    await cluster.pass(60);
    assert.deepEqual([statusOf(cluster).failedIndexes, failuresAt(cluster, 0).length], ["0", 2]);
    await endIndex(cluster, 1, 0);
    await endIndex(cluster, 2, 0);
    const { completedIndexes, failedIndexes, failed } = statusOf(cluster);
    assert.deepEqual([completedIndexes, failedIndexes, failed], ["1,2", "0", 2]);
    assert.deepEqual(typesOf(cluster), ["FailureTarget FailedIndexes", "Failed FailedIndexes"]);
    assert.deepEqual(
      cluster.list(podKind).flatMap(({ metadata }) => metadata.finalizers ?? []),
      [],
    );
  }));

test("an ignored failure of an index does not count, and is remembered", () =>
  withCluster(async (cluster) => {
    const rule = { action: "Ignore", onExitCodes: { operator: "In", values: [42] } };
    const podFailurePolicy = { rules: [rule] } as NonNullable<JobSpec["podFailurePolicy"]>;
    await start(cluster, {
      ...indexed,
      completions: 1,
      backoffLimitPerIndex: 0,
      podFailurePolicy,
      podReplacementPolicy: "Failed",
    });
    await endIndex(cluster, 0, 42);
    await cluster.pass(11);
    const ignored = cluster
      .list(podKind)
      .flatMap(({ metadata }) => metadata.annotations?.["batch.kubernetes.io/job-index-ignored-failure-count"] ?? []);
    assert.deepEqual([ignored, failuresAt(cluster, 0)], [["1"], ["0", "0"]]);
  }));

test("maxFailedIndexes and FailIndex: an exit code is the end of an index, too many are the end of the Job", () =>
  withCluster(async (cluster) => {
    const rule = { action: "FailIndex", onExitCodes: { operator: "In", values: [42] } };
    const podFailurePolicy = { rules: [rule] } as NonNullable<JobSpec["podFailurePolicy"]>;
    const limits = {
      backoffLimitPerIndex: 5,
      maxFailedIndexes: 1,
      backoffLimit: 99,
      podFailurePolicy,
      podReplacementPolicy: "Failed",
    } as const;
    await start(cluster, { ...indexed, ...limits });
    await endIndex(cluster, 3, 42);
    assert.equal(statusOf(cluster).failedIndexes, "3");
    await endIndex(cluster, 1, 42);
    await cluster.pass(40);
    assert.equal(statusOf(cluster).failedIndexes, "1,3");
    assert.deepEqual(typesOf(cluster), ["FailureTarget MaxFailedIndexesExceeded", "Failed MaxFailedIndexesExceeded"]);
    assert.deepEqual(
      cluster.list(podKind).flatMap(({ metadata }) => metadata.finalizers ?? []),
      [],
    );
  }));

test("suspended and resumed, and with it the time of its start", () =>
  withCluster(async (cluster) => {
    await start(cluster, { suspend: true });
    assert.deepEqual([cluster.list(podKind).length, statusOf(cluster).startTime], [0, undefined]);
    await cluster.objects.change(jobKind, "default/sum", (job) => ({ ...job, spec: { ...job.spec, suspend: false } }));
    await cluster.settle();
    assert.equal(cluster.list(podKind).length, 1);
    assert.ok(statusOf(cluster).startTime);
    assert.deepEqual(typesOf(cluster), ["Suspended JobResumed"]);
  }));

test("ttlSecondsAfterFinished: it goes with its pods", () =>
  withCluster(async (cluster) => {
    await start(cluster, { ttlSecondsAfterFinished: 30 });
    await end(cluster, 0);
    await cluster.pass(29);
    assert.equal(cluster.list(jobKind).length, 1);
    await cluster.pass(3);
    assert.deepEqual([cluster.list(jobKind).length, cluster.list(podKind).length], [0, 0]);
  }));

test("deleted, its pods go and nothing is held", () =>
  withCluster(async (cluster) => {
    await start(cluster, { completions: 3, parallelism: 3 });
    await cluster.objects.remove(jobKind, "default/sum");
    await cluster.pass(40);
    assert.deepEqual([cluster.list(jobKind).length, cluster.list(podKind).length], [0, 0]);
  }));

test("podReplacementPolicy Failed waits until the one that ends has ended; TerminatingOrFailed does not", () =>
  withCluster(async () => {
    const ending = podOf("a");
    const pods = [{ ...ending, metadata: { ...ending.metadata, deletionTimestamp: START } }];
    const made = (podReplacementPolicy: "Failed" | "TerminatingOrFailed"): number => {
      const spec = { podReplacementPolicy, backoffLimit: 6 };
      const { changes } = planOf(jobController, jobOf(spec), { there: [[podKind, pods]], now: NOW });
      return changes.filter(({ verb }) => verb === "create").length;
    };
    assert.deepEqual([made("Failed"), made("TerminatingOrFailed")], [0, 1]);
  }));
