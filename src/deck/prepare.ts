/** From what a client sent to what will be stored: shape, derived fields, admission, validation, ownership. Pure but for chance and time passed in. */
import { timestamp } from "#base/clock.ts";
import { Fault, unsupported } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import { keyOf, type ObjectKey } from "#base/key.ts";
import type { Random } from "#base/random.ts";
import { validateObject } from "#kinds/rules/check.ts";
import { type Kind, type SubresourceName, storedKind } from "#kinds/kind.ts";
import { hasStatus, subresourceOf, withStatusOf } from "#kinds/subresources.ts";
import type { KubeObject } from "#kinds/object.ts";
import {
  type Admission,
  type AdmissionRequest,
  concerns,
  NO_REMARKS,
  type Present,
  type Remarks,
} from "./admission.ts";
import { withFieldOwners } from "./field-owners.ts";
import { bornMetadata, keptMetadata, withGeneration } from "./metadata.ts";
import { invalid } from "./refusals.ts";
import { shape } from "./shape.ts";
import type { WriteRequest } from "./write-request.ts";

export interface Surroundings {
  readonly now: number;
  readonly random: Random;
  readonly present: Present;
  readonly admissions: readonly Admission[];
}

/** With server-side apply the object brings its managedFields with it. */
export type OwnedRequest = WriteRequest & { readonly isApplied?: boolean };

interface Change {
  readonly live: KubeObject;
  readonly next: KubeObject;
}

export interface Prepared {
  /** In the stored version of the kind. */
  readonly object: KubeObject;
  readonly key: ObjectKey;
  readonly remarks: Remarks;
  /** Must be called when the write has ended. */
  readonly settle: () => void;
}

export function prepareCreate(
  served: Kind,
  submitted: KubeObject,
  request: OwnedRequest,
  around: Surroundings,
): Prepared {
  if ((submitted.metadata.resourceVersion ?? "") !== "")
    throw new Fault("BadRequest", "resourceVersion should not be set on objects to be created");
  const shaped = shape(served, submitted, request);
  refuseInert(served, shaped.inert);
  const kind = storedKind(served);
  const stored = served.storedAs?.toStored(shaped.object) ?? shaped.object;
  const born = { ...withoutStatus(kind, stored), metadata: bornMetadata(kind, placed(kind, stored.metadata), around) };
  const object = kind.onCreate?.(born, request.subject) ?? born;
  const key = keyOf(object.metadata.namespace ?? "", object.metadata.name);
  if (shaped.faults.length > 0) throw invalid(served, object.metadata.name, shaped.faults);
  const asked = { kind, key, live: null, operation: "create" } as const;
  const admitted = admit({ ...asked, object }, around);
  try {
    validate(kind, admitted.object, null);
    const remarks = review({ ...asked, object: admitted.object }, shaped.warnings, around);
    admitted.settleAlso(remarks);
    const owners = request.isApplied === true ? submitted.metadata.managedFields : undefined;
    const owned =
      owners === undefined
        ? withFieldOwners(served, { live: null, next: admitted.object }, request, timestamp(around.now))
        : withOwners(admitted.object, owners);
    return { object: owned, key, remarks, settle: admitted.settle };
  } catch (thrown) {
    admitted.settle();
    throw thrown;
  }
}

/** Null when nothing would change: then nothing is written and the revision stays. */
export function prepareUpdate(
  served: Kind,
  change: Change,
  request: OwnedRequest,
  around: Surroundings,
): Prepared | null {
  const kind = storedKind(served);
  const { live } = change;
  const shaped = shape(served, change.next, request);
  if (shaped.inert.length > 0 && asksForSpec(change, request)) refuseInert(served, shaped.inert);
  if (shaped.faults.length > 0) throw invalid(served, live.metadata.name, shaped.faults);
  const stored = served.storedAs?.toStored(shaped.object) ?? shaped.object;
  const object = merged(kind, { live, next: stored }, request);
  const owners = ownersSent(change, request);
  if (owners === null && sameContent(object, live) && hasSameRecord(change)) return null;
  const key = keyOf(live.metadata.namespace ?? "", live.metadata.name);
  const { subresource } = request;
  const operation = subresource === undefined ? "update" : "part";
  const asked = { kind, key, live, operation, ...(subresource && { subresource }) } as const;
  const admitted = admit({ ...asked, object }, around);
  try {
    const next = withGeneration(kind, admitted.object, live);
    if (subresource !== "binding") validate(kind, next, live, subresource);
    const remarks = review({ ...asked, object: next }, shaped.warnings, around);
    admitted.settleAlso(remarks);
    const owned =
      owners === null || owners.length === 0
        ? withFieldOwners(served, { live, next: wipedIf(next, owners) }, request, timestamp(around.now))
        : withOwners(next, owners);
    if (sameContent(owned, live) && sameOwners(owned, live)) {
      admitted.settle();
      return null;
    }
    return { object: owned, key, remarks, settle: admitted.settle };
  } catch (thrown) {
    admitted.settle();
    throw thrown;
  }
}

/** Whoever writes a part of the object, a node its status, somebody its finalizers, did not ask for what the rest says. */
function asksForSpec({ live, next }: Change, { subresource }: OwnedRequest): boolean {
  return subresource === undefined && !sameJson(specOf(live), specOf(next));
}

function specOf({ spec }: KubeObject & { readonly spec?: unknown }): unknown {
  return spec;
}

function refuseInert(kind: Kind, [first]: readonly string[]): void {
  if (first !== undefined) throw unsupported(`${first} (in a ${kind.kind})`);
}

type Owners = NonNullable<KubeObject["metadata"]["managedFields"]>;

/** The owners that come with the write: those of an apply, or the empty list with which a client wipes them. */
function ownersSent({ live, next }: Change, { isApplied }: OwnedRequest): Owners | null {
  const sent = next.metadata.managedFields;
  if (isApplied === true) return sent ?? null;
  return sent?.length === 0 && live.metadata.managedFields !== undefined ? sent : null;
}

/** kubectl moves fields from client-side to server-side apply by a write of nothing but managedFields. */
function hasSameRecord({ live, next }: Change): boolean {
  return next.metadata.managedFields === undefined || sameOwners(next, live);
}

function wipedIf(object: KubeObject, owners: Owners | null): KubeObject {
  return owners === null ? object : withOwners(object, owners);
}

/** The part that this path may write on top of the live object. */
function merged(kind: Kind, change: Change, { subresource }: OwnedRequest): KubeObject {
  const { live } = change;
  const scoped = scope(kind, change, subresource);
  const kept: KubeObject = { ...scoped, metadata: keptMetadata(scoped.metadata, live.metadata) };
  return subresource === undefined ? (kind.onUpdate?.(kept, live) ?? kept) : kept;
}

/** Namespaced kinds need a namespace, cluster kinds have none. */
function placed(kind: Kind, metadata: KubeObject["metadata"]): KubeObject["metadata"] {
  if (kind.scope === "Cluster") {
    const { namespace: _namespace, ...rest } = metadata;
    return rest;
  }
  if ((metadata.namespace ?? "") === "")
    throw new Fault("BadRequest", "an empty namespace may not be set during creation");
  return metadata;
}

/** A status that came with a create is dropped, unless the kind decides itself what it keeps. */
function withoutStatus(kind: Kind, object: KubeObject): KubeObject {
  if (kind.onCreate !== undefined || kind.createKeepsStatus === true || !hasStatus(kind)) return object;
  const { status: _status, ...rest } = object as KubeObject & { readonly status?: unknown };
  return rest;
}

/** Each path writes its own part of the object and leaves the rest as it is. */
function scope(kind: Kind, change: Change, subresource: SubresourceName | undefined): KubeObject {
  if (subresource === undefined) return hasStatus(kind) ? withStatusOf(change.next, change.live) : change.next;
  const writes = subresourceOf(kind, subresource)?.writes;
  if (writes === undefined) throw unsupported(`writing ${kind.plural}/${subresource}`);
  return writes(kind, change);
}

interface Admitted {
  readonly object: KubeObject;
  /** Ends what admissions hold for this write; once. */
  readonly settle: () => void;
  readonly settleAlso: (remarks: Remarks) => void;
}

function admit(request: AdmissionRequest, { admissions, present }: Surroundings): Admitted {
  const done: (() => void)[] = [];
  const settle = (): void => done.splice(0).forEach((end) => end());
  let object = request.object;
  try {
    for (const admission of admissions) {
      if (!concerns(admission, request)) continue;
      object = admission.admit?.({ ...request, object }, present) ?? object;
      if (admission.settle !== undefined) done.push(() => admission.settle?.(request));
    }
  } catch (thrown) {
    settle();
    throw thrown;
  }
  const settleAlso = (remarks: Remarks): void => {
    if (remarks.settle !== undefined) done.push(remarks.settle);
  };
  return { object, settle, settleAlso };
}

/** Throws the fault that refuses a delete. */
export function reviewRemoval(served: Kind, key: ObjectKey, live: KubeObject, around: Surroundings): void {
  review({ kind: storedKind(served), key, object: live, live, operation: "delete" }, [], around);
}

/** As upstream's validating admission: after everything that changes or checks the object. */
function review(
  request: AdmissionRequest,
  warnings: readonly string[],
  { admissions, present }: Surroundings,
): Remarks {
  const remarks: Remarks[] = [];
  const settle = (): void => remarks.forEach((remark) => remark.settle?.());
  try {
    for (const admission of admissions)
      if (concerns(admission, request)) remarks.push(admission.review?.(request, present) ?? NO_REMARKS);
  } catch (thrown) {
    settle();
    throw thrown;
  }
  return {
    warnings: [...warnings, ...remarks.flatMap((remark) => remark.warnings)],
    records: remarks.flatMap(({ records }) => records),
    settle,
  };
}

function validate(kind: Kind, next: KubeObject, live: KubeObject | null, part?: SubresourceName): void {
  const faults = validateObject(kind, next, live, part);
  if (faults.length > 0) throw invalid(kind, next.metadata.name, faults);
}

function withOwners(object: KubeObject, managedFields: Owners): KubeObject {
  return { ...object, metadata: { ...object.metadata, managedFields } };
}

function sameContent(a: KubeObject, b: KubeObject): boolean {
  return sameJson(contentOf(a), contentOf(b));
}

function contentOf(object: KubeObject): object {
  const { apiVersion: _version, kind: _kind, metadata, ...rest } = object;
  const { managedFields: _managed, resourceVersion: _revision, ...kept } = metadata;
  return { ...rest, metadata: kept };
}

/** Times do not count: claiming again what one owns already changes nothing. */
function sameOwners(a: KubeObject, b: KubeObject): boolean {
  const untimed = ({ metadata }: KubeObject): unknown =>
    (metadata.managedFields ?? []).map(({ time: _time, ...entry }) => entry);
  return sameJson(untimed(a), untimed(b));
}
