/** CronJobs: when a schedule is due next, in which zone, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CronJob, cronJobKind as kind } from "./cron-job.ts";
import { nextTime, offsetsOf, parseSchedule } from "./cron-schedule.ts";

const times: readonly (readonly [schedule: string, zone: string, after: string, next: string | undefined])[] = [
  ["*/5 * * * *", "UTC", "2026-01-01T00:03:20Z", "2026-01-01T00:05:00Z"],
  ["0 0 31 * *", "UTC", "2026-02-01T00:00:00Z", "2026-03-31T00:00:00Z"],
  ["0 9 * * mon-fri", "Europe/Zurich", "2026-03-27T12:00:00Z", "2026-03-30T07:00:00Z"],
  // The clock leaps over it on the 8th, and shows it twice on the first of November.
  ["30 2 * * *", "America/New_York", "2026-03-08T05:00:00Z", "2026-03-09T06:30:00Z"],
  ["30 1 * * *", "America/New_York", "2026-11-01T04:00:00Z", "2026-11-01T05:30:00Z"],
  ["15 10 13 * 5", "Asia/Kolkata", "2026-02-01T00:00:00Z", "2026-02-06T04:45:00Z"],
  ["59 23 28-31 1/6 ?", "UTC", "2026-02-01T00:00:00Z", "2026-07-28T23:59:00Z"],
  ["@weekly", "UTC", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"],
  ["@every 1m30s", "UTC", "2026-01-01T00:00:00Z", "2026-01-01T00:01:30Z"],
  ["0 0 30 2 *", "UTC", "2026-01-01T00:00:00Z", undefined],
];
for (const [text, zone, after, next] of times)
  test(`"${text}" in ${zone} after ${after}`, () => {
    const [schedule, offsetAt] = [parseSchedule(text), offsetsOf(zone)];
    assert.ok(typeof schedule !== "string" && offsetAt !== undefined);
    assert.equal(nextTime(schedule, Date.parse(after), offsetAt), next && Date.parse(next));
  });

for (const text of [
  "60 * * * *",
  "* * * *",
  "a * * * *",
  "@foo",
  "*/0 * * * *",
  "5-1 * * * *",
  "* * * * 7",
  "@every x",
])
  test(`no schedule: "${text}"`, () => assert.equal(typeof parseSchedule(text), "string"));

const pod = { restartPolicy: "Never" as const, containers: [{ name: "c", image: "app:1" }] };
const jobTemplate = { spec: { template: { spec: pod } } };

function made(rest: object, name = "tick"): CronJob {
  const metadata = { name, namespace: "default", uid: "u" };
  const cronJob: CronJob = { metadata, spec: { schedule: "* * * * *", jobTemplate, ...rest } };
  return kind.defaults?.(cronJob) ?? cronJob;
}

test("upstream's defaults", () => {
  const { concurrencyPolicy, suspend, successfulJobsHistoryLimit, failedJobsHistoryLimit } = made({}).spec;
  assert.deepEqual(
    [concurrencyPolicy, suspend, successfulJobsHistoryLimit, failedJobsHistoryLimit],
    ["Allow", false, 3, 1],
  );
});

const selector = { matchLabels: { a: "b" } };
const faults: readonly (readonly [title: string, given: object, fields: readonly string[]])[] = [
  ["nothing that is good", { timeZone: "Europe/Zurich" }, []],
  ["no schedule", { schedule: "" }, ["spec.schedule"]],
  ["a zone in the schedule", { schedule: "TZ=UTC * * * * *" }, ["spec.schedule", "spec.schedule"]],
  ["an unknown zone", { timeZone: "Mars/Base" }, ["spec.timeZone"]],
  ["an offset as a zone", { timeZone: "+01:00" }, ["spec.timeZone"]],
  ["an unknown concurrencyPolicy", { concurrencyPolicy: "Wait" }, ["spec.concurrencyPolicy"]],
  ["less than none", { startingDeadlineSeconds: -1 }, ["spec.startingDeadlineSeconds"]],
  [
    "a selector of its own",
    { jobTemplate: { spec: { ...jobTemplate.spec, selector } } },
    ["spec.jobTemplate.spec.selector"],
  ],
  [
    "pods that are always restarted",
    { jobTemplate: { spec: { template: { spec: { ...pod, restartPolicy: "Always" } } } } },
    ["spec.jobTemplate.spec.template.spec.restartPolicy"],
  ],
];
for (const [title, given, fields] of faults)
  test(`refused: ${title}`, () =>
    assert.deepEqual(
      (kind.validate?.(made(given), null) ?? []).map(({ field }) => field),
      fields,
    ));

test("a name leaves room for the minute behind it", () =>
  assert.equal(kind.validate?.(made({}, "n".repeat(53)), null)?.[0]?.field, "metadata.name"));
