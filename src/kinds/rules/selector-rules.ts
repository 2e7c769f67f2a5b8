/** The rules of label selectors. */
import type { LabelSelector } from "#base/selector.ts";
import type { FieldFaults } from "./field-faults.ts";
import { checkLabels } from "./meta-rules.ts";
import { labelValueFaults, qualifiedNameFaults } from "./names.ts";

export function checkSelector(selector: LabelSelector | undefined, path: string, faults: FieldFaults): void {
  checkLabels(selector?.matchLabels, `${path}.matchLabels`, faults);
  for (const [index, { key, operator, values = [] }] of (selector?.matchExpressions ?? []).entries()) {
    const at = `${path}.matchExpressions[${index}]`;
    if (operator === "In" || operator === "NotIn") {
      if (values.length === 0) faults.required(`${at}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (operator === "Exists" || operator === "DoesNotExist") {
      if (values.length > 0)
        faults.forbidden(`${at}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else faults.invalid(`${at}.operator`, operator, "not a valid selector operator");
    faults.invalidEach(`${at}.key`, key, qualifiedNameFaults(key));
    for (const [position, value] of values.entries())
      faults.invalidEach(`${at}.values[${position}]`, value, labelValueFaults(value));
  }
}

export function isEmptySelector(selector: LabelSelector): boolean {
  return Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0;
}
