/** Ended Jobs go after spec.ttlSecondsAfterFinished (upstream's pkg/controller/ttlafterfinished). */
import type { Controller } from "#deck/controller.ts";
import { jobKind } from "#kinds/batch/job.ts";
import type { Job } from "#kinds/batch/job-spec.ts";
import { keyOfObject } from "#kinds/object.ts";

export const jobExpiryController: Controller<Job> = {
  name: "ttl-after-finished-controller",
  kind: jobKind,
  watches: [],
  plan: (_key, job, _seen, _memory, now) => {
    const endsAtMs = job === undefined || job.metadata.deletionTimestamp !== undefined ? undefined : expiryOf(job);
    if (job === undefined || endsAtMs === undefined) return { changes: [] };
    if (endsAtMs > now) return { changes: [], againAtMs: endsAtMs };
    const { uid = "" } = job.metadata;
    // In the foreground, as upstream: the Job goes when its pods have gone.
    const options = { propagation: "Foreground", uid } as const;
    return { changes: [{ verb: "remove", kind: jobKind, key: keyOfObject(job), options }] };
  },
};

function expiryOf({ spec, status }: Job): number | undefined {
  const end = status?.conditions?.find(
    ({ type, status: is }) => is === "True" && (type === "Complete" || type === "Failed"),
  );
  const seconds = spec.ttlSecondsAfterFinished;
  return end === undefined || seconds === undefined
    ? undefined
    : Date.parse(end.lastTransitionTime ?? "") + seconds * 1_000;
}
