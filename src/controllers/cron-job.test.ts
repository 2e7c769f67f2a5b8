/** CronJobs on a cluster in memory: starts, policies, what is missed and what is kept. */
import assert from "node:assert/strict";
import { setImmediate as yieldOnce } from "node:timers/promises";
import { test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { type CronJob, cronJobKind } from "#kinds/batch/cron-job.ts";
import { jobKind } from "#kinds/batch/job.ts";
import { podKind } from "#kinds/core/pod.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { allControllers } from "./all.ts";
import { cronJobController } from "./cron-job.ts";
import { SampleCluster } from "./sample-cluster.ts";
import { brief, planOf } from "./sample-plan.ts";

const pod = { restartPolicy: "Never" as const, containers: [{ name: "c", image: "app:1" }] };
const jobTemplate = { metadata: { labels: { app: "tick" } }, spec: { template: { spec: pod } } };
const CREATED = "2026-01-02T03:00:30Z";

function cronJobOf(rest: Partial<CronJob["spec"]>, status: NonNullable<CronJob["status"]> = {}): CronJob {
  const metadata = { name: "tick", namespace: "default", uid: "u", creationTimestamp: CREATED };
  return {
    apiVersion: "batch/v1",
    kind: "CronJob",
    metadata,
    spec: { schedule: "* * * * *", jobTemplate, ...rest },
    status,
  };
}

const starts: readonly (readonly [title: string, spec: Partial<CronJob["spec"]>, now: string, job: string | null])[] = [
  ["not before the first time", {}, "2026-01-02T03:00:59Z", null],
  ["at the time, named after the minute", {}, "2026-01-02T03:01:00Z", "2026-01-02T03:01:00Z"],
  ["the last of many that were missed, and only that", {}, "2026-01-05T00:00:10Z", "2026-01-05T00:00:00Z"],
  ["within startingDeadlineSeconds", { startingDeadlineSeconds: 20 }, "2026-01-02T03:01:10Z", "2026-01-02T03:01:00Z"],
  ["not after startingDeadlineSeconds", { startingDeadlineSeconds: 20 }, "2026-01-02T03:01:30Z", null],
  ["not while it is suspended", { suspend: true }, "2026-01-02T03:01:00Z", null],
  ["by the clock of timeZone", { schedule: "30 8 * * *", timeZone: "Asia/Kolkata" }, "2026-01-02T03:01:00Z", null],
  [
    "by the clock of timeZone at its time",
    { schedule: "31 8 * * *", timeZone: "Asia/Kolkata" },
    "2026-01-02T03:01:00Z",
    "2026-01-02T03:01:00Z",
  ],
];
for (const [title, spec, now, job] of starts)
  test(`starts: ${title}`, () => {
    const { changes } = planOf(cronJobController, cronJobOf(spec), { now: Date.parse(now) });
    const made = brief(changes).filter((line) => line.startsWith("create"));
    assert.deepEqual(made, job === null ? [] : [`create jobs.batch default/tick-${Date.parse(job) / 60_000}`]);
  });

test("looks again at the next time", () => {
  const now = Date.parse("2026-01-02T03:00:40Z");
  assert.equal(planOf(cronJobController, cronJobOf({}), { now }).againAtMs, Date.parse("2026-01-02T03:01:00.100Z"));
});

async function withCluster(
  spec: Partial<CronJob["spec"]>,
  body: (cluster: SampleCluster) => Promise<void>,
): Promise<void> {
  await using cluster = await SampleCluster.open(new MemoryJournal(new FakeClock()), allControllers, yieldOnce);
  await cluster.addNode("node-1");
  const { metadata: _metadata, status: _status, ...rest } = cronJobOf(spec);
  await cluster.objects.create(cronJobKind, { ...rest, metadata: { name: "tick", namespace: "default" } });
  await cluster.settle();
  await body(cluster);
}

async function end(cluster: SampleCluster): Promise<void> {
  for (const { metadata } of cluster.list(podKind)) cluster.agent(metadata.name)?.exit("c", 0);
  await cluster.settle();
}

const statusOf = (cluster: SampleCluster): NonNullable<CronJob["status"]> => cluster.list(cronJobKind)[0]?.status ?? {};

test("a Job each minute, counted as active until it ends, and no more of them than are to be kept", () =>
  withCluster({ successfulJobsHistoryLimit: 2 }, async (cluster) => {
    for (let minute = 0; minute < 4; minute++) {
      await cluster.pass(60);
      assert.equal(statusOf(cluster).active?.length, 1);
      await end(cluster);
      assert.equal(statusOf(cluster).active, undefined);
    }
    assert.equal(cluster.list(jobKind).length, 2);
    assert.ok(statusOf(cluster).lastSuccessfulTime);
    assert.equal(cluster.list(jobKind)[0]?.metadata.labels?.["app"], "tick");
    assert.ok(cluster.list(jobKind)[0]?.metadata.annotations?.["batch.kubernetes.io/cronjob-scheduled-timestamp"]);
  }));

const policies = [
  ["Allow", 2, 2],
  ["Forbid", 1, 1],
  ["Replace", 1, 1],
] as const;
for (const [concurrencyPolicy, jobs, active] of policies)
  test(`concurrencyPolicy ${concurrencyPolicy}`, () =>
    withCluster({ concurrencyPolicy }, async (cluster) => {
      await cluster.pass(60);
      const first = cluster.list(jobKind)[0]?.metadata.name;
      await cluster.pass(60);
      assert.deepEqual([cluster.list(jobKind).length, statusOf(cluster).active?.length], [jobs, active]);
      assert.equal(cluster.list(jobKind)[0]?.metadata.name === first, concurrencyPolicy !== "Replace");
    }));

test("failedJobsHistoryLimit keeps so many", () => {
  const failed = (name: string, startTime: string): object => ({
    metadata: {
      name,
      namespace: "default",
      uid: name,
      ownerReferences: [{ apiVersion: "batch/v1", kind: "CronJob", name: "tick", uid: "u", controller: true }],
    },
    spec: jobTemplate.spec,
    status: { startTime, conditions: [{ type: "Failed", status: "True" }] },
  });
  const jobs = [failed("new", "2026-01-02T03:00:00Z"), failed("old", "2026-01-01T03:00:00Z")];
  const cronJob = cronJobOf({ failedJobsHistoryLimit: 1 });
  const { changes } = planOf(cronJobController, cronJob, {
    there: [[jobKind, jobs as never]],
    now: Date.parse(CREATED),
  });
  assert.deepEqual(brief(changes), ["remove jobs.batch default/old", "event Normal SuccessfulDelete: Deleted job old"]);
});

const told = (cronJob: CronJob, at: string, there: readonly object[] = []): readonly string[] => {
  const { changes } = planOf(cronJobController, cronJob, { there: [[jobKind, there as never]], now: Date.parse(at) });
  return brief(changes).filter((line) => line.startsWith("event Warning"));
};

test("what cannot be begun is told of: an unknown zone, a start that came too late, a Job of somebody else", () => {
  const nowhere = cronJobOf({ timeZone: "Nowhere/There" });
  assert.deepEqual(told(nowhere, "2026-01-02T03:04:05Z"), [
    'event Warning UnknownTimeZone: invalid timeZone: "Nowhere/There": unknown time zone Nowhere/There',
  ]);
  const late = {
    ...cronJobOf({ schedule: "0 * * * *", startingDeadlineSeconds: 60 }),
    status: { lastScheduleTime: "2026-01-02T03:00:00Z" },
  };
  assert.deepEqual(told(late, "2026-01-02T04:30:00Z"), [
    "event Warning MissSchedule: Missed scheduled time to start a job: Fri, 02 Jan 2026 04:00:00 +0000",
  ]);
  assert.deepEqual(told(late, "2026-01-02T03:30:00Z"), []);
  const owner = { apiVersion: "batch/v1", kind: "CronJob", name: "tick", uid: "u", controller: true };
  const stranger = {
    metadata: { name: "by-hand", namespace: "default", uid: "s", ownerReferences: [owner] },
    spec: jobTemplate.spec,
  };
  assert.deepEqual(
    told({ ...cronJobOf({}), status: { lastScheduleTime: "2026-01-02T03:04:00Z" } }, "2026-01-02T03:04:05Z", [
      stranger,
    ]),
    ["event Warning UnexpectedJob: Saw a job that the controller did not create or forgot: by-hand"],
  );
});

test("a clock that is set back begins nothing again until it has caught up", () => {
  const cronJob = { ...cronJobOf({ schedule: "*/5 * * * *" }), status: { lastScheduleTime: "2026-01-02T04:00:00Z" } };
  const made = (at: string): number =>
    planOf(cronJobController, cronJob, { now: Date.parse(at) }).changes.filter(({ verb }) => verb === "create").length;
  assert.deepEqual(
    ["2026-01-02T03:02:00Z", "2026-01-02T03:05:00Z", "2026-01-02T04:00:30Z", "2026-01-02T04:05:00Z"].map(made),
    [0, 0, 0, 1],
  );
});
