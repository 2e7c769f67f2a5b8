/** Which pod goes first when a set shrinks: each of upstream's criteria as a row, the first that differs decides. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "#kinds/core/pod.ts";
import { deletionOrder } from "./pod-ranking.ts";

const NOW = Date.parse("2026-01-02T00:00:00Z");

interface Wish {
  readonly node?: string;
  readonly phase?: "Pending" | "Running";
  readonly isReady?: boolean;
  readonly cost?: string;
  /** Of each container. */
  readonly restarts?: readonly number[];
  readonly born?: string;
  readonly readySince?: string;
}

function podOf(
  name: string,
  {
    node = "n",
    phase = "Running",
    isReady = true,
    cost,
    restarts = [0],
    born = "2026-01-01T00:00:00Z",
    readySince = "2026-01-01T00:00:00Z",
  }: Wish,
): Pod {
  const ready = { type: "Ready", status: isReady ? "True" : "False", lastTransitionTime: readySince };
  const containerStatuses = restarts.map((restartCount) => ({
    name: "c",
    restartCount,
    ready: isReady,
    state: {},
    image: "",
    imageID: "",
  }));
  return {
    metadata: {
      name,
      uid: name,
      creationTimestamp: born,
      ...(cost !== undefined && { annotations: { "controller.kubernetes.io/pod-deletion-cost": cost } }),
    },
    spec: { nodeName: node, containers: [{ name: "c", image: "app" }] },
    status: { phase, conditions: [ready], containerStatuses },
  } as Pod;
}

const cases: readonly (readonly [title: string, first: Wish, later: Wish])[] = [
  ["one without a node", { node: "" }, {}],
  ["one that is pending", { phase: "Pending", isReady: false }, {}],
  ["one that is not ready", { isReady: false }, {}],
  ["the cheaper one by pod-deletion-cost", { cost: "-1" }, {}],
  [
    "the cheaper one, though it is older and never restarted",
    { cost: "1", born: "2025-01-01T00:00:00Z" },
    { cost: "2", restarts: [9] },
  ],
  ["the one that restarted more, where the cost is no whole number", { cost: "9.5", restarts: [1] }, {}],
  [
    "the one that is ready for a shorter time, though it is older and never restarted",
    { readySince: "2026-01-01T23:59:00Z", born: "2025-01-01T00:00:00Z" },
    { restarts: [9] },
  ],
  [
    "the younger one, where none is ready, however long they are not",
    { isReady: false, born: "2026-01-01T23:59:00Z" },
    { isReady: false, readySince: "2026-01-01T23:59:00Z" },
  ],
  ["the one with the container that restarted most", { restarts: [0, 3] }, { restarts: [2, 2] }],
  ["the one that was born after this clock's now", { born: "2026-01-03T00:00:00Z" }, { born: "2026-01-01T23:59:59Z" }],
  ["the younger one", { born: "2026-01-01T23:59:00Z" }, {}],
];

for (const [title, first, later] of cases)
  test(`goes first: ${title}`, () => {
    // The uids would have it the other way round.
    const pods = [podOf("a", later), podOf("b", first)];
    assert.deepEqual(
      deletionOrder(pods, [], NOW).map(({ metadata }) => metadata.name),
      ["b", "a"],
    );
  });

test("goes first: the one whose node has more of them", () => {
  const pods = [podOf("a", { node: "empty" }), podOf("b", { node: "full" })];
  const related = [...pods, podOf("c", { node: "full" })];
  assert.equal(deletionOrder(pods, related, NOW)[0]?.metadata.name, "b");
});

test("goes first: by uid, where the ages are between the same powers of two", () => {
  const pods = [podOf("b", { born: "2026-01-01T00:00:01Z" }), podOf("a", { born: "2026-01-01T00:00:00Z" })];
  assert.equal(deletionOrder(pods, [], NOW)[0]?.metadata.name, "a");
});
