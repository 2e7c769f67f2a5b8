/** How fast a number of replicas may change: stabilisation windows, scaling policies, limits; upstream's rules with its reasons and words. */
import type { HorizontalPodAutoscalerSpec, ScalingRules } from "#kinds/autoscaling/autoscaler-spec.ts";

/** What the next decisions need of the past ones. A value: each decision makes the next. */
export interface ScalingHistory {
  readonly recommendations: readonly { readonly atMs: number; readonly replicas: number }[];
  readonly ups: readonly Rescale[];
  readonly downs: readonly Rescale[];
}

export interface Rescale {
  readonly atMs: number;
  /** How many replicas more or fewer; never negative. */
  readonly change: number;
}

export const noHistory: ScalingHistory = { recommendations: [], ups: [], downs: [] };

export interface PaceQuestion {
  readonly current: number;
  readonly desired: number;
  readonly min: number;
  readonly max: number;
  readonly behavior: HorizontalPodAutoscalerSpec["behavior"];
  readonly history: ScalingHistory;
  /** For the way down where the object does not say (5 min). */
  readonly downscaleStabilizationMs: number;
  readonly now: number;
}

export interface Paced {
  readonly replicas: number;
  readonly history: ScalingHistory;
  readonly ableToScale: Words;
  readonly limited: Words & { readonly is: boolean };
}

interface Words {
  readonly reason: string;
  readonly message: string;
}

const READY: Words = { reason: "ReadyForNewScale", message: "recommended size matches current size" };
const HIGHER: Words = {
  reason: "ScaleDownStabilized",
  message: "recent recommendations were higher than current one, applying the highest recent recommendation",
};
const LOWER: Words = {
  reason: "ScaleUpStabilized",
  message: "recent recommendations were lower than current one, applying the lowest recent recommendation",
};
const WITHIN: Words = { reason: "DesiredWithinRange", message: "the desired count is within the acceptable range" };
const TOO_FAST_UP: Words = {
  reason: "ScaleUpLimit",
  message: "the desired replica count is increasing faster than the maximum scale rate",
};
const TOO_FAST_DOWN: Words = {
  reason: "ScaleDownLimit",
  message: "the desired replica count is decreasing faster than the maximum scale rate",
};
const TOO_MANY: Words = {
  reason: "TooManyReplicas",
  message: "the desired replica count is more than the maximum replica count",
};
const TOO_FEW: Words = {
  reason: "TooFewReplicas",
  message: "the desired replica count is less than the minimum replica count",
};

// Without behavior: at most twice as many, but four are always allowed.
const UP_FACTOR = 2;
const UP_LEAST = 4;

interface Rules {
  readonly stabilizationMs: number;
  readonly select: NonNullable<ScalingRules["selectPolicy"]>;
  readonly policies: NonNullable<ScalingRules["policies"]>;
}

const UP_POLICIES: Rules["policies"] = [
  { type: "Pods", value: 4, periodSeconds: 15 },
  { type: "Percent", value: 100, periodSeconds: 15 },
];
const DOWN_POLICIES: Rules["policies"] = [{ type: "Percent", value: 100, periodSeconds: 15 }];

export function pace(question: PaceQuestion): Paced {
  return question.behavior === undefined ? paceSimply(question) : paceByRules(question);
}

function paceSimply(question: PaceQuestion): Paced {
  const { current, desired, min, max, downscaleStabilizationMs, now } = question;
  const recent = recentOf(question, downscaleStabilizationMs);
  const stable = Math.max(desired, ...recent);
  const upLimit = Math.max(UP_FACTOR * current, UP_LEAST);
  const most = Math.min(max, upLimit);
  const limited = stable < min ? TOO_FEW : stable > most ? (max > upLimit ? TOO_FAST_UP : TOO_MANY) : WITHIN;
  return {
    replicas: Math.max(min, Math.min(most, stable)),
    history: recommended(question, downscaleStabilizationMs, now),
    ableToScale: stable === desired ? READY : HIGHER,
    limited: { ...limited, is: limited !== WITHIN },
  };
}

function paceByRules(question: PaceQuestion): Paced {
  const { current, desired, now } = question;
  const up = rulesOf(question.behavior?.scaleUp, UP_POLICIES, 0);
  const down = rulesOf(question.behavior?.scaleDown, DOWN_POLICIES, question.downscaleStabilizationMs);
  const isUp = desired >= current;
  const recent = recentOf(question, isUp ? up.stabilizationMs : down.stabilizationMs);
  const stable = isUp ? Math.min(desired, ...recent) : Math.max(desired, ...recent);
  const { replicas, words } = limit(question, stable, { up, down });
  return {
    replicas,
    history: recommended(question, Math.max(up.stabilizationMs, down.stabilizationMs), now),
    ableToScale: stable === desired ? READY : isUp ? LOWER : HIGHER,
    limited: { ...words, is: replicas !== stable },
  };
}

function rulesOf(rules: ScalingRules | undefined, policies: Rules["policies"], stabilizationMs: number): Rules {
  const seconds = rules?.stabilizationWindowSeconds;
  return {
    stabilizationMs: seconds === undefined ? stabilizationMs : seconds * 1_000,
    select: rules?.selectPolicy ?? "Max",
    policies: rules?.policies ?? policies,
  };
}

/** Recommendations strictly younger than the window. */
function recentOf({ history, now }: PaceQuestion, windowMs: number): readonly number[] {
  return history.recommendations.filter(({ atMs }) => atMs > now - windowMs).map(({ replicas }) => replicas);
}

function recommended({ history, desired }: PaceQuestion, keptMs: number, now: number): ScalingHistory {
  const kept = history.recommendations.filter(({ atMs }) => atMs >= now - keptMs);
  return { ...history, recommendations: [...kept, { atMs: now, replicas: desired }] };
}

function limit(
  question: PaceQuestion,
  stable: number,
  { up, down }: { readonly up: Rules; readonly down: Rules },
): { readonly replicas: number; readonly words: Words } {
  const { current, min, max } = question;
  if (stable > current) {
    const fastest = Math.max(current, upLimit(question, up));
    const most = Math.min(max, fastest);
    return stable > most
      ? { replicas: most, words: max > fastest ? TOO_FAST_UP : TOO_MANY }
      : { replicas: stable, words: WITHIN };
  }
  if (stable < current) {
    const fastest = Math.min(current, downLimit(question, down));
    const least = Math.max(min, fastest);
    return stable < least
      ? { replicas: least, words: min < fastest ? TOO_FAST_DOWN : TOO_FEW }
      : { replicas: stable, words: WITHIN };
  }
  return { replicas: stable, words: WITHIN };
}

/** A percentage rounds up, or one pod would never become two at 50 %. */
function upLimit({ current, history, now }: PaceQuestion, { select, policies }: Rules): number {
  if (select === "Disabled") return current;
  const limits = policies.map(({ type, value, periodSeconds }) => {
    const start = periodStart(current, history, periodSeconds, now);
    return type === "Pods" ? start + value : Math.ceil(start * (1 + value / 100));
  });
  return select === "Min" ? Math.min(...limits) : Math.max(...limits);
}

function downLimit({ current, history, now }: PaceQuestion, { select, policies }: Rules): number {
  if (select === "Disabled") return current;
  const limits = policies.map(({ type, value, periodSeconds }) => {
    const start = periodStart(current, history, periodSeconds, now);
    return type === "Pods" ? start - value : Math.trunc(start * (1 - value / 100));
  });
  return select === "Min" ? Math.max(...limits) : Math.min(...limits);
}

/** How many there were when the period began: what came since is taken off, what went is put back. */
function periodStart(current: number, { ups, downs }: ScalingHistory, periodSeconds: number, now: number): number {
  return current - changedWithin(ups, periodSeconds, now) + changedWithin(downs, periodSeconds, now);
}

function changedWithin(rescales: readonly Rescale[], periodSeconds: number, now: number): number {
  return rescales.filter(({ atMs }) => atMs > now - periodSeconds * 1_000).reduce((sum, { change }) => sum + change, 0);
}

/** Only with behavior are rescales remembered: nothing else reads them. */
export function withRescale(
  history: ScalingHistory,
  {
    from,
    to,
    behavior,
    now,
  }: { readonly from: number; readonly to: number; readonly behavior: PaceQuestion["behavior"]; readonly now: number },
): ScalingHistory {
  if (behavior === undefined || from === to) return history;
  const isUp = to > from;
  const rules = rulesOf(isUp ? behavior.scaleUp : behavior.scaleDown, isUp ? UP_POLICIES : DOWN_POLICIES, 0);
  const keptMs = Math.max(...rules.policies.map(({ periodSeconds }) => periodSeconds)) * 1_000;
  const kept = (isUp ? history.ups : history.downs).filter(({ atMs }) => atMs >= now - keptMs);
  const next = [...kept, { atMs: now, change: Math.abs(to - from) }];
  return isUp ? { ...history, ups: next } : { ...history, downs: next };
}
