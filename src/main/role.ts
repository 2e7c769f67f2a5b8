/** How a child of the supervisor lives: starts its parts in order, says that it is ready, ends them in reverse. */
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { Stop } from "#base/stop.ts";
import type { Instance } from "./instance.ts";
import { jsonLog } from "./log.ts";
import { realClock } from "./real-clock.ts";
import { realRandom } from "./real-random.ts";

/** What every part may use. */
export interface World {
  readonly instance: Instance;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Fires when the role has to end. */
  readonly stop: Stop;
}

/** A started role: what it opened, newest last. */
export type RoleStart = (world: World, stack: AsyncDisposableStack) => Promise<void>;

/** How long a role may take to end before it is gone anyway; what was acknowledged is on disk already. */
const END_WITHIN_MS = 5_000;

/** Runs until SIGTERM, SIGINT or the end of the supervisor. Never returns before. */
export async function runRole(name: string, instance: Instance, start: RoleStart): Promise<void> {
  const log = jsonLog(2, "info", { role: name });
  const stopping = new AbortController();
  const stack = new AsyncDisposableStack();
  const ended = Promise.withResolvers<void>();
  const stop = (): void => {
    stopping.abort();
    ended.resolve();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  // The channel to the supervisor closes when it dies, however it dies.
  process.on("disconnect", stop);
  await start({ instance, clock: realClock, random: realRandom, log, stop: stopping.signal }, stack);
  process.send?.({ ready: true });
  await ended.promise;
  setTimeout(() => process.exit(1), END_WITHIN_MS).unref();
  await stack.disposeAsync();
  process.exit(0);
}
