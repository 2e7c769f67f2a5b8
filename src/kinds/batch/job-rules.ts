/** What a Job must say and may not change: upstream's pkg/apis/batch/validation. */
import type { FieldFault } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import { fromLabelSelector, matches } from "#base/selector.ts";
import { checkNotNegative } from "#kinds/apps/template-owner-rules.ts";
import { checkTemplate } from "#kinds/core/pod-rules.ts";
import type { PodTemplateSpec } from "#kinds/core/pod-spec.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { dnsLabelFaults, qualifiedNameFaults } from "#kinds/rules/names.ts";
import { checkSelector } from "#kinds/rules/selector-rules.ts";
import { countIndexes, parseIndexes } from "./completion-indexes.ts";
import type { Job, JobSpec, PodFailureRule, SuccessRule } from "./job-spec.ts";

const MOST_PARALLEL_INDEXED = 100_000;
const MOST_RULES = 20;
const MOST_EXIT_CODES = 255;
const MOST_INDEXES_TEXT = 65_536;
const MOST_MANAGED_BY = 63;

export function jobFaults(next: Job, live: Job | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { metadata, spec } = next;
  checkGenerated(next, faults);
  checkJobSpec(spec, "spec", faults);
  checkJobSelector(spec, faults);
  const last = `${metadata.name}-${(spec.completions ?? 0) - 1}`;
  if (spec.completionMode === "Indexed" && (spec.completions ?? 0) > 0 && dnsLabelFaults(last).length > 0)
    faults.invalid("metadata.name", metadata.name, `will not able to create pod with invalid DNS label: ${last}`);
  if (live !== null) checkJobChange(spec, live, faults);
  return faults.found;
}

/** What was generated is as it was generated: no other's pods are selected by accident. */
function checkGenerated({ metadata, spec }: Job, faults: FieldFaults): void {
  if (spec.manualSelector === true || spec.selector === undefined) return;
  const { name, uid = "" } = metadata;
  const generated = {
    "controller-uid": uid,
    "job-name": name,
    "batch.kubernetes.io/controller-uid": uid,
    "batch.kubernetes.io/job-name": name,
  };
  const labels = spec.template.metadata?.labels ?? {};
  for (const [key, value] of Object.entries(generated))
    if (labels[key] !== value) faults.invalid("spec.template.metadata.labels", labels, `must be '${value}'`);
  if (!matches(fromLabelSelector(spec.selector) ?? [], generated))
    faults.invalid("spec.selector", spec.selector, "`selector` not auto-generated");
}

function checkJobSelector({ selector, template }: JobSpec, faults: FieldFaults): void {
  if (selector === undefined) return faults.required("spec.selector");
  checkSelector(selector, "spec.selector", faults);
  const labels = template.metadata?.labels;
  if (!matches(fromLabelSelector(selector) ?? [], labels))
    faults.invalid("spec.template.metadata.labels", labels ?? null, "`selector` does not match template `labels`");
}

export function checkJobSpec(spec: JobSpec, path: string, faults: FieldFaults): void {
  const { parallelism, completions, activeDeadlineSeconds, backoffLimit, ttlSecondsAfterFinished } = spec;
  const counts = { parallelism, completions, activeDeadlineSeconds, backoffLimit, ttlSecondsAfterFinished };
  for (const [name, value] of Object.entries(counts)) checkNotNegative(value, `${path}.${name}`, faults);
  checkIndexLimits(spec, path, faults);
  checkManager(spec, path, faults);
  checkCompletion(spec, path, faults);
  checkFailurePolicy(spec, `${path}.podFailurePolicy`, faults);
  checkSuccessPolicy(spec, `${path}.successPolicy`, faults);
  const replacement = spec.podReplacementPolicy;
  if (spec.podFailurePolicy === undefined)
    faults.oneOf(`${path}.podReplacementPolicy`, replacement, ["Failed", "TerminatingOrFailed"]);
  else if (replacement !== "Failed") faults.notSupported(`${path}.podReplacementPolicy`, replacement, ["Failed"]);
  checkTemplate(spec.template, `${path}.template`, faults);
  checkRestarts(spec, `${path}.template.spec.restartPolicy`, faults);
}

// Status lists every failed index: their number is bounded, and by less where there are many.
const MOST_FAILED = 100_000;
const MANY_COMPLETIONS = 100_000;
const MOST_OF_MANY = 10_000;

function checkIndexLimits(spec: JobSpec, path: string, faults: FieldFaults): void {
  const { backoffLimitPerIndex: perIndex, maxFailedIndexes: most, completions = 0, parallelism = 0 } = spec;
  checkNotNegative(perIndex, `${path}.backoffLimitPerIndex`, faults);
  checkNotNegative(most, `${path}.maxFailedIndexes`, faults);
  if (most !== undefined && perIndex === undefined)
    faults.required(`${path}.backoffLimitPerIndex`, "when maxFailedIndexes is specified");
  if (spec.completionMode !== "Indexed") {
    for (const [name, value] of Object.entries({ backoffLimitPerIndex: perIndex, maxFailedIndexes: most }))
      if (value !== undefined) faults.invalid(`${path}.${name}`, value, "requires indexed completion mode");
    return;
  }
  if (most !== undefined && most > completions)
    faults.invalid(`${path}.maxFailedIndexes`, most, "must be less than or equal to completions");
  if (most !== undefined && most > MOST_FAILED)
    faults.invalid(`${path}.maxFailedIndexes`, most, `must be less than or equal to ${MOST_FAILED}`);
  if (completions <= MANY_COMPLETIONS || perIndex === undefined) return;
  const limit = `must be less than or equal to ${MOST_OF_MANY} when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`;
  if (most === undefined)
    faults.required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${MANY_COMPLETIONS}`);
  else if (most > MOST_OF_MANY) faults.invalid(`${path}.maxFailedIndexes`, most, limit);
  if (parallelism > MOST_OF_MANY) faults.invalid(`${path}.parallelism`, parallelism, limit);
}

function checkManager({ managedBy }: JobSpec, path: string, faults: FieldFaults): void {
  if (managedBy === undefined) return;
  if (!managedBy.includes("/") || qualifiedNameFaults(managedBy).length > 0)
    faults.invalid(`${path}.managedBy`, managedBy, 'must be a domain-prefixed path (such as "acme.io/foo")');
  if (managedBy.length > MOST_MANAGED_BY) faults.tooLong(`${path}.managedBy`, MOST_MANAGED_BY);
}

function checkCompletion(spec: JobSpec, path: string, faults: FieldFaults): void {
  faults.oneOf(`${path}.completionMode`, spec.completionMode, ["NonIndexed", "Indexed"]);
  if (spec.completionMode !== "Indexed") return;
  if (spec.completions === undefined) faults.required(`${path}.completions`, "when completion mode is Indexed");
  if ((spec.parallelism ?? 1) > MOST_PARALLEL_INDEXED)
    faults.invalid(
      `${path}.parallelism`,
      spec.parallelism,
      `must be less than or equal to ${MOST_PARALLEL_INDEXED} when completion mode is Indexed`,
    );
}

function checkRestarts({ template, podFailurePolicy }: JobSpec, path: string, faults: FieldFaults): void {
  const policy = template.spec?.restartPolicy ?? "Always";
  if (policy === "Always") return faults.required(path, 'valid values: "OnFailure", "Never"');
  if (podFailurePolicy !== undefined && policy !== "Never")
    faults.invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified');
}

function checkFailurePolicy(spec: JobSpec, path: string, faults: FieldFaults): void {
  const { rules = [] } = spec.podFailurePolicy ?? {};
  if (rules.length > MOST_RULES) faults.tooMany(`${path}.rules`, rules.length, MOST_RULES);
  const { containers = [], initContainers = [] } = spec.template.spec ?? {};
  const names = [...containers, ...initContainers].map(({ name }) => name);
  for (const [index, rule] of rules.entries()) {
    const at = `${path}.rules[${index}]`;
    checkFailureRule(rule, at, names, faults);
    if (rule.action === "FailIndex" && spec.backoffLimitPerIndex === undefined)
      faults.invalid(`${at}.action`, rule.action, "requires the backoffLimitPerIndex to be set");
  }
}

function checkFailureRule(rule: PodFailureRule, path: string, names: readonly string[], faults: FieldFaults): void {
  faults.oneOf(`${path}.action`, rule.action, ["Count", "FailIndex", "FailJob", "Ignore"]);
  const { onExitCodes, onPodConditions = [] } = rule;
  if (onExitCodes !== undefined) checkExitCodes(onExitCodes, `${path}.onExitCodes`, names, faults);
  const at = `${path}.onPodConditions`;
  if (onPodConditions.length > MOST_RULES) faults.tooMany(at, onPodConditions.length, MOST_RULES);
  for (const [index, { type, status }] of onPodConditions.entries()) {
    faults.invalidEach(`${at}[${index}].type`, type, qualifiedNameFaults(type));
    faults.oneOf(`${at}[${index}].status`, status, ["False", "True", "Unknown"]);
  }
  if (onExitCodes !== undefined && onPodConditions.length > 0)
    faults.invalid(path, null, "specifying both OnExitCodes and OnPodConditions is not supported");
  if (onExitCodes === undefined && onPodConditions.length === 0)
    faults.invalid(path, null, "specifying one of OnExitCodes and OnPodConditions is required");
}

function checkExitCodes(
  { containerName, operator, values }: NonNullable<PodFailureRule["onExitCodes"]>,
  path: string,
  names: readonly string[],
  faults: FieldFaults,
): void {
  faults.oneOf(`${path}.operator`, operator, ["In", "NotIn"]);
  if (containerName !== undefined && !names.includes(containerName))
    faults.invalid(
      `${path}.containerName`,
      containerName,
      "must be one of the container or initContainer names in the pod template",
    );
  if (values.length === 0) faults.invalid(`${path}.values`, values, "at least one value is required");
  if (values.length > MOST_EXIT_CODES) faults.tooMany(`${path}.values`, values.length, MOST_EXIT_CODES);
  for (const [index, value] of values.entries()) {
    const at = `${path}.values[${index}]`;
    if (operator === "In" && value === 0) faults.invalid(at, value, "must not be 0 for the In operator");
    if (values.indexOf(value) < index) faults.duplicate(at, value);
  }
  if (values.some((value, index) => value < (values[index - 1] ?? value)))
    faults.invalid(`${path}.values`, values, "must be ordered");
}

function checkSuccessPolicy(spec: JobSpec, path: string, faults: FieldFaults): void {
  const { successPolicy: policy, completions } = spec;
  if (policy === undefined) return;
  if (spec.completionMode !== "Indexed") return faults.invalid(path, policy, "requires indexed completion mode");
  const { rules } = policy;
  if (rules.length === 0)
    faults.required(`${path}.rules`, "at least one rules must be specified when the successPolicy is specified");
  if (rules.length > MOST_RULES) faults.tooMany(`${path}.rules`, rules.length, MOST_RULES);
  for (const [index, rule] of rules.entries())
    checkSuccessRule(rule, completions ?? 0, `${path}.rules[${index}]`, faults);
}

function checkSuccessRule(
  { succeededIndexes, succeededCount }: SuccessRule,
  completions: number,
  path: string,
  faults: FieldFaults,
): void {
  if (succeededCount === undefined && succeededIndexes === undefined)
    faults.required(path, "at least one of succeededCount or succeededIndexes must be specified");
  const isLong = (succeededIndexes ?? "").length > MOST_INDEXES_TEXT;
  if (isLong) faults.tooLong(`${path}.succeededIndexes`, MOST_INDEXES_TEXT);
  const indexes = isLong ? null : parseIndexes(succeededIndexes ?? "", completions);
  if (indexes === null && !isLong)
    faults.invalid(
      `${path}.succeededIndexes`,
      succeededIndexes,
      "error parsing succeededIndexes: not ascending or too large",
    );
  const most = succeededIndexes === undefined ? completions : countIndexes(indexes ?? []);
  const what =
    succeededIndexes === undefined ? "specified completions" : "indexes in the specified succeededIndexes field";
  checkNotNegative(succeededCount, `${path}.succeededCount`, faults);
  if ((succeededCount ?? 0) > most)
    faults.invalid(
      `${path}.succeededCount`,
      succeededCount,
      `must be less than or equal to ${most} (the number of ${what})`,
    );
}

function checkJobChange(spec: JobSpec, live: Job, faults: FieldFaults): void {
  const before = live.spec;
  const isElastic = spec.completionMode === "Indexed" && spec.completions !== undefined;
  if (spec.completions !== before.completions) {
    if (!isElastic) faults.immutable("spec.completions", spec.completions);
    else if (spec.completions !== spec.parallelism)
      faults.invalid("spec.completions", spec.completions, "can only be modified in tandem with spec.parallelism");
  }
  for (const name of ["selector", "completionMode", "podFailurePolicy", "managedBy", "successPolicy"] as const)
    if (!sameJson(spec[name], before[name])) faults.immutable(`spec.${name}`, spec[name]);
  const isPlaceable = before.suspend === true && live.status?.startTime === undefined;
  const template = isPlaceable ? withPlacementOf(before.template, spec.template) : before.template;
  if (!sameJson(spec.template, template)) faults.immutable("spec.template", spec.template);
}

/** Who queues jobs may say where a suspended one that has not started is to run (KEP-2926). */
function withPlacementOf(before: PodTemplateSpec, next: PodTemplateSpec): PodTemplateSpec {
  const { labels: _labels, annotations: _annotations, ...metadata } = before.metadata ?? {};
  const { labels, annotations } = next.metadata ?? {};
  const {
    nodeSelector: _selector,
    tolerations: _tolerations,
    schedulingGates: _gates,
    ...spec
  } = before.spec ?? {
    containers: [],
  };
  const { nodeSelector, tolerations, schedulingGates, affinity } = next.spec ?? {};
  const { nodeAffinity: _node, ...others } = spec.affinity ?? {};
  const placed = { ...others, ...(affinity?.nodeAffinity && { nodeAffinity: affinity.nodeAffinity }) };
  const { affinity: _affinity, ...rest } = spec;
  return {
    ...before,
    metadata: { ...metadata, ...(labels && { labels }), ...(annotations && { annotations }) },
    spec: {
      ...rest,
      ...((affinity !== undefined || Object.keys(placed).length > 0) && { affinity: placed }),
      ...(nodeSelector && { nodeSelector }),
      ...(tolerations && { tolerations }),
      ...(schedulingGates && { schedulingGates }),
    },
  };
}
