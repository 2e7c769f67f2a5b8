/** How many invocations may wait for busy environments, rather than each take a further one. Pure. */

/** A function's environments as somebody who waits finds them. */
export interface Crowd {
  /** Environments with an invocation in them. */
  readonly busy: number;
  /** How long an invocation lately held its environment, in ms; Infinity before the first. */
  readonly holdMs: number;
  /** Of the machine. */
  readonly cores: number;
}

// Fewer would leave a core idle whenever a handler itself waits for something.
const HOT_PER_CORE = 4;

/** What a wait may take at most, and how long a wait of wrong hopes goes on before it is given up, in ms. */
export interface Patience {
  readonly hopeMs: number;
  readonly limitMs: number;
}

/** Where an idle environment could be had at once. */
export const BEFORE_WAKING: Patience = { hopeMs: 5, limitMs: 20 };
/** Where a new environment must be started, which takes about as long and much of the processor. */
export const BEFORE_STARTING: Patience = { hopeMs: 10, limitMs: 30 };

/**
 * How many will find an environment within their patience. Quick handlers are bound by the processor: on two cores,
 * 32 hot environments answer a third of what four answer, for each turn finds cold caches and unoptimised code.
 * Handlers that take long never make anybody wait.
 * DIFFERS: Lambda gives every concurrent invocation an environment of its own, on machines that it need not share.
 */
export function waitingPlaces({ busy, holdMs, cores }: Crowd, { hopeMs }: Patience): number {
  return busy < cores * HOT_PER_CORE ? 0 : Math.floor((hopeMs * busy) / holdMs);
}

// Some twenty invocations tell the pace, and one that stood still for a while does not.
const FASTER = 0.9;
const SLOWER = 1.5;

/** The pace after one more invocation: it follows the upper middle of them, not their mean, which one pause of the machine would double. */
export function paceWith(holdMs: number, newestMs: number): number {
  if (holdMs === Infinity) return newestMs;
  return newestMs > holdMs ? Math.min(newestMs, holdMs * SLOWER) : Math.max(newestMs, holdMs * FASTER);
}
