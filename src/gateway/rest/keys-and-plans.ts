/** API keys and usage plans at the edge: whether a key lets a request in, and whether its plan has anything left for it. */
import type { ApiKey } from "#kinds/catamaran/api-key.ts";
import type { UsagePlan, UsagePlanQuota, UsagePlanThrottle } from "#kinds/catamaran/usage-plan.ts";
import type { Buckets, Limit } from "../apis/token-bucket.ts";
import type { QuotaCounts } from "./quota-counts.ts";

/** Keys by what clients send, and the plans of each stage. */
export interface KeysAndPlans {
  readonly keys: ReadonlyMap<string, ApiKey>;
  /** By "API/STAGE". */
  readonly plans: ReadonlyMap<string, readonly UsagePlan[]>;
}

export function keysAndPlans(keys: readonly ApiKey[], plans: readonly UsagePlan[]): KeysAndPlans {
  const ofStage = plans.flatMap((plan) =>
    (plan.spec.apiStages ?? []).map(({ apiId, stage }) => [`${apiId}/${stage}`, plan] as const),
  );
  const grouped = Map.groupBy(ofStage, ([stage]) => stage);
  return {
    keys: new Map(keys.map((key) => [key.spec.value, key])),
    plans: new Map([...grouped].map(([stage, pairs]) => [stage, pairs.map(([, plan]) => plan)])),
  };
}

export type KeyVerdict =
  | { readonly is: "let in"; readonly key: ApiKey; readonly plan: UsagePlan }
  | { readonly is: "no key" }
  | { readonly is: "throttled" }
  | { readonly is: "used up" };

export interface KeyedRequest {
  readonly value: string | undefined;
  readonly apiId: string;
  readonly stage: string;
  /** "/users/{id}/GET" */
  readonly method: string;
  readonly nowMs: number;
  readonly monotonicMs: number;
}

/** A key without a plan of the stage is none. Nothing is counted for a request that is not let in. */
export function verdictOnKey(
  { keys, plans }: KeysAndPlans,
  asked: KeyedRequest,
  { buckets, counts }: { readonly buckets: Buckets; readonly counts: QuotaCounts },
): KeyVerdict {
  const key = asked.value === undefined ? undefined : keys.get(asked.value);
  if (key === undefined || key.spec.enabled === false) return { is: "no key" };
  const { name } = key.metadata;
  const plan = plans.get(`${asked.apiId}/${asked.stage}`)?.find(({ spec }) => spec.keys?.includes(name));
  if (plan === undefined) return { is: "no key" };
  const { quota } = plan.spec;
  const planName = plan.metadata.name;
  if (quota !== undefined && leftOf(quota, counts.countsOf(planName, name), asked.nowMs) <= 0) return { is: "used up" };
  for (const [bucket, limit] of limitsOf(plan, asked))
    if (!buckets.admits(`plan/${planName}/${name}/${bucket}`, limit, asked.monotonicMs)) return { is: "throttled" };
  counts.count(planName, name, dayOf(asked.nowMs));
  return { is: "let in", key, plan };
}

/** Of the method, where the plan says one, else of the plan; never both. */
function limitsOf({ spec }: UsagePlan, { apiId, stage, method }: KeyedRequest): readonly (readonly [string, Limit])[] {
  const own = spec.apiStages?.find((one) => one.apiId === apiId && one.stage === stage)?.throttle?.[method];
  const throttle = own ?? spec.throttle;
  return throttle === undefined ? [] : [[own === undefined ? "all" : method, limitOf(throttle)]];
}

function limitOf({ rateLimit = Number.MAX_SAFE_INTEGER, burstLimit }: UsagePlanThrottle): Limit {
  return { perSecond: rateLimit, burst: burstLimit ?? Math.max(1, Math.ceil(rateLimit)) };
}

/** Requests by day, "2026-11-27". */
export type DayCounts = ReadonlyMap<string, number>;

const DAY_MS = 86_400_000;

/** "2026-11-27", in UTC: quotas begin anew then. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** The first day of the period that this time is in: the day itself, its Sunday, the first of its month. */
export function periodStart(period: UsagePlanQuota["period"], nowMs: number): string {
  switch (period) {
    case "DAY":
      return dayOf(nowMs);
    case "WEEK":
      return dayOf(nowMs - new Date(nowMs).getUTCDay() * DAY_MS);
    case "MONTH":
      return `${dayOf(nowMs).slice(0, 7)}-01`;
  }
}

/** What the quota still has in this period. */
export function leftOf({ limit, offset = 0, period }: UsagePlanQuota, counts: DayCounts, nowMs: number): number {
  const start = periodStart(period, nowMs);
  const used = [...counts].reduce((sum, [day, count]) => (day >= start ? sum + count : sum), 0);
  const isFirst = [...counts.keys()].every((day) => day >= start);
  return limit - used - (isFirst ? offset : 0);
}
