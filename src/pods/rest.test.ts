/** From whatever state a pod is found in, the work on it comes to rest: what had no effect is not repeated until something changes. */
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { timestamp } from "#base/clock.ts";
import type { PodObject as Pod } from "#kinds/core/pod-status.ts";
import { FakeNode } from "./fake-node.ts";
import type { ObservedContainer, Step } from "./observed.ts";

const START = Date.parse("2026-01-02T03:04:05Z");
const HOUR_MS = 3_600_000;
// Five doublings from 1 s up to 30 s, then two a minute; and five containers may share a name.
const MOST_IN_AN_HOUR = 130 * 5;

const container = fc.record({
  name: fc.constantFrom("web", "side", "init", "stranger"),
  sandbox: fc.nat(2),
  attempt: fc.nat(3),
  state: fc.constantFrom("created", "running", "exited", "unknown"),
  exitCode: fc.constantFrom(0, 1, 137),
});

const found = fc.record({
  containers: fc.array(container, { maxLength: 5 }),
  sandboxes: fc.uniqueArray(fc.record({ attempt: fc.nat(2), isReady: fc.boolean() }), {
    maxLength: 3,
    selector: ({ attempt }) => attempt,
  }),
  areVolumesReady: fc.boolean(),
  isGone: fc.boolean(),
  finalizers: fc.constantFrom<readonly string[]>([], ["example.com/hold"]),
  deletion: fc.constantFrom(null, 0, 30),
  restartPolicy: fc.constantFrom("Always", "OnFailure", "Never"),
  phase: fc.constantFrom("Pending", "Running", "Succeeded", "Failed"),
  pullPolicy: fc.constantFrom("Always", "IfNotPresent", "Never"),
  /** Steps that end well and do nothing. */
  idle: fc.subarray<Step["do"]>([
    "prepareVolumes",
    "createSandbox",
    "pullImage",
    "startContainer",
    "stopContainer",
    "removeContainer",
    "stopSandbox",
    "removeSandbox",
    "cleanUp",
    "deleteObject",
  ]),
});

type Found = typeof found extends fc.Arbitrary<infer T> ? T : never;

function podOf({ finalizers, deletion, restartPolicy, phase, pullPolicy }: Found): Pod {
  const spec = { image: "app:1", imagePullPolicy: pullPolicy } as const;
  return {
    metadata: {
      name: "web-1",
      namespace: "default",
      uid: "u1",
      finalizers,
      ...(deletion !== null && {
        deletionTimestamp: timestamp(START + deletion * 1_000),
        deletionGracePeriodSeconds: deletion,
      }),
    },
    spec: {
      restartPolicy,
      initContainers: [
        { name: "init", ...spec },
        { name: "side", restartPolicy: "Always", ...spec },
      ],
      containers: [{ name: "web", ...spec }],
    },
    status: { phase },
  };
}

function nodeWith(state: Found): FakeNode {
  const node = new FakeNode(podOf(state), START, {
    images: { "app:1": "sha256:app" },
    isEffective: (step) => !state.idle.includes(step.do),
  });
  node.isGone = state.isGone;
  node.areVolumesReady = state.areVolumesReady;
  node.sandboxes = state.sandboxes.map(({ attempt, isReady }) => ({
    id: `sandbox-${attempt}`,
    attempt,
    isReady,
    ip: "10.64.1.7",
    createdAtMs: START - 60_000,
  }));
  node.containers = state.containers.map((each, index): ObservedContainer => ({
    id: `c${index}`,
    sandboxId: `sandbox-${each.sandbox}`,
    name: each.name,
    attempt: each.attempt,
    state: each.state,
    imageId: "sha256:app",
    createdAtMs: START - 60_000,
    startedAtMs: START - 50_000,
    ...(each.state === "exited" && { finishedAtMs: START - 40_000, exitCode: each.exitCode }),
  }));
  return node;
}

test("from any state, with any steps that do nothing, the work on a pod comes to rest", () => {
  fc.assert(
    fc.property(found, (state) => {
      const node = nodeWith(state);
      // Throws when a moment never ends.
      node.runUntil(START + HOUR_MS);
      const counts = Map.groupBy(node.steps, (step) => step.replace(/#\d+$| in \d+s$/, ""));
      for (const [step, times] of counts)
        assert.ok(times.length <= MOST_IN_AN_HOUR, `${step} ${times.length} times in an hour`);
    }),
    { numRuns: 150 },
  );
});

test("a pod that a finalizer holds is deleted once, and then left alone", () => {
  const node = nodeWith({
    containers: [],
    sandboxes: [],
    areVolumesReady: true,
    isGone: false,
    finalizers: ["example.com/hold"],
    deletion: 30,
    restartPolicy: "Always",
    phase: "Running",
    pullPolicy: "IfNotPresent",
    idle: [],
  });
  const plan = node.run();
  assert.deepEqual(node.steps, ["cleanUp", "deleteObject"]);
  assert.equal(plan.againAtMs, undefined);
});
