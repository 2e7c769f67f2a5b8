/** Gives spare memory back to the machine while the process is quiet: V8 keeps the pages of its garbage until it allocates again, malloc those between blocks that live. Imported for its effect. */
import { performance } from "node:perf_hooks";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { LATER_MS, LOOK_EVERY_MS, tidying } from "./spare-memory.ts";

let seen = performance.eventLoopUtilization();
let tidyBytes = 0;
/** When to look again although nothing has grown. */
let laterAtMs: readonly number[] = [];

setInterval(() => void look(), LOOK_EVERY_MS).unref();

async function look(): Promise<void> {
  const now = performance.eventLoopUtilization();
  const busyShare = performance.eventLoopUtilization(now, seen).utilization;
  seen = now;
  const { rss: rssBytes, heapUsed: heapBytes } = process.memoryUsage();
  if (tidyBytes === 0) tidyBytes = rssBytes;
  const isLater = performance.now() >= (laterAtMs[0] ?? Infinity);
  const what = tidying({ rssBytes, heapBytes, busyShare, isLater }, tidyBytes);
  if (what === "nothing") return;
  laterAtMs = isLater ? laterAtMs.slice(1) : LATER_MS.map((ms) => performance.now() + ms);
  if (what === "garbage and freed blocks") collect();
  await trim();
  tidyBytes = process.memoryUsage.rss();
}

function collect(): void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  gc();
}

/** malloc_trim(3): also from the midst of a heap. */
async function trim(): Promise<void> {
  // Loaded by those that have something to give back, and only then.
  const { default: koffi } = await import("koffi");
  koffi.load("libc.so.6").func("int malloc_trim(size_t pad)")(0);
}
