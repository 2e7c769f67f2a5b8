/** The rules of services. */
import type { FieldFault } from "#base/fault.ts";
import { checkPortReference } from "./container-rules.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { checkLabels } from "#kinds/rules/meta-rules.ts";
import { dnsLabelFaults, dnsSubdomainFaults, portNumberFaults } from "#kinds/rules/names.ts";
import { isAddress } from "./pod-rules.ts";
import type { ServiceObject, ServicePort, ServiceSpec } from "./service-spec.ts";

const TYPES = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];

export function serviceFaults(next: ServiceObject, live: ServiceObject | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { spec } = next;
  const isHeadless = addressOf(spec) === "None";
  if ((spec.ports ?? []).length === 0 && !isHeadless && spec.type !== "ExternalName") faults.required("spec.ports");
  checkType(spec, isHeadless, faults);
  checkPorts(spec, faults);
  checkLabels(spec.selector, "spec.selector", faults);
  faults.oneOf("spec.sessionAffinity", spec.sessionAffinity, ["ClientIP", "None"]);
  checkAffinity(spec, faults);
  checkPolicies(spec, faults);
  checkAddresses(spec, faults);
  if (live !== null) checkChange(spec, live.spec, faults);
  return faults.found;
}

function addressOf({ clusterIP, clusterIPs }: ServiceSpec): string {
  return clusterIPs?.[0] ?? clusterIP ?? "";
}

function checkType(spec: ServiceSpec, isHeadless: boolean, faults: FieldFaults): void {
  const { type, externalName = "" } = spec;
  faults.oneOf("spec.type", type, TYPES);
  if (isHeadless && (type === "NodePort" || type === "LoadBalancer")) {
    faults.invalid("spec.clusterIPs[0]", "None", `may not be set to 'None' for ${type} services`);
  }
  if (type !== "ExternalName") return;
  if (addressOf(spec) !== "") faults.forbidden("spec.clusterIPs[0]", "may not be set for ExternalName services");
  // A trailing dot makes the name absolute.
  if (externalName === "") faults.required("spec.externalName");
  else faults.invalidEach("spec.externalName", externalName, dnsSubdomainFaults(externalName.replace(/\.$/, "")));
}

function checkPorts({ ports = [], type }: ServiceSpec, faults: FieldFaults): void {
  const names = new Set<string>();
  const numbers = new Set<string>();
  const nodePorts = new Set<string>();
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`;
    checkPortName(port, { at, isNameRequired: ports.length > 1, names }, faults);
    faults.invalidEach(`${at}.port`, port.port, portNumberFaults(port.port));
    faults.oneOf(`${at}.protocol`, port.protocol, ["SCTP", "TCP", "UDP"]);
    checkPortReference(port.targetPort ?? port.port, `${at}.targetPort`, faults);
    const { nodePort = 0, protocol = "TCP" } = port;
    if (nodePort !== 0 && (type === "ClusterIP" || type === "ExternalName"))
      faults.forbidden(`${at}.nodePort`, `may not be used when \`type\` is '${type}'`);
    if (numbers.has(`${port.port}/${protocol}`)) faults.duplicate(at, { protocol, port: port.port });
    numbers.add(`${port.port}/${protocol}`);
    if (nodePort !== 0 && nodePorts.has(`${nodePort}/${protocol}`)) faults.duplicate(`${at}.nodePort`, nodePort);
    nodePorts.add(`${nodePort}/${protocol}`);
  }
}

function checkPortName(
  { name = "" }: ServicePort,
  rule: { readonly at: string; readonly isNameRequired: boolean; readonly names: Set<string> },
  faults: FieldFaults,
): void {
  const { at, isNameRequired, names } = rule;
  if (name === "") {
    if (isNameRequired) faults.required(`${at}.name`);
    return;
  }
  faults.invalidEach(`${at}.name`, name, dnsLabelFaults(name));
  if (names.has(name)) faults.duplicate(`${at}.name`, name);
  names.add(name);
}

function checkAffinity({ sessionAffinity, sessionAffinityConfig }: ServiceSpec, faults: FieldFaults): void {
  const path = "spec.sessionAffinityConfig";
  if (sessionAffinity === "None" && sessionAffinityConfig !== undefined) {
    faults.forbidden(path, "must not be set when session affinity is None");
  }
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds;
  if (seconds !== undefined && (seconds <= 0 || seconds > 86_400)) {
    faults.invalid(`${path}.clientIP.timeoutSeconds`, seconds, "must be greater than 0 and less than 86400");
  }
}

function checkPolicies(spec: ServiceSpec, faults: FieldFaults): void {
  const { externalTrafficPolicy, internalTrafficPolicy, type } = spec;
  if (externalTrafficPolicy !== undefined) {
    if (type !== "NodePort" && type !== "LoadBalancer" && (spec.externalIPs ?? []).length === 0) {
      faults.invalid(
        "spec.externalTrafficPolicy",
        externalTrafficPolicy,
        "may only be set for externally-accessible services",
      );
    } else faults.oneOf("spec.externalTrafficPolicy", externalTrafficPolicy, ["Cluster", "Local"]);
  }
  if (internalTrafficPolicy !== undefined)
    faults.oneOf("spec.internalTrafficPolicy", internalTrafficPolicy, ["Cluster", "Local"]);
}

function checkAddresses(spec: ServiceSpec, faults: FieldFaults): void {
  for (const [index, address] of (spec.clusterIPs ?? []).entries()) {
    if (address !== "None" && !isAddress(address))
      faults.invalid(
        `spec.clusterIPs[${index}]`,
        address,
        "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
      );
  }
  if (spec.clusterIPs?.[0] !== undefined && spec.clusterIP !== undefined && spec.clusterIP !== spec.clusterIPs[0]) {
    faults.invalid("spec.clusterIPs", spec.clusterIPs, "first value must match `clusterIP`");
  }
  for (const [index, address] of (spec.externalIPs ?? []).entries()) {
    if (!isAddress(address))
      faults.invalid(
        `spec.externalIPs[${index}]`,
        address,
        "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)",
      );
  }
}

/** An address is given once; only leaving and entering ExternalName changes it. */
function checkChange(next: ServiceSpec, live: ServiceSpec, faults: FieldFaults): void {
  const before = addressOf(live);
  if (before === "" || next.type === "ExternalName" || live.type === "ExternalName") return;
  if (addressOf(next) !== before)
    faults.invalid("spec.clusterIPs[0]", next.clusterIPs ?? [addressOf(next)], "may not change once set");
}
