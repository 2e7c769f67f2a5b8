/** What the edge tells of a Service reaches the autoscaler that describes it, and wakes its sleeping target at once. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { keyOf } from "#base/key.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import {
  type HorizontalPodAutoscaler,
  horizontalPodAutoscalerKind,
} from "#kinds/autoscaling/horizontal-pod-autoscaler.ts";
import { scalingSampleKind } from "#kinds/autoscaling/scaling-sample.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { SampleKeeper } from "./metric-parts.ts";

const autoscaler: HorizontalPodAutoscaler = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "web", namespace: "default" },
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
    minReplicas: 0,
    maxReplicas: 3,
    metrics: [
      {
        type: "Object",
        object: {
          describedObject: { apiVersion: "v1", kind: "Service", name: "web" },
          metric: { name: "concurrent-requests" },
          target: { type: "AverageValue", averageValue: "10" },
        },
      },
    ],
  },
};

test("a held request wakes the autoscaler that describes its Service, and no other Service is held for", async () => {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  await using _deck = deck;
  const objects = deck.objects("test");
  await objects.create(horizontalPodAutoscalerKind, autoscaler);
  using autoscalers = objects.view(horizontalPodAutoscalerKind);
  await autoscalers.synced;
  const keeper = new SampleKeeper(objects, autoscalers, clock);
  const woken: string[] = [];
  using _listening = keeper.listen((key) => woken.push(key));
  const load = { namespace: "default", arrived: 2, open: 2 };
  assert.deepEqual(
    keeper.take([
      { ...load, name: "web" },
      { ...load, name: "other" },
    ]),
    ["default/web"],
  );
  assert.deepEqual(woken, ["default/web"]);
  await keeper.keep(keyOf("default", "web"), autoscaler);
  const sample = await objects.get(scalingSampleKind, keyOf("default", "web"));
  assert.deepEqual(sample?.spec.values, [{ kind: "Service", name: "web", metric: "concurrent-requests", value: "2" }]);
  await keeper.keep(keyOf("default", "web"), undefined);
  assert.equal(await objects.get(scalingSampleKind, keyOf("default", "web")), null);
});
