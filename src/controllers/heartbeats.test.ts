/** Who is heard when: signs of life by our own clock, whatever theirs says, and pauses of our own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Lease } from "#kinds/core/lease.ts";
import type { Node } from "#kinds/core/node.ts";
import { type Heartbeat, lastHeard, nextHeartbeat, signOf } from "./heartbeats.ts";

const node = (beat?: string): Node => ({
  metadata: { name: "a" },
  ...(beat !== undefined && {
    status: { conditions: [{ type: "Ready", status: "True", lastHeartbeatTime: beat }] },
  }),
});
const lease = (renewTime: string): Lease => ({ metadata: { name: "a" }, spec: { renewTime } });

interface Look {
  readonly at: number;
  readonly node?: Node;
  readonly lease?: Lease;
  readonly heard: number;
}

const cases: readonly { readonly title: string; readonly looks: readonly Look[] }[] = [
  { title: "at first sight", looks: [{ at: 7, heard: 7 }] },
  {
    title: "when its lease was renewed, and not again for the same renewal",
    looks: [
      { at: 0, lease: lease("t1"), heard: 0 },
      { at: 10_000, lease: lease("t2"), heard: 10_000 },
      { at: 20_000, lease: lease("t2"), heard: 10_000 },
    ],
  },
  {
    title: "when its own condition has a new time",
    looks: [
      { at: 0, node: node("t1"), heard: 0 },
      { at: 10_000, node: node("t2"), heard: 10_000 },
      { at: 20_000, node: node("t2"), heard: 10_000 },
    ],
  },
  {
    title: "not before the end of a pause of ours",
    looks: [
      { at: 0, heard: 0 },
      { at: 25_000, heard: 0 },
      { at: 50_001, heard: 50_001 },
      { at: 60_000, heard: 50_001 },
    ],
  },
  {
    title: "not in the future when our clock is set back",
    looks: [
      { at: 20_000, heard: 20_000 },
      { at: 10_000, heard: 10_000 },
    ],
  },
  {
    title: "anew when our clock is set far back",
    looks: [
      { at: 100_000, heard: 100_000 },
      { at: 10_000, heard: 10_000 },
      { at: 20_000, heard: 10_000 },
    ],
  },
];

for (const { title, looks } of cases)
  test(`a node is heard ${title}`, () => {
    let heartbeat: Heartbeat | undefined;
    for (const { at, heard, lease: its, node: seen = node() } of looks) {
      heartbeat = nextHeartbeat(heartbeat, signOf(seen, its), at);
      assert.equal(lastHeard(heartbeat), heard, `at ${at}`);
    }
  });
