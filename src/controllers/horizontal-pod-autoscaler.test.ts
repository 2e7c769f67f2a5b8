/** The autoscaler's rounds: its pace is the clock's, and a rescale that failed is planned again at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { silent } from "#base/log.ts";
import { stopper } from "#base/stop.ts";
import { failingObjects } from "#deck/failing-objects.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { runController } from "#deck/loop.ts";
import { openSampleDeck, present } from "#deck/sample-deck.ts";
import { type Deployment, deploymentKind } from "#kinds/apps/deployment.ts";
import {
  type HorizontalPodAutoscaler,
  horizontalPodAutoscalerKind,
} from "#kinds/autoscaling/horizontal-pod-autoscaler.ts";
import { conditionOf } from "#kinds/conditions.ts";
import { type Event, eventKind } from "#kinds/core/event.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { horizontalPodAutoscalerController } from "./horizontal-pod-autoscaler.ts";
import { brief, planOf, type There } from "./sample-plan.ts";

const controller = horizontalPodAutoscalerController();
const NOW = Date.parse("2026-01-02T03:04:05Z");
const autoscaler: HorizontalPodAutoscaler = {
  metadata: { name: "web", namespace: "default" },
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
    minReplicas: 3,
    maxReplicas: 10,
    metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } }],
  },
};
const web: Deployment = {
  metadata: { name: "web", namespace: "default" },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: "web" } },
    template: { metadata: { labels: { app: "web" } }, spec: { containers: [{ name: "c", image: "app:1" }] } },
  },
};
const there: There = [[deploymentKind, [web]]];

test("a round remembers when it was, and comes again after its period", () => {
  const first = planOf(controller, autoscaler, { there, now: NOW });
  assert.deepEqual(brief(first.changes), [
    "patch deployments.apps/scale default/web",
    "event Normal SuccessfulRescale: New size: 3; reason: Current number of replicas below Spec.MinReplicas",
    "patch horizontalpodautoscalers.autoscaling/status default/web",
  ]);
  assert.deepEqual([first.memory?.syncedAtMs, first.againAtMs], [NOW, NOW + 15_000]);
  const { memory } = first;
  assert.ok(memory !== undefined);
  const early = planOf(controller, autoscaler, { there, memory, now: NOW + 14_999 });
  assert.deepEqual(early, { changes: [], memory, againAtMs: NOW + 15_000 }, "woken by its own write: nothing yet");
  const next = planOf(controller, autoscaler, { there, memory, now: NOW + 15_000 });
  assert.deepEqual([next.memory?.syncedAtMs, next.changes.length], [NOW + 15_000, 3]);
  const quick = planOf(horizontalPodAutoscalerController({ syncMs: 100 }), autoscaler, {
    there,
    memory,
    now: NOW + 100,
  });
  assert.equal(quick.againAtMs, NOW + 200);
});

const idle: readonly (readonly [title: string, object: HorizontalPodAutoscaler | string])[] = [
  ["gone", "default/web"],
  ["going", { ...autoscaler, metadata: { ...autoscaler.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" } }],
];
for (const [title, object] of idle)
  test(`an autoscaler that is ${title} does nothing and remembers nothing`, () =>
    assert.deepEqual(planOf(controller, object, { there, now: NOW }), { changes: [] }));

const targets: readonly (readonly [kind: string, apiVersion: string | undefined, message: string])[] = [
  ["Deployment", "apps/v1", 'deployments.apps "web" not found'],
  ["Deployment", undefined, 'deployments.apps "web" not found'],
  ["ReplicaSet", "apps/v1", 'replicasets.apps "web" not found'],
  ["StatefulSet", "apps/v1", 'no matches for kind "StatefulSet" in group "apps"'],
  ["Deployment", "v1", 'no matches for kind "Deployment" in group "v1"'],
];
for (const [kind, apiVersion, message] of targets)
  test(`a target ${apiVersion ?? ""} ${kind} that is not there is told`, () => {
    const scaleTargetRef = { kind, name: "web", ...(apiVersion !== undefined && { apiVersion }) };
    const lost = { ...autoscaler, spec: { ...autoscaler.spec, scaleTargetRef } };
    assert.deepEqual(brief(planOf(controller, lost, { now: NOW }).changes), [
      `event Warning FailedGetScale: ${message}`,
      "patch horizontalpodautoscalers.autoscaling/status default/web",
    ]);
  });

test("a rescale that failed is told and planned again at once, not after the period", async () => {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const turn = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  };
  let failures = 2;
  const objects = failingObjects(
    deck.objects("horizontal-pod-autoscaler"),
    ({ kind, subresource }) => kind.kind === "Deployment" && subresource === "scale" && failures-- > 0,
  );
  await deck.create(deploymentKind, web, { manager: "test" });
  await deck.create(horizontalPodAutoscalerKind, autoscaler, { manager: "test" });
  const { stop, fire } = stopper();
  const loop = runController(controller, objects, { clock, log: silent, stop });
  await turn();
  const ableToScale = (): unknown => {
    const { status } = present(deck, horizontalPodAutoscalerKind, "default/web");
    const { status: is, reason } = conditionOf(status?.conditions, "AbleToScale") ?? {};
    return [is, reason];
  };
  assert.deepEqual(ableToScale(), ["False", "FailedUpdateScale"]);
  clock.advance(5);
  await turn();
  clock.advance(10);
  await turn();
  assert.equal(present(deck, deploymentKind, "default/web").spec.replicas, 3);
  assert.deepEqual(ableToScale(), ["True", "SucceededRescale"]);
  const events = deck.list(eventKind).stored.map(({ object }) => object as Event);
  assert.deepEqual(
    events.map(({ reason, count, message }) => [reason, count, message?.replace(/error: .*/, "error")]),
    [
      ["FailedRescale", 2, "New size: 3; reason: Current number of replicas below Spec.MinReplicas; error"],
      ["SuccessfulRescale", 1, "New size: 3; reason: Current number of replicas below Spec.MinReplicas"],
    ],
  );
  fire();
  await loop;
});
