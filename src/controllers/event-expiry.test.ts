/** When an event is forgotten: an hour after the latest of its times, whichever of them its writer set. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Seen } from "#deck/controller.ts";
import type { Event } from "#kinds/core/event.ts";
import { eventExpiryController } from "./event-expiry.ts";

const NOW = Date.parse("2026-01-01T12:00:00Z");
const HOUR_MS = 3_600_000;
const at = (minutesAgo: number): string => new Date(NOW - minutesAgo * 60_000).toISOString();
const nothing: Seen = {
  view: () => {
    throw new Error("an event is judged by itself");
  },
};

const cases: readonly (readonly [title: string, event: Partial<Event>, minutesLeft: number])[] = [
  ["by its creation", { metadata: { name: "e", creationTimestamp: at(10) } }, 50],
  ["by the last time it was seen", { metadata: { name: "e", creationTimestamp: at(90) }, lastTimestamp: at(20) }, 40],
  ["by its series", { eventTime: at(100), series: { count: 2, lastObservedTime: at(5) } }, 55],
  [
    "by the latest of all",
    { eventTime: at(1), lastTimestamp: at(59), series: { count: 2, lastObservedTime: at(58) } },
    59,
  ],
  ["not by a time that is none", { lastTimestamp: "soon", eventTime: at(30) }, 30],
  ["from now on where it says nothing", {}, 60],
  ["at the last moment", { eventTime: at(60) }, 0],
  ["long ago", { eventTime: at(600) }, 0],
];

for (const [title, event, minutesLeft] of cases)
  test(`an event ends ${title}`, () => {
    const plan = eventExpiryController.plan(
      "default/e",
      { metadata: { name: "e" }, ...event } as Event,
      nothing,
      undefined,
      NOW,
    );
    assert.equal(plan.changes.length, minutesLeft === 0 ? 1 : 0);
    if (minutesLeft > 0) assert.equal(plan.againAtMs, NOW + minutesLeft * 60_000);
    assert.ok((plan.againAtMs ?? 0) <= NOW + HOUR_MS);
  });

test("of an event that is gone nothing is planned", () =>
  assert.deepEqual(eventExpiryController.plan("default/e", undefined, nothing, undefined, NOW), { changes: [] }));
