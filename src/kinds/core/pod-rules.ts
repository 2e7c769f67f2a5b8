/** The rules of pods and pod templates, and what may change of a living pod. */
import type { FieldFault } from "#base/fault.ts";
import { type Int64, sameJson } from "#base/json.ts";
import { checkContainer, checkId, checkProbes, forbidProbes } from "./container-rules.ts";
import type { SubresourceName } from "#kinds/kind.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { checkAnnotations, checkLabels } from "#kinds/rules/meta-rules.ts";
import { dnsLabelFaults, dnsSubdomainFaults } from "#kinds/rules/names.ts";
import { checkAffinity, checkSpreading, checkTolerations } from "./placement-rules.ts";
import type { Container, PodSpec, PodTemplateSpec } from "./pod-spec.ts";
import type { PodObject } from "./pod-status.ts";
import { checkEphemeralChange, checkEphemerals } from "./ephemeral-rules.ts";
import { checkVolumes } from "./volume-rules.ts";

export function podFaults(next: PodObject, live: PodObject | null, part?: SubresourceName): readonly FieldFault[] {
  const faults = new FieldFaults();
  checkPodSpec(next.spec, "spec", faults);
  if (live === null) checkNewPod(next.spec, faults);
  else if (part === "ephemeralcontainers") checkEphemeralChange(next.spec, live.spec, faults);
  else checkPodChange(next.spec, live.spec, faults);
  return faults.found;
}

function checkNewPod({ ephemeralContainers = [] }: PodSpec, faults: FieldFaults): void {
  if (ephemeralContainers.length > 0) faults.forbidden("spec.ephemeralContainers", "cannot be set on create");
}

export function checkTemplate(template: PodTemplateSpec | undefined, path: string, faults: FieldFaults): void {
  if (template === undefined) return faults.required(path);
  checkLabels(template.metadata?.labels, `${path}.labels`, faults);
  checkAnnotations(template.metadata?.annotations, `${path}.annotations`, faults);
  checkPodSpec(template.spec ?? { containers: [] }, `${path}.spec`, faults);
}

function checkPodSpec(spec: PodSpec, path: string, faults: FieldFaults): void {
  const volumes = checkVolumes(spec.volumes ?? [], `${path}.volumes`, faults);
  checkContainers(spec, { path, volumes, faults });
  checkEphemerals(spec, { path, volumes, faults });
  faults.oneOf(`${path}.restartPolicy`, spec.restartPolicy, ["Always", "OnFailure", "Never"]);
  faults.oneOf(`${path}.dnsPolicy`, spec.dnsPolicy, ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
  if (spec.dnsPolicy === "None" && (spec.dnsConfig?.nameservers ?? []).length === 0) {
    faults.required(
      `${path}.dnsConfig.nameservers`,
      "must provide at least one DNS nameserver when `dnsPolicy` is None",
    );
  }
  checkLabels(spec.nodeSelector, `${path}.nodeSelector`, faults);
  checkNames(spec, path, faults);
  checkSeconds(spec, path, faults);
  const user = spec.securityContext ?? {};
  for (const name of ["runAsUser", "runAsGroup", "fsGroup"] as const)
    checkId(user[name], `${path}.securityContext.${name}`, faults);
  if (spec.affinity !== undefined) checkAffinity(spec.affinity, `${path}.affinity`, faults);
  checkTolerations(spec.tolerations ?? [], `${path}.tolerations`, faults);
  checkSpreading(spec.topologySpreadConstraints ?? [], `${path}.topologySpreadConstraints`, faults);
}

function checkContainers(
  spec: PodSpec,
  {
    path,
    volumes,
    faults,
  }: { readonly path: string; readonly volumes: ReadonlySet<string>; readonly faults: FieldFaults },
): void {
  const names = new Set<string>();
  const checkName = ({ name }: Container, at: string): void => {
    if (name !== "" && names.has(name)) faults.duplicate(`${at}.name`, name);
    names.add(name);
  };
  if (spec.containers.length === 0) faults.required(`${path}.containers`);
  for (const [index, container] of spec.containers.entries()) {
    const at = `${path}.containers[${index}]`;
    checkName(container, at);
    checkContainer(container, at, volumes, faults);
    checkProbes(container, at, faults);
    if (container.restartPolicy !== undefined)
      faults.forbidden(`${at}.restartPolicy`, "may not be set for non-init containers");
  }
  for (const [index, container] of (spec.initContainers ?? []).entries()) {
    const at = `${path}.initContainers[${index}]`;
    checkName(container, at);
    checkContainer(container, at, volumes, faults);
    if (container.restartPolicy === "Always") checkProbes(container, at, faults);
    else forbidProbes(container, at, faults);
    if (container.restartPolicy !== undefined && container.restartPolicy !== "Always")
      faults.notSupported(`${at}.restartPolicy`, container.restartPolicy, ["Always"]);
  }
}

function checkNames(spec: PodSpec, path: string, faults: FieldFaults): void {
  const { serviceAccountName = "", nodeName = "", priorityClassName = "", runtimeClassName = "" } = spec;
  for (const [field, name] of Object.entries({ serviceAccountName, nodeName, priorityClassName, runtimeClassName })) {
    if (name !== "") faults.invalidEach(`${path}.${field}`, name, dnsSubdomainFaults(name));
  }
  for (const field of ["hostname", "subdomain"] as const) {
    const name = spec[field] ?? "";
    if (name !== "") faults.invalidEach(`${path}.${field}`, name, dnsLabelFaults(name));
  }
  for (const [index, { ip, hostnames = [] }] of (spec.hostAliases ?? []).entries()) {
    const at = `${path}.hostAliases[${index}]`;
    if (!isAddress(ip)) faults.invalid(`${at}.ip`, ip, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    for (const name of hostnames) faults.invalidEach(`${at}.hostnames`, name, dnsSubdomainFaults(name));
  }
  for (const [index, { name = "" }] of (spec.imagePullSecrets ?? []).entries()) {
    if (name === "") faults.required(`${path}.imagePullSecrets[${index}].name`);
  }
}

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)(?:\.(?!$)|$)){4}$/;

/** An IPv4 or (loosely) IPv6 address. */
export function isAddress(text: string): boolean {
  return IPV4.test(text) || (text.includes(":") && /^[\da-fA-F:.]{2,45}$/.test(text));
}

function checkSeconds(spec: PodSpec, path: string, faults: FieldFaults): void {
  const grace = spec.terminationGracePeriodSeconds ?? 30;
  if (grace < 0) faults.invalid(`${path}.terminationGracePeriodSeconds`, grace, "must be greater than or equal to 0");
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > 2_147_483_647)) {
    faults.invalid(`${path}.activeDeadlineSeconds`, deadline, "must be between 1 and 2147483647, inclusive");
  }
}

// DIFFERS: upstream appends a diff of the two specs to this sentence.
const UNCHANGEABLE =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

function checkPodChange(next: PodSpec, live: PodSpec, faults: FieldFaults): void {
  if (next.containers.length !== live.containers.length)
    return faults.forbidden("spec.containers", "pod updates may not add or remove containers");
  if ((next.initContainers ?? []).length !== (live.initContainers ?? []).length) {
    return faults.forbidden("spec.initContainers", "pod updates may not add or remove containers");
  }
  checkDeadlineChange(next, live, faults);
  const kept = (next.tolerations ?? []).map(withoutSeconds);
  const isKept = (live.tolerations ?? []).every((old) => kept.some((one) => sameJson(one, withoutSeconds(old))));
  if (!isKept)
    faults.forbidden("spec.tolerations", "existing toleration can not be modified except its tolerationSeconds");
  if (!sameJson(unchangeable(next, live), live)) faults.forbidden("spec", UNCHANGEABLE);
}

function checkDeadlineChange(next: PodSpec, live: PodSpec, faults: FieldFaults): void {
  const path = "spec.activeDeadlineSeconds";
  if (live.activeDeadlineSeconds === undefined) return;
  if (next.activeDeadlineSeconds === undefined)
    return faults.invalid(path, null, "must not update from a positive integer to nil value");
  if (next.activeDeadlineSeconds > live.activeDeadlineSeconds)
    faults.invalid(path, next.activeDeadlineSeconds, "must be less than or equal to previous value");
}

function withoutSeconds(toleration: object): object {
  const { tolerationSeconds: _, ...rest } = toleration as { tolerationSeconds?: Int64 };
  return rest;
}

/** The new spec with everything that may change put back. */
function unchangeable(next: PodSpec, live: PodSpec): PodSpec {
  const { activeDeadlineSeconds: _deadline, tolerations: _tolerations, schedulingGates: _gates, ...rest } = next;
  const images = (containers: readonly Container[], old: readonly Container[]): readonly Container[] =>
    containers.map((container, index) => {
      const { image: _image, ...others } = container;
      const image = old[index]?.image;
      return { ...others, ...(image !== undefined && { image }) };
    });
  const graceMayChange = (live.terminationGracePeriodSeconds ?? 0) < 0 && next.terminationGracePeriodSeconds === 1;
  return {
    ...rest,
    containers: images(next.containers, live.containers),
    ...(next.initContainers !== undefined && {
      initContainers: images(next.initContainers, live.initContainers ?? []),
    }),
    ...(live.activeDeadlineSeconds !== undefined && { activeDeadlineSeconds: live.activeDeadlineSeconds }),
    ...(live.tolerations !== undefined && { tolerations: live.tolerations }),
    ...(live.schedulingGates !== undefined && { schedulingGates: live.schedulingGates }),
    ...(graceMayChange &&
      live.terminationGracePeriodSeconds !== undefined && {
        terminationGracePeriodSeconds: live.terminationGracePeriodSeconds,
      }),
  };
}
