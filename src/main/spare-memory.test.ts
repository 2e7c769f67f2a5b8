/** Memory is given back when much of it is spare and nobody waits. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { tidying } from "./spare-memory.ts";

const MIB = 1024 * 1024;

for (const [title, rss, heap, busyShare, wanted, isLater = false] of [
  ["as it was: nothing", 120, 30, 0, "nothing"],
  ["the ordinary coming and going: nothing", 127, 40, 0, "nothing"],
  ["grown and quiet: all", 300, 60, 0.05, "garbage and freed blocks"],
  ["grown and busy: nothing", 300, 60, 0.5, "nothing"],
  ["a while later: again", 120, 30, 0, "garbage and freed blocks", true],
  ["a while later and busy: nothing", 120, 30, 0.5, "nothing", true],
  ["grown with a heap that takes long to collect: no collection", 800, 400, 0, "freed blocks"],
] as const)
  test(title, () =>
    assert.equal(tidying({ rssBytes: rss * MIB, heapBytes: heap * MIB, busyShare, isLater }, 120 * MIB), wanted),
  );
