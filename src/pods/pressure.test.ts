/** Node-pressure eviction as a table: what counts as pressure, how long, who goes, who may still come. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { PodObject as Pod } from "#kinds/core/pod-status.ts";
import {
  evictionOf,
  pressuresOf,
  refusalUnder,
  rememberPressures,
  shortagesOf,
  type PodUse,
  type PressureType,
  type Supplies,
} from "./pressure.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

for (const { title, supplies, types } of [
  { title: "nothing measured", supplies: {}, types: [] },
  { title: "enough memory", supplies: { memory: { available: 100 * MIB, total: GIB } }, types: [] },
  { title: "too little memory", supplies: { memory: { available: 99 * MIB, total: GIB } }, types: ["MemoryPressure"] },
  {
    title: "pods at their common limit",
    supplies: { podMemory: { available: 50 * MIB, total: GIB } },
    types: ["MemoryPressure"],
  },
  {
    title: "a small disk below 10 %",
    supplies: { nodeDisk: { available: 4 * GIB, total: 50 * GIB } },
    types: ["DiskPressure"],
  },
  { title: "a big disk with 11 GiB", supplies: { imageDisk: { available: 11 * GIB, total: 900 * GIB } }, types: [] },
  { title: "inodes below 5 %", supplies: { nodeInodes: { available: 4, total: 100 } }, types: ["DiskPressure"] },
  { title: "a file system that counts no inodes", supplies: { nodeInodes: { available: 0, total: 0 } }, types: [] },
  { title: "process ids below 5 %", supplies: { pids: { available: 4, total: 100 } }, types: ["PIDPressure"] },
] satisfies readonly { readonly title: string; readonly supplies: Supplies; readonly types: readonly PressureType[] }[])
  test(`pressure: ${title}`, () =>
    assert.deepEqual(
      shortagesOf(supplies).map(({ type }) => type),
      types,
    ));

const short = shortagesOf({ memory: { available: 50 * MIB, total: GIB } });

test("a pressure lasts for five minutes after it was last seen", () => {
  const memory = rememberPressures({}, short, 1_000);
  assert.deepEqual([...pressuresOf(memory, 300_999)], ["MemoryPressure"]);
  assert.deepEqual([...pressuresOf(memory, 301_000)], []);
});

function use(
  name: string,
  memoryMib: number,
  spec: Partial<Pod["spec"]> & { readonly requestMib?: number } = {},
): PodUse {
  const { requestMib, ...rest } = spec;
  const resources = requestMib === undefined ? {} : { resources: { requests: { memory: `${requestMib}Mi` } } };
  return {
    pod: { metadata: { name }, spec: { containers: [{ name: "c", ...resources }], ...rest } },
    memoryBytes: memoryMib * MIB,
    pids: memoryMib,
  };
}

const over = use("over", 20, { requestMib: 10 });
for (const { title, uses, goes } of [
  { title: "nobody there", uses: [], goes: undefined },
  { title: "over its request before within", uses: [use("within", 500, { requestMib: 600 }), over], goes: "over" },
  { title: "the less important", uses: [use("important", 90, { priority: 5 }), over], goes: "over" },
  { title: "the greediest of equals", uses: [over, use("greedy", 30)], goes: "greedy" },
  { title: "never a critical one", uses: [use("critical", 900, { priority: 2_000_000_000 })], goes: undefined },
  {
    title: "none that has ended",
    uses: [{ ...over, pod: { ...over.pod, status: { phase: "Failed" as const } } }],
    goes: undefined,
  },
])
  test(`eviction for memory: ${title}`, () => assert.equal(evictionOf(short, uses, 0)?.pod.metadata.name, goes));

test("an eviction says why, in kubelet's words", () =>
  assert.deepEqual(evictionOf(short, [over], 7)?.failure, {
    reason: "Evicted",
    message: "The node was low on resource: memory. Threshold quantity: 102400Ki, available: 51200Ki. ",
    atMs: 7,
    graceSeconds: 0,
  }));

for (const { title, pressures, pod, isBestEffort, isRefused } of [
  { title: "no pressure", pressures: [], pod: over, isBestEffort: true, isRefused: false },
  { title: "memory, best effort", pressures: ["MemoryPressure"], pod: over, isBestEffort: true, isRefused: true },
  { title: "memory, burstable", pressures: ["MemoryPressure"], pod: over, isBestEffort: false, isRefused: false },
  { title: "disk, burstable", pressures: ["DiskPressure"], pod: over, isBestEffort: false, isRefused: true },
  {
    title: "disk, critical",
    pressures: ["DiskPressure"],
    pod: use("critical", 1, { priority: 2_000_000_000 }),
    isBestEffort: false,
    isRefused: false,
  },
] as const)
  test(`admission under pressure: ${title}`, () =>
    assert.equal(refusalUnder(new Set(pressures), pod.pod, isBestEffort) !== null, isRefused));
