/** What the Scheduler actions work on, how schedules and groups are named outside, and the errors about them. */
import { Fault } from "#base/fault.ts";
import { DEFAULT_GROUP, groupOf, type Schedule, scheduleName } from "#kinds/catamaran/schedule.ts";
import type { ScheduleGroup } from "#kinds/catamaran/schedule-group.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Schedules } from "#managed/schedule/schedules.ts";
import type { AwsError } from "../aws-error.ts";
import type { Place } from "../place.ts";
import { errorsOf } from "../service-error.ts";
import { model } from "./model.gen.ts";

export interface ScheduleWorld extends Place {
  readonly schedules: Schedules;
  readonly namespace: string;
  /** The services whose ARNs can be targets. */
  readonly targetServices: ReadonlySet<string>;
}

export const failure: ReturnType<typeof errorsOf<typeof model extends { readonly errors?: infer E } ? E : never>> =
  errorsOf(model);

export function invalid(message: string): AwsError {
  return failure("ValidationException", message);
}

export function scheduleArn({ region, accountId }: Place, group: string, name: string): string {
  return `arn:aws:scheduler:${region}:${accountId}:schedule/${group}/${name}`;
}

export function arnOfSchedule(place: Place, schedule: Schedule): string {
  return scheduleArn(place, groupOf(schedule), scheduleName(schedule));
}

export function groupArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:scheduler:${region}:${accountId}:schedule-group/${name}`;
}

export async function groupAt(world: ScheduleWorld, name: string = DEFAULT_GROUP): Promise<ScheduleGroup> {
  const found = await world.schedules.findGroup(world.namespace, name);
  if (found === null) throw failure("ResourceNotFoundException", `Schedule group ${name} does not exist.`);
  return found;
}

export async function scheduleAt(world: ScheduleWorld, group: string | undefined, name: string): Promise<Schedule> {
  const { metadata } = await groupAt(world, group);
  const found = await world.schedules.find(world.namespace, metadata.name, name);
  if (found === null) throw failure("ResourceNotFoundException", `Schedule ${name} does not exist.`);
  return found;
}

/** What the kinds' own rules say against an object. */
export async function inSchedulerWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Fault && (thrown.code === "Invalid" || thrown.code === "BadRequest"))
      throw invalid(thrown.message);
    throw thrown;
  }
}

export function createdMs({ metadata }: KubeObject): number {
  return Date.parse(metadata.creationTimestamp ?? "") || 0;
}

const PAGE = 100;

/** Of names in order; the token is the last of the page before. */
export function pageOf<T>(
  all: readonly T[],
  nameOf: (one: T) => string,
  { NextToken: token, MaxResults: limit = PAGE }: { readonly NextToken?: string; readonly MaxResults?: number },
): { readonly page: readonly T[]; readonly next: { readonly NextToken?: string } } {
  const after = token === undefined ? "" : Buffer.from(token, "base64url").toString();
  const left = all.filter((one) => nameOf(one) > after);
  const page = left.slice(0, limit);
  const last = page.at(-1);
  const isMore = last !== undefined && left.length > page.length;
  return { page, next: isMore ? { NextToken: Buffer.from(nameOf(last)).toString("base64url") } : {} };
}
