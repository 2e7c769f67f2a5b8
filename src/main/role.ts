/** How a child of the supervisor lives: starts its parts in order, says that it is ready, ends them in reverse. */
import "./answer-probes.ts";
import "./give-back-memory.ts";
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { Stop } from "#base/stop.ts";
import type { Instance } from "#instance/instance.ts";
import { jsonLog } from "#machine/json-log.ts";
import { realClock } from "#machine/real-clock.ts";
import { realRandom } from "#machine/real-random.ts";

/** What every part may use. */
export interface RoleBasis {
  readonly instance: Instance;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Fires when the role has to end. */
  readonly stop: Stop;
}

/** A started role: what it opened, newest last. */
export type RoleStart = (world: RoleBasis, stack: AsyncDisposableStack) => Promise<void>;

/** How long a role may take to end before it is gone anyway; what was acknowledged is on disk already. */
const END_WITHIN_MS = 5_000;
/** The same while it starts: it may wait for another role that never comes. */
const END_START_WITHIN_MS = 500;

/** The supervisor shows this to people: why the role cannot start. Ends the process, whatever it has open. */
export function failRole(thrown: unknown): void {
  const failed = reasonOf(thrown);
  jsonLog(2, "error").error("the role cannot start", { reason: failed });
  // Without a supervisor there is nobody to tell; the log has it.
  if (process.send === undefined) process.exit(1);
  process.send({ failed }, () => process.exit(1));
}

/** Runs until SIGTERM, SIGINT or the end of the supervisor. Never returns before. */
export async function runRole(name: string, instance: Instance, start: RoleStart): Promise<void> {
  const log = jsonLog(2, "info", { role: name });
  const stopping = new AbortController();
  const stack = new AsyncDisposableStack();
  const ended = Promise.withResolvers<void>();
  let isReady = false;
  const stop = (): void => {
    stopping.abort();
    ended.resolve();
    // Also from the midst of a start: whatever is on disk is whole at any line.
    setTimeout(() => process.exit(1), isReady ? END_WITHIN_MS : END_START_WITHIN_MS).unref();
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  // The channel to the supervisor closes when it dies, however it dies.
  process.on("disconnect", stop);
  // It may have died before anybody listened: then there is no such event any more.
  if (process.connected === false) stop();
  await start({ instance, clock: realClock, random: realRandom, log, stop: stopping.signal }, stack);
  isReady = true;
  process.send?.({ ready: true });
  await ended.promise;
  await stack.disposeAsync();
  process.exit(0);
}
