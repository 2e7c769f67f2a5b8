/** ScheduleGroup: schedules that are tagged and removed together (Amazon EventBridge Scheduler API Reference, CreateScheduleGroup). */
import { ageColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { scheduleGroupNameFault } from "#kinds/rules/names.ts";
import { type Infer, map, object, optional, text } from "#kinds/schema/description.ts";
import { type Own, ownKind } from "./own-kind.ts";

const spec = object("ScheduleGroupSpec", { tags: optional(map(text())) });
const status = object("ScheduleGroupStatus", {});

export type ScheduleGroup = Own<Infer<typeof spec>, Infer<typeof status>>;

export const scheduleGroupKind: Kind<ScheduleGroup> = ownKind({
  kind: "ScheduleGroup",
  plural: "schedulegroups",
  spec,
  status,
  checkName: scheduleGroupNameFault,
  columns: [ageColumn],
});
