/** The pods of a Job: which of them count, which failures its policy lets pass, and what new ones look like. Pure. */
import type { ObjectKey } from "#base/key.ts";
import { keyOf } from "#base/key.ts";
import type { Change } from "#deck/objects.ts";
import { JOB_NAME, jobKind } from "#kinds/batch/job.ts";
import type { Job, PodFailureRule } from "#kinds/batch/job-spec.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { podKind } from "#kinds/core/pod.ts";
import type { Container, PodSpec } from "#kinds/core/pod-spec.ts";
import type { ContainerStatus } from "#kinds/core/pod-status.ts";
import { controllerOfKind, controllerReference } from "#kinds/owners.ts";
import { create, freshNames, normalEvent, patchTo } from "./changes.ts";
import { hasEnded } from "./pod-facts.ts";

/** Holds an ended pod until its Job's status has counted it (KEP-2307). */
const TRACKING = "batch.kubernetes.io/job-tracking";
const COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index";
// The rest of a pod's name is a random suffix (apimachinery's names.MaxGeneratedNameLength).
const LONGEST_PREFIX = 58;

export function isTracked({ metadata }: Pod): boolean {
  return metadata.finalizers?.includes(TRACKING) ?? false;
}

/** The Job that the pod is of, or was of before it became an orphan. */
export function jobKeysOf(pod: Pod): readonly ObjectKey[] {
  const { namespace = "", labels } = pod.metadata;
  const name = controllerOfKind(jobKind, pod)?.name ?? (isTracked(pod) ? labels?.[JOB_NAME] : undefined);
  return name === undefined ? [] : [keyOf(namespace, name)];
}

export function untrack(pod: Pod): readonly Change[] {
  const finalizers = (pod.metadata.finalizers ?? []).filter((name) => name !== TRACKING);
  return isTracked(pod) ? patchTo(podKind, pod, { ...pod, metadata: { ...pod.metadata, finalizers } }) : [];
}

export function track(pod: Pod): readonly Change[] {
  const finalizers = [...(pod.metadata.finalizers ?? []), TRACKING];
  return isTracked(pod) ? [] : patchTo(podKind, pod, { ...pod, metadata: { ...pod.metadata, finalizers } });
}

export function isIndexed({ spec }: Job): boolean {
  return spec.completionMode === "Indexed";
}

/** Undefined when it has none that the Job asks for. */
export function indexOf({ metadata }: Pod, { spec }: Job): number | undefined {
  const text = metadata.annotations?.[COMPLETION_INDEX] ?? "";
  const index = /^\d{1,10}$/.test(text) ? Number(text) : -1;
  return index >= 0 && index < (spec.completions ?? 0) ? index : undefined;
}

export function isTerminating(pod: Pod): boolean {
  return pod.metadata.deletionTimestamp !== undefined && !hasEnded(pod);
}

/** Upstream's isPodFailed: one that is being deleted has failed, unless the Job waits until it has ended. */
export function hasFailed(pod: Pod, { spec }: Job): boolean {
  if (pod.status?.phase === "Failed") return true;
  return spec.podReplacementPolicy !== "Failed" && isTerminating(pod);
}

/** When its last container ended. */
export function finishedAtMs({ metadata, status }: Pod, now: number): number {
  const times = (status?.containerStatuses ?? []).map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? ""));
  const known = times.filter((time) => !Number.isNaN(time));
  if (known.length > 0) return Math.max(...known);
  const deleted = Date.parse(metadata.deletionTimestamp ?? "");
  return Number.isNaN(deleted) ? now : Math.min(deleted, now);
}

interface Judged {
  readonly isCounted: boolean;
  /** Why the whole Job fails. */
  readonly failure?: string;
  /** The pod's index is not tried again. */
  readonly failsIndex?: true;
}

/** matchPodFailurePolicy: the first rule that matches decides. */
export function judge(pod: Pod, { spec }: Job): Judged {
  for (const [at, rule] of (spec.podFailurePolicy?.rules ?? []).entries()) {
    const match = matchOf(rule, pod);
    if (match === undefined) continue;
    switch (rule.action) {
      case "Ignore":
        return { isCounted: false };
      case "Count":
        return { isCounted: true };
      case "FailIndex":
        return { isCounted: true, failsIndex: true };
      case "FailJob":
        return { isCounted: true, failure: `${match} matching FailJob rule at index ${at}` };
    }
  }
  return { isCounted: true };
}

function matchOf({ onExitCodes, onPodConditions = [] }: PodFailureRule, pod: Pod): string | undefined {
  const { metadata, status } = pod;
  const name = `${metadata.namespace ?? ""}/${metadata.name}`;
  if (onExitCodes !== undefined) {
    const { containerName, operator, values } = onExitCodes;
    const isMeant = (one: ContainerStatus): boolean => {
      const code = one.state?.terminated?.exitCode ?? 0;
      const isNamed = containerName === undefined || one.name === containerName;
      return isNamed && code !== 0 && values.includes(code) === (operator === "In");
    };
    const one = [...(status?.containerStatuses ?? []), ...(status?.initContainerStatuses ?? [])].find(isMeant);
    const code = one?.state?.terminated?.exitCode ?? 0;
    return one && `Container ${one.name} for pod ${name} failed with exit code ${code}`;
  }
  const condition = status?.conditions?.find((one) =>
    onPodConditions.some(({ type, status: wanted }) => type === one.type && wanted === one.status),
  );
  return condition && `Pod ${name} has condition ${condition.type}`;
}

/** What the pod of an index is told beside its index. */
type ByIndex = (index: number) => Readonly<Record<string, string>>;

/** One for each index, or `count` without. */
export function makePods(
  job: Job,
  indexes: readonly number[] | number,
  annotationsOf: ByIndex,
  now: number,
): readonly Change[] {
  const seed = `${job.metadata.uid} ${job.metadata.resourceVersion} ${now}`;
  const { name } = job.metadata;
  if (typeof indexes === "number")
    return freshNames(prefixOf(name, "-"), indexes, seed).flatMap((pod) => made(job, pod));
  return indexes.flatMap((index) =>
    freshNames(prefixOf(name, `-${index}-`), 1, `${seed} ${index}`).flatMap((pod) =>
      made(job, pod, { index, annotations: annotationsOf(index) }),
    ),
  );
}

function prefixOf(name: string, end: string): string {
  return `${name.slice(0, LONGEST_PREFIX - end.length)}${end}`;
}

interface AtIndex {
  readonly index: number;
  readonly annotations: Readonly<Record<string, string>>;
}

function made(job: Job, name: string, at?: AtIndex): readonly Change[] {
  const index = at?.index;
  const { metadata = {}, spec = { containers: [] } } = job.spec.template;
  const own = index === undefined ? {} : { [COMPLETION_INDEX]: String(index) };
  const labels = { ...metadata.labels, ...own };
  const annotations = { ...metadata.annotations, ...own, ...at?.annotations };
  const pod: Pod = {
    metadata: {
      name,
      generateName: name.slice(0, -5),
      namespace: job.metadata.namespace ?? "",
      labels,
      ...(Object.keys(annotations).length > 0 && { annotations }),
      finalizers: [...(metadata.finalizers ?? []), TRACKING],
      ownerReferences: [controllerReference(jobKind, job)],
    },
    spec: index === undefined ? spec : withIndex(spec, `${job.metadata.name}-${index}`),
  };
  return [create(podKind, pod), normalEvent(job, "SuccessfulCreate", `Created pod: ${name}`)];
}

function withIndex(spec: PodSpec, hostname: string): PodSpec {
  const fieldPath = `metadata.annotations['${COMPLETION_INDEX}']`;
  const variable = { name: "JOB_COMPLETION_INDEX", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath } } };
  const own = (container: Container): Container =>
    container.env?.some(({ name }) => name === variable.name)
      ? container
      : { ...container, env: [...(container.env ?? []), variable] };
  return {
    ...spec,
    hostname,
    containers: spec.containers.map(own),
    ...(spec.initContainers !== undefined && { initContainers: spec.initContainers.map(own) }),
  };
}
