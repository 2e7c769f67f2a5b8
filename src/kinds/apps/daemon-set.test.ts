/** What a DaemonSet and a ControllerRevision are given where they say nothing, and what is refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type ControllerRevision, controllerRevisionKind } from "./controller-revision.ts";
import { type DaemonSet, daemonSetKind as kind, TEMPLATE_GENERATION } from "./daemon-set.ts";

const selector = { matchLabels: { app: "web" } };
const template = { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "app:1" }] } };
const made = (rest: object = {}): DaemonSet => ({
  metadata: { name: "web", namespace: "default" },
  spec: { selector, template, ...rest },
});
const whole = (rest: object = {}): DaemonSet => kind.defaults?.(made(rest)) ?? made(rest);
const rolling = (rollingUpdate: object): object => ({ updateStrategy: { type: "RollingUpdate", rollingUpdate } });

const defaults: readonly (readonly [title: string, given: object, strategy: object])[] = [
  ["one may be missing", {}, { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } }],
  [
    "what is given stays",
    rolling({ maxUnavailable: 0, maxSurge: "30%" }),
    { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "30%" } },
  ],
  ["OnDelete has no shares", { updateStrategy: { type: "OnDelete" } }, { type: "OnDelete" }],
];
for (const [title, given, strategy] of defaults)
  test(`the strategy of a daemon set: ${title}`, () => {
    const { spec } = whole(given);
    assert.deepEqual([spec.updateStrategy, spec.revisionHistoryLimit], [strategy, 10]);
  });

const ended = whole().spec.template;
const refused: readonly (readonly [title: string, spec: object, faults: readonly string[]])[] = [
  ["nothing that is good", {}, []],
  ["an empty selector", { selector: {} }, ["spec.selector"]],
  [
    "pods with a deadline",
    { template: { ...ended, spec: { ...ended.spec, activeDeadlineSeconds: 5 } } },
    ["spec.template.spec.activeDeadlineSeconds"],
  ],
  ["a strategy that nobody knows", { updateStrategy: { type: "Recreate" } }, ["spec.updateStrategy"]],
  ["both shares", rolling({ maxUnavailable: 1, maxSurge: 1 }), ["spec.updateStrategy.rollingUpdate.maxSurge"]],
  ["neither share", rolling({ maxUnavailable: 0 }), ["spec.updateStrategy.rollingUpdate.maxUnavailable"]],
  ["more than all", rolling({ maxUnavailable: "101%" }), ["spec.updateStrategy.rollingUpdate.maxUnavailable"]],
  [
    "less than none",
    { minReadySeconds: -1, revisionHistoryLimit: -1 },
    ["spec.minReadySeconds", "spec.revisionHistoryLimit"],
  ],
];
for (const [title, given, fields] of refused)
  test(`a daemon set is refused: ${title}`, () =>
    assert.deepEqual(
      (kind.validate?.(whole(given), null) ?? []).map(({ field }) => field),
      fields,
    ));

test("the generation of the template counts its changes, whatever a client says", () => {
  const told = (set: DaemonSet): string | undefined => set.metadata.annotations?.[TEMPLATE_GENERATION];
  const live = kind.onCreate?.(whole()) ?? whole();
  assert.equal(told(live), "1");
  assert.equal(told(kind.onUpdate?.(whole({ minReadySeconds: 3 }), live) ?? live), "1");
  const changed = { ...template, metadata: { labels: { app: "web", v: "2" } } };
  assert.equal(told(kind.onUpdate?.(whole({ template: changed }), live) ?? live), "2");
});

const revision: ControllerRevision = { metadata: { name: "web-1" }, data: { spec: 1 }, revision: 1 };
const revisions: readonly (readonly [title: string, next: ControllerRevision, faults: readonly string[]])[] = [
  ["another number", { ...revision, revision: 2 }, []],
  ["other data", { ...revision, data: {} }, ["data"]],
  ["a number below none", { ...revision, revision: -1 }, ["revision"]],
];
for (const [title, next, fields] of revisions)
  test(`a controller revision may be given ${title}: ${fields.length === 0}`, () =>
    assert.deepEqual(
      (controllerRevisionKind.validate?.(next, revision) ?? []).map(({ field }) => field),
      fields,
    ));

test("a controller revision without data is refused", () =>
  assert.deepEqual(
    (controllerRevisionKind.validate?.({ metadata: { name: "a" } }, null) ?? []).map(({ field }) => field),
    ["data"],
  ));
