/** Disruption budgets: what is refused, and what one says of an eviction. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault } from "#base/fault.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { isUncounted, spent, verdictOn } from "./disruption.ts";
import { type DisruptionStatus, type PodDisruptionBudget, podDisruptionBudgetKind } from "./pod-disruption-budget.ts";

const NOW = Date.parse("2026-01-02T03:04:05Z");
const app = { matchLabels: { app: "web" } };

function budgetOf(spec: PodDisruptionBudget["spec"], status?: Partial<DisruptionStatus>): PodDisruptionBudget {
  return {
    metadata: { name: "web", namespace: "default", generation: 1 },
    spec: { selector: app, ...spec },
    ...(status && {
      status: {
        observedGeneration: 1,
        disruptionsAllowed: 0,
        currentHealthy: 0,
        desiredHealthy: 0,
        expectedPods: 3,
        ...status,
      },
    }),
  };
}

const refused: readonly (readonly [title: string, spec: object, sentences: readonly string[]])[] = [
  ["a number", { minAvailable: 1 }, []],
  ["a share", { maxUnavailable: "30%", unhealthyPodEvictionPolicy: "AlwaysAllow" }, []],
  [
    "both",
    { minAvailable: 1, maxUnavailable: 1 },
    [
      'spec: Invalid value: {"selector":{"matchLabels":{"app":"web"}},"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set',
    ],
  ],
  [
    "less than none",
    { minAvailable: -1 },
    ["spec.minAvailable: Invalid value: -1: must be greater than or equal to 0"],
  ],
  [
    "more than all",
    { maxUnavailable: "101%" },
    ['spec.maxUnavailable: Invalid value: "101%": must not be greater than 100%'],
  ],
  [
    "another policy",
    { unhealthyPodEvictionPolicy: "Never" },
    ['spec.unhealthyPodEvictionPolicy: Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"'],
  ],
  [
    "a selector of another form",
    { selector: { matchExpressions: [{ key: "app", operator: "In" }] } },
    ["spec.selector.matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'"],
  ],
];
for (const [title, spec, sentences] of refused)
  test(`validation: ${title}`, () => {
    const found = podDisruptionBudgetKind.validate?.(budgetOf(spec), null) ?? [];
    assert.deepEqual(
      found.map(({ field, message }) => `${field}: ${message}`),
      sentences,
    );
  });

function podOf(isReady: boolean, app = "web"): Pod {
  const conditions = [{ type: "Ready", status: isReady ? ("True" as const) : ("False" as const) }];
  return {
    metadata: { name: "web-1", namespace: "default", labels: { app } },
    spec: { containers: [] },
    status: { phase: "Running", conditions },
  };
}

const verdicts: readonly {
  readonly title: string;
  readonly pod: Pod;
  readonly budget: PodDisruptionBudget;
  readonly is: string;
}[] = [
  { title: "nobody covers it", pod: podOf(true, "db"), budget: budgetOf({}), is: "free" },
  {
    title: "no selector covers nothing",
    pod: podOf(true),
    budget: { metadata: { name: "b", namespace: "default" }, spec: {} },
    is: "free",
  },
  {
    title: "an empty selector covers everything",
    pod: podOf(true, "db"),
    budget: budgetOf({ selector: {} }),
    is: "counted",
  },
  { title: "a healthy pod", pod: podOf(true), budget: budgetOf({}), is: "counted" },
  {
    title: "an unhealthy pod of a disturbed set",
    pod: podOf(false),
    budget: budgetOf({}, { currentHealthy: 1, desiredHealthy: 2 }),
    is: "counted",
  },
  {
    title: "an unhealthy pod of an undisturbed set",
    pod: podOf(false),
    budget: budgetOf({}, { currentHealthy: 2, desiredHealthy: 2 }),
    is: "unhealthy",
  },
  {
    title: "an unhealthy pod that may always go (AlwaysAllow)",
    pod: podOf(false),
    budget: budgetOf({ unhealthyPodEvictionPolicy: "AlwaysAllow" }, { currentHealthy: 1, desiredHealthy: 2 }),
    is: "unhealthy",
  },
  {
    title: "an unhealthy pod that goes with the set's health (IfHealthyBudget)",
    pod: podOf(false),
    budget: budgetOf({ unhealthyPodEvictionPolicy: "IfHealthyBudget" }, { currentHealthy: 1, desiredHealthy: 2 }),
    is: "counted",
  },
];
for (const { title, pod, budget, is } of verdicts)
  test(`eviction: ${title}`, () => assert.equal(verdictOn(pod, [budget]).is, is));

test("a pod under two budgets is not evicted", () => {
  assert.throws(
    () => verdictOn(podOf(true), [budgetOf({}), budgetOf({ selector: {} })]),
    /more than one PodDisruptionBudget/,
  );
});

test("what ended, ends or has not begun is not counted", () => {
  const { status, metadata } = podOf(true);
  const of = (rest: Partial<Pod>): boolean => isUncounted({ ...podOf(true), ...rest });
  assert.equal(of({}), false);
  for (const phase of ["Pending", "Succeeded", "Failed"] as const)
    assert.equal(of({ status: { ...status, phase } }), true);
  assert.equal(of({ metadata: { ...metadata, deletionTimestamp: "2026-01-02T03:04:05Z" } }), true);
});

test("an eviction takes one disruption and writes the pod down", () => {
  const before = budgetOf({}, { disruptionsAllowed: 2, disruptedPods: { other: "2026-01-02T03:04:00Z" } });
  const once = spent(before, "web-1", NOW);
  assert.equal(once.status?.disruptionsAllowed, 1);
  assert.deepEqual(once.status.disruptedPods, { other: "2026-01-02T03:04:00Z", "web-1": "2026-01-02T03:04:05Z" });
  const twice = spent(once, "web-2", NOW);
  assert.deepEqual(
    twice.status?.conditions?.map(({ type, status, reason }) => [type, status, reason]),
    [["DisruptionAllowed", "False", "InsufficientPods"]],
  );
});

const refusals: readonly (readonly [
  title: string,
  budget: PodDisruptionBudget,
  code: string,
  cause: string,
  retry?: number,
])[] = [
  [
    "none is left",
    budgetOf({}, { desiredHealthy: 2, currentHealthy: 2 }),
    "TooManyRequests",
    "The disruption budget web needs 2 healthy pods and has 2 currently",
  ],
  [
    "not counted yet",
    budgetOf({}, { observedGeneration: 0, disruptionsAllowed: 1 }),
    "TooManyRequests",
    "The disruption budget web is still being processed by the server.",
    10,
  ],
  [
    "nobody writes off what was evicted",
    budgetOf(
      {},
      {
        disruptionsAllowed: 1,
        disruptedPods: Object.fromEntries(Array.from({ length: 2_001 }, (_, at) => [`p${at}`, ""])),
      },
    ),
    "Forbidden",
    "",
  ],
];
for (const [title, budget, code, cause, retry] of refusals)
  test(`no eviction: ${title}`, () => {
    assert.throws(
      () => spent(budget, "web-1", NOW),
      (thrown) => {
        assert.ok(thrown instanceof Fault);
        assert.equal(thrown.code, code);
        assert.deepEqual(
          thrown.details.causes ?? [],
          cause === "" ? [] : [{ reason: "DisruptionBudget", message: cause, field: "" }],
        );
        assert.equal(thrown.details.retryAfterSeconds, retry);
        return true;
      },
    );
  });
