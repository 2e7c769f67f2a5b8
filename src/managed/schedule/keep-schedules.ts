/** Keeps schedules: at its times the target of each gets its input; a run and the memory of it are one durable step. */
import type { Clock } from "#base/clock.ts";
import type { Random } from "#base/random.ts";
import type { Keeper } from "#deck/controller.ts";
import { offsetsOf } from "#kinds/batch/cron-schedule.ts";
import { type Schedule, scheduleKind } from "#kinds/catamaran/schedule.ts";
import { parseExpression } from "#kinds/catamaran/schedule-expression.ts";
import type { Origin } from "../bus/event.ts";
import type { Database } from "../database.ts";
import type { Push, Pushes, RetryPhase } from "../push.ts";
import { dueRun } from "./due.ts";
import { forgetRun, lastRunMs, runRow } from "./runs.ts";
import type { Schedules } from "./schedules.ts";

export interface ScheduleKeeping {
  readonly database: Database;
  readonly pushes: Pushes;
  readonly schedules: Schedules;
  readonly origin: Origin;
  /** How a schedule is named to its target. */
  readonly scheduleArn: (schedule: Schedule) => string;
  readonly clock: Clock;
  readonly random: Pick<Random, "uuid">;
}

const MAX_AGE_SECONDS = 86_400;
const RETRIES = 185;
const PHASES: readonly RetryPhase[] = [{ times: RETRIES, fromMs: 1_000, toMs: 600_000, growth: "exponential" }];
// A timer of a machine holds 24 days.
const LONGEST_WAIT_MS = 86_400_000;
const MINUTE_MS = 60_000;

export function scheduleKeeper(keeping: ScheduleKeeping): Keeper<Schedule> {
  const { database, pushes, schedules, clock, random } = keeping;
  return {
    name: "catamaran-schedules",
    kind: scheduleKind,
    async keep(key, schedule) {
      if (schedule === undefined) {
        await forgetRun(database, scheduleKind.kind, key);
        return undefined;
      }
      const now = clock.now();
      const next = schedule.spec.enabled === false ? null : nextOf(schedule, await lastRunMs(database, schedule), now);
      if (next === null) return undefined;
      if (next.is === "over") {
        if (schedule.spec.afterCompletion === "DELETE") await schedules.remove(schedule);
        return undefined;
      }
      const atMs = next.is === "due" ? next.atMs + delayMs(schedule, next.atMs) : next.atMs;
      if (atMs > now) return Math.min(atMs, now + LONGEST_WAIT_MS);
      const prepared = pushes.prepare([pushOf(keeping, schedule, { atMs: next.atMs, id: random.uuid() })]);
      const writes = [runRow(schedule, next.atMs), ...prepared.rows];
      await database.changeAll([], () => ({ writes, result: undefined }));
      prepared.start();
      return now;
    },
  };
}

/** Null for a schedule that never runs. */
function nextOf({ metadata, spec }: Schedule, last: number | undefined, now: number): ReturnType<typeof dueRun> | null {
  const expression = parseExpression(spec.expression);
  const offsetAt = offsetsOf(spec.timeZone ?? "UTC");
  if (expression === null || offsetAt === undefined) return null;
  const madeMs = Date.parse(metadata.creationTimestamp ?? "") || now;
  const startMs = spec.start === undefined ? madeMs : Math.max(madeMs, Date.parse(spec.start) - 1);
  const untilMs = spec.end === undefined ? {} : { untilMs: Date.parse(spec.end) };
  const maxAgeMs = (spec.target.retry?.maximumAgeSeconds ?? MAX_AGE_SECONDS) * 1_000 + windowMs(spec);
  return dueRun({ expression, offsetAt, sinceMs: startMs, ...untilMs, maxAgeMs }, last, now);
}

function windowMs({ flexibleMinutes = 0 }: Schedule["spec"]): number {
  return flexibleMinutes * MINUTE_MS;
}

/** Within the flexible window: by chance, but the same however often it is asked, so that a restart changes nothing. */
function delayMs({ metadata, spec }: Schedule, atMs: number): number {
  let hash = 2_166_136_261;
  for (const char of `${metadata.uid ?? ""} ${atMs}`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 16_777_619);
  return ((hash >>> 0) / 4_294_967_296) * windowMs(spec);
}

interface Run {
  readonly atMs: number;
  readonly id: string;
}

function pushOf({ scheduleArn, origin }: ScheduleKeeping, schedule: Schedule, run: Run): Push {
  const { arn, input, deadLetterQueue, messageGroup, retry = {}, event } = schedule.spec.target;
  const ownArn = scheduleArn(schedule);
  const payload = input === undefined ? defaultInput(ownArn, origin, run) : filled(input, ownArn, run);
  const attributes = { SCHEDULE_ARN: text(ownArn), TARGET_ARN: text(arn), EXECUTION_ID: text(run.id) };
  return {
    target: arn,
    namespace: schedule.metadata.namespace ?? "",
    payload,
    source: ownArn,
    retry: {
      retries: retry.maximumAttempts ?? RETRIES,
      maxAgeMs: (retry.maximumAgeSeconds ?? MAX_AGE_SECONDS) * 1_000,
      phases: PHASES,
    },
    ...(messageGroup !== undefined && { group: messageGroup, deduplication: run.id }),
    ...(event !== undefined && { event: { source: event.source, type: event.detailType } }),
    ...(deadLetterQueue !== undefined && { deadLetter: { target: deadLetterQueue, attributes, isExplained: true } }),
  };
}

/** What a target gets that was given no input. */
function defaultInput(scheduleArn: string, { account, region }: Origin, { atMs, id }: Run): string {
  return JSON.stringify({
    version: "0",
    id,
    "detail-type": "Scheduled Event",
    source: "aws.scheduler",
    account,
    time: timeOf(atMs),
    region,
    resources: [scheduleArn],
    detail: "{}",
  });
}

// DIFFERS: <aws.scheduler.attempt-number> is 1 in retries, too: an input is made once.
const ATTEMPT = "1";

/** Scheduler User Guide, "Adding context attributes in EventBridge Scheduler". */
function filled(input: string, scheduleArn: string, { atMs, id }: Run): string {
  return input
    .replaceAll("<aws.scheduler.schedule-arn>", scheduleArn)
    .replaceAll("<aws.scheduler.scheduled-time>", timeOf(atMs))
    .replaceAll("<aws.scheduler.execution-id>", id)
    .replaceAll("<aws.scheduler.attempt-number>", ATTEMPT);
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, "Z");
}

function text(value: string): { readonly type: string; readonly value: string } {
  return { type: "String", value };
}
