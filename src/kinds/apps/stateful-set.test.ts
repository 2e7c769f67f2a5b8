/** What a StatefulSet is given where it says nothing, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type StatefulSet, statefulSetKind as kind } from "./stateful-set.ts";

const template = { metadata: { labels: { app: "db" } }, spec: { containers: [{ name: "c", image: "app:1" }] } };
const made = (rest: object = {}): StatefulSet => ({
  metadata: { name: "db", namespace: "default" },
  spec: { selector: { matchLabels: { app: "db" } }, template, ...rest },
});
const whole = (rest: object = {}): StatefulSet => kind.defaults?.(made(rest)) ?? made(rest);

const defaults: readonly (readonly [title: string, given: object, strategy: object])[] = [
  ["from number 0 on", {}, { type: "RollingUpdate", rollingUpdate: { partition: 0 } }],
  [
    "a partition stays",
    { updateStrategy: { type: "RollingUpdate", rollingUpdate: { partition: 2 } } },
    { type: "RollingUpdate", rollingUpdate: { partition: 2 } },
  ],
  ["a type alone stays alone", { updateStrategy: { type: "RollingUpdate" } }, { type: "RollingUpdate" }],
  ["OnDelete has no partition", { updateStrategy: { type: "OnDelete" } }, { type: "OnDelete" }],
];
for (const [title, given, strategy] of defaults)
  test(`the strategy of a stateful set: ${title}`, () => {
    const { spec } = whole(given);
    assert.deepEqual(
      [spec.updateStrategy, spec.replicas, spec.podManagementPolicy, spec.revisionHistoryLimit],
      [strategy, 1, "OrderedReady", 10],
    );
  });

const refused: readonly (readonly [title: string, spec: object, live: object | null, faults: readonly string[]])[] = [
  ["nothing that is good", {}, null, []],
  ["an empty selector", { selector: {} }, null, ["spec.selector"]],
  ["a policy that nobody knows", { podManagementPolicy: "Some" }, null, ["spec.podManagementPolicy"]],
  ["a strategy that nobody knows", { updateStrategy: { type: "Recreate" } }, null, ["spec.updateStrategy"]],
  [
    "OnDelete with a partition",
    { updateStrategy: { type: "OnDelete", rollingUpdate: { partition: 1 } } },
    null,
    ["spec.updateStrategy.rollingUpdate"],
  ],
  [
    "less than none",
    { minReadySeconds: -1, ordinals: { start: -1 }, replicas: -1 },
    null,
    ["spec.minReadySeconds", "spec.ordinals.start", "spec.replicas"],
  ],
  ["another service", { serviceName: "b" }, { serviceName: "a" }, ["spec"]],
  ["another policy", { podManagementPolicy: "Parallel" }, {}, ["spec"]],
  ["nothing that may change", { replicas: 3, ordinals: { start: 1 }, minReadySeconds: 1 }, {}, []],
];
for (const [title, given, live, fields] of refused)
  test(`a stateful set is refused: ${title}`, () =>
    assert.deepEqual(
      (kind.validate?.(whole(given), live === null ? null : whole(live)) ?? []).map(({ field }) => field),
      fields,
    ));
