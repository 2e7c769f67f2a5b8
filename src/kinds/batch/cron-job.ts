/** CronJob: Jobs at the times of a schedule. */
import type { FieldFault } from "#base/fault.ts";
import { ageOf } from "#kinds/age.ts";
import { checkNotNegative } from "#kinds/apps/template-owner-rules.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, integer, NONE, templateColumns, text } from "#kinds/columns.ts";
import { defaultTemplate } from "#kinds/core/pod-defaults.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject, ObjectMeta } from "#kinds/object.ts";
import { editedByMost } from "#kinds/roles.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { statusPath } from "#kinds/subresources.ts";
import { offsetsOf, parseSchedule } from "./cron-schedule.ts";
import { defaultJobSpec } from "./job.ts";
import { checkJobSpec } from "./job-rules.ts";
import type { JobSpec } from "./job-spec.ts";

export type CronJob = KubeObject & {
  readonly spec: {
    readonly schedule: string;
    readonly timeZone?: string;
    readonly startingDeadlineSeconds?: number;
    readonly concurrencyPolicy?: "Allow" | "Forbid" | "Replace";
    readonly suspend?: boolean;
    readonly jobTemplate: { readonly metadata?: Partial<ObjectMeta>; readonly spec: JobSpec };
    readonly successfulJobsHistoryLimit?: number;
    readonly failedJobsHistoryLimit?: number;
  };
  readonly status?: {
    readonly active?: readonly ActiveJob[];
    readonly lastScheduleTime?: string;
    readonly lastSuccessfulTime?: string;
  };
};

type ActiveJob = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly resourceVersion?: string;
};

export const cronJobKind: Kind<CronJob> = builtinKind<CronJob>({
  group: "batch",
  version: "v1",
  kind: "CronJob",
  plural: "cronjobs",
  shortNames: ["cj"],
  categories: ["all"],
  scope: "Namespaced",
  roles: editedByMost,
  podTemplate: ({ spec }) => spec.jobTemplate.spec.template,
  type: "io.k8s.api.batch.v1.CronJob",
  subresources: [statusPath],
  columns: [
    text("Schedule", ({ spec }) => spec.schedule),
    text("Timezone", ({ spec }) => spec.timeZone ?? NONE),
    text("Suspend", ({ spec }) => (spec.suspend === true ? "True" : "False")),
    integer("Active", ({ status }) => status?.active?.length ?? 0),
    text("Last Schedule", ({ status }, now) =>
      status?.lastScheduleTime === undefined ? NONE : ageOf(status.lastScheduleTime, now),
    ),
    ageColumn,
    ...templateColumns(({ spec }: CronJob) => ({
      containers: spec.jobTemplate.spec.template.spec?.containers ?? [],
      selector: spec.jobTemplate.spec.selector,
    })),
  ],
  defaults: withDefaults,
  validate: cronJobFaults,
});

/** SetDefaults_CronJob; the template's completions and limits are the Job's own to fill in. */
function withDefaults(cronJob: CronJob): CronJob {
  const { spec } = cronJob;
  return {
    ...cronJob,
    spec: {
      ...spec,
      concurrencyPolicy: spec.concurrencyPolicy ?? "Allow",
      suspend: spec.suspend ?? false,
      successfulJobsHistoryLimit: spec.successfulJobsHistoryLimit ?? 3,
      failedJobsHistoryLimit: spec.failedJobsHistoryLimit ?? 1,
      jobTemplate: {
        ...spec.jobTemplate,
        spec: { ...spec.jobTemplate.spec, template: defaultTemplate(spec.jobTemplate.spec.template) },
      },
    },
  };
}

// The controller appends "-" and ten digits, and labels are no longer than 63.
const LONGEST_NAME = 52;

function cronJobFaults({ metadata, spec }: CronJob, live: CronJob | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  if (live === null && metadata.name.length > LONGEST_NAME)
    faults.invalid("metadata.name", metadata.name, `must be no more than ${LONGEST_NAME} characters`);
  checkSchedule(spec.schedule, faults);
  if (live === null || spec.timeZone !== live.spec.timeZone) checkTimeZone(spec.timeZone, faults);
  checkNotNegative(spec.startingDeadlineSeconds, "spec.startingDeadlineSeconds", faults);
  faults.oneOf("spec.concurrencyPolicy", spec.concurrencyPolicy, ["Allow", "Forbid", "Replace"]);
  const { selector, manualSelector } = spec.jobTemplate.spec;
  checkJobSpec(defaultJobSpec(spec.jobTemplate.spec), "spec.jobTemplate.spec", faults);
  if (selector !== undefined)
    faults.invalid("spec.jobTemplate.spec.selector", selector, "`selector` will be auto-generated");
  if (manualSelector === true)
    faults.invalid("spec.jobTemplate.spec.manualSelector", manualSelector, "`selector` will be auto-generated");
  checkNotNegative(spec.successfulJobsHistoryLimit, "spec.successfulJobsHistoryLimit", faults);
  checkNotNegative(spec.failedJobsHistoryLimit, "spec.failedJobsHistoryLimit", faults);
  return faults.found;
}

function checkSchedule(schedule: string, faults: FieldFaults): void {
  if (schedule === "") return faults.required("spec.schedule");
  const parsed = parseSchedule(schedule);
  if (typeof parsed === "string") faults.invalid("spec.schedule", schedule, parsed);
  if (schedule.includes("TZ"))
    faults.invalid("spec.schedule", schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
}

function checkTimeZone(timeZone: string | undefined, faults: FieldFaults): void {
  if (timeZone === undefined) return;
  if (timeZone === "") faults.invalid("spec.timeZone", timeZone, "timeZone must be nil or non-empty string");
  else if (!/^[A-Za-z]/.test(timeZone) || offsetsOf(timeZone) === undefined)
    faults.invalid("spec.timeZone", timeZone, `unknown time zone ${timeZone}`);
}
