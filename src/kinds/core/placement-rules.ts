/** The rules of affinity, tolerations and spreading. */
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { labelValueFaults, qualifiedNameFaults } from "#kinds/rules/names.ts";
import type {
  Affinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from "./placement.ts";
import { checkSelector } from "#kinds/rules/selector-rules.ts";

const REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution";

export function checkAffinity(affinity: Affinity, path: string, faults: FieldFaults): void {
  const node = affinity.nodeAffinity;
  if (node !== undefined) {
    const at = `${path}.nodeAffinity`;
    const required = node[REQUIRED];
    if (required !== undefined) checkNodeSelector(required.nodeSelectorTerms, `${at}.${REQUIRED}`, faults);
    for (const [index, { weight, preference }] of (node[PREFERRED] ?? []).entries()) {
      checkWeight(weight, `${at}.${PREFERRED}[${index}].weight`, faults);
      checkTerm(preference, `${at}.${PREFERRED}[${index}].preference`, faults);
    }
  }
  if (affinity.podAffinity !== undefined) checkPodAffinity(affinity.podAffinity, `${path}.podAffinity`, faults);
  if (affinity.podAntiAffinity !== undefined)
    checkPodAffinity(affinity.podAntiAffinity, `${path}.podAntiAffinity`, faults);
}

/** ValidateNodeSelector. */
export function checkNodeSelector(terms: readonly NodeSelectorTerm[], path: string, faults: FieldFaults): void {
  if (terms.length === 0) faults.required(`${path}.nodeSelectorTerms`, "must have at least one node selector term");
  for (const [index, term] of terms.entries()) checkTerm(term, `${path}.nodeSelectorTerms[${index}]`, faults);
}

function checkTerm(
  { matchExpressions = [], matchFields = [] }: NodeSelectorTerm,
  path: string,
  faults: FieldFaults,
): void {
  for (const [index, requirement] of matchExpressions.entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    checkRequirement(requirement, at, faults);
    faults.invalidEach(`${at}.key`, requirement.key, qualifiedNameFaults(requirement.key));
  }
  for (const [index, { key, operator, values = [] }] of matchFields.entries()) {
    const at = `${path}.matchFields[${index}]`;
    if (operator !== "In" && operator !== "NotIn")
      faults.invalid(`${at}.operator`, operator, "not a valid selector operator");
    else if (values.length !== 1)
      faults.required(
        `${at}.values`,
        "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
      );
    if (key !== "metadata.name") faults.invalid(`${at}.key`, key, "not a valid field selector key");
  }
}

function checkRequirement({ operator, values = [] }: NodeSelectorRequirement, path: string, faults: FieldFaults): void {
  switch (operator) {
    case "In":
    case "NotIn":
      if (values.length === 0)
        faults.required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
      return;
    case "Exists":
    case "DoesNotExist":
      if (values.length > 0)
        faults.forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
      return;
    case "Gt":
    case "Lt":
      if (values.length !== 1)
        faults.required(`${path}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'");
      return;
  }
  faults.invalid(`${path}.operator`, operator, "not a valid selector operator");
}

function checkPodAffinity(affinity: PodAffinity, path: string, faults: FieldFaults): void {
  for (const [index, term] of (affinity[REQUIRED] ?? []).entries())
    checkPodTerm(term, `${path}.${REQUIRED}[${index}]`, faults);
  for (const [index, { weight, podAffinityTerm }] of (affinity[PREFERRED] ?? []).entries()) {
    checkWeight(weight, `${path}.${PREFERRED}[${index}].weight`, faults);
    checkPodTerm(podAffinityTerm, `${path}.${PREFERRED}[${index}].podAffinityTerm`, faults);
  }
}

function checkPodTerm(term: PodAffinityTerm, path: string, faults: FieldFaults): void {
  checkSelector(term.labelSelector, `${path}.labelSelector`, faults);
  checkSelector(term.namespaceSelector, `${path}.namespaceSelector`, faults);
  if (term.topologyKey === "") faults.required(`${path}.topologyKey`, "can not be empty");
  else faults.invalidEach(`${path}.topologyKey`, term.topologyKey, qualifiedNameFaults(term.topologyKey));
}

function checkWeight(weight: number, path: string, faults: FieldFaults): void {
  if (weight < 1 || weight > 100) faults.invalid(path, weight, "must be in the range 1-100");
}

export function checkTolerations(tolerations: readonly Toleration[], path: string, faults: FieldFaults): void {
  for (const [
    index,
    { key = "", operator = "Equal", value = "", effect, tolerationSeconds },
  ] of tolerations.entries()) {
    const at = `${path}[${index}]`;
    if (key !== "") faults.invalidEach(`${at}.key`, key, qualifiedNameFaults(key));
    if (key === "" && operator !== "Exists")
      faults.invalid(
        `${at}.operator`,
        operator,
        'operator must be Exists when `key` is empty, which means "match all values and all keys"',
      );
    if (tolerationSeconds !== undefined && effect !== "NoExecute")
      faults.invalid(`${at}.effect`, effect ?? "", "effect must be 'NoExecute' when `tolerationSeconds` is set");
    if (operator === "Equal") faults.invalidEach(`${at}.operator`, value, labelValueFaults(value));
    else if (operator !== "Exists") faults.notSupported(`${at}.operator`, operator, ["Equal", "Exists"]);
    else if (value !== "")
      faults.invalid(`${at}.operator`, { key, operator, value }, "value must be empty when `operator` is 'Exists'");
    if (effect !== undefined) faults.oneOf(`${at}.effect`, effect, ["NoSchedule", "PreferNoSchedule", "NoExecute"]);
  }
}

export function checkSpreading(
  constraints: readonly TopologySpreadConstraint[],
  path: string,
  faults: FieldFaults,
): void {
  for (const [index, constraint] of constraints.entries()) {
    const at = `${path}[${index}]`;
    if (constraint.maxSkew <= 0) faults.invalid(`${at}.maxSkew`, constraint.maxSkew, "must be greater than zero");
    if (constraint.topologyKey === "") faults.required(`${at}.topologyKey`, "can not be empty");
    else faults.invalidEach(`${at}.topologyKey`, constraint.topologyKey, qualifiedNameFaults(constraint.topologyKey));
    if (!["DoNotSchedule", "ScheduleAnyway"].includes(constraint.whenUnsatisfiable)) {
      faults.notSupported(`${at}.whenUnsatisfiable`, constraint.whenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]);
    }
    if (constraint.minDomains !== undefined && constraint.minDomains <= 0)
      faults.invalid(`${at}.minDomains`, constraint.minDomains, "must be greater than zero");
    checkSelector(constraint.labelSelector, `${at}.labelSelector`, faults);
  }
}
