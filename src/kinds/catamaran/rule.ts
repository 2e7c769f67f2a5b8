/** Rule: which events of a bus, or which times, lead to which targets (Amazon EventBridge API Reference, PutRule, PutTargets). */
import { ageColumn, integer, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { ruleNameFault } from "#kinds/rules/names.ts";
import { patternFault } from "#kinds/rules/patterns.ts";
import { flag, type Infer, list, map, object, optional, text, whole } from "#kinds/schema/description.ts";
import { type Own, ownKind } from "./own-kind.ts";

const transformer = object("RuleInputTransformer", {
  /** Names for values of the event, by their paths: {"state": "$.detail.state"}. */
  paths: optional(map(text())),
  /** A text or JSON with <names> in it. */
  template: text(),
});

const retry = object("RuleRetry", {
  maximumAgeSeconds: optional(whole({ min: 60, max: 86_400, unit: "seconds", default: 86_400 })),
  maximumAttempts: optional(whole({ min: 0, max: 185, default: 185 })),
});

const target = object("RuleTarget", {
  id: text(),
  /** The ARN of a function, queue, topic or bus. */
  arn: text(),
  role: optional(text()),
  /** What the target gets; at most one of the three. Absent: the event itself. */
  input: optional(text()),
  inputPath: optional(text()),
  inputTransformer: optional(transformer),
  /** The ARN of a queue for what could not be delivered. */
  deadLetterQueue: optional(text()),
  retry: optional(retry),
  /** For FIFO queues. */
  messageGroup: optional(text()),
});

const spec = object("RuleSpec", {
  bus: optional(text({ default: "default" })),
  enabled: optional(flag({ default: true })),
  description: optional(text()),
  /** A pattern, as JSON text. */
  pattern: optional(text()),
  /** "rate(5 minutes)" or "cron(0 12 * * ? *)"; on the default bus alone. */
  schedule: optional(text()),
  role: optional(text()),
  targets: optional(list(target, { max: 5, key: "id" })),
  tags: optional(map(text())),
});

const status = object("RuleStatus", {});

export type RuleSpec = Infer<typeof spec>;
export type RuleTarget = Infer<typeof target>;
export type Rule = Own<RuleSpec, Infer<typeof status>>;

export const DEFAULT_BUS = "default";

/** Names of rules are their bus's own: those of other buses than the default one stand behind its name. */
export function ruleObjectName(bus: string, rule: string): string {
  return bus === DEFAULT_BUS ? rule : `${bus}:${rule}`;
}

export function ruleName({ metadata: { name } }: Rule): string {
  return name.slice(name.indexOf(":") + 1);
}

export function busOf({ spec: { bus = DEFAULT_BUS } }: Rule): string {
  return bus;
}

export const ruleKind: Kind<Rule> = ownKind({
  kind: "Rule",
  plural: "rules",
  spec,
  status,
  checkName: ruleNameFault,
  columns: [
    textColumn("Bus", busOf),
    textColumn("State", (rule) => (rule.spec.enabled === false ? "Disabled" : "Enabled")),
    textColumn("Schedule", (rule) => rule.spec.schedule ?? ""),
    integer("Targets", (rule) => rule.spec.targets?.length ?? 0),
    ageColumn,
  ],
  rules: (desired, faults, { name }) => {
    const { bus = DEFAULT_BUS, pattern, schedule, targets = [] } = desired;
    if (name !== ruleObjectName(bus, name.slice(name.indexOf(":") + 1)))
      faults.invalid("metadata.name", name, `must be ${bus === DEFAULT_BUS ? "without ':'" : `"${bus}:" and a name`}`);
    if (pattern === undefined && schedule === undefined) faults.required("spec.pattern");
    const fault = pattern === undefined ? null : patternFault(pattern);
    if (fault !== null) faults.invalid("spec.pattern", pattern ?? "", fault);
    if (schedule !== undefined && bus !== DEFAULT_BUS)
      faults.invalid("spec.schedule", schedule, "is supported only on the default event bus");
    for (const [at, one] of targets.entries()) inputRules(one, `spec.targets[${at}]`, faults);
  },
});

function inputRules({ input, inputPath, inputTransformer }: RuleTarget, at: string, faults: FieldFaults): void {
  if ([input, inputPath, inputTransformer].filter((one) => one !== undefined).length > 1)
    faults.invalid(at, input ?? inputPath ?? "", "must have only one of input, inputPath and inputTransformer");
}
