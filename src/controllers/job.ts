/**
 * Job controller: pods until so many have succeeded, each counted once. An ended pod is first written into
 * status.uncountedTerminatedPods, then its finalizer is taken, and only without it is it in the counters:
 * whatever is interrupted between two writes goes on from there (KEP-2307, upstream's pkg/controller/job).
 */
import { timestamp } from "#base/clock.ts";
import type { ObjectKey } from "#base/key.ts";
import { fromLabelSelector } from "#base/selector.ts";
import { type Controller, type Plan, type Refusal, type Seen, watching } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import {
  countIndexes,
  countCommon,
  firstMissing,
  formatIndexes,
  type Indexes,
  joinedIndexes,
  parseIndexes,
  withIndexes,
} from "#kinds/batch/completion-indexes.ts";
import { jobKind } from "#kinds/batch/job.ts";
import type { Job, JobStatus } from "#kinds/batch/job-spec.ts";
import { conditionOf, isTrueOf } from "#kinds/conditions.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { type Condition, controllerOf } from "#kinds/object.ts";
import { normalEvent, patchTo, remove, warningEvent } from "./changes.ts";
import { annotationsAfter, hasIndexLimit, type IndexFailures, indexFailuresOf, retryAtMs } from "./job-indexes.ts";
import * as pods from "./job-pods.ts";
import { claim } from "./ownership.ts";
import { hasEnded, isActive, isReady, ownerIndexes } from "./pod-facts.ts";
import { deletionOrder } from "./pod-ranking.ts";

const MANAGER = "kubernetes.io/job-controller";
// Upstream's MaxPodCreateDeletePerSync and MaxUncountedPods.
const BURST = 500;
const MOST_UNCOUNTED = 500;
// Upstream's DefaultJobPodFailureBackOff and MaxJobPodFailureBackOff.
const BACKOFF_MS = 10_000;
const LONGEST_BACKOFF_MS = 600_000;

/** The failures since the last success: a restart forgets them, as upstream's. */
interface Failures {
  readonly count: number;
  readonly lastAtMs: number;
}

export const jobController: Controller<Job, Failures> = {
  name: "job-controller",
  kind: jobKind,
  watches: [watching({ kind: podKind, indexes: { ...ownerIndexes, job: pods.jobKeysOf }, wakes: pods.jobKeysOf })],
  plan,
  refused,
};

/** What is known of a Job and its pods before anything is decided. */
interface Standing {
  readonly job: Job;
  readonly owned: readonly Pod[];
  readonly active: readonly Pod[];
  /** Ended pods that no status has counted: those that it will count at once. */
  readonly succeeded: readonly Pod[];
  readonly failed: readonly Pod[];
  /** With the counters of what has lost its finalizer since. */
  readonly status: JobStatus;
  readonly completed: Indexes;
  /** Where each index has a limit of its own. */
  readonly lost: IndexFailures;
  readonly now: number;
}

function plan(
  key: ObjectKey,
  job: Job | undefined,
  seen: Seen,
  memory: Failures | undefined,
  now: number,
): Plan<Failures> {
  if (job?.spec.managedBy !== undefined && job.spec.managedBy !== MANAGER) return { changes: [] };
  const view = seen.view(podKind);
  const uid = job?.metadata.uid;
  // Nobody will count the pods of a Job that is gone.
  const strays = view.by("job", key).filter((pod) => controllerOf(pod)?.uid !== uid || uid === undefined);
  if (job === undefined) return { changes: strays.flatMap(pods.untrack) };
  const selector = fromLabelSelector(job.spec.selector) ?? [];
  const { owned, changes } = claim({ kind: jobKind, object: job, selector }, { kind: podKind, view });
  const others = strays.filter((pod) => !owned.includes(pod)).flatMap(pods.untrack);
  if (isFinished(job)) return { changes: [...others, ...owned.flatMap(pods.untrack)] };
  // What is adopted is held first, so that it is counted.
  const held = owned.filter((pod) => controllerOf(pod) === undefined && !hasEnded(pod)).flatMap(pods.track);
  const standing = standingOf(job, owned, now);
  const failures = failuresOf(standing, memory);
  const next = decide(standing, failures);
  return { ...next, changes: [...others, ...held, ...changes, ...next.changes], memory: failures };
}

/** Upstream's words, with the prefix for the name: it differs at each attempt, and events are to be counted. */
function refused(job: Job, { change, fault }: Refusal): readonly Change[] {
  if (change.verb !== "create") return [];
  const { metadata } = change.object;
  const message = fault.message.replaceAll(metadata.name, metadata.generateName ?? metadata.name);
  return [warningEvent(job, "FailedCreate", `Error creating: ${message}`)];
}

function isFinished({ status }: Job): boolean {
  return isTrueOf(status?.conditions, "Complete") || isTrueOf(status?.conditions, "Failed");
}

function standingOf(job: Job, owned: readonly Pod[], now: number): Standing {
  const tracked = owned.filter(pods.isTracked);
  const held = new Set(tracked.map(({ metadata }) => metadata.uid ?? ""));
  const before = job.status ?? {};
  const { succeeded: was = [], failed: wasFailed = [] } = before.uncountedTerminatedPods ?? {};
  const isHeld = (uid: string): boolean => held.has(uid);
  const uncounted = { succeeded: was.filter(isHeld), failed: wasFailed.filter(isHeld) };
  const completed = parseIndexes(before.completedIndexes ?? "", job.spec.completions ?? 0) ?? [];
  const status: JobStatus = {
    ...before,
    succeeded: (before.succeeded ?? 0) + was.length - uncounted.succeeded.length,
    failed: (before.failed ?? 0) + wasFailed.length - uncounted.failed.length,
    uncountedTerminatedPods: uncounted,
  };
  const known = new Set([...uncounted.succeeded, ...uncounted.failed]);
  const isNew = (pod: Pod): boolean =>
    !known.has(pod.metadata.uid ?? "") && (!pods.isIndexed(job) || pods.indexOf(pod, job) !== undefined);
  const fresh = tracked.filter(isNew);
  const succeeded = fresh.filter((pod) => pod.status?.phase === "Succeeded");
  const done = withIndexes(
    completed,
    succeeded.flatMap((pod) => pods.indexOf(pod, job) ?? []),
  );
  const lost = indexFailuresOf(job, owned, done, now);
  const waiting = new Set(lost.held.values());
  return {
    job,
    owned,
    active: owned.filter(isActive),
    succeeded,
    failed: fresh.filter((pod) => pods.hasFailed(pod, job) && !waiting.has(pod)),
    status,
    completed,
    lost,
    now,
  };
}

function failuresOf({ succeeded, failed, now }: Standing, memory: Failures | undefined): Failures {
  const successMs = Math.max(-Infinity, ...succeeded.map((pod) => pods.finishedAtMs(pod, now)));
  const times = failed.map((pod) => pods.finishedAtMs(pod, now)).filter((ms) => ms > successMs);
  const before = succeeded.length > 0 ? { count: 0, lastAtMs: 0 } : (memory ?? { count: 0, lastAtMs: 0 });
  return { count: before.count + times.length, lastAtMs: Math.max(before.lastAtMs, ...times) };
}

type Verdict = Pick<Condition, "type" | "reason" | "message">;

function decide(standing: Standing, failures: Failures): Plan {
  const { job } = standing;
  if (job.metadata.deletionTimestamp !== undefined) return { changes: standing.owned.flatMap(pods.untrack) };
  const indexes = withIndexes(
    standing.completed,
    standing.succeeded.flatMap((pod) => pods.indexOf(pod, job) ?? []),
  );
  const reached = pods.isIndexed(job)
    ? countIndexes(indexes)
    : (standing.status.succeeded ?? 0) +
      (standing.status.uncountedTerminatedPods?.succeeded ?? []).length +
      standing.succeeded.length;
  const started = withStart(standing.status, job, standing.now);
  const now: Progress = { ...standing, status: started, indexes, reached };
  const verdict = verdictOf(now);
  if (verdict !== undefined) return finish(now, verdict);
  const deadline = deadlineOf(now);
  const managed = manage(now, failures);
  const times = [deadline, managed.againAtMs].filter((ms) => ms !== undefined);
  return { ...managed, ...(times.length > 0 && { againAtMs: Math.min(...times) }) };
}

interface Progress extends Standing {
  readonly indexes: Indexes;
  /** How many have succeeded, counted or about to be. */
  readonly reached: number;
}

function withStart(status: JobStatus, { spec }: Job, now: number): JobStatus {
  return status.startTime !== undefined || spec.suspend === true ? status : { ...status, startTime: timestamp(now) };
}

/** Why no more pods are to run: said before, or true now. */
function verdictOf(progress: Progress): Verdict | undefined {
  const { job, owned, failed, status } = progress;
  const said = ["SuccessCriteriaMet", "FailureTarget"].map((type) => conditionOf(status.conditions, type));
  const before = said.find((condition) => condition?.status === "True");
  if (before !== undefined) return before;
  const failure = owned.filter((pod) => pods.hasFailed(pod, job)).map((pod) => pods.judge(pod, job).failure);
  const message = failure.find((text) => text !== undefined);
  if (message !== undefined) return { type: "FailureTarget", reason: "PodFailurePolicy", message };
  const counted = failed.filter((pod) => pods.judge(pod, job).isCounted).length;
  const failures = (status.failed ?? 0) + (status.uncountedTerminatedPods?.failed ?? []).length + counted;
  if (failures > (job.spec.backoffLimit ?? 0) || isRestartedTooOften(progress))
    return failureTarget("BackoffLimitExceeded", "Job has reached the specified backoff limit");
  if ((deadlineOf(progress) ?? Infinity) <= progress.now)
    return failureTarget("DeadlineExceeded", "Job was active longer than specified deadline");
  return lostIndexes(progress) ?? matchedSuccess(progress);
}

function lostIndexes({ job, lost, reached }: Progress): Verdict | undefined {
  const { maxFailedIndexes = Infinity, completions = 0 } = job.spec;
  const count = countIndexes(lost.indexes);
  if (count > maxFailedIndexes)
    return failureTarget("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes");
  return count > 0 && reached + count >= completions
    ? failureTarget("FailedIndexes", "Job has failed indexes")
    : undefined;
}

function failureTarget(reason: string, message: string): Verdict {
  return { type: "FailureTarget", reason, message };
}

/** Containers that are restarted in their pod count as well. */
function isRestartedTooOften({ job, owned }: Progress): boolean {
  const { backoffLimit = 0, template } = job.spec;
  if (template.spec?.restartPolicy !== "OnFailure") return false;
  const restarts = owned
    .filter((pod) => !hasEnded(pod))
    .flatMap(({ status }) => [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])])
    .reduce((sum, { restartCount }) => sum + restartCount, 0);
  return backoffLimit === 0 ? restarts > 0 : restarts >= backoffLimit;
}

function deadlineOf({ job, status }: Progress): number | undefined {
  const { activeDeadlineSeconds: seconds, suspend } = job.spec;
  if (seconds === undefined || suspend === true || status.startTime === undefined) return undefined;
  return Date.parse(status.startTime) + Number(seconds) * 1_000;
}

/** matchSuccessPolicy (KEP-3998). */
function matchedSuccess({ job, indexes }: Progress): Verdict | undefined {
  const { successPolicy, completions = 0 } = job.spec;
  const at = (successPolicy?.rules ?? []).findIndex(({ succeededIndexes, succeededCount }) => {
    const wanted = succeededIndexes === undefined ? undefined : (parseIndexes(succeededIndexes, completions) ?? []);
    const count = wanted === undefined ? countIndexes(indexes) : countCommon(wanted, indexes);
    return count >= (succeededCount ?? countIndexes(wanted ?? []));
  });
  if (at < 0) return undefined;
  return { type: "SuccessCriteriaMet", reason: "SuccessPolicy", message: `Matched rules at index ${at}` };
}

/** First every pod is told to end and counted; once none is left, the Job says how it ended. */
function finish(unended: Progress, verdict: Verdict): Plan {
  // No index is tried again, so none of its pods is held any more.
  const { lost } = unended;
  const failures = [...unended.failed, ...lost.held.values()];
  const progress: Progress = { ...unended, failed: failures, lost: { ...lost, held: new Map() } };
  const { job, owned, active, now } = progress;
  const isFailure = verdict.type === "FailureTarget";
  const tracked = owned.filter(pods.isTracked);
  const terminating = owned.filter(pods.isTerminating).length + active.length;
  const status = withCounts(progress, { active: [], terminating, isFailure });
  const said = withCondition(status.conditions, verdict, now);
  const isLast = tracked.length === 0 && terminating === 0;
  const end: Verdict = { ...verdict, type: isFailure ? "Failed" : "Complete" };
  const next: JobStatus = {
    ...status,
    conditions: isLast ? withCondition(said, end, now) : said,
    ...(isLast && !isFailure && { completionTime: timestamp(now) }),
  };
  return {
    changes: [
      ...patchTo(jobKind, job, { ...job, status: next }, "status"),
      ...active.flatMap((pod) => deleted(job, pod)),
      ...tracked.filter((pod) => isSettled(progress, next, pod) || !hasEnded(pod)).flatMap(pods.untrack),
      ...(isLast ? [endEvent(job, end)] : []),
    ],
  };
}

function endEvent(job: Job, { type, reason = "", message = "" }: Verdict): Change {
  return type === "Complete" ? normalEvent(job, "Completed", "Job completed") : warningEvent(job, reason, message);
}

function deleted(job: Job, pod: Pod): readonly Change[] {
  return [remove(podKind, pod), normalEvent(job, "SuccessfulDelete", `Deleted pod: ${pod.metadata.name}`)];
}

/** newCondition: Jobs have times of probes too. */
function withCondition(
  conditions: readonly Condition[] = [],
  { type, reason, message }: Verdict,
  now: number,
  status: Condition["status"] = "True",
): readonly Condition[] {
  const before = conditionOf(conditions, type);
  if (before?.status === status && before.reason === reason) return conditions;
  const time = timestamp(now);
  const told: Condition = {
    type,
    status,
    lastProbeTime: time,
    lastTransitionTime: time,
    ...(reason !== undefined && { reason }),
    ...(message !== undefined && { message }),
  };
  return before === undefined ? [...conditions, told] : conditions.map((one) => (one.type === type ? told : one));
}

interface Counts {
  readonly active: readonly Pod[];
  readonly terminating: number;
  /** Whatever has not succeeded when a Job fails has failed. */
  readonly isFailure: boolean;
}

function withCounts(progress: Progress, { active, terminating, isFailure }: Counts): JobStatus {
  const { job, owned, status, indexes, reached } = progress;
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const lost = isFailure
    ? owned.filter((pod) => pods.isTracked(pod) && pod.status?.phase !== "Succeeded" && !failed.includes(uidOf(pod)))
    : progress.failed;
  const counted = lost.filter((pod) => pods.judge(pod, job).isCounted).map(uidOf);
  const done = [...succeeded, ...(pods.isIndexed(job) ? [] : progress.succeeded.map(uidOf))].slice(0, MOST_UNCOUNTED);
  const gone = [...failed, ...counted].slice(0, MOST_UNCOUNTED);
  const {
    succeeded: total = 0,
    failed: failures = 0,
    active: _active,
    completedIndexes: _indexes,
    failedIndexes: _lost,
    ...rest
  } = status;
  const failedIndexes = formatIndexes(progress.lost.indexes);
  const successes = pods.isIndexed(job) ? reached : total;
  const completedIndexes = formatIndexes(indexes);
  return {
    ...rest,
    ...(active.length > 0 && { active: active.length }),
    ready: active.filter(isReady).length,
    terminating,
    ...(successes > 0 && { succeeded: successes }),
    ...(failures > 0 && { failed: failures }),
    ...(completedIndexes !== "" && { completedIndexes }),
    ...(failedIndexes !== "" && { failedIndexes }),
    uncountedTerminatedPods: { ...(done.length > 0 && { succeeded: done }), ...(gone.length > 0 && { failed: gone }) },
  };
}

function uidOf({ metadata }: Pod): string {
  return metadata.uid ?? "";
}

/** The status that is about to be written says everything that there is to say of an ended pod. */
function isSettled({ job, lost }: Progress, status: JobStatus, pod: Pod): boolean {
  if ([...lost.held.values()].includes(pod)) return false;
  const { succeeded = [], failed = [] } = status.uncountedTerminatedPods ?? {};
  const uid = uidOf(pod);
  if (succeeded.includes(uid) || failed.includes(uid)) return true;
  if (pods.isIndexed(job) && (pod.status?.phase === "Succeeded" || pods.indexOf(pod, job) === undefined))
    return hasEnded(pod);
  return pods.hasFailed(pod, job) && !pods.judge(pod, job).isCounted;
}

interface Managed {
  readonly changes: readonly Change[];
  /** Of those that are active, the ones that stay. */
  readonly kept: readonly Pod[];
  readonly againAtMs?: number;
}

/** As many pods as the Job wants at this moment, or none while it is suspended. */
function manage(progress: Progress, failures: Failures): Plan {
  const { job, active, owned, now, reached } = progress;
  const { changes, kept, againAtMs } = sized(progress, failures);
  const { completions, suspend = false } = job.spec;
  const isComplete = active.length === 0 && reached > 0 && reached >= (completions ?? 1);
  if (isComplete || (completions === 0 && active.length === 0))
    return finish(progress, { type: "SuccessCriteriaMet", reason: "CompletionsReached", message: REACHED });
  const terminating = owned.filter(pods.isTerminating).length + active.length - kept.length;
  const counted = withCounts(progress, { active: kept, terminating, isFailure: false });
  const status = suspend ? suspended(counted, now) : resumed(counted, now);
  const hasTurned = status !== counted;
  const told = suspend ? ["Suspended", "Job suspended"] : ["Resumed", "Job resumed"];
  return {
    changes: [
      ...patchTo(jobKind, job, { ...job, status }, "status"),
      ...owned.filter((pod) => pods.isTracked(pod) && isSettled(progress, status, pod)).flatMap(pods.untrack),
      ...(hasTurned ? [normalEvent(job, told[0] ?? "", told[1] ?? "")] : []),
      ...changes,
    ],
    ...(againAtMs !== undefined && { againAtMs }),
  };
}

const REACHED = "Reached expected number of succeeded pods";

function suspended(status: JobStatus, now: number): JobStatus {
  if (isTrueOf(status.conditions, "Suspended")) return status;
  const told = { type: "Suspended", reason: "JobSuspended", message: "Job suspended" };
  return { ...status, conditions: withCondition(status.conditions, told, now) };
}

/** The deadline counts from here. */
function resumed(status: JobStatus, now: number): JobStatus {
  if (!isTrueOf(status.conditions, "Suspended")) return status;
  const told = { type: "Suspended", reason: "JobResumed", message: "Job resumed" };
  const conditions = withCondition(status.conditions, told, now, "False");
  return { ...status, conditions, startTime: timestamp(now) };
}

function sized(progress: Progress, failures: Failures): Managed {
  const { job, active, owned, now } = progress;
  const wanted = wantedOf(progress);
  const surplus = surplusOf(progress, Math.max(0, active.length - wanted)).slice(0, BURST);
  if (surplus.length > 0) {
    // Without its finalizer it is not counted as failed.
    const changes = surplus.flatMap((pod) => [...pods.untrack(pod), ...deleted(job, pod)]);
    return { changes, kept: active.filter((pod) => !surplus.includes(pod)) };
  }
  const isPatient = job.spec.podReplacementPolicy === "Failed";
  const leaving = isPatient ? owned.filter(pods.isTerminating) : [];
  const missing = Math.min(wanted - leaving.length - active.length, BURST);
  if (missing <= 0) return { changes: [], kept: active };
  const there = [...active, ...leaving];
  if (hasIndexLimit(job)) return sizedByIndex(progress, there, missing);
  const againAtMs = failures.count === 0 ? 0 : failures.lastAtMs + backoffMs(failures.count);
  if (againAtMs > now) return { changes: [], kept: active, againAtMs };
  return { changes: pods.makePods(job, missingOf(progress, there, missing), () => ({}), now), kept: active };
}

/** Each index waits for itself, and tells its next pod how often it has failed. */
function sizedByIndex({ job, active, indexes, lost, now }: Progress, there: readonly Pod[], missing: number): Managed {
  const waits = [...lost.held].map(([index, pod]) => ({ index, untilMs: retryAtMs(pod, now, backoffMs) }));
  const waiting = waits.filter(({ untilMs }) => untilMs > now);
  const taken = [...there.flatMap((pod) => pods.indexOf(pod, job) ?? []), ...waiting.map(({ index }) => index)];
  const over = joinedIndexes(withIndexes(indexes, taken), lost.indexes);
  const due = firstMissing(over, missing, job.spec.completions ?? 0);
  const made = pods.makePods(job, due, (index) => annotationsAfter(lost.held.get(index), job), now);
  const again = Math.min(...waiting.map(({ untilMs }) => untilMs));
  return { changes: made, kept: active, ...(waiting.length > 0 && { againAtMs: again }) };
}

function backoffMs(failures: number): number {
  return Math.min(BACKOFF_MS * 2 ** (failures - 1), LONGEST_BACKOFF_MS);
}

function wantedOf({ job, active, reached, lost }: Progress): number {
  const { completions, parallelism = 1, suspend } = job.spec;
  if (suspend === true) return 0;
  // A work queue: after the first success nothing new is begun.
  if (completions === undefined) return reached > 0 ? Math.min(active.length, parallelism) : parallelism;
  return Math.max(0, Math.min(completions - reached - countIndexes(lost.indexes), parallelism));
}

/** Pods without an index of their own first, then as sets shrink. */
function surplusOf({ job, active, indexes, lost, now }: Progress, count: number): readonly Pod[] {
  const over = joinedIndexes(indexes, lost.indexes);
  const taken = new Set<number>();
  const isExtra = (pod: Pod): boolean => {
    const index = pods.indexOf(pod, job);
    if (index === undefined || taken.has(index) || countCommon(over, withIndexes([], [index])) > 0) return true;
    taken.add(index);
    return false;
  };
  const extra = pods.isIndexed(job) ? active.filter(isExtra) : [];
  const others = active.filter((pod) => !extra.includes(pod));
  return [...extra, ...deletionOrder(others, others, now).slice(0, Math.max(0, count - extra.length))];
}

function missingOf({ job, indexes }: Progress, there: readonly Pod[], count: number): readonly number[] | number {
  if (!pods.isIndexed(job)) return count;
  const taken = there.flatMap((pod) => pods.indexOf(pod, job) ?? []);
  return firstMissing(withIndexes(indexes, taken), count, job.spec.completions ?? 0);
}
