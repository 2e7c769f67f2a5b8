/** The part of every object that belongs to the system: uid, times, generation, deletion marks, and the rules of names and labels. */
import { timestamp } from "#base/clock.ts";
import type { FieldFault } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import { nameSuffix, type Random } from "#base/random.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject, ObjectMeta } from "#kinds/object.ts";
import { storageOf } from "./registry.ts";

export interface Birth {
  readonly now: number;
  readonly random: Random;
}

// Upstream leaves room for 5 random letters in a 63 letter name.
const GENERATED_BASE_LENGTH = 58;

/** What a new object gets; what clients say about these fields is ignored. */
export function bornMetadata(kind: Kind, metadata: ObjectMeta, { now, random }: Birth): ObjectMeta {
  const { resourceVersion: _revision, deletionTimestamp: _deleted, deletionGracePeriodSeconds: _grace, managedFields: _managed, ...kept } = metadata;
  const generated = metadata.generateName !== undefined && (metadata.name ?? "") === "";
  return {
    ...kept,
    name: generated ? metadata.generateName.slice(0, GENERATED_BASE_LENGTH) + nameSuffix(random) : (metadata.name ?? ""),
    uid: random.uuid(),
    creationTimestamp: timestamp(now),
    ...(hasGeneration(kind) ? { generation: 1 } : {}),
  };
}

/** What an update may not touch comes from the live object. */
export function keptMetadata(next: ObjectMeta, live: ObjectMeta): ObjectMeta {
  const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation, resourceVersion, managedFields, namespace } = live;
  const { deletionTimestamp: _deleted, deletionGracePeriodSeconds: _grace, generation: _generation, managedFields: _managed, namespace: _namespace, ...kept } = next;
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
    ...(managedFields !== undefined && { managedFields }),
  };
}

// Upstream counts no generations for these, although they have a status.
const WITHOUT_GENERATION: ReadonlySet<string> = new Set(["core/namespaces", "core/nodes", "core/services", "autoscaling/horizontalpodautoscalers"]);

function hasGeneration(kind: Kind): boolean {
  if (kind.definedBy !== undefined) return true;
  return kind.subresources.includes("status") && !WITHOUT_GENERATION.has(storageOf(kind));
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
  const { apiVersion: _version, kind: _kind, metadata: _metadata, ...desire } = object as KubeObject & { readonly status?: unknown };
  if (!kind.subresources.includes("status")) return desire;
  const { status: _status, ...rest } = desire;
  return rest;
}

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const SUBDOMAIN_LENGTH = 253;

export function subdomainFault(name: string): string | null {
  if (name.length > SUBDOMAIN_LENGTH) return `must be no more than ${SUBDOMAIN_LENGTH} bytes`;
  return SUBDOMAIN.test(name) ? null : SUBDOMAIN_RULE;
}

const QUALIFIED_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const QUALIFIED_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const LABEL_LENGTH = 63;
const ANNOTATIONS_BYTES = 256 * 1024;

/** What is wrong with name, labels, annotations, finalizers and owners. */
export function metadataFaults(kind: Kind, metadata: ObjectMeta): readonly FieldFault[] {
  return [
    ...nameFaults(kind, metadata),
    ...Object.entries(metadata.labels ?? {}).flatMap(([key, value]) => labelFaults(key, value)),
    ...annotationFaults(metadata.annotations ?? {}),
    ...(metadata.finalizers ?? []).flatMap((finalizer, index) => qualifiedFaults(`metadata.finalizers[${index}]`, finalizer)),
    ...(metadata.ownerReferences ?? []).flatMap((owner, index) =>
      (["apiVersion", "kind", "name", "uid"] as const)
        .filter((field) => (owner[field] ?? "") === "")
        .map((field): FieldFault => ({ reason: "FieldValueRequired", field: `metadata.ownerReferences[${index}].${field}`, message: "Required value: must not be empty" })),
    ),
  ];
}

function nameFaults(kind: Kind, { name }: ObjectMeta): readonly FieldFault[] {
  if (name === "") return [{ reason: "FieldValueRequired", field: "metadata.name", message: "Required value: name or generateName is required" }];
  const fault = (kind.checkName ?? subdomainFault)(name);
  return fault === null ? [] : [wrong("metadata.name", name, fault)];
}

function labelFaults(key: string, value: string): readonly FieldFault[] {
  const faults = qualifiedFaults("metadata.labels", key);
  if (value.length > LABEL_LENGTH) return [...faults, wrong("metadata.labels", value, `must be no more than ${LABEL_LENGTH} bytes`)];
  return value === "" || QUALIFIED_NAME.test(value) ? faults : [...faults, wrong("metadata.labels", value, LABEL_RULE)];
}

function annotationFaults(annotations: Readonly<Record<string, string>>): readonly FieldFault[] {
  let size = 0;
  const faults: FieldFault[] = [];
  for (const [key, value] of Object.entries(annotations)) {
    size += key.length + value.length;
    faults.push(...qualifiedFaults("metadata.annotations", key.toLowerCase()));
  }
  if (size > ANNOTATIONS_BYTES) faults.push({ reason: "FieldValueTooLong", field: "metadata.annotations", message: `Too long: may not be more than ${ANNOTATIONS_BYTES} bytes` });
  return faults;
}

function qualifiedFaults(field: string, key: string): readonly FieldFault[] {
  const slash = key.indexOf("/");
  const prefix = key.slice(0, Math.max(slash, 0));
  const name = key.slice(slash + 1);
  if (slash >= 0 && subdomainFault(prefix) !== null) return [wrong(field, key, `prefix part ${SUBDOMAIN_RULE}`)];
  if (name.length > LABEL_LENGTH) return [wrong(field, key, `name part must be no more than ${LABEL_LENGTH} bytes`)];
  return QUALIFIED_NAME.test(name) ? [] : [wrong(field, key, QUALIFIED_RULE)];
}

function wrong(field: string, value: string, rule: string): FieldFault {
  return { reason: "FieldValueInvalid", field, message: `Invalid value: ${JSON.stringify(value)}: ${rule}` };
}
