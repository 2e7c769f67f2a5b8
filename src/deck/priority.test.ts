/** Which priority and preemption policy a pod gets from its class, or from the default one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { priorityClassKind } from "#kinds/core/priority-class.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { FakeClock } from "./fake-clock.ts";
import { object, openSampleDeck, pod } from "./sample-deck.ts";

const me = { manager: "test" };
const CLASSES: Readonly<Record<string, object>> = {
  high: { value: 1_000, preemptionPolicy: "Never" },
  base: { value: 7, globalDefault: true },
  least: { value: 3, globalDefault: true },
};

const cases: readonly (readonly [title: string, classes: readonly string[], spec: object, expected: object])[] = [
  ["no class, no default", [], {}, { priority: 0, preemptionPolicy: "PreemptLowerPriority" }],
  [
    "globalDefault",
    ["high", "base"],
    {},
    { priorityClassName: "base", priority: 7, preemptionPolicy: "PreemptLowerPriority" },
  ],
  [
    "the lowest of several defaults",
    ["base", "least"],
    {},
    { priorityClassName: "least", priority: 3, preemptionPolicy: "PreemptLowerPriority" },
  ],
  [
    "the class that it names, with its preemptionPolicy",
    ["high", "base"],
    { priorityClassName: "high" },
    { priorityClassName: "high", priority: 1_000, preemptionPolicy: "Never" },
  ],
];

for (const [title, classes, spec, expected] of cases)
  test(`the priority of a pod: ${title}`, async () => {
    const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock(0)));
    for (const name of classes)
      await deck.create(priorityClassKind, object(name, CLASSES[name], { namespace: "" }), me);
    const { spec: got } = (await deck.create(podKind, pod("p", {}, spec), me)).stored.object as Pod;
    const { priority, preemptionPolicy, priorityClassName } = got;
    assert.deepEqual({ ...(priorityClassName && { priorityClassName }), priority, preemptionPolicy }, expected);
  });
