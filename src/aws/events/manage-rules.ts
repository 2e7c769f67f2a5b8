/** Making, describing, switching and removing rules; patterns tried out. */
import { reasonOf } from "#base/fault.ts";
import { isJsonObject, parseJson } from "#base/json.ts";
import { readPattern } from "#base/pattern/pattern.ts";
import { busOf, DEFAULT_BUS, type Rule, ruleKind, ruleName, ruleObjectName } from "#kinds/catamaran/rule.ts";
import { scheduleFault } from "#kinds/catamaran/schedule-expression.ts";
import { type Action, action, type Need } from "../action.ts";
import type { Place } from "../place.ts";
import { tagsOf } from "./manage-buses.ts";
import { model, type Rule as Listed } from "./model.gen.ts";
import {
  arnOfRule,
  busAt,
  busName,
  type BusWorld,
  failure,
  inBusWords,
  invalid,
  pageOf,
  ruleArn,
  ruleAt,
} from "./world.ts";

interface Named {
  readonly Name: string;
  readonly EventBusName?: string;
}

function ruleArns({ Name, EventBusName }: Named, place: Place): readonly string[] {
  return [ruleArn(place, busName(EventBusName), Name)];
}

/** Who lets a rule or target act under a role hands that role on. */
export function passes(roles: readonly (string | undefined)[]): readonly Need[] {
  return roles.flatMap((role) => (role === undefined ? [] : [{ permission: "iam:PassRole", resource: role }]));
}

export const putRule: Action<BusWorld> = action(model, "PutRule", {
  resources: ruleArns,
  alsoNeeds: ({ RoleArn }) => passes([RoleArn]),
  serves: ["Name", "ScheduleExpression", "EventPattern", "State", "Description", "RoleArn", "Tags", "EventBusName"],
  unserved: { "State=ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS": "there is no CloudTrail here; say ENABLED" },
  run: async (world: BusWorld, input) => {
    const { Name: name, EventPattern: pattern, ScheduleExpression: schedule, Tags = [] } = input;
    const { metadata } = await busAt(world, input.EventBusName);
    const bus = metadata.name;
    if (pattern === undefined && schedule === undefined)
      throw invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.");
    if (schedule !== undefined && bus !== DEFAULT_BUS)
      throw invalid("ScheduleExpression is supported only on the default event bus.");
    if (pattern !== undefined) checkPattern(pattern);
    if (schedule !== undefined && (schedule.startsWith("at(") || scheduleFault(schedule) !== null))
      throw invalid("Parameter ScheduleExpression is not valid.");
    const said: Partial<Rule["spec"]> = {
      enabled: input.State !== "DISABLED",
      ...(input.Description !== undefined && { description: input.Description }),
      ...(input.RoleArn !== undefined && { role: input.RoleArn }),
      ...(pattern !== undefined && { pattern }),
      ...(schedule !== undefined && { schedule }),
    };
    const there = await world.buses.findRule(world.namespace, bus, name);
    if (there === null)
      await inBusWords(() =>
        world.buses.createRule({
          apiVersion: "catamaran.dev/v1",
          kind: "Rule",
          metadata: { name: ruleObjectName(bus, name), namespace: world.namespace },
          spec: { bus, ...said, ...(Tags.length > 0 && { tags: tagsOf(Tags) }) },
        }),
      );
    // "If you are updating an existing rule, the rule is replaced with what you specify": but for its targets and tags.
    else
      await inBusWords(() =>
        world.buses.changeRule(there, (live) => {
          const { targets, tags } = live.spec;
          return { ...live, spec: { bus, ...said, ...(targets && { targets }), ...(tags && { tags }) } };
        }),
      );
    return { RuleArn: ruleArn(world, bus, name) };
  },
});

function checkPattern(pattern: string): void {
  try {
    readPattern(pattern);
  } catch (thrown) {
    throw failure("InvalidEventPatternException", `Event pattern is not valid. Reason: ${reasonOf(thrown)}`);
  }
}

export const describeRule: Action<BusWorld> = action(model, "DescribeRule", {
  resources: ruleArns,
  serves: ["Name", "EventBusName"],
  unserved: {},
  run: async (world: BusWorld, { Name, EventBusName }) => ({
    ...described(world, await ruleAt(world, EventBusName, Name)),
    CreatedBy: world.accountId,
  }),
});

export const deleteRule: Action<BusWorld> = action(model, "DeleteRule", {
  resources: ruleArns,
  serves: ["Name", "EventBusName", "Force"],
  unserved: {},
  // Force is about rules that AWS's own services manage; there are none here, and it changes nothing about others.
  run: async (world: BusWorld, { Name, EventBusName, Force: _force }) => {
    const { metadata } = await busAt(world, EventBusName);
    const rule = await world.buses.findRule(world.namespace, metadata.name, Name);
    if (rule === null) return {};
    if ((rule.spec.targets ?? []).length > 0) throw invalid("Rule can't be deleted since it has targets.");
    await world.buses.remove(ruleKind, rule);
    return {};
  },
});

function switched(name: "EnableRule" | "DisableRule", enabled: boolean): Action<BusWorld> {
  return action(model, name, {
    resources: ruleArns,
    serves: ["Name", "EventBusName"],
    unserved: {},
    run: async (world: BusWorld, { Name, EventBusName }) => {
      const rule = await ruleAt(world, EventBusName, Name);
      await world.buses.changeRule(rule, (live) => ({ ...live, spec: { ...live.spec, enabled } }));
      return {};
    },
  });
}

export const enableRule: Action<BusWorld> = switched("EnableRule", true);
export const disableRule: Action<BusWorld> = switched("DisableRule", false);

export const listRules: Action<BusWorld> = action(model, "ListRules", {
  serves: ["NamePrefix", "EventBusName", "NextToken", "Limit"],
  unserved: {},
  run: async (world: BusWorld, { NamePrefix: prefix = "", EventBusName, ...page }) => {
    const rules = world.buses.rulesOf(await busAt(world, EventBusName));
    const found = pageOf(
      rules.filter((rule) => ruleName(rule).startsWith(prefix)),
      ruleName,
      page,
    );
    return { Rules: found.page.map((rule) => described(world, rule)), ...found.next };
  },
});

export const listRuleNamesByTarget: Action<BusWorld> = action(model, "ListRuleNamesByTarget", {
  serves: ["TargetArn", "EventBusName", "NextToken", "Limit"],
  unserved: {},
  run: async (world: BusWorld, { TargetArn: arn, EventBusName, ...page }) => {
    const rules = world.buses.rulesOf(await busAt(world, EventBusName));
    const found = pageOf(
      rules.filter(({ spec }) => spec.targets?.some((target) => target.arn === arn) === true),
      ruleName,
      page,
    );
    return { RuleNames: found.page.map(ruleName), ...found.next };
  },
});

function described(world: BusWorld, rule: Rule): Listed {
  const { description, pattern, schedule, role, enabled } = rule.spec;
  return {
    Name: ruleName(rule),
    Arn: arnOfRule(world, rule),
    State: enabled === false ? "DISABLED" : "ENABLED",
    EventBusName: busOf(rule),
    ...(description !== undefined && { Description: description }),
    ...(pattern !== undefined && { EventPattern: pattern }),
    ...(schedule !== undefined && { ScheduleExpression: schedule }),
    ...(role !== undefined && { RoleArn: role }),
  };
}

const FIELDS = ["id", "account", "source", "time", "region", "detail-type"];

export const testEventPattern: Action<BusWorld> = action(model, "TestEventPattern", {
  serves: ["EventPattern", "Event"],
  unserved: {},
  run: async (_world: BusWorld, { EventPattern: pattern, Event: text }) => {
    const event = jsonOf(text);
    if (event === null || FIELDS.some((field) => event[field] === undefined))
      throw invalid("Parameter Event is not valid.");
    checkPattern(pattern);
    return { Result: readPattern(pattern).matches(event) };
  },
});

export function jsonOf(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value = parseJson(text);
    return isJsonObject(value) ? value : null;
  } catch {
    // No JSON: said by whoever asks, in words of his own.
    return null;
  }
}
