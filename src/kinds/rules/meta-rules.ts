/** The rules of metadata, alike for every kind. */
import type { FieldFault } from "#base/fault.ts";
import { FieldFaults } from "./field-faults.ts";
import type { Kind } from "#kinds/kind.ts";
import { dnsLabelFaults, dnsSubdomainFaults, labelValueFaults, qualifiedNameFaults } from "./names.ts";
import type { KubeObject, ObjectMeta } from "#kinds/object.ts";

// apimachinery's TotalAnnotationSizeLimitB.
const MAX_ANNOTATION_BYTES = 256 * 1024;

export function metaFaults(kind: Kind, next: KubeObject, live: KubeObject | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { metadata } = next;
  if (live === null) checkIdentity(kind, metadata, faults);
  else checkChange(metadata, live.metadata, faults);
  checkLabels(metadata.labels, "metadata.labels", faults);
  checkAnnotations(metadata.annotations, "metadata.annotations", faults);
  checkOwners(metadata, faults);
  checkFinalizers(metadata.finalizers ?? [], faults);
  return faults.found;
}

function checkIdentity(kind: Kind, metadata: ObjectMeta, faults: FieldFaults): void {
  if ((metadata.name ?? "") === "") faults.required("metadata.name", "name or generateName is required");
  else faults.invalidEach("metadata.name", metadata.name, nameFaults(kind, metadata.name));
  if (kind.scope === "Cluster") {
    if ((metadata.namespace ?? "") !== "") faults.forbidden("metadata.namespace", "not allowed on this type");
    return;
  }
  if (metadata.namespace === undefined || metadata.namespace === "") faults.required("metadata.namespace");
  else faults.invalidEach("metadata.namespace", metadata.namespace, dnsLabelFaults(metadata.namespace));
}

function nameFaults(kind: Kind, name: string): readonly string[] {
  if (kind.checkName === undefined) return dnsSubdomainFaults(name);
  const fault = kind.checkName(name);
  return fault === null ? [] : [fault];
}

function checkChange(next: ObjectMeta, live: ObjectMeta, faults: FieldFaults): void {
  for (const field of [
    "name",
    "namespace",
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
  ] as const) {
    if (next[field] !== live[field]) faults.immutable(`metadata.${field}`, next[field]);
  }
  if (live.deletionTimestamp === undefined) return;
  const added = (next.finalizers ?? []).filter((finalizer) => !(live.finalizers ?? []).includes(finalizer)).toSorted();
  if (added.length === 0) return;
  const shown = `[]string{${added.map((finalizer) => JSON.stringify(finalizer)).join(", ")}}`;
  faults.forbidden(
    "metadata.finalizers",
    `no new finalizers can be added if the object is being deleted, found new finalizers ${shown}`,
  );
}

export function checkLabels(
  labels: Readonly<Record<string, string>> | undefined,
  path: string,
  faults: FieldFaults,
): void {
  for (const [key, value] of Object.entries(labels ?? {})) {
    faults.invalidEach(path, key, qualifiedNameFaults(key));
    faults.invalidEach(path, value, labelValueFaults(value));
  }
}

export function checkAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  path: string,
  faults: FieldFaults,
): void {
  let size = 0;
  for (const [key, value] of Object.entries(annotations ?? {})) {
    faults.invalidEach(path, key, qualifiedNameFaults(key.toLowerCase()));
    size += key.length + value.length;
  }
  if (size > MAX_ANNOTATION_BYTES) faults.tooLong(path, MAX_ANNOTATION_BYTES);
}

function checkOwners(metadata: ObjectMeta, faults: FieldFaults): void {
  const path = "metadata.ownerReferences";
  let controller: string | undefined;
  for (const owner of metadata.ownerReferences ?? []) {
    if (owner.apiVersion === "" || owner.apiVersion.endsWith("/"))
      faults.invalid(`${path}.apiVersion`, owner.apiVersion, "version must not be empty");
    if (owner.kind === "") faults.invalid(`${path}.kind`, owner.kind, "must not be empty");
    if (owner.name === "") faults.invalid(`${path}.name`, owner.name, "must not be empty");
    if (owner.uid === "") faults.invalid(`${path}.uid`, owner.uid, "must not be empty");
    if (owner.apiVersion === "v1" && owner.kind === "Event")
      faults.invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner");
    if (owner.controller !== true) continue;
    const name = `${owner.kind}/${owner.name}`;
    if (controller !== undefined) {
      const detail = `Only one reference can have Controller set to true. Found "true" in references for ${controller} and ${name}`;
      faults.invalid(path, metadata.ownerReferences, detail);
    }
    controller ??= name;
  }
}

function checkFinalizers(finalizers: readonly string[], faults: FieldFaults): void {
  for (const finalizer of finalizers)
    faults.invalidEach("metadata.finalizers", finalizer, qualifiedNameFaults(finalizer));
  if (finalizers.includes("orphan") && finalizers.includes("foregroundDeletion")) {
    faults.invalid("metadata.finalizers", finalizers, "finalizer orphan and foregroundDeletion cannot be both set");
  }
}
