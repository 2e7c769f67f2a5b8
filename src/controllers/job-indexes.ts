/** Jobs whose indexes fail each for itself: which have failed for good, which are to be tried again and when (KEP-3850). Pure. */
import { countCommon, type Indexes, parseIndexes, withIndexes } from "#kinds/batch/completion-indexes.ts";
import type { Job } from "#kinds/batch/job-spec.ts";
import type { Pod } from "#kinds/core/pod.ts";
import * as pods from "./job-pods.ts";
import { isActive } from "./pod-facts.ts";

const FAILURES = "batch.kubernetes.io/job-index-failure-count";
const IGNORED = "batch.kubernetes.io/job-index-ignored-failure-count";

export interface IndexFailures {
  /** Those that are not tried again. */
  readonly indexes: Indexes;
  /**
   * By index, the failed pod that the next one follows. It is held, and not counted yet, until that one is there: its annotations are all
   * that says how often the index has failed.
   */
  readonly held: ReadonlyMap<number, Pod>;
}

export const NO_INDEX_FAILURES: IndexFailures = { indexes: [], held: new Map() };

export function hasIndexLimit({ spec }: Job): boolean {
  return spec.backoffLimitPerIndex !== undefined;
}

/** `completed` has every index that has succeeded. */
export function indexFailuresOf(job: Job, owned: readonly Pod[], completed: Indexes, now: number): IndexFailures {
  if (!hasIndexLimit(job)) return NO_INDEX_FAILURES;
  const failed = owned.filter((pod) => pods.isTracked(pod) && pods.hasFailed(pod, job));
  const before = parseIndexes(job.status?.failedIndexes ?? "", job.spec.completions ?? 0) ?? [];
  const lost = failed.filter((pod) => failsIndex(pod, job)).flatMap((pod) => pods.indexOf(pod, job) ?? []);
  const indexes = withIndexes(before, lost);
  const over = [
    completed,
    indexes,
    withIndexes(
      [],
      owned.filter(isActive).flatMap((pod) => pods.indexOf(pod, job) ?? []),
    ),
  ];
  const held = new Map<number, Pod>();
  for (const pod of failed.toSorted(
    (a, b) => attempts(a) - attempts(b) || pods.finishedAtMs(a, now) - pods.finishedAtMs(b, now),
  )) {
    const index = pods.indexOf(pod, job);
    if (index !== undefined && over.every((set) => countCommon(set, withIndexes([], [index])) === 0))
      held.set(index, pod);
  }
  return { indexes, held };
}

function failsIndex(pod: Pod, job: Job): boolean {
  const { isCounted, failsIndex: isLost = false } = pods.judge(pod, job);
  return isLost || (isCounted && countAt(pod, FAILURES) >= (job.spec.backoffLimitPerIndex ?? 0));
}

/** How often the index was tried before this pod. */
function attempts(pod: Pod): number {
  return countAt(pod, FAILURES) + countAt(pod, IGNORED);
}

function countAt({ metadata }: Pod, annotation: string): number {
  const text = metadata.annotations?.[annotation] ?? "";
  return /^\d{1,9}$/.test(text) ? Number(text) : 0;
}

/** When the next pod of the index may be made. */
export function retryAtMs(failed: Pod, now: number, backoffMs: (failures: number) => number): number {
  return pods.finishedAtMs(failed, now) + backoffMs(attempts(failed) + 1);
}

/** What the next pod of an index says of those before it. */
export function annotationsAfter(failed: Pod | undefined, job: Job): Readonly<Record<string, string>> {
  if (!hasIndexLimit(job)) return {};
  const { isCounted } = failed === undefined ? { isCounted: false } : pods.judge(failed, job);
  const failures = failed === undefined ? 0 : countAt(failed, FAILURES) + (isCounted ? 1 : 0);
  const ignored = failed === undefined ? 0 : countAt(failed, IGNORED) + (isCounted ? 0 : 1);
  return { [FAILURES]: String(failures), ...(ignored > 0 && { [IGNORED]: String(ignored) }) };
}
