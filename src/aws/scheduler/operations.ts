/** Which operations of EventBridge Scheduler are served. Read by tools/gen-aws.ts. */
import type { Listed } from "../listed.ts";

export const listed: Listed = {
  service: "scheduler",
  version: "2021-06-30",
  operations: [
    "CreateSchedule",
    "CreateScheduleGroup",
    "DeleteSchedule",
    "DeleteScheduleGroup",
    "GetSchedule",
    "GetScheduleGroup",
    "ListScheduleGroups",
    "ListSchedules",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
    "UpdateSchedule",
  ],
};
