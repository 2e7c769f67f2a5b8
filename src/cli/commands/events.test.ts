/** Which events are shown, and in which form. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Event } from "#kinds/core/event.ts";
import { renderRows } from "../rows.ts";
import { eventSheet, wanted } from "./events.ts";

function event(kind: string, name: string, more: Partial<Event> = {}): Event {
  return {
    apiVersion: "v1",
    kind: "Event",
    metadata: { name: `${name}.1`, namespace: "default" },
    involvedObject: { kind, name, namespace: "default" },
    type: "Normal",
    reason: "Started",
    message: "it runs\n",
    lastTimestamp: "2026-01-01T00:00:00Z",
    ...more,
  };
}

const pod = event("Pod", "web-1");
const warned = event("Function", "hello", { type: "Warning" });
const policy = event("NetworkPolicy", "none");

const cases: readonly (readonly [of: string | undefined, types: string | undefined, shown: readonly Event[]])[] = [
  [undefined, undefined, [pod, warned, policy]],
  ["pod/web-1", undefined, [pod]],
  ["Pods/web-1", undefined, [pod]],
  ["networkpolicies/none", undefined, [policy]],
  ["pod/web", undefined, []],
  ["deployment/web-1", undefined, []],
  [undefined, "warning", [warned]],
  [undefined, "Normal,Warning", [pod, warned, policy]],
  ["function/hello", "Normal", []],
];
for (const [of, types, shown] of cases)
  test(`--for ${of} --types ${types} shows ${shown.length}`, () =>
    assert.deepEqual([pod, warned, policy].filter(wanted(of, types)), shown));

test("words that mean nothing are refused", () => {
  assert.throws(() => wanted("web-1", undefined), /--for web-1: KIND\/NAME/);
  assert.throws(() => wanted(undefined, "Normal,Odd"), /--types Normal,Odd/);
});

test("a table has the newest of an event's times, and one line for each", async () => {
  const again = event("Pod", "web-1", { series: { count: 3, lastObservedTime: "2026-01-01T00:01:00Z" } });
  const nowMs = Date.parse("2026-01-01T00:03:00Z");
  assert.equal(
    await renderRows([pod, again], eventSheet(nowMs, true), "table"),
    `LAST SEEN   TYPE     REASON    OBJECT      MESSAGE
3m          Normal   Started   pod/web-1   it runs
2m          Normal   Started   pod/web-1   it runs
`,
  );
  assert.equal(
    await renderRows([again], eventSheet(nowMs, false), "wide"),
    "default   2m   Normal   Started   pod/web-1   3   it runs\n",
  );
});
