/** Schedule: what is handed to a target at times of its own, once or again and again (Amazon EventBridge Scheduler API Reference, CreateSchedule). */
import { offsetsOf } from "#kinds/batch/cron-schedule.ts";
import { ageColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { scheduleNameFault } from "#kinds/rules/names.ts";
import { flag, type Infer, object, optional, text, whole } from "#kinds/schema/description.ts";
import { type Own, ownKind } from "./own-kind.ts";
import { scheduleFault } from "./schedule-expression.ts";

const retry = object("ScheduleRetry", {
  maximumAgeSeconds: optional(whole({ min: 60, max: 86_400, unit: "seconds", default: 86_400 })),
  maximumAttempts: optional(whole({ min: 0, max: 185, default: 185 })),
});

const event = object("ScheduleEvent", { detailType: text(), source: text() });

const target = object("ScheduleTarget", {
  /** The ARN of a function, queue, topic or bus. */
  arn: text(),
  role: optional(text()),
  /** What it gets; absent: a Scheduled Event. */
  input: optional(text()),
  /** The ARN of a queue for what could not be delivered. */
  deadLetterQueue: optional(text()),
  retry: optional(retry),
  /** For FIFO queues. */
  messageGroup: optional(text()),
  /** For buses: how the event is called whose detail the input is. */
  event: optional(event),
});

const spec = object("ScheduleSpec", {
  group: optional(text({ default: "default" })),
  /** "at(2026-12-24T18:00:00)", "rate(5 minutes)" or "cron(0 12 * * ? *)". */
  expression: text(),
  timeZone: optional(text({ default: "UTC" })),
  /** RFC 3339; nothing is due before or after. */
  start: optional(text()),
  end: optional(text()),
  /** Each run comes at a time of chance within so many minutes. */
  flexibleMinutes: optional(whole({ min: 1, max: 1_440, unit: "minutes" })),
  enabled: optional(flag({ default: true })),
  description: optional(text()),
  /** What happens once nothing is due any more. */
  afterCompletion: optional(text({ enum: ["DELETE", "NONE"], default: "NONE" })),
  target,
});

const status = object("ScheduleStatus", {});

export type ScheduleSpec = Infer<typeof spec>;
export type ScheduleTarget = Infer<typeof target>;
export type Schedule = Own<ScheduleSpec, Infer<typeof status>>;

export const DEFAULT_GROUP = "default";

/** Names of schedules are their group's own: those of other groups than the default one stand behind its name. */
export function scheduleObjectName(group: string, schedule: string): string {
  return group === DEFAULT_GROUP ? schedule : `${group}:${schedule}`;
}

export function scheduleName({ metadata: { name } }: Schedule): string {
  return name.slice(name.indexOf(":") + 1);
}

export function groupOf({ spec: { group = DEFAULT_GROUP } }: Schedule): string {
  return group;
}

export const scheduleKind: Kind<Schedule> = ownKind({
  kind: "Schedule",
  plural: "schedules",
  spec,
  status,
  checkName: scheduleNameFault,
  columns: [
    textColumn("Group", groupOf),
    textColumn("Expression", (schedule) => schedule.spec.expression),
    textColumn("Time-Zone", (schedule) => schedule.spec.timeZone ?? "UTC"),
    textColumn("State", (schedule) => (schedule.spec.enabled === false ? "Disabled" : "Enabled")),
    ageColumn,
  ],
  rules: (desired, faults, { name }) => {
    const { group = DEFAULT_GROUP, expression, timeZone = "UTC", start, end } = desired;
    if (name !== scheduleObjectName(group, name.slice(name.indexOf(":") + 1)))
      faults.invalid("metadata.name", name, `must begin with "${group}:" if and only if that is not the default group`);
    const fault = scheduleFault(expression);
    if (fault !== null) faults.invalid("spec.expression", expression, fault);
    if (offsetsOf(timeZone) === undefined) faults.invalid("spec.timeZone", timeZone, "must be an IANA time zone");
    for (const [member, time] of [
      ["start", start],
      ["end", end],
    ] as const)
      if (time !== undefined && Number.isNaN(Date.parse(time)))
        faults.invalid(`spec.${member}`, time, "must be a time of RFC 3339");
  },
});
