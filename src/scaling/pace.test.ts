/** How fast a number of replicas may change: windows, policies and limits, as tables. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { noHistory, pace, type PaceQuestion, type ScalingHistory, withRescale } from "./pace.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");

interface PaceCase {
  readonly title: string;
  readonly question: Partial<PaceQuestion> & Pick<PaceQuestion, "current" | "desired">;
  readonly replicas: number;
  readonly able?: string;
  readonly limited?: string;
}

function recommendation(agoMs: number, replicas: number): ScalingHistory {
  return { ...noHistory, recommendations: [{ atMs: NOW - agoMs, replicas }] };
}

function up(
  rules: NonNullable<NonNullable<PaceQuestion["behavior"]>["scaleUp"]>,
): NonNullable<PaceQuestion["behavior"]> {
  return { scaleUp: rules };
}

/** Without the five minutes, so that the policies can be seen. */
function down(
  rules: NonNullable<NonNullable<PaceQuestion["behavior"]>["scaleDown"]>,
): NonNullable<PaceQuestion["behavior"]> {
  return { scaleDown: { stabilizationWindowSeconds: 0, ...rules } };
}

const pods = (
  value: number,
  periodSeconds = 60,
): { readonly type: "Pods"; readonly value: number; readonly periodSeconds: number } => ({
  type: "Pods",
  value,
  periodSeconds,
});
const percent = (
  value: number,
  periodSeconds = 60,
): { readonly type: "Percent"; readonly value: number; readonly periodSeconds: number } => ({
  type: "Percent",
  value,
  periodSeconds,
});

const paceCases: readonly PaceCase[] = [
  {
    title: "no behavior: at most twice as many",
    question: { current: 3, desired: 20 },
    replicas: 6,
    limited: "ScaleUpLimit",
  },
  {
    title: "no behavior: four are always allowed",
    question: { current: 1, desired: 10 },
    replicas: 4,
    limited: "ScaleUpLimit",
  },
  {
    title: "no behavior: the maximum",
    question: { current: 5, desired: 20, max: 8 },
    replicas: 8,
    limited: "TooManyReplicas",
  },
  {
    title: "no behavior: the minimum",
    question: { current: 5, desired: 2, min: 3 },
    replicas: 3,
    limited: "TooFewReplicas",
  },
  {
    title: "no behavior: down waits for the highest of five minutes",
    question: { current: 5, desired: 3, history: recommendation(100_000, 5) },
    replicas: 5,
    able: "ScaleDownStabilized",
  },
  {
    title: "no behavior: a recommendation of exactly five minutes ago is forgotten",
    question: { current: 5, desired: 3, history: recommendation(300_000, 5) },
    replicas: 3,
  },
  {
    title: "no behavior: one of a moment less is not",
    question: { current: 5, desired: 3, history: recommendation(299_999, 5) },
    replicas: 5,
    able: "ScaleDownStabilized",
  },
  {
    title: "no behavior: up is never stabilised",
    question: { current: 5, desired: 8, history: recommendation(1_000, 5) },
    replicas: 8,
  },
  { title: "nothing to do", question: { current: 5, desired: 5 }, replicas: 5 },
  {
    title: "default rules up: four pods for few",
    question: { current: 3, desired: 20, behavior: {} },
    replicas: 7,
    limited: "ScaleUpLimit",
  },
  {
    title: "default rules up: twice for many",
    question: { current: 10, desired: 50, behavior: {} },
    replicas: 20,
    limited: "ScaleUpLimit",
  },
  {
    title: "default rules down: all at once, after five minutes",
    question: { current: 10, desired: 2, behavior: {} },
    replicas: 2,
  },
  {
    title: "default rules down: not within five minutes",
    question: { current: 10, desired: 2, behavior: {}, history: recommendation(299_000, 9) },
    replicas: 9,
    able: "ScaleDownStabilized",
  },
  {
    title: "up, select Min: the slowest policy",
    question: { current: 3, desired: 20, behavior: up({ selectPolicy: "Min" }) },
    replicas: 6,
    limited: "ScaleUpLimit",
  },
  {
    title: "up, disabled",
    question: { current: 3, desired: 20, behavior: up({ selectPolicy: "Disabled" }) },
    replicas: 3,
    limited: "ScaleUpLimit",
  },
  {
    title: "up by percent rounds up",
    question: { current: 3, desired: 20, behavior: up({ policies: [percent(10)] }) },
    replicas: 4,
    limited: "ScaleUpLimit",
  },
  {
    title: "up by 50 % from one",
    question: { current: 1, desired: 20, behavior: up({ policies: [percent(50)] }) },
    replicas: 2,
    limited: "ScaleUpLimit",
  },
  {
    title: "up: what came in the period counts",
    question: {
      current: 4,
      desired: 20,
      behavior: up({ policies: [pods(1)] }),
      history: { ...noHistory, ups: [{ atMs: NOW - 30_000, change: 1 }] },
    },
    replicas: 4,
    limited: "ScaleUpLimit",
  },
  {
    title: "up: what came exactly a period ago does not",
    question: {
      current: 4,
      desired: 20,
      behavior: up({ policies: [pods(1)] }),
      history: { ...noHistory, ups: [{ atMs: NOW - 60_000, change: 1 }] },
    },
    replicas: 5,
    limited: "ScaleUpLimit",
  },
  {
    title: "up: what went in the period is put back",
    question: {
      current: 4,
      desired: 20,
      behavior: up({ policies: [pods(1)] }),
      history: { ...noHistory, downs: [{ atMs: NOW - 30_000, change: 2 }] },
    },
    replicas: 7,
    limited: "ScaleUpLimit",
  },
  {
    title: "up: the maximum is said before the speed",
    question: { current: 3, desired: 100, max: 5, behavior: {} },
    replicas: 5,
    limited: "TooManyReplicas",
  },
  {
    title: "up: a window waits for the lowest",
    question: {
      current: 3,
      desired: 8,
      behavior: up({ stabilizationWindowSeconds: 60 }),
      history: recommendation(30_000, 4),
    },
    replicas: 4,
    able: "ScaleUpStabilized",
  },
  {
    title: "up: the lowest may be lower than now",
    question: {
      current: 3,
      desired: 8,
      behavior: up({ stabilizationWindowSeconds: 60 }),
      history: recommendation(10_000, 2),
    },
    replicas: 2,
    able: "ScaleUpStabilized",
  },
  {
    title: "down by percent cuts",
    question: { current: 9, desired: 1, behavior: down({ policies: [percent(50)] }) },
    replicas: 4,
    limited: "ScaleDownLimit",
  },
  {
    title: "down by pods",
    question: { current: 9, desired: 1, behavior: down({ policies: [pods(2)] }) },
    replicas: 7,
    limited: "ScaleDownLimit",
  },
  {
    title: "down, select Max: the fastest",
    question: { current: 9, desired: 1, behavior: down({ policies: [pods(2), percent(50)] }) },
    replicas: 4,
    limited: "ScaleDownLimit",
  },
  {
    title: "down, select Min: the slowest",
    question: { current: 9, desired: 1, behavior: down({ selectPolicy: "Min", policies: [pods(2), percent(50)] }) },
    replicas: 7,
    limited: "ScaleDownLimit",
  },
  {
    title: "down, disabled",
    question: { current: 9, desired: 1, behavior: down({ selectPolicy: "Disabled" }) },
    replicas: 9,
    limited: "ScaleDownLimit",
  },
  {
    title: "down: what went in the period counts",
    question: {
      current: 7,
      desired: 1,
      behavior: down({ policies: [pods(4)] }),
      history: { ...noHistory, downs: [{ atMs: NOW - 30_000, change: 3 }] },
    },
    replicas: 6,
    limited: "ScaleDownLimit",
  },
  {
    title: "down: the minimum is said before the speed",
    question: { current: 10, desired: 1, min: 4, behavior: down({}) },
    replicas: 4,
    limited: "TooFewReplicas",
  },
  {
    title: "down: the object's own window",
    question: {
      current: 9,
      desired: 3,
      behavior: down({ stabilizationWindowSeconds: 60 }),
      history: recommendation(59_000, 8),
    },
    replicas: 8,
    able: "ScaleDownStabilized",
  },
  {
    title: "down: the object's own window is over",
    question: {
      current: 9,
      desired: 3,
      behavior: down({ stabilizationWindowSeconds: 60 }),
      history: recommendation(60_000, 8),
    },
    replicas: 3,
  },
];

for (const { title, question, replicas, able = "ReadyForNewScale", limited = "DesiredWithinRange" } of paceCases) {
  test(`pace: ${title}`, () => {
    const paced = pace({
      min: 1,
      max: 100,
      behavior: undefined,
      history: noHistory,
      downscaleStabilizationMs: 300_000,
      now: NOW,
      ...question,
    });
    assert.deepEqual(
      { replicas: paced.replicas, able: paced.ableToScale.reason, limited: paced.limited.reason },
      { replicas, able, limited },
    );
    assert.equal(paced.history.recommendations.at(-1)?.replicas, question.desired);
  });
}

test("rescales are remembered only with behavior, and only as long as a policy asks", () => {
  const behavior = up({ policies: [pods(1, 60)] });
  const first = withRescale(noHistory, { from: 1, to: 3, behavior, now: NOW });
  assert.deepEqual(first.ups, [{ atMs: NOW, change: 2 }]);
  assert.deepEqual(withRescale(first, { from: 3, to: 4, behavior, now: NOW + 61_000 }).ups, [
    { atMs: NOW + 61_000, change: 1 },
  ]);
  assert.deepEqual(withRescale(first, { from: 3, to: 1, behavior, now: NOW }).downs, [{ atMs: NOW, change: 2 }]);
  assert.equal(withRescale(noHistory, { from: 1, to: 3, behavior: undefined, now: NOW }), noHistory);
});
