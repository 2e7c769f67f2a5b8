/** Pod Security Standards: which level a namespace's labels ask for, and in which way a pod violates it. Pure. */
import { baselineChecks } from "./pod-security-baseline.ts";
import type { Check, PodParts, Violation } from "./pod-security-check.ts";
import { restrictedChecks } from "./pod-security-restricted.ts";

const LEVELS = ["privileged", "baseline", "restricted"] as const;
/** From what allows everything to the strictest. */
export type Level = (typeof LEVELS)[number];

/** A standard as it was at a version of Kubernetes: "baseline:latest", "restricted:v1.25". */
export interface Standard {
  readonly level: Level;
  /** The minor version of 1.x. */
  readonly version: number | "latest";
}

/** What is refused, what is told to whom, and what is put on record. */
export interface PodSecurityPolicy {
  readonly enforce: Standard;
  readonly audit: Standard;
  readonly warn: Standard;
}

export interface LabelFault {
  readonly label: string;
  readonly value: string;
  readonly detail: string;
}

const PREFIX = "pod-security.kubernetes.io/";
const PRIVILEGED: Standard = { level: "privileged", version: "latest" };
const ALL_PRIVILEGED: PodSecurityPolicy = { enforce: PRIVILEGED, audit: PRIVILEGED, warn: PRIVILEGED };

type Labels = Readonly<Record<string, string>>;

/** Upstream's PolicyToEvaluate: a label that cannot be read asks for the strictest and is a fault; audit and warn fail open. */
export function podSecurityOf(labels: Labels = {}): {
  readonly policy: PodSecurityPolicy;
  readonly faults: readonly LabelFault[];
} {
  if (!Object.keys(labels).some((label) => label.startsWith(PREFIX))) return { policy: ALL_PRIVILEGED, faults: [] };
  const faults: LabelFault[] = [];
  const read = (mode: keyof PodSecurityPolicy): Standard => ({
    level: levelOf(labels, mode, faults),
    version: versionOf(labels, mode, faults),
  });
  const [enforce, audit, warn] = [read("enforce"), read("audit"), read("warn")];
  // Who enforces a level wants to be told of it too: of what makes pods, which is not refused.
  const isImplied =
    labels[`${PREFIX}warn`] === undefined &&
    labels[`${PREFIX}enforce`] !== undefined &&
    !faults.some(({ label }) => label === `${PREFIX}enforce`) &&
    enforce.level !== "privileged";
  if (!isImplied) return { policy: { enforce, audit, warn }, faults };
  const version = labels[`${PREFIX}warn-version`] === undefined ? enforce.version : warn.version;
  return { policy: { enforce, audit, warn: { level: enforce.level, version } }, faults };
}

function levelOf(labels: Labels, mode: keyof PodSecurityPolicy, faults: LabelFault[]): Level {
  const label = `${PREFIX}${mode}`;
  const value = labels[label];
  if (value === undefined) return "privileged";
  const level = LEVELS.find((known) => known === value);
  if (level !== undefined) return level;
  faults.push({ label, value, detail: `must be one of ${LEVELS.join(", ")}` });
  return mode === "enforce" ? "restricted" : "privileged";
}

function versionOf(labels: Labels, mode: keyof PodSecurityPolicy, faults: LabelFault[]): Standard["version"] {
  const label = `${PREFIX}${mode}-version`;
  const value = labels[label] ?? "latest";
  if (value === "latest") return "latest";
  const minor = /^v1\.(0|[1-9]\d{0,9})$/.exec(value)?.[1];
  if (minor !== undefined) return Number(minor);
  faults.push({ label, value, detail: 'must be "latest" or "v1.x"' });
  return "latest";
}

/** Whether `next` may refuse a pod that `before` allowed. */
export function isStricter(next: Standard, before: Standard): boolean {
  if (next.level === "privileged" || sameStandard(next, before)) return false;
  return next.version !== before.version || LEVELS.indexOf(next.level) > LEVELS.indexOf(before.level);
}

function sameStandard(a: Standard, b: Standard): boolean {
  return a.level === b.level && a.version === b.version;
}

export function standardText({ level, version }: Standard): string {
  return `${level}:${version === "latest" ? version : `v1.${version}`}`;
}

/** Every way in which the pod violates the standard: baseline first, each level by the ids of its checks. */
export function violationsOf(standard: Standard, pod: PodParts): readonly Violation[] {
  if (standard.level === "privileged") return [];
  const minor = standard.version === "latest" ? Infinity : standard.version;
  const isRestricted = standard.level === "restricted";
  const strict = isRestricted ? restrictedChecks.filter((check) => ruleAt(check, minor) !== undefined) : [];
  const overridden = new Set(strict.map(({ overrides }) => overrides));
  return [...baselineChecks.filter(({ id }) => !overridden.has(id)), ...strict].flatMap(
    (check) => ruleAt(check, minor)?.(pod) ?? [],
  );
}

function ruleAt({ versions }: Check, minor: number): Check["versions"][number]["rule"] | undefined {
  return versions.findLast(({ since }) => since <= minor)?.rule;
}

/** "host namespaces (hostPID=true), privileged (container "c" must …)". */
export function detailsOf(violations: readonly Violation[]): string {
  return violations.map(({ reason, detail }) => `${reason} (${detail})`).join(", ");
}

export function reasonsOf(violations: readonly Violation[]): string {
  return violations.map(({ reason }) => reason).join(", ");
}
