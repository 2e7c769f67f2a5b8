/** The rules of ephemeral containers: what they may say, and that they stay as they are (ValidatePodEphemeralContainersUpdate). */
import { sameJson } from "#base/json.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { checkContainer } from "./container-rules.ts";
import type { EphemeralContainer, PodSpec } from "./pod-spec.ts";

// What of a pod's own work they are not to do, and not to be relied upon for.
const NOT_THEIRS = [
  "ports",
  "resources",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
  "restartPolicy",
] as const;

const WHY = "cannot be set for an Ephemeral Container";

interface Around {
  readonly path: string;
  readonly volumes: ReadonlySet<string>;
  readonly faults: FieldFaults;
}

export function checkEphemerals(spec: PodSpec, { path, volumes, faults }: Around): void {
  const others = [...spec.containers, ...(spec.initContainers ?? [])].map(({ name }) => name);
  const names = new Set(others);
  for (const [index, container] of (spec.ephemeralContainers ?? []).entries()) {
    const at = `${path}.ephemeralContainers[${index}]`;
    checkContainer(container, at, volumes, faults);
    if (names.has(container.name)) faults.duplicate(`${at}.name`, container.name);
    names.add(container.name);
    const { targetContainerName: target = "" } = container;
    if (target !== "" && !others.includes(target)) faults.notFound(`${at}.targetContainerName`, target);
    for (const member of NOT_THEIRS) if (isSet(container[member])) faults.forbidden(`${at}.${member}`, WHY);
    checkMounts(container, at, faults);
  }
}

function isSet(value: unknown): boolean {
  return value !== undefined && !sameJson(value as never, {}) && !sameJson(value as never, []);
}

/** A mount of a part stays until the pod ends. */
function checkMounts({ volumeMounts = [] }: EphemeralContainer, path: string, faults: FieldFaults): void {
  for (const [index, mount] of volumeMounts.entries())
    for (const member of ["subPath", "subPathExpr"] as const)
      if ((mount[member] ?? "") !== "") faults.forbidden(`${path}.volumeMounts[${index}].${member}`, WHY);
}

export function checkEphemeralChange(next: PodSpec, live: PodSpec, faults: FieldFaults): void {
  const path = "spec.ephemeralContainers";
  for (const before of live.ephemeralContainers ?? []) {
    const after = (next.ephemeralContainers ?? []).find(({ name }) => name === before.name);
    if (after === undefined)
      faults.forbidden(path, `existing ephemeral containers "${before.name}" may not be removed\n`);
    else if (!sameJson(after, before))
      faults.forbidden(path, `existing ephemeral containers "${before.name}" may not be changed\n`);
  }
}
