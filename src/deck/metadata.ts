/** The part of every object that belongs to the system: uid, times, generation, deletion marks. Its rules of syntax are kinds/meta-rules.ts. */
import { timestamp } from "#base/clock.ts";
import { sameJson } from "#base/json.ts";
import { nameSuffix, type Random } from "#base/random.ts";
import type { Kind } from "#kinds/kind.ts";
import { hasStatus } from "#kinds/subresources.ts";
import type { KubeObject, ObjectMeta } from "#kinds/object.ts";

export interface Birth {
  readonly now: number;
  readonly random: Random;
}

// Upstream leaves room for 5 random letters in a 63 letter name.
const GENERATED_BASE_LENGTH = 58;

/** What a new object gets; what clients say about these fields is ignored. */
export function bornMetadata(kind: Kind, metadata: ObjectMeta, { now, random }: Birth): ObjectMeta {
  const {
    resourceVersion: _revision,
    deletionTimestamp: _deleted,
    deletionGracePeriodSeconds: _grace,
    managedFields: _managed,
    ...kept
  } = metadata;
  const generated = metadata.generateName !== undefined && (metadata.name ?? "") === "";
  return {
    ...kept,
    name: generated
      ? metadata.generateName.slice(0, GENERATED_BASE_LENGTH) + nameSuffix(random)
      : (metadata.name ?? ""),
    uid: random.uuid(),
    creationTimestamp: timestamp(now),
    ...(hasGeneration(kind) ? { generation: 1 } : {}),
  };
}

/** What an update may not touch comes from the live object. */
export function keptMetadata(next: ObjectMeta, live: ObjectMeta): ObjectMeta {
  const {
    uid,
    creationTimestamp,
    deletionTimestamp,
    deletionGracePeriodSeconds,
    generation,
    resourceVersion,
    managedFields,
    namespace,
  } = live;
  const {
    deletionTimestamp: _deleted,
    deletionGracePeriodSeconds: _grace,
    generation: _generation,
    namespace: _namespace,
    ...kept
  } = next;
  return {
    ...kept,
    name: live.name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(creationTimestamp !== undefined && { creationTimestamp }),
    ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    ...(deletionGracePeriodSeconds !== undefined && { deletionGracePeriodSeconds }),
    ...(generation !== undefined && { generation }),
    ...(resourceVersion !== undefined && { resourceVersion }),
    ...(kept.managedFields === undefined && managedFields !== undefined && { managedFields }),
  };
}

function hasGeneration(kind: Kind): boolean {
  return kind.countsGenerations ?? hasStatus(kind);
}

/** Counts up when anything but metadata and status changed. */
export function withGeneration(kind: Kind, next: KubeObject, live: KubeObject): KubeObject {
  if (!hasGeneration(kind) || sameDesire(kind, next, live)) return next;
  return { ...next, metadata: { ...next.metadata, generation: (live.metadata.generation ?? 0) + 1 } };
}

function sameDesire(kind: Kind, a: KubeObject, b: KubeObject): boolean {
  return sameJson(desireOf(kind, a), desireOf(kind, b));
}

function desireOf(kind: Kind, object: KubeObject): object {
  const {
    apiVersion: _version,
    kind: _kind,
    metadata: _metadata,
    ...desire
  } = object as KubeObject & { readonly status?: unknown };
  if (!hasStatus(kind)) return desire;
  const { status: _status, ...rest } = desire;
  return rest;
}
