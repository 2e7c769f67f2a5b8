/** Pods and their runtime class: what they get of it, and in which words they are refused. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#kinds/core/pod.ts";
import { podKind } from "#kinds/core/pod.ts";
import { type RuntimeClass, runtimeClassKind } from "#kinds/node/runtime-class.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import type { Deck } from "./deck.ts";
import { FakeClock } from "./fake-clock.ts";
import { openSampleDeck, pod } from "./sample-deck.ts";

const request = { manager: "test" };
const toleration = { key: "vm", operator: "Exists", effect: "NoSchedule" } as const;
const sandboxed: RuntimeClass = {
  metadata: { name: "vm" },
  handler: "kata",
  overhead: { podFixed: { cpu: "50m", memory: "64Mi" } },
  scheduling: { nodeSelector: { vm: "yes" }, tolerations: [toleration] },
};

async function opened(): Promise<Deck> {
  const { deck } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  await deck.create(runtimeClassKind, sandboxed, request);
  return deck;
}

test("a pod gets overhead, selector and tolerations of its class", async () => {
  const deck = await opened();
  const { stored } = await deck.create(
    podKind,
    pod("p", {}, { runtimeClassName: "vm", nodeSelector: { zone: "a" } }),
    request,
  );
  const { spec } = stored.object as Pod;
  assert.deepEqual(spec.overhead, { cpu: "50m", memory: "64Mi" });
  assert.deepEqual(spec.nodeSelector, { zone: "a", vm: "yes" });
  assert.ok(spec.tolerations?.some(({ key }) => key === "vm"));
});

const refused: readonly (readonly [title: string, spec: object, message: string])[] = [
  ["no such class", { runtimeClassName: "no" }, 'pod rejected: RuntimeClass "no" not found'],
  [
    "another overhead",
    { runtimeClassName: "vm", overhead: { cpu: "1" } },
    "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
  ],
  [
    "overhead of no class",
    { overhead: { cpu: "1" } },
    "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
  ],
  [
    "another node",
    { runtimeClassName: "vm", nodeSelector: { vm: "no" } },
    "conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no",
  ],
];
for (const [title, spec, message] of refused)
  test(`refused: ${title}`, async () => {
    const deck = await opened();
    await assert.rejects(deck.create(podKind, pod("p", {}, spec), request), {
      message: `pods "p" is forbidden: ${message}`,
    });
  });

test("a class is named, and its handler stays", () => {
  const faults = (next: RuntimeClass, live: RuntimeClass | null = null): readonly string[] =>
    (runtimeClassKind.validate?.(next, live) ?? []).map(({ field }) => field);
  assert.deepEqual(faults(sandboxed), []);
  assert.deepEqual(faults({ ...sandboxed, handler: "Not a label" }), ["handler"]);
  assert.deepEqual(faults({ ...sandboxed, handler: "other" }, sandboxed), ["handler"]);
  assert.deepEqual(faults({ ...sandboxed, scheduling: { tolerations: [toleration, toleration] } }), [
    "scheduling.tolerations[1]",
  ]);
});
