/** UsagePlan: which keys may use which stages of REST APIs, how fast and how often. */
import { ageColumn, integer, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { type Infer, list, map, number, object, optional, text, whole } from "#kinds/schema/description.ts";
import { type Own, ownKind } from "./own-kind.ts";

const throttle = object("UsagePlanThrottle", {
  rateLimit: optional(number({ min: 0, unit: "requests a second" })),
  burstLimit: optional(whole({ min: 0, unit: "requests" })),
});

const apiStage = object("UsagePlanStage", {
  apiId: text(),
  stage: text(),
  /** By "/PATH/METHOD". */
  throttle: optional(map(throttle)),
});

const quota = object("UsagePlanQuota", {
  limit: whole({ min: 0 }),
  /** Requests that the first period begins with. */
  offset: optional(whole({ min: 0 })),
  period: text({ enum: ["DAY", "WEEK", "MONTH"] }),
});

const spec = object("UsagePlanSpec", {
  name: optional(text()),
  description: optional(text()),
  apiStages: optional(list(apiStage)),
  /** Of each key. */
  throttle: optional(throttle),
  quota: optional(quota),
  /** Names of ApiKeys. */
  keys: optional(list(text())),
  tags: optional(map(text())),
});

const status = object("UsagePlanStatus", {});

export type UsagePlanSpec = Infer<typeof spec>;
export type UsagePlan = Own<UsagePlanSpec, Infer<typeof status>>;
export type UsagePlanThrottle = Infer<typeof throttle>;
export type UsagePlanQuota = Infer<typeof quota>;

export const usagePlanKind: Kind<UsagePlan> = ownKind({
  kind: "UsagePlan",
  plural: "usageplans",
  spec,
  status,
  columns: [
    textColumn("Called", ({ spec }) => spec.name ?? ""),
    integer("Keys", ({ spec }) => spec.keys?.length ?? 0),
    ageColumn,
  ],
});
