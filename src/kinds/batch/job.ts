/** Job: pods that run to completion. Its rules are in job-rules.ts. */
import { ageOf, humanDuration } from "#kinds/age.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, templateColumns, text } from "#kinds/columns.ts";
import { isTrueOf } from "#kinds/conditions.ts";
import { defaultTemplate } from "#kinds/core/pod-defaults.ts";
import type { Kind } from "#kinds/kind.ts";
import { editedByMost } from "#kinds/roles.ts";
import { statusPath } from "#kinds/subresources.ts";
import { jobFaults } from "./job-rules.ts";
import type { Job, JobSpec, PodFailureRule } from "./job-spec.ts";

/** Upstream's labels of the pods, with the names that they had before they had a prefix. */
export const JOB_NAME = "batch.kubernetes.io/job-name";
const CONTROLLER_UID = "batch.kubernetes.io/controller-uid";

export const jobKind: Kind<Job> = builtinKind<Job>({
  group: "batch",
  version: "v1",
  kind: "Job",
  plural: "jobs",
  categories: ["all"],
  scope: "Namespaced",
  roles: editedByMost,
  podTemplate: ({ spec }) => spec.template,
  type: "io.k8s.api.batch.v1.Job",
  subresources: [statusPath],
  columns: [
    text("Status", statusText),
    text("Completions", completionsText),
    text("Duration", durationText),
    ageColumn,
    ...templateColumns(({ spec }: Job) => ({
      containers: spec.template.spec?.containers ?? [],
      selector: spec.selector,
    })),
  ],
  selectableFields: { "status.successful": ({ status }) => String(status?.succeeded ?? 0) },
  defaults: withDefaults,
  onCreate: withSelector,
  validate: jobFaults,
});

const STATUS_WORDS = ["Complete", "Failed", "Suspended", "FailureTarget", "SuccessCriteriaMet"] as const;

/** printJob: being deleted stands behind what it ended as. */
function statusText({ metadata, status }: Job): string {
  const word = STATUS_WORDS.find((type) => isTrueOf(status?.conditions, type)) ?? "Running";
  const hasEnded = word === "Complete" || word === "Failed";
  return metadata.deletionTimestamp !== undefined && !hasEnded ? "Terminating" : word;
}

function completionsText({ spec, status }: Job): string {
  const { completions, parallelism = 1 } = spec;
  const wanted = completions ?? (parallelism > 1 ? `1 of ${parallelism}` : 1);
  return `${status?.succeeded ?? 0}/${wanted}`;
}

function durationText({ status }: Job, now: number): string {
  if (status?.startTime === undefined) return "";
  if (status.completionTime === undefined) return ageOf(status.startTime, now);
  return humanDuration(Date.parse(status.completionTime) - Date.parse(status.startTime));
}

/** SetDefaults_Job. */
function withDefaults(job: Job): Job {
  const { metadata, spec } = job;
  const labels = spec.template.metadata?.labels ?? {};
  const takesLabels = Object.keys(labels).length > 0 && Object.keys(metadata.labels ?? {}).length === 0;
  return {
    ...job,
    metadata: { ...metadata, ...(takesLabels && { labels }) },
    spec: defaultJobSpec(spec),
  };
}

const BACKOFF_LIMIT = 6;
// Where each index has its own: math.MaxInt32.
const NO_LIMIT = 2_147_483_647;

export function defaultJobSpec(spec: JobSpec): JobSpec {
  const { podFailurePolicy: policy } = spec;
  // Without both it is one pod; with parallelism alone it is a work queue.
  const isSingle = spec.completions === undefined && spec.parallelism === undefined;
  return {
    ...spec,
    ...(isSingle && { completions: 1 }),
    parallelism: spec.parallelism ?? 1,
    backoffLimit: spec.backoffLimit ?? (spec.backoffLimitPerIndex === undefined ? BACKOFF_LIMIT : NO_LIMIT),
    completionMode: spec.completionMode ?? "NonIndexed",
    suspend: spec.suspend ?? false,
    manualSelector: spec.manualSelector ?? false,
    podReplacementPolicy: spec.podReplacementPolicy ?? (policy === undefined ? "TerminatingOrFailed" : "Failed"),
    ...(policy !== undefined && { podFailurePolicy: { rules: policy.rules.map(defaultRule) } }),
    template: defaultTemplate(spec.template),
  };
}

function defaultRule(rule: PodFailureRule): PodFailureRule {
  const { onPodConditions: patterns } = rule;
  if (patterns === undefined) return rule;
  return { ...rule, onPodConditions: patterns.map((one) => ({ ...one, status: one.status ?? "True" })) };
}

/** generateSelector of upstream's job strategy: what is set by the client stays, and is refused if it is another. */
function withSelector({ status: _status, ...job }: Job): Job {
  const { metadata, spec } = job;
  if (spec.manualSelector === true) return job;
  const { template, selector } = spec;
  const { name, uid = "" } = metadata;
  const generated = { [CONTROLLER_UID]: uid, [JOB_NAME]: name, "controller-uid": uid, "job-name": name };
  return {
    ...job,
    spec: {
      ...spec,
      selector: { ...selector, matchLabels: { [CONTROLLER_UID]: uid, ...selector?.matchLabels } },
      template: {
        ...template,
        metadata: { ...template.metadata, labels: { ...generated, ...template.metadata?.labels } },
      },
    },
  };
}
