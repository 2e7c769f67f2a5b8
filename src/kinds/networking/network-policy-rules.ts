/** The rules of network policies, as k8s.io/kubernetes/pkg/apis/networking/validation says them. */
import type { FieldFault } from "#base/fault.ts";
import { rangeOf } from "#base/ip-range.ts";
import { isAddress } from "#kinds/core/pod-rules.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { portNameFaults, portNumberFaults } from "#kinds/rules/names.ts";
import { checkSelector } from "#kinds/rules/selector-rules.ts";
import type { IpBlock, NetworkPeer, NetworkPolicy, NetworkPort } from "./network-policy-spec.ts";

export function networkPolicyFaults({ spec }: NetworkPolicy): readonly FieldFault[] {
  const faults = new FieldFaults();
  checkSelector(spec.podSelector, "spec.podSelector", faults);
  for (const [index, { ports, from }] of (spec.ingress ?? []).entries()) {
    checkPorts(ports, `spec.ingress[${index}].ports`, faults);
    checkPeers(from, `spec.ingress[${index}].from`, faults);
  }
  for (const [index, { ports, to }] of (spec.egress ?? []).entries()) {
    checkPorts(ports, `spec.egress[${index}].ports`, faults);
    checkPeers(to, `spec.egress[${index}].to`, faults);
  }
  const { policyTypes = [] } = spec;
  if (policyTypes.length > 2)
    faults.invalid("spec.policyTypes", policyTypes, "may not specify more than two policyTypes");
  else for (const [index, type] of policyTypes.entries()) faults.oneOf(`spec.policyTypes[${index}]`, type, TYPES);
  return faults.found;
}

const TYPES = ["Ingress", "Egress"];
const PROTOCOLS = ["SCTP", "TCP", "UDP"];

function checkPorts(ports: readonly NetworkPort[] = [], path: string, faults: FieldFaults): void {
  for (const [index, port] of ports.entries()) checkPort(port, `${path}[${index}]`, faults);
}

function checkPort({ protocol, port, endPort }: NetworkPort, path: string, faults: FieldFaults): void {
  if (protocol !== undefined && !PROTOCOLS.includes(protocol))
    faults.notSupported(`${path}.protocol`, protocol, PROTOCOLS);
  if (port === undefined) {
    if (endPort !== undefined)
      faults.invalid(`${path}.endPort`, endPort, "may not be specified when `port` is not specified");
    return;
  }
  if (typeof port === "string") {
    if (endPort !== undefined)
      faults.invalid(`${path}.endPort`, endPort, "may not be specified when `port` is non-numeric");
    return faults.invalidEach(`${path}.port`, port, portNameFaults(port));
  }
  faults.invalidEach(`${path}.port`, port, portNumberFaults(port));
  if (endPort === undefined) return;
  if (endPort < port) faults.invalid(`${path}.endPort`, port, "must be greater than or equal to `port`");
  faults.invalidEach(`${path}.endPort`, endPort, portNumberFaults(endPort));
}

function checkPeers(peers: readonly NetworkPeer[] = [], path: string, faults: FieldFaults): void {
  for (const [index, { podSelector, namespaceSelector, ipBlock }] of peers.entries()) {
    const at = `${path}[${index}]`;
    if (podSelector !== undefined) checkSelector(podSelector, `${at}.podSelector`, faults);
    if (namespaceSelector !== undefined) checkSelector(namespaceSelector, `${at}.namespaceSelector`, faults);
    if (ipBlock !== undefined) checkBlock(ipBlock, `${at}.ipBlock`, faults);
    const selectors = [podSelector, namespaceSelector].filter((one) => one !== undefined).length;
    if (selectors === 0 && ipBlock === undefined) faults.required(at, "must specify a peer");
    else if (selectors > 0 && ipBlock !== undefined)
      faults.forbidden(at, "may not specify both ipBlock and another peer");
  }
}

const CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

function checkBlock({ cidr, except = [] }: IpBlock, path: string, faults: FieldFaults): void {
  if (cidr === "") return faults.required(`${path}.cidr`);
  if (!isCidr(cidr)) return faults.invalid(`${path}.cidr`, cidr, CIDR);
  // The pods' addresses are IPv4: a range of the other family would be accepted and never act.
  if (cidr.includes(":"))
    return faults.invalid(`${path}.cidr`, cidr, "IPv6 is not supported: pods of this platform have IPv4 addresses");
  const whole = rangeOf(cidr);
  for (const [index, text] of except.entries()) {
    const at = `${path}.except[${index}]`;
    if (!isCidr(text)) {
      faults.invalid(at, text, CIDR);
      continue;
    }
    const hole = rangeOf(text);
    const isInside = whole !== null && hole !== null && whole.first <= hole.first && hole.last <= whole.last;
    if (!isInside || whole.bits >= hole.bits) faults.invalid(at, text, "must be a strict subset of `cidr`");
  }
}

function isCidr(text: string): boolean {
  const [ip = "", bits = "", ...rest] = text.split("/");
  const most = ip.includes(":") ? 128 : 32;
  return rest.length === 0 && isAddress(ip) && /^(0|[1-9]\d{0,2})$/.test(bits) && Number(bits) <= most;
}
