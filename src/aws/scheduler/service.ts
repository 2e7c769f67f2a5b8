/** EventBridge Scheduler: the list of its actions (API version 2021-06-30). */
import { type Action, type Service, service } from "../action.ts";
import * as groups from "./manage-groups.ts";
import * as schedules from "./manage-schedules.ts";
import { model } from "./model.gen.ts";
import type { ScheduleWorld } from "./world.ts";

export const actions: readonly Action<ScheduleWorld>[] = [
  schedules.createSchedule,
  groups.createScheduleGroup,
  schedules.deleteSchedule,
  groups.deleteScheduleGroup,
  schedules.getSchedule,
  groups.getScheduleGroup,
  groups.listScheduleGroups,
  schedules.listSchedules,
  groups.listTagsForResource,
  groups.tagResource,
  groups.untagResource,
  schedules.updateSchedule,
];

export function schedulerService(world: ScheduleWorld): Service {
  return service(model, world, actions);
}
