/** Conditions of a status: finding one, and setting one so that its time of transition moves only when its status does. Pure. */
import { timestamp } from "#base/clock.ts";
import type { Condition } from "./object.ts";

/** A condition as whoever judges says it: when it became so follows from what was said before. */
export type Told = Omit<Condition, "lastTransitionTime">;

type Conditions = readonly Condition[] | undefined;

export function conditionOf(conditions: Conditions, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** "Unknown" is not true, and neither is what nobody has said yet. */
export function isTrueOf(conditions: Conditions, type: string): boolean {
  return conditionOf(conditions, type)?.status === "True";
}

/** `told` with the time since when its status has been so: `now`, unless it was so before. */
export function sinceWhen(told: Told, before: Conditions, now: number): Condition {
  const same = conditionOf(before, told.type);
  const since = same?.status === told.status ? same.lastTransitionTime : undefined;
  return { ...told, lastTransitionTime: since ?? timestamp(now) };
}

/** The conditions with this one in its place, or behind the others when it is new (apimachinery's meta.SetStatusCondition). */
export function withCondition(before: Conditions, told: Told, now: number): readonly Condition[] {
  const next = sinceWhen(told, before, now);
  const isKnown = conditionOf(before, told.type) !== undefined;
  return isKnown
    ? (before ?? []).map((condition) => (condition.type === told.type ? next : condition))
    : [...(before ?? []), next];
}
