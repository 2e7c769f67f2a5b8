/** The rules of what owns a pod template: selector, template, replicas, shares. */
import { fromLabelSelector, type LabelSelector, matches } from "#base/selector.ts";
import { sameJson } from "#base/json.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { percentFaults } from "#kinds/rules/names.ts";
import { checkTemplate } from "#kinds/core/pod-rules.ts";
import type { IntOrString, PodTemplateSpec } from "#kinds/core/pod-spec.ts";
import { checkSelector, isEmptySelector } from "#kinds/rules/selector-rules.ts";

type Owner = {
  readonly replicas?: number;
  readonly selector?: LabelSelector;
  readonly template?: PodTemplateSpec;
};

interface OwnerWords {
  readonly word: string;
  readonly kind?: string;
  readonly live: Owner | undefined;
}

/** `word` and `kind` are how upstream calls it in its sentences; of a Deployment's pods it speaks as of a ReplicaSet's. */
export function checkTemplateOwner(
  spec: Owner,
  { word, kind = "ReplicaSet", live }: OwnerWords,
  faults: FieldFaults,
): void {
  checkNotNegative(spec.replicas, "spec.replicas", faults);
  const { selector, template } = spec;
  if (selector === undefined) faults.required("spec.selector");
  else {
    checkSelector(selector, "spec.selector", faults);
    if (isEmptySelector(selector)) faults.invalid("spec.selector", selector, `empty selector is invalid for ${word}`);
  }
  checkTemplate(template, "spec.template", faults);
  if (template === undefined || selector === undefined) return;
  if (faults.found.length === 0 && !matches(fromLabelSelector(selector) ?? [], template.metadata?.labels)) {
    faults.invalid(
      "spec.template.metadata.labels",
      template.metadata?.labels ?? null,
      "`selector` does not match template `labels`",
    );
  }
  const policy = template.spec?.restartPolicy;
  if (policy !== undefined && policy !== "Always")
    faults.notSupported("spec.template.spec.restartPolicy", policy, ["Always"]);
  if (template.spec?.activeDeadlineSeconds !== undefined) {
    faults.forbidden("spec.template.spec.activeDeadlineSeconds", `activeDeadlineSeconds in ${kind} is not Supported`);
  }
  if (live !== undefined && !sameJson(selector, live.selector)) faults.immutable("spec.selector", selector);
}

export function checkNotNegative(value: number | undefined, path: string, faults: FieldFaults): void {
  if (value !== undefined && value < 0) faults.invalid(path, value, "must be greater than or equal to 0");
}

/** A number or a percentage. */
export function checkShare(value: IntOrString, path: string, faults: FieldFaults): void {
  if (typeof value === "number") return checkNotNegative(value, path, faults);
  if (percentFaults(value).length > 0) faults.invalidEach(path, value, percentFaults(value));
}

/** The number in front of "%", or the number itself. */
export function shareOf(value: IntOrString): number {
  return typeof value === "number" ? value : Number.parseInt(value, 10);
}
