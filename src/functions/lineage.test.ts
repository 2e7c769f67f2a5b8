/** Lineages: counted per function, kept short, and unharmed by what others write. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { withLineage } from "./lineage.ts";

const ROOT = "Root=1-0-0;Parent=0;Sampled=0";
const cases: readonly (readonly [header: string, traceId: string, loops: number])[] = [
  [ROOT, `${ROOT};Lineage=f:1`, 0],
  [`${ROOT};Lineage=f:1`, `${ROOT};Lineage=f:2`, 1],
  [`${ROOT};Lineage=g:3`, `${ROOT};Lineage=f:1|g:3`, 0],
  [`${ROOT};Lineage=g:3|f:16`, `${ROOT};Lineage=f:17|g:3`, 16],
  [`${ROOT};Lineage=1:fc3b4ff1:0`, `${ROOT};Lineage=f:1`, 0],
  [`${ROOT};Lineage=f:-1`, `${ROOT};Lineage=f:1`, 0],
  [
    `${ROOT};Lineage=${Array.from({ length: 20 }, (_, i) => `g${i}:1`).join("|")}`,
    `${ROOT};Lineage=f:1|${Array.from({ length: 7 }, (_, i) => `g${i}:1`).join("|")}`,
    0,
  ],
];
for (const [header, traceId, loops] of cases)
  test(`${header} becomes ${traceId}`, () => assert.deepEqual(withLineage(header, "f"), { traceId, loops }));
