/** The rules of ingresses. */
import type { FieldFault } from "#base/fault.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import type { IngressBackend, IngressObject, IngressPath, IngressRule } from "./ingress-spec.ts";
import {
  dns1035LabelFaults,
  dnsSubdomainFaults,
  portNameFaults,
  portNumberFaults,
  wildcardFaults,
} from "#kinds/rules/names.ts";
import { isAddress } from "#kinds/core/pod-rules.ts";

export function ingressFaults({ spec }: IngressObject): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { rules = [], defaultBackend, tls = [], ingressClassName } = spec;
  if (rules.length === 0 && defaultBackend === undefined)
    faults.invalid("spec", null, "either `defaultBackend` or `rules` must be specified");
  if (defaultBackend !== undefined) checkBackend(defaultBackend, "spec.defaultBackend", faults);
  for (const [index, rule] of rules.entries()) checkRule(rule, `spec.rules[${index}]`, faults);
  for (const [index, { hosts = [] }] of tls.entries()) {
    for (const [position, host] of hosts.entries()) checkHost(host, `spec.tls[${index}].hosts[${position}]`, faults);
  }
  if (ingressClassName !== undefined)
    faults.invalidEach("spec.ingressClassName", ingressClassName, dnsSubdomainFaults(ingressClassName));
  return faults.found;
}

function checkRule({ host = "", http }: IngressRule, path: string, faults: FieldFaults): void {
  if (host !== "") checkHost(host, `${path}.host`, faults);
  if (http === undefined) return;
  if (http.paths.length === 0) faults.required(`${path}.http.paths`);
  for (const [index, one] of http.paths.entries()) checkPath(one, `${path}.http.paths[${index}]`, faults);
}

function checkHost(host: string, path: string, faults: FieldFaults): void {
  if (isAddress(host)) faults.invalid(path, host, "must be a DNS name, not an IP address");
  else faults.invalidEach(path, host, host.includes("*") ? wildcardFaults(host) : dnsSubdomainFaults(host));
}

const PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"];
const BAD_SEQUENCES = ["//", "/./", "/../", "%2f", "%2F"];
const BAD_SUFFIXES = ["/..", "/."];

function checkPath({ path: prefix = "", pathType, backend }: IngressPath, path: string, faults: FieldFaults): void {
  if (pathType === undefined) faults.required(`${path}.pathType`, "pathType must be specified");
  else if (!PATH_TYPES.includes(pathType)) faults.notSupported(`${path}.pathType`, pathType, PATH_TYPES);
  const isLoose = pathType === "ImplementationSpecific";
  if (!prefix.startsWith("/") && !(isLoose && prefix === ""))
    faults.invalid(`${path}.path`, prefix, "must be an absolute path");
  if (!isLoose) {
    for (const bad of BAD_SEQUENCES)
      if (prefix.includes(bad)) faults.invalid(`${path}.path`, prefix, `must not contain '${bad}'`);
    for (const bad of BAD_SUFFIXES)
      if (prefix.endsWith(bad)) faults.invalid(`${path}.path`, prefix, `cannot end with '${bad}'`);
  }
  checkBackend(backend, `${path}.backend`, faults);
}

function checkBackend({ service, resource }: IngressBackend, path: string, faults: FieldFaults): void {
  if (service !== undefined && resource !== undefined)
    return faults.invalid(path, "", "cannot set both resource and service backends");
  if (resource !== undefined) {
    if (resource.kind === "") faults.required(`${path}.resource.kind`);
    if (resource.name === "") faults.required(`${path}.resource.name`);
    return;
  }
  if (service === undefined) return faults.required(path, "must specify a service or resource backend");
  if (service.name === "") faults.required(`${path}.service.name`);
  else faults.invalidEach(`${path}.service.name`, service.name, dns1035LabelFaults(service.name));
  const { name = "", number = 0 } = service.port ?? {};
  if (name !== "" && number !== 0) faults.invalid(path, "", "cannot set both port name & port number");
  else if (name !== "") faults.invalidEach(`${path}.service.port.name`, name, portNameFaults(name));
  else if (number !== 0) faults.invalidEach(`${path}.service.port.number`, number, portNumberFaults(number));
  else faults.required(path, "port name or number is required");
}
