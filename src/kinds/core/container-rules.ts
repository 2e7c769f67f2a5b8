/** The rules of one container: name, image, ports, environment, amounts, mounts, probes, hooks. Upstream's sentences. */
import { member } from "#base/dictionary.ts";
import { parseNanos } from "#base/quantity.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import {
  dnsLabelFaults,
  envNameFaults,
  headerNameFaults,
  portNameFaults,
  portNumberFaults,
  qualifiedNameFaults,
} from "#kinds/rules/names.ts";
import type {
  Container,
  ContainerPort,
  EnvFrom,
  EnvVar,
  HttpGet,
  IntOrString,
  LifecycleAction,
  Probe,
  Resources,
  VolumeMount,
} from "./pod-spec.ts";

export function checkContainer(
  container: Container,
  path: string,
  volumes: ReadonlySet<string>,
  faults: FieldFaults,
): void {
  if (container.name === "") faults.required(`${path}.name`);
  else faults.invalidEach(`${path}.name`, container.name, dnsLabelFaults(container.name));
  checkImage(container.image ?? "", `${path}.image`, faults);
  faults.oneOf(`${path}.terminationMessagePolicy`, container.terminationMessagePolicy, [
    "FallbackToLogsOnError",
    "File",
  ]);
  faults.oneOf(`${path}.imagePullPolicy`, container.imagePullPolicy, ["Always", "IfNotPresent", "Never"]);
  checkPorts(container.ports ?? [], `${path}.ports`, faults);
  for (const [index, env] of (container.env ?? []).entries()) checkEnv(env, `${path}.env[${index}]`, faults);
  for (const [index, from] of (container.envFrom ?? []).entries())
    checkEnvFrom(from, `${path}.envFrom[${index}]`, faults);
  checkMounts(container.volumeMounts ?? [], { path: `${path}.volumeMounts`, volumes, faults });
  checkResources(container.resources ?? {}, `${path}.resources`, faults);
  checkSecurity(container, `${path}.securityContext`, faults);
}

function checkImage(image: string, path: string, faults: FieldFaults): void {
  if (image === "") faults.required(path);
  else if (image.trim() !== image) faults.invalid(path, image, "must not have leading or trailing whitespace");
}

function checkPorts(ports: readonly ContainerPort[], path: string, faults: FieldFaults): void {
  const names = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `${path}[${index}]`;
    if (port.name !== undefined && port.name !== "") {
      const wrong = portNameFaults(port.name);
      faults.invalidEach(`${at}.name`, port.name, wrong);
      if (wrong.length === 0 && names.has(port.name)) faults.duplicate(`${at}.name`, port.name);
      names.add(port.name);
    }
    if (port.containerPort === 0) faults.required(`${at}.containerPort`);
    else faults.invalidEach(`${at}.containerPort`, port.containerPort, portNumberFaults(port.containerPort));
    if (port.hostPort !== undefined && port.hostPort !== 0)
      faults.invalidEach(`${at}.hostPort`, port.hostPort, portNumberFaults(port.hostPort));
    faults.oneOf(`${at}.protocol`, port.protocol ?? "TCP", ["SCTP", "TCP", "UDP"]);
  }
}

const SOURCES = ["fieldRef", "resourceFieldRef", "configMapKeyRef", "secretKeyRef", "fileKeyRef"] as const;
const FIELD_PATHS =
  /^(metadata\.(name|namespace|uid|labels\['[^']+'\]|annotations\['[^']+'\])|spec\.(nodeName|serviceAccountName)|status\.(hostIP|hostIPs|podIP|podIPs))$/;

function checkEnv(env: EnvVar, path: string, faults: FieldFaults): void {
  if (env.name === "") faults.required(`${path}.name`);
  else faults.invalidEach(`${path}.name`, env.name, envNameFaults(env.name));
  const from = env.valueFrom;
  if (from === undefined) return;
  const at = `${path}.valueFrom`;
  const given = SOURCES.filter((source) => Object.hasOwn(from, source));
  if (given.length === 0)
    faults.invalid(
      at,
      "",
      "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`",
    );
  else if ((env.value ?? "") !== "") faults.invalid(at, "", "may not be specified when `value` is not empty");
  else if (given.length > 1) faults.invalid(at, "", "may not have more than one field specified at a time");
  if (from.fieldRef !== undefined) checkFieldPath(from.fieldRef.fieldPath, `${at}.fieldRef.fieldPath`, faults);
  for (const kind of ["configMapKeyRef", "secretKeyRef"] as const) {
    const ref = from[kind];
    if (ref === undefined) continue;
    if ((ref.name ?? "") === "") faults.required(`${at}.${kind}.name`);
    if (ref.key === "") faults.required(`${at}.${kind}.key`);
  }
  if (from.resourceFieldRef?.resource === "") faults.required(`${at}.resourceFieldRef.resource`);
}

function checkFieldPath(fieldPath: string, path: string, faults: FieldFaults): void {
  if (fieldPath === "") faults.required(path);
  else if (!FIELD_PATHS.test(fieldPath))
    faults.invalid(path, fieldPath, `error converting fieldPath: field label not supported: ${fieldPath}`);
}

function checkEnvFrom({ prefix = "", configMapRef, secretRef }: EnvFrom, path: string, faults: FieldFaults): void {
  if (prefix !== "") faults.invalidEach(`${path}.prefix`, prefix, envNameFaults(prefix));
  if (configMapRef === undefined && secretRef === undefined)
    faults.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`");
  if (configMapRef !== undefined && secretRef !== undefined)
    faults.invalid(path, "", "may not have more than one field specified at a time");
  if (configMapRef !== undefined && (configMapRef.name ?? "") === "") faults.required(`${path}.configMapRef.name`);
  if (secretRef !== undefined && (secretRef.name ?? "") === "") faults.required(`${path}.secretRef.name`);
}

function checkMounts(
  mounts: readonly VolumeMount[],
  around: { readonly path: string; readonly volumes: ReadonlySet<string>; readonly faults: FieldFaults },
): void {
  const { path, volumes, faults } = around;
  const seen = new Set<string>();
  for (const [index, mount] of mounts.entries()) {
    const at = `${path}[${index}]`;
    if (mount.name === "") faults.required(`${at}.name`);
    else if (!volumes.has(mount.name)) faults.notFound(`${at}.name`, mount.name);
    if (mount.mountPath === "") faults.required(`${at}.mountPath`);
    else if (seen.has(mount.mountPath)) faults.invalid(`${at}.mountPath`, mount.mountPath, "must be unique");
    seen.add(mount.mountPath);
    const subPath = mount.subPath ?? "";
    if (subPath !== "") checkLocalPath(subPath, `${at}.subPath`, faults);
    if ((mount.subPathExpr ?? "") === "") continue;
    if (subPath !== "")
      faults.invalid(`${at}.subPathExpr`, mount.subPathExpr, "subPathExpr and subPath are mutually exclusive");
    checkLocalPath(mount.subPathExpr ?? "", `${at}.subPathExpr`, faults);
  }
}

/** Below the volume: neither absolute nor climbing out. */
export function checkLocalPath(value: string, path: string, faults: FieldFaults): void {
  if (value.startsWith("/")) faults.invalid(path, value, "must be a relative path");
  if (value.split("/").includes("..")) faults.invalid(path, value, "must not contain '..'");
}

const STANDARD = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/;

export function checkResources({ limits = {}, requests = {} }: Resources, path: string, faults: FieldFaults): void {
  for (const [name, amount] of Object.entries(limits)) checkAmount(name, amount, `${path}.limits`, faults);
  for (const [name, amount] of Object.entries(requests)) {
    checkAmount(name, amount, `${path}.requests`, faults);
    const limit = member(limits, name);
    if (limit === undefined) {
      if (!STANDARD.test(name)) faults.required(`${path}.limits`, "Limit must be set for non overcommitable resources");
    } else if ((parseNanos(amount) ?? 0n) > (parseNanos(limit) ?? 0n)) {
      faults.invalid(`${path}.requests`, amount, `must be less than or equal to ${name} limit of ${limit}`);
    }
  }
}

function checkAmount(name: string, amount: string, path: string, faults: FieldFaults): void {
  faults.invalidEach(path, name, qualifiedNameFaults(name));
  if (!STANDARD.test(name) && !name.includes("/"))
    faults.invalid(path, name, "must be a standard resource type or fully qualified");
  const nanos = parseNanos(amount) ?? 0n;
  if (nanos < 0n) faults.invalid(`${path}[${name}]`, amount, "must be greater than or equal to 0");
  else if (!STANDARD.test(name) && nanos % 1_000_000_000n !== 0n)
    faults.invalid(`${path}[${name}]`, amount, "must be an integer");
}

function checkSecurity({ securityContext }: Container, path: string, faults: FieldFaults): void {
  if (securityContext === undefined) return;
  checkId(securityContext.runAsUser, `${path}.runAsUser`, faults);
  checkId(securityContext.runAsGroup, `${path}.runAsGroup`, faults);
  if (securityContext.allowPrivilegeEscalation === false && securityContext.privileged === true) {
    faults.invalid(path, securityContext, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
  }
}

/** User and group ids. */
export function checkId(id: number | undefined, path: string, faults: FieldFaults): void {
  if (id !== undefined && (id < 0 || id > 2_147_483_647))
    faults.invalid(path, id, "must be between 0 and 2147483647, inclusive");
}

const PROBES = ["livenessProbe", "readinessProbe", "startupProbe"] as const;

/** Probes and hooks: of containers and of sidecars, never of ordinary init containers. */
export function checkProbes(container: Container, path: string, faults: FieldFaults): void {
  for (const name of PROBES) {
    const probe = container[name];
    if (probe !== undefined)
      checkProbe(probe, { path: `${path}.${name}`, mustSucceedOnce: name !== "readinessProbe" }, faults);
  }
  for (const name of ["postStart", "preStop"] as const) {
    const hook = container.lifecycle?.[name];
    if (hook !== undefined) checkAction(hook, `${path}.lifecycle.${name}`, faults);
  }
}

export function forbidProbes(container: Container, path: string, faults: FieldFaults): void {
  for (const name of [...PROBES, "lifecycle"] as const) {
    if (container[name] !== undefined)
      faults.forbidden(`${path}.${name}`, "may not be set for init containers without restartPolicy=Always");
  }
}

function checkProbe(
  probe: Probe,
  { path, mustSucceedOnce }: { readonly path: string; readonly mustSucceedOnce: boolean },
  faults: FieldFaults,
): void {
  checkAction(probe, path, faults);
  for (const name of [
    "initialDelaySeconds",
    "timeoutSeconds",
    "periodSeconds",
    "successThreshold",
    "failureThreshold",
  ] as const) {
    const value = probe[name] ?? 0;
    if (value < 0) faults.invalid(`${path}.${name}`, value, "must be greater than or equal to 0");
  }
  if (probe.terminationGracePeriodSeconds !== undefined && probe.terminationGracePeriodSeconds <= 0) {
    faults.invalid(
      `${path}.terminationGracePeriodSeconds`,
      probe.terminationGracePeriodSeconds,
      "must be greater than 0",
    );
  }
  if (mustSucceedOnce && (probe.successThreshold ?? 1) !== 1)
    faults.invalid(`${path}.successThreshold`, probe.successThreshold, "must be 1");
}

const ACTIONS = ["exec", "httpGet", "tcpSocket", "grpc", "sleep"] as const;

function checkAction(action: Probe & LifecycleAction, path: string, faults: FieldFaults): void {
  const given = ACTIONS.filter((name) => action[name] !== undefined);
  if (given.length === 0) faults.required(path, "must specify a handler type");
  for (const name of given.slice(1)) faults.forbidden(`${path}.${name}`, "may not specify more than 1 handler type");
  if (action.exec !== undefined && (action.exec.command ?? []).length === 0) faults.required(`${path}.exec.command`);
  if (action.httpGet !== undefined) checkHttpGet(action.httpGet, `${path}.httpGet`, faults);
  if (action.tcpSocket !== undefined) checkPortReference(action.tcpSocket.port, `${path}.tcpSocket.port`, faults);
  if (action.grpc !== undefined)
    faults.invalidEach(`${path}.grpc.port`, action.grpc.port, portNumberFaults(action.grpc.port));
  if (action.sleep !== undefined && action.sleep.seconds < 0)
    faults.invalid(`${path}.sleep`, action.sleep.seconds, "must be greater than or equal to 0");
}

function checkHttpGet(get: HttpGet, path: string, faults: FieldFaults): void {
  if ((get.path ?? "") === "") faults.required(`${path}.path`);
  checkPortReference(get.port, `${path}.port`, faults);
  faults.oneOf(`${path}.scheme`, get.scheme, ["HTTP", "HTTPS"]);
  for (const { name } of get.httpHeaders ?? []) faults.invalidEach(`${path}.httpHeaders`, name, headerNameFaults(name));
}

/** A number or the name of a port. */
export function checkPortReference(port: IntOrString, path: string, faults: FieldFaults): void {
  faults.invalidEach(path, port, typeof port === "number" ? portNumberFaults(port) : portNameFaults(port));
}
