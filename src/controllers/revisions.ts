/** Which ReplicaSet is the deployment's newest, and which revision each is: annotations, labels, template comparison. */
import { type Json, sameJson } from "#base/json.ts";
import type { Deployment } from "#kinds/apps/deployment.ts";
import type { PodTemplateSpec } from "#kinds/core/pod-spec.ts";
import type { ReplicaSet } from "#kinds/apps/replica-set.ts";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { podTemplateHash } from "#kinds/apps/pod-template-hash.ts";
import type { Change } from "#deck/objects.ts";
import { controllerReference } from "#kinds/owners.ts";
import { patchTo } from "./changes.ts";
import type { Bounds } from "./rollout-size.ts";

export const REVISION = "deployment.kubernetes.io/revision";
const HISTORY = "deployment.kubernetes.io/revision-history";
const DESIRED = "deployment.kubernetes.io/desired-replicas";
const MAXIMUM = "deployment.kubernetes.io/max-replicas";
const HASH_LABEL = "pod-template-hash";

// Of the deployment alone: what its sets must not take over.
const NOT_COPIED: ReadonlySet<string> = new Set([
  "kubectl.kubernetes.io/last-applied-configuration",
  REVISION,
  HISTORY,
  DESIRED,
  MAXIMUM,
  "deprecated.deployment.rollback.to",
]);

type Annotations = Readonly<Record<string, string>>;

/** The oldest set whose template is the deployment's, the hash label aside. */
export function findNewSet(deployment: Deployment, sets: readonly ReplicaSet[]): ReplicaSet | undefined {
  const wanted = withoutHash(deployment.spec.template);
  return sets.toSorted(byCreation).find((set) => sameJson(withoutHash(set.spec.template ?? {}), wanted));
}

function withoutHash(template: PodTemplateSpec): Json {
  const { labels = {}, ...metadata } = template.metadata ?? {};
  const { [HASH_LABEL]: _hash, ...kept } = labels;
  const { creationTimestamp: _time, ...rest } = metadata;
  return { ...template, metadata: { ...rest, labels: kept } };
}

export function byCreation(a: ReplicaSet, b: ReplicaSet): number {
  const [at, bt] = [a.metadata.creationTimestamp ?? "", b.metadata.creationTimestamp ?? ""];
  if (at !== bt) return at < bt ? -1 : 1;
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

/** An int64, as strconv.ParseInt reads it; what is none counts as no revision. */
export function revisionOf({ metadata }: { readonly metadata: { readonly annotations?: Annotations } }): bigint {
  const text = metadata.annotations?.[REVISION] ?? "";
  const value = /^[+-]?\d{1,19}$/.test(text) ? BigInt(text.replace("+", "")) : 0n;
  return BigInt.asIntN(64, value) === value ? value : 0n;
}

/** One more than every older set has; beyond the last int64 it wraps, as upstream's. */
export function nextRevision(olds: readonly ReplicaSet[]): bigint {
  const highest = olds.map(revisionOf).reduce((most, revision) => (revision > most ? revision : most), 0n);
  return BigInt.asIntN(64, highest + 1n);
}

export function byRevision(a: ReplicaSet, b: ReplicaSet): number {
  const [revisionA, revisionB] = [revisionOf(a), revisionOf(b)];
  return revisionA === revisionB ? 0 : revisionA < revisionB ? -1 : 1;
}

export function setNameOf(deployment: Deployment): { readonly name: string; readonly hash: string } {
  const hash = podTemplateHash(deployment.spec.template, deployment.status?.collisionCount ?? 0);
  return { name: `${deployment.metadata.name}-${hash}`, hash };
}

export function makeSet(
  deployment: Deployment,
  { revision, size, bounds }: { readonly revision: bigint; readonly size: number; readonly bounds: Bounds },
): ReplicaSet {
  const { name, hash } = setNameOf(deployment);
  const { template, selector, minReadySeconds = 0 } = deployment.spec;
  const labels = { ...template.metadata?.labels, [HASH_LABEL]: hash };
  return {
    metadata: {
      name,
      namespace: deployment.metadata.namespace ?? "",
      labels,
      annotations: { ...copiedAnnotations(deployment), ...sizeAnnotations(bounds), [REVISION]: String(revision) },
      ownerReferences: [controllerReference(deploymentKind, deployment)],
    },
    spec: {
      replicas: size,
      ...(minReadySeconds > 0 && { minReadySeconds }),
      selector: { ...selector, matchLabels: { ...selector.matchLabels, [HASH_LABEL]: hash } },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  };
}

function copiedAnnotations({ metadata }: Deployment): Annotations {
  return Object.fromEntries(Object.entries(metadata.annotations ?? {}).filter(([key]) => !NOT_COPIED.has(key)));
}

function sizeAnnotations({ desired, maxSurge }: Bounds): Annotations {
  return { [DESIRED]: String(desired), [MAXIMUM]: String(desired + maxSurge) };
}

/** Brings a set that is the newest (again) up to its revision, annotations and minReadySeconds. */
export function asNewest(deployment: Deployment, set: ReplicaSet, revision: bigint): ReplicaSet {
  const before = revisionOf(set);
  const annotations: Record<string, string> = { ...set.metadata.annotations, ...copiedAnnotations(deployment) };
  if (before < revision) {
    annotations[REVISION] = String(revision);
    const history = set.metadata.annotations?.[HISTORY];
    if (before > 0n) annotations[HISTORY] = history === undefined ? String(before) : `${history},${before}`;
  }
  const { minReadySeconds: _before, ...spec } = set.spec;
  const minReadySeconds = deployment.spec.minReadySeconds ?? 0;
  return {
    ...set,
    metadata: { ...set.metadata, annotations },
    spec: { ...spec, ...(minReadySeconds > 0 && { minReadySeconds }) },
  };
}

/** The set at another size, knowing the deployment's. */
export function resized(set: ReplicaSet, size: number, bounds: Bounds): ReplicaSet {
  return {
    ...set,
    metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, ...sizeAnnotations(bounds) } },
    spec: { ...set.spec, replicas: size },
  };
}

/** What the deployment wanted when the set was last scaled; undefined when nobody wrote it down. */
export function knownDesired({ metadata }: ReplicaSet): number | undefined {
  return numberOf(metadata.annotations?.[DESIRED]);
}

export function knownMaximum({ metadata }: ReplicaSet): number | undefined {
  return numberOf(metadata.annotations?.[MAXIMUM]);
}

function numberOf(text: string | undefined): number | undefined {
  const value = Number(text ?? "");
  return text === undefined || !Number.isInteger(value) ? undefined : value;
}

/** `kubectl rollout history` reads the deployment's own revision. */
export function withRevision(deployment: Deployment, revision: bigint): readonly Change[] {
  const annotations = { ...deployment.metadata.annotations, [REVISION]: String(revision) };
  return patchTo(deploymentKind, deployment, { ...deployment, metadata: { ...deployment.metadata, annotations } });
}
