/** CronJob controller: one Job for each time of the schedule, named after it, so that none is begun twice (upstream's pkg/controller/cronjob). */
import { timestamp } from "#base/clock.ts";
import { keyOf } from "#base/key.ts";
import { type Controller, type Plan, type Seen, watching } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { type CronJob, cronJobKind } from "#kinds/batch/cron-job.ts";
import { nextTime, type OffsetAt, offsetsOf, parseSchedule, type Schedule } from "#kinds/batch/cron-schedule.ts";
import { jobKind } from "#kinds/batch/job.ts";
import type { Job } from "#kinds/batch/job-spec.ts";
import { isTrueOf } from "#kinds/conditions.ts";
import { keyOfObject } from "#kinds/object.ts";
import { controllerOfKind, controllerReference } from "#kinds/owners.ts";
import { create, normalEvent, patchTo, warningEvent } from "./changes.ts";
import { ownerIndexes } from "./pod-facts.ts";

const SCHEDULED = "batch.kubernetes.io/cronjob-scheduled-timestamp";
const WAKE_LATE_MS = 100;
// As far back a missed start is told of.
const TOLD_MS = 3_600_000;

export const cronJobController: Controller<CronJob> = {
  name: "cronjob-controller",
  kind: cronJobKind,
  watches: [
    watching({
      kind: jobKind,
      indexes: ownerIndexes,
      wakes: (job: Job) => {
        const owner = controllerOfKind(cronJobKind, job);
        return owner === undefined ? [] : [keyOf(job.metadata.namespace ?? "", owner.name)];
      },
    }),
  ],
  plan: (_key, cronJob, seen, _memory, now) => (cronJob === undefined ? { changes: [] } : plan(cronJob, seen, now)),
  refused: (cronJob, { change, fault }) =>
    change.verb === "create" ? [warningEvent(cronJob, "FailedCreate", `Error creating job: ${fault.message}`)] : [],
};

function plan(cronJob: CronJob, seen: Seen, now: number): Plan {
  const jobs = seen.view(jobKind).by("controller", cronJob.metadata.uid ?? "");
  const swept = sweep(cronJob, jobs);
  const changes = [...history(cronJob, jobs), ...swept.changes];
  const isQuiet = cronJob.metadata.deletionTimestamp !== undefined || cronJob.spec.suspend === true;
  const next = isQuiet ? { changes: [], status: swept.status } : begin(cronJob, swept.status, jobs, now);
  const { status, ...rest } = next;
  return {
    ...rest,
    changes: [...changes, ...next.changes, ...patchTo(cronJobKind, cronJob, { ...cronJob, status }, "status")],
  };
}

type Status = NonNullable<CronJob["status"]>;
type Next = Plan & { readonly status: Status };

/** What is active follows from the Jobs that there are; what was and is no more is told of. */
function sweep(cronJob: CronJob, jobs: readonly Job[]): Next {
  const { active: before = [], lastSuccessfulTime, ...status } = cronJob.status ?? {};
  const told = [...before.flatMap((one) => farewell(cronJob, one, jobs)), ...strangers(cronJob, before, jobs)];
  const active = jobs.filter((job) => endOf(job) === undefined && job.metadata.annotations?.[SCHEDULED] !== undefined);
  const references = active.map((job) => before.find(({ uid }) => uid === job.metadata.uid) ?? referenceTo(job));
  const times = jobs.filter((job) => endOf(job) === "Complete").map((job) => job.status?.completionTime ?? "");
  const last = [lastSuccessfulTime ?? "", ...times].toSorted().at(-1) ?? "";
  return {
    changes: told,
    status: {
      ...status,
      ...(references.length > 0 && { active: references }),
      ...(last !== "" && { lastSuccessfulTime: last }),
    },
  };
}

type Reference = NonNullable<Status["active"]>[number];

/** Jobs that belong to it and that it did not begin: `kubectl create job --from` with an owner. */
function strangers(cronJob: CronJob, known: readonly Reference[], jobs: readonly Job[]): readonly Change[] {
  const isStrange = (job: Job): boolean =>
    endOf(job) === undefined &&
    job.metadata.annotations?.[SCHEDULED] === undefined &&
    !known.some(({ uid }) => uid === job.metadata.uid);
  return jobs
    .filter(isStrange)
    .map(({ metadata: { name } }) =>
      warningEvent(cronJob, "UnexpectedJob", `Saw a job that the controller did not create or forgot: ${name}`),
    );
}

function farewell(cronJob: CronJob, { name, uid }: Reference, jobs: readonly Job[]): readonly Change[] {
  const job = jobs.find(({ metadata }) => metadata.uid === uid);
  if (job === undefined) return [normalEvent(cronJob, "MissingJob", `Active job went missing: ${name}`)];
  const end = endOf(job);
  if (end === undefined) return [];
  return [normalEvent(cronJob, "SawCompletedJob", `Saw completed job: ${name}, condition: ${end}`)];
}

function referenceTo({ metadata }: Job): Reference {
  const { name, namespace = "", uid = "", resourceVersion } = metadata;
  const reference = { apiVersion: "batch/v1", kind: "Job", name, namespace, uid };
  return { ...reference, ...(resourceVersion !== undefined && { resourceVersion }) };
}

function endOf({ status }: Job): "Complete" | "Failed" | undefined {
  if (isTrueOf(status?.conditions, "Complete")) return "Complete";
  return isTrueOf(status?.conditions, "Failed") ? "Failed" : undefined;
}

/** The oldest ended Jobs beyond the limits go. */
function history(cronJob: CronJob, jobs: readonly Job[]): readonly Change[] {
  const { successfulJobsHistoryLimit, failedJobsHistoryLimit } = cronJob.spec;
  const beyond = (end: "Complete" | "Failed", limit: number | undefined): readonly Job[] => {
    const ended = jobs.filter((job) => endOf(job) === end && job.metadata.deletionTimestamp === undefined);
    const started = ({ status }: Job): string => status?.startTime ?? "";
    const ascending = ended.toSorted((a, b) => (started(a) < started(b) ? -1 : 1));
    return limit === undefined ? [] : ascending.slice(0, Math.max(0, ended.length - limit));
  };
  const old = [...beyond("Complete", successfulJobsHistoryLimit), ...beyond("Failed", failedJobsHistoryLimit)];
  return old.flatMap((job) => deleted(cronJob, job));
}

function deleted(cronJob: CronJob, job: Job): readonly Change[] {
  const { uid = "", name } = job.metadata;
  const options = { propagation: "Background", uid } as const;
  return [
    { verb: "remove", kind: jobKind, key: keyOfObject(job), options },
    normalEvent(cronJob, "SuccessfulDelete", `Deleted job ${name}`),
  ];
}

function begin(cronJob: CronJob, status: Status, jobs: readonly Job[], now: number): Next {
  const { spec } = cronJob;
  const offsetAt = spec.timeZone === undefined ? () => 0 : offsetsOf(spec.timeZone);
  const schedule = parseSchedule(spec.schedule);
  if (offsetAt === undefined) {
    const { timeZone = "" } = spec;
    const message = `invalid timeZone: ${JSON.stringify(timeZone)}: unknown time zone ${timeZone}`;
    return { changes: [warningEvent(cronJob, "UnknownTimeZone", message)], status };
  }
  if (typeof schedule === "string") {
    const message = `unparseable schedule: ${JSON.stringify(spec.schedule)} : ${schedule}`;
    return { changes: [warningEvent(cronJob, "UnparseableSchedule", message)], status };
  }
  const from = earliest(cronJob, now);
  const due = lastTime(schedule, from, now, offsetAt);
  const anchor = schedule.everyMs === undefined ? now : (due ?? from);
  const again = nextTime(schedule, anchor, offsetAt);
  const wake = again === undefined ? {} : { againAtMs: again + WAKE_LATE_MS };
  if (due === undefined) return { changes: missed(cronJob, { schedule, from, now, offsetAt }), status, ...wake };
  return { ...startJob({ cronJob, status, jobs }, due), ...wake };
}

interface Window {
  readonly schedule: Schedule;
  readonly from: number;
  readonly now: number;
  readonly offsetAt: OffsetAt;
}

/** A start that nobody made and that is too late now, told once: the deadline has just passed it. */
function missed(cronJob: CronJob, { schedule, from, now, offsetAt }: Window): readonly Change[] {
  const { metadata, spec, status } = cronJob;
  const since = Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp ?? timestamp(now));
  if (spec.startingDeadlineSeconds === undefined || from <= since) return [];
  const late = lastTime(schedule, Math.max(since, from - TOLD_MS), from, offsetAt);
  if (late === undefined) return [];
  return [warningEvent(cronJob, "MissSchedule", `Missed scheduled time to start a job: ${rfc1123(late)}`)];
}

/** Go's time.RFC1123Z. */
function rfc1123(ms: number): string {
  return new Date(ms).toUTCString().replace("GMT", "+0000");
}

/** Since when starts may have been missed: no further back than what would still be begun. */
function earliest({ metadata, spec, status }: CronJob, now: number): number {
  const since = Date.parse(status?.lastScheduleTime ?? metadata.creationTimestamp ?? timestamp(now));
  const { startingDeadlineSeconds: seconds } = spec;
  return seconds === undefined ? since : Math.max(since, now - Number(seconds) * 1_000);
}

/** The latest time in (from, now]: looked for backwards in windows that double, so that long absences are cheap. */
function lastTime(schedule: Schedule, from: number, now: number, offsetAt: OffsetAt): number | undefined {
  if (schedule.everyMs !== undefined) {
    const times = Math.floor((now - from) / schedule.everyMs);
    return times < 1 ? undefined : from + times * schedule.everyMs;
  }
  for (let window = 60_000; ; window *= 2) {
    const start = Math.max(from, now - window);
    let found: number | undefined;
    for (
      let at = nextTime(schedule, start, offsetAt);
      at !== undefined && at <= now;
      at = nextTime(schedule, at, offsetAt)
    )
      found = at;
    if (found !== undefined || start === from) return found;
  }
}

interface Turn {
  readonly cronJob: CronJob;
  readonly status: Status;
  readonly jobs: readonly Job[];
}

function startJob({ cronJob, status, jobs }: Turn, dueMs: number): Next {
  const { spec } = cronJob;
  const { active = [] } = status;
  const job = jobAt(cronJob, dueMs);
  const next: Status = { ...status, lastScheduleTime: timestamp(dueMs) };
  const there = jobs.find(({ metadata: { name } }) => name === job.metadata.name);
  // Begun before an interruption.
  if (there !== undefined) return { changes: [], status: next };
  if (spec.concurrencyPolicy === "Forbid" && active.length > 0)
    return { changes: [normalEvent(cronJob, "JobAlreadyActive", FORBIDDEN)], status };
  const uids = new Set(active.map(({ uid }) => uid));
  const replaced = spec.concurrencyPolicy === "Replace" ? jobs.filter((one) => uids.has(one.metadata.uid ?? "")) : [];
  return {
    changes: [
      ...replaced.flatMap((one) => deleted(cronJob, one)),
      create(jobKind, job),
      normalEvent(cronJob, "SuccessfulCreate", `Created job ${job.metadata.name}`),
    ],
    status: next,
  };
}

const FORBIDDEN = "Not starting job because prior execution is running and concurrency policy is Forbid";

/** Named after the minute: the same start has the same name, whoever asks for it and how often. */
function jobAt(cronJob: CronJob, dueMs: number): Job {
  const { metadata, spec } = cronJob;
  const { metadata: template = {}, spec: jobSpec } = spec.jobTemplate;
  return {
    metadata: {
      name: `${metadata.name}-${Math.floor(dueMs / 60_000)}`,
      namespace: metadata.namespace ?? "",
      ...(template.labels && { labels: template.labels }),
      annotations: { ...template.annotations, [SCHEDULED]: timestamp(dueMs) },
      ownerReferences: [controllerReference(cronJobKind, cronJob)],
    },
    spec: jobSpec,
  };
}
