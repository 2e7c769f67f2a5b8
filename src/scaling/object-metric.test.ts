/** Object metrics by upstream's replica calculator: vectors of replica_calculator_test.go, and what KEP-2021 adds at zero. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { MetricTarget } from "#kinds/autoscaling/autoscaler-spec.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { objectReplicas } from "./object-metric.ts";

interface Case {
  readonly title: string;
  readonly current: number;
  readonly ready?: number;
  readonly target: Pick<MetricTarget, "value" | "averageValue">;
  readonly usageMilli: number;
  readonly replicas: number;
}

const cases: readonly Case[] = [
  {
    title: "scale up by the ratio of ready pods",
    current: 3,
    target: { value: "15" },
    usageMilli: 20_000,
    replicas: 4,
  },
  {
    title: "an unready pod is not multiplied",
    current: 3,
    ready: 1,
    target: { value: "15" },
    usageMilli: 30_000,
    replicas: 2,
  },
  { title: "scale down", current: 5, target: { value: "20" }, usageMilli: 12_000, replicas: 3 },
  {
    title: "within the tolerance nothing changes",
    current: 3,
    target: { value: "20" },
    usageMilli: 20_670,
    replicas: 3,
  },
  { title: "per pod, up", current: 5, target: { averageValue: "2144m" }, usageMilli: 14_432, replicas: 7 },
  {
    title: "per pod, within the tolerance",
    current: 4,
    target: { averageValue: "2500m" },
    usageMilli: 9_900,
    replicas: 4,
  },
  { title: "from zero by a value, however small", current: 0, target: { value: "10" }, usageMilli: 67, replicas: 1 },
  {
    title: "from zero to as many as the ratio says",
    current: 0,
    target: { value: "10" },
    usageMilli: 21_000,
    replicas: 3,
  },
  { title: "from zero per pod", current: 0, target: { averageValue: "10" }, usageMilli: 67, replicas: 1 },
  { title: "at zero without use it stays", current: 0, target: { averageValue: "10" }, usageMilli: 0, replicas: 0 },
  { title: "to zero without use", current: 2, target: { averageValue: "10" }, usageMilli: 0, replicas: 0 },
];

for (const { title, current, ready = current, target, usageMilli, replicas } of cases)
  test(`object metric: ${title}`, () => {
    const pods = Array.from({ length: current }, (_, index) => podOf(index < ready));
    const tolerance = { up: 0.1, down: 0.1 };
    const asked = { type: target.value === undefined ? "AverageValue" : "Value", ...target } as const;
    const answer = objectReplicas({ currentReplicas: current, pods, target: asked, usageMilli, tolerance });
    assert.equal(answer.ok && answer.replicas, replicas);
  });

function podOf(isReady: boolean): Pod {
  return {
    metadata: { name: "p" },
    spec: { containers: [{ name: "main", image: "busybox" }] },
    status: { phase: "Running", conditions: [{ type: "Ready", status: isReady ? "True" : "False" }] },
  };
}
