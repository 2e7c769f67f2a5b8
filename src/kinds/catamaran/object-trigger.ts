/** ObjectTrigger: Kubernetes objects as an event source: each change of what it watches runs a function. */
import { reasonOf } from "#base/fault.ts";
import { parseSelector } from "#base/selector.ts";
import { ageColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { patternFault } from "#kinds/rules/patterns.ts";
import { flag, type Infer, object, optional, text } from "#kinds/schema/description.ts";
import { type Own, ownKind } from "./own-kind.ts";

const spec = object("ObjectTriggerSpec", {
  /** "v1", "apps/v1", "example.com/v1": with `kind`, what is watched, in the trigger's own namespace. */
  apiVersion: text(),
  kind: text(),
  /** A label selector: "app=web,tier!=cache". */
  selector: optional(text()),
  /** An event pattern, as JSON text, on what the function would get: {"type": ["MODIFIED"], "object": {…}}. */
  filter: optional(text()),
  /** The name of a function in the same namespace. */
  function: text(),
  enabled: optional(flag({ default: true })),
});

const status = object("ObjectTriggerStatus", {
  state: optional(text({ enum: ["Disabled", "Failed", "Watching"] })),
  message: optional(text()),
});

export type ObjectTriggerSpec = Infer<typeof spec>;
export type ObjectTriggerStatus = Infer<typeof status>;
export type ObjectTrigger = Own<ObjectTriggerSpec, ObjectTriggerStatus>;

export const objectTriggerKind: Kind<ObjectTrigger> = ownKind({
  kind: "ObjectTrigger",
  plural: "objecttriggers",
  spec,
  status,
  columns: [
    textColumn("Watches", ({ spec: { apiVersion, kind } }) => `${apiVersion} ${kind}`),
    textColumn("Function", (trigger) => trigger.spec.function),
    textColumn("State", (trigger) => trigger.status?.state ?? ""),
    ageColumn,
  ],
  rules: ({ apiVersion, kind, selector, filter }, faults) => {
    // Who may make triggers and run functions may not therefore read secrets.
    if (apiVersion === "v1" && kind === "Secret") faults.forbidden("spec.kind", "secrets are not handed to functions");
    const fault = filter === undefined ? null : patternFault(filter);
    if (fault !== null) faults.invalid("spec.filter", filter ?? "", fault);
    const selectorProblem = selector === undefined ? null : selectorFault(selector);
    if (selectorProblem !== null) faults.invalid("spec.selector", selector ?? "", selectorProblem);
  },
});

function selectorFault(selector: string): string | null {
  try {
    parseSelector(selector);
    return null;
  } catch (thrown) {
    return reasonOf(thrown);
  }
}
