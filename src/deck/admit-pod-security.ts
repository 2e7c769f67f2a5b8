/** Pod security as admission sees it: refuses pods that violate what their namespace enforces, warns of and records the rest. The rules are policy/'s. */
import type { FieldFault } from "#base/fault.ts";
import { nameOf } from "#base/key.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { controllerOf } from "#kinds/object.ts";
import type { Container, PodSpec } from "#kinds/core/pod-spec.ts";
import { namespaceKind } from "#kinds/core/namespace.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import type { PodParts } from "#policy/pod-security-check.ts";
import {
  detailsOf,
  isStricter,
  type LabelFault,
  podSecurityOf,
  reasonsOf,
  type Standard,
  standardText,
  violationsOf,
} from "#policy/pod-security.ts";
import { type Admission, type AdmissionRequest, NO_REMARKS, type Present, type Remarks } from "./admission.ts";
import { forbidden, invalid } from "./refusals.ts";

// Upstream checks 3,000 pods within a second; here nobody else is served meanwhile.
const MOST_PODS = 500;

const NAME = "PodSecurity";

/** Upstream's plugin PodSecurity: pods on every path, since a part may bring in containers too; templates are only warned of. */
export const podSecurity: readonly Admission[] = [
  { name: NAME, kinds: [namespaceKind], on: ["create", "update"], review: reviewNamespace },
  { name: NAME, kinds: [podKind], on: ["create", "update", "part"], review: reviewPod } satisfies Admission<Pod>,
  { name: NAME, kinds: "all", on: ["create", "update"], review: reviewTemplate },
];

function reviewPod({ kind, key, object: pod, live }: AdmissionRequest<Pod>, present: Present): Remarks {
  if (live !== null && !isSignificant(pod, live)) return NO_REMARKS;
  const policy = policyAt(key, present);
  const parts = partsOf(pod);
  const broken = violationsOf(policy.enforce, parts);
  if (broken.length > 0)
    throw forbidden(kind, nameOf(key).name, `violates PodSecurity ${sentence(policy.enforce, broken)}`);
  return remarksOf(parts, policy);
}

/** What makes pods is never refused: its pods will be. */
function reviewTemplate({ kind, key, object }: AdmissionRequest, present: Present): Remarks {
  const template = kind.podTemplate?.(object);
  if (template?.spec === undefined) return NO_REMARKS;
  return remarksOf(partsOf({ metadata: template.metadata ?? {}, spec: template.spec }), policyAt(key, present));
}

type Policy = ReturnType<typeof podSecurityOf>["policy"];

function policyAt(key: string, present: Present): Policy {
  return podSecurityOf(present.get(namespaceKind, `/${nameOf(key).namespace}`)?.metadata.labels).policy;
}

function remarksOf(parts: PodParts, { audit, warn }: Policy): Remarks {
  const told = (standard: Standard): readonly string[] => {
    const broken = violationsOf(standard, parts);
    return broken.length === 0 ? [] : [`would violate PodSecurity ${sentence(standard, broken)}`];
  };
  return { warnings: told(warn), records: told(audit) };
}

function sentence(standard: Standard, broken: ReturnType<typeof violationsOf>): string {
  return `"${standardText(standard)}": ${detailsOf(broken)}`;
}

interface Described {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

function partsOf({ metadata: { annotations = {} }, spec }: Described): PodParts {
  return { annotations, spec };
}

/** Upstream's isSignificantPodUpdate: containers that came, went, or have another image. */
function isSignificant({ spec }: Pod, { spec: before }: Pod): boolean {
  return (
    isOther(spec.containers, before.containers) ||
    isOther(spec.initContainers ?? [], before.initContainers ?? []) ||
    (spec.ephemeralContainers ?? []).some(
      ({ name, image }) => (before.ephemeralContainers ?? []).find((known) => known.name === name)?.image !== image,
    )
  );
}

function isOther(containers: readonly Container[], before: readonly Container[]): boolean {
  return containers.length !== before.length || containers.some(({ image }, at) => image !== before[at]?.image);
}

/** Labels that nobody can read are refused; pods that are there already stay, and are named when the level becomes stricter. */
function reviewNamespace({ kind, object, live }: AdmissionRequest, present: Present): Remarks {
  const { policy, faults } = podSecurityOf(object.metadata.labels);
  const before = live === null ? null : podSecurityOf(live.metadata.labels);
  const { name } = object.metadata;
  if (faults.length > 0 && !sameFaults(faults, before?.faults ?? [])) throw invalid(kind, name, faultsOf(faults));
  if (before === null || !isStricter(policy.enforce, before.policy.enforce)) return NO_REMARKS;
  return { warnings: standingPods(name, policy.enforce, present), records: [] };
}

function sameFaults(faults: readonly LabelFault[], before: readonly LabelFault[]): boolean {
  return (
    faults.length === before.length &&
    faults.every(({ label, value }, at) => label === before[at]?.label && value === before[at].value)
  );
}

function faultsOf(faults: readonly LabelFault[]): readonly FieldFault[] {
  const found = new FieldFaults();
  for (const { label, value, detail } of faults) found.invalid(`metadata.labels[${label}]`, value, detail);
  return found.found;
}

/** Upstream's EvaluatePodsInNamespace. */
function standingPods(namespace: string, standard: Standard, present: Present): readonly string[] {
  const pods = bySetFirst([...present.list(podKind, namespace)]);
  const groups = new Map<string, string[]>();
  for (const pod of pods.slice(0, MOST_PODS)) {
    const broken = violationsOf(standard, partsOf(pod));
    if (broken.length === 0) continue;
    const reasons = reasonsOf(broken);
    groups.set(reasons, [...(groups.get(reasons) ?? []), pod.metadata.name]);
  }
  const lines = [...groups].map(([reasons, names]) => `${listed(names)}: ${reasons}`);
  return [
    ...(pods.length > MOST_PODS
      ? [`new PodSecurity enforce level only checked against the first ${MOST_PODS} of ${pods.length} existing pods`]
      : []),
    ...(lines.length > 0
      ? [
          `existing pods in namespace "${namespace}" violate the new PodSecurity enforce level "${standardText(standard)}"`,
        ]
      : []),
    ...lines.toSorted((a, b) => (a < b ? -1 : 1)),
  ];
}

/** One pod of each controller before the others, which are alike. */
function bySetFirst(pods: readonly Pod[]): readonly Pod[] {
  const seen = new Set<string>();
  const isFirst = pods.map((pod) => {
    const owner = controllerOf(pod)?.uid;
    if (owner === undefined) return true;
    const isNew = !seen.has(owner);
    seen.add(owner);
    return isNew;
  });
  return [...pods.filter((_, at) => isFirst[at]), ...pods.filter((_, at) => isFirst[at] !== true)];
}

function listed(names: readonly string[]): string {
  const first = names.reduce((least, name) => (name < least ? name : least));
  if (names.length === 1) return first;
  return `${first} (and ${names.length - 1} other ${names.length === 2 ? "pod" : "pods"})`;
}
