/** Making, describing, changing and removing schedules. */
import { parseArn } from "#base/arn.ts";
import { offsetsOf } from "#kinds/batch/cron-schedule.ts";
import {
  DEFAULT_GROUP,
  groupOf,
  type Schedule,
  scheduleName,
  scheduleObjectName,
  type ScheduleSpec,
  type ScheduleTarget,
} from "#kinds/catamaran/schedule.ts";
import { scheduleFault } from "#kinds/catamaran/schedule-expression.ts";
import { type Action, action, type Need } from "../action.ts";
import type { Place } from "../place.ts";
import { model, type ScheduleSummary, type Target } from "./model.gen.ts";
import {
  arnOfSchedule,
  createdMs,
  failure,
  groupAt,
  inSchedulerWords,
  invalid,
  pageOf,
  scheduleArn,
  scheduleAt,
  type ScheduleWorld,
} from "./world.ts";

interface Named {
  readonly GroupName?: string;
  readonly Name: string;
}

function scheduleArns({ GroupName = DEFAULT_GROUP, Name }: Named, place: Place): readonly string[] {
  return [scheduleArn(place, GroupName, Name)];
}

function passes({ Target: { RoleArn } }: { readonly Target: { readonly RoleArn: string } }): readonly Need[] {
  return [{ permission: "iam:PassRole", resource: RoleArn }];
}

const OTHERS = "targets are functions, queues, topics and buses";

const SERVES = [
  "Name",
  "GroupName",
  "ScheduleExpression",
  "ScheduleExpressionTimezone",
  "StartDate",
  "EndDate",
  "Description",
  "State",
  "FlexibleTimeWindow.Mode",
  "FlexibleTimeWindow.MaximumWindowInMinutes",
  "ActionAfterCompletion",
  "ClientToken",
  "Target.Arn",
  "Target.RoleArn",
  "Target.Input",
  "Target.DeadLetterConfig.Arn",
  "Target.RetryPolicy.MaximumEventAgeInSeconds",
  "Target.RetryPolicy.MaximumRetryAttempts",
  "Target.EventBridgeParameters.DetailType",
  "Target.EventBridgeParameters.Source",
  "Target.SqsParameters.MessageGroupId",
] as const;

const UNSERVED = {
  KmsKeyArn: "leave it out",
  "Target.EcsParameters": OTHERS,
  "Target.KinesisParameters": OTHERS,
  "Target.SageMakerPipelineParameters": OTHERS,
} as const;

/** The token that a schedule was made under: who repeats his request is answered as before. */
const MADE_BY = "catamaran.dev/client-token";

export const createSchedule: Action<ScheduleWorld> = action(model, "CreateSchedule", {
  resources: scheduleArns,
  alsoNeeds: passes,
  serves: SERVES,
  unserved: UNSERVED,
  run: async (world: ScheduleWorld, input) => {
    const { Name: name, GroupName, ClientToken: token } = input;
    const { metadata } = await groupAt(world, GroupName);
    const group = metadata.name;
    const spec = specOf(world, group, input);
    const there = await world.schedules.find(world.namespace, group, name);
    const isAgain = there !== null && token !== undefined && there.metadata.annotations?.[MADE_BY] === token;
    if (there !== null && !isAgain) throw failure("ConflictException", `Schedule ${name} already exists.`);
    if (there === null)
      await inSchedulerWords(() =>
        world.schedules.create({
          apiVersion: "catamaran.dev/v1",
          kind: "Schedule",
          metadata: {
            name: scheduleObjectName(group, name),
            namespace: world.namespace,
            ...(token !== undefined && { annotations: { [MADE_BY]: token } }),
          },
          spec,
        }),
      );
    return { ScheduleArn: scheduleArn(world, group, name) };
  },
});

export const updateSchedule: Action<ScheduleWorld> = action(model, "UpdateSchedule", {
  resources: scheduleArns,
  alsoNeeds: passes,
  serves: SERVES,
  unserved: UNSERVED,
  // "EventBridge Scheduler uses all values, including empty values": what is left out is reset. A repeated update is the same update.
  run: async (world: ScheduleWorld, { ClientToken: _token, ...input }) => {
    const schedule = await scheduleAt(world, input.GroupName, input.Name);
    const spec = specOf(world, groupOf(schedule), input);
    await inSchedulerWords(() => world.schedules.change(schedule, (live) => ({ ...live, spec })));
    return { ScheduleArn: arnOfSchedule(world, schedule) };
  },
});

interface Asked {
  readonly ScheduleExpression: string;
  readonly ScheduleExpressionTimezone?: string;
  readonly StartDate?: number;
  readonly EndDate?: number;
  readonly Description?: string;
  readonly State?: string;
  readonly FlexibleTimeWindow: { readonly Mode: string; readonly MaximumWindowInMinutes?: number };
  readonly ActionAfterCompletion?: "NONE" | "DELETE";
  readonly Target: AskedTarget;
}

interface AskedTarget {
  readonly Arn: string;
  readonly RoleArn: string;
  readonly Input?: string;
  readonly DeadLetterConfig?: { readonly Arn?: string };
  readonly RetryPolicy?: { readonly MaximumEventAgeInSeconds?: number; readonly MaximumRetryAttempts?: number };
  readonly EventBridgeParameters?: { readonly DetailType: string; readonly Source: string };
  readonly SqsParameters?: { readonly MessageGroupId?: string };
}

function specOf(world: ScheduleWorld, group: string, asked: Asked): ScheduleSpec {
  const { ScheduleExpression: expression, ScheduleExpressionTimezone: timeZone, FlexibleTimeWindow: flexible } = asked;
  if (scheduleFault(expression) !== null) throw invalid(`Invalid Schedule Expression ${expression}.`);
  if (timeZone !== undefined && offsetsOf(timeZone) === undefined)
    throw invalid(`Invalid ScheduleExpressionTimezone ${timeZone}.`);
  const minutes = flexible.MaximumWindowInMinutes;
  if (flexible.Mode === "FLEXIBLE" && minutes === undefined)
    throw invalid("MaximumWindowInMinutes must be provided for a FLEXIBLE time window.");
  if (flexible.Mode === "OFF" && minutes !== undefined)
    throw invalid("Maximum window in minutes must not be provided when Flexible Time Window is OFF.");
  if (asked.StartDate !== undefined && asked.EndDate !== undefined && asked.EndDate <= asked.StartDate)
    throw invalid("The EndDate you specify must come after the StartDate.");
  return {
    group,
    expression,
    target: targetOf(world, asked.Target),
    ...(timeZone !== undefined && { timeZone }),
    ...(asked.StartDate !== undefined && { start: new Date(asked.StartDate).toISOString() }),
    ...(asked.EndDate !== undefined && { end: new Date(asked.EndDate).toISOString() }),
    ...(minutes !== undefined && { flexibleMinutes: minutes }),
    ...(asked.State === "DISABLED" && { enabled: false }),
    ...(asked.Description !== undefined && { description: asked.Description }),
    ...(asked.ActionAfterCompletion !== undefined && { afterCompletion: asked.ActionAfterCompletion }),
  };
}

function targetOf({ targetServices }: ScheduleWorld, target: AskedTarget): ScheduleTarget {
  const { Arn: arn, RoleArn: role, Input: input, EventBridgeParameters: event, SqsParameters } = target;
  const { MaximumEventAgeInSeconds: age, MaximumRetryAttempts: attempts } = target.RetryPolicy ?? {};
  const service = parseArn(arn)?.service;
  if (service === undefined) throw invalid(`Provided Arn is not in correct format.`);
  if (!targetServices.has(service)) throw invalid(`Target.Arn=${arn} is not supported by Catamaran; ${OTHERS}`);
  if (service === "events" && event === undefined)
    throw invalid("EventBridgeParameters must be provided for an EventBridge target.");
  const [letters, group] = [target.DeadLetterConfig?.Arn, SqsParameters?.MessageGroupId];
  return {
    arn,
    role,
    ...(input !== undefined && { input }),
    ...(letters !== undefined && { deadLetterQueue: letters }),
    ...(group !== undefined && { messageGroup: group }),
    ...(event !== undefined && { event: { detailType: event.DetailType, source: event.Source } }),
    ...((age !== undefined || attempts !== undefined) && {
      retry: {
        ...(age !== undefined && { maximumAgeSeconds: age }),
        ...(attempts !== undefined && { maximumAttempts: attempts }),
      },
    }),
  };
}

export const getSchedule: Action<ScheduleWorld> = action(model, "GetSchedule", {
  resources: scheduleArns,
  serves: ["GroupName", "Name"],
  unserved: {},
  run: async (world: ScheduleWorld, { GroupName, Name }) => {
    const schedule = await scheduleAt(world, GroupName, Name);
    const { spec } = schedule;
    const { flexibleMinutes: minutes, start, end, description } = spec;
    return {
      ...summaryOf(world, schedule),
      ActionAfterCompletion: spec.afterCompletion ?? "NONE",
      ScheduleExpression: spec.expression,
      ScheduleExpressionTimezone: spec.timeZone ?? "UTC",
      FlexibleTimeWindow:
        minutes === undefined
          ? { Mode: "OFF" as const }
          : { Mode: "FLEXIBLE" as const, MaximumWindowInMinutes: minutes },
      Target: describedTarget(spec.target),
      ...(description !== undefined && { Description: description }),
      ...(start !== undefined && { StartDate: Date.parse(start) }),
      ...(end !== undefined && { EndDate: Date.parse(end) }),
    };
  },
});

function summaryOf(world: ScheduleWorld, schedule: Schedule): ScheduleSummary {
  return {
    Arn: arnOfSchedule(world, schedule),
    Name: scheduleName(schedule),
    GroupName: groupOf(schedule),
    State: schedule.spec.enabled === false ? "DISABLED" : "ENABLED",
    CreationDate: createdMs(schedule),
    LastModificationDate: createdMs(schedule),
    Target: { Arn: schedule.spec.target.arn },
  };
}

function describedTarget({ arn, role, input, retry, deadLetterQueue, messageGroup, event }: ScheduleTarget): Target {
  return {
    Arn: arn,
    RoleArn: role ?? "",
    ...(input !== undefined && { Input: input }),
    ...(deadLetterQueue !== undefined && { DeadLetterConfig: { Arn: deadLetterQueue } }),
    ...(messageGroup !== undefined && { SqsParameters: { MessageGroupId: messageGroup } }),
    ...(event !== undefined && { EventBridgeParameters: { DetailType: event.detailType, Source: event.source } }),
    // Unlike rules, schedules show what holds where nothing was said.
    RetryPolicy: {
      MaximumEventAgeInSeconds: retry?.maximumAgeSeconds ?? 86_400,
      MaximumRetryAttempts: retry?.maximumAttempts ?? 185,
    },
  };
}

export const deleteSchedule: Action<ScheduleWorld> = action(model, "DeleteSchedule", {
  resources: scheduleArns,
  serves: ["GroupName", "Name", "ClientToken"],
  unserved: {},
  // A repeated deletion finds nothing, whatever its token.
  run: async (world: ScheduleWorld, { GroupName, Name, ClientToken: _token }) => {
    await world.schedules.remove(await scheduleAt(world, GroupName, Name));
    return {};
  },
});

export const listSchedules: Action<ScheduleWorld> = action(model, "ListSchedules", {
  serves: ["GroupName", "NamePrefix", "State", "NextToken", "MaxResults"],
  unserved: {},
  run: async (world: ScheduleWorld, { GroupName, NamePrefix: prefix = "", State, ...page }) => {
    if (GroupName !== undefined) await groupAt(world, GroupName);
    const wanted = world.schedules
      .list(world.namespace)
      .filter(
        (schedule) =>
          (GroupName === undefined || groupOf(schedule) === GroupName) &&
          scheduleName(schedule).startsWith(prefix) &&
          (State === undefined || summaryOf(world, schedule).State === State),
      );
    const found = pageOf(wanted, ({ metadata }) => metadata.name, page);
    return { Schedules: found.page.map((schedule) => summaryOf(world, schedule)), ...found.next };
  },
});
