/** When a process gives memory back that a busy time left behind: decided from what it holds and how busy it was. Pure. */

export const LOOK_EVERY_MS = 5_000;
// History is let go after 75 seconds and after five minutes (deck/collection.ts), by clocks that look every minute.
export const LATER_MS: readonly number[] = [200_000, 400_000];
// Above so much more than what it held after it was tidied last; less is the ordinary coming and going of garbage.
const GROWN = 1.1;
const GROWN_BYTES = 8 * 1024 * 1024;
// A busy process needs its pages again at once.
const QUIET_SHARE = 0.2;
// Collecting holds the event loop for about half a millisecond per megabyte that lives.
const MAX_HEAP_BYTES = 64 * 1024 * 1024;

export interface Held {
  readonly rssBytes: number;
  /** Of V8's heap, garbage included that it did not find yet. */
  readonly heapBytes: number;
  /** A while after memory was given back: what ages (history, what was parsed) has been let go since. */
  readonly isLater: boolean;
  /** How much of the time since the last look the event loop worked: 0 to 1. */
  readonly busyShare: number;
}

export type Tidying = "nothing" | "freed blocks" | "garbage and freed blocks";

/** `tidyBytes`: what the process held after it was tidied last, or when it had started. */
export function tidying({ rssBytes, heapBytes, busyShare, isLater }: Held, tidyBytes: number): Tidying {
  const hasGrown = rssBytes >= Math.max(tidyBytes * GROWN, tidyBytes + GROWN_BYTES);
  if (busyShare > QUIET_SHARE || !(hasGrown || isLater)) return "nothing";
  return heapBytes > MAX_HEAP_BYTES ? "freed blocks" : "garbage and freed blocks";
}
