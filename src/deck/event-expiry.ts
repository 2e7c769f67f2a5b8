/** Events live for an hour after they last happened; then they go by themselves, as upstream's do by etcd leases. */
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import { reasonOf } from "#base/fault.ts";
import type { Event } from "#kinds/event.ts";
import type { Collection } from "./collection.ts";
import type { Journal } from "./journal.ts";
import type { StoredObject } from "./stored.ts";

export const EVENTS = "core/events";
const LIFE_MS = 60 * 60_000;
const SWEEP_EVERY_MS = 60_000;

interface Parts {
  readonly collection: Collection;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Log;
}

export function expireEvents(parts: Parts): Disposable {
  let timer: Disposable;
  const arm = (): Disposable =>
    parts.clock.after(SWEEP_EVERY_MS, () => {
      timer = arm();
      sweep(parts).catch((thrown: unknown) =>
        parts.log.warn("old events could not be removed", { reason: reasonOf(thrown) }),
      );
    });
  timer = arm();
  return { [Symbol.dispose]: () => timer[Symbol.dispose]() };
}

async function sweep({ collection, journal, clock }: Parts): Promise<void> {
  const old = expiredEvents([...collection.from("")], clock.now());
  // One that was counted up meanwhile has another revision and stays.
  await Promise.all(old.map(({ key, revision }) => journal.append(`${EVENTS}/${key}`, null, revision)));
}

export function expiredEvents(events: readonly StoredObject[], now: number): readonly StoredObject[] {
  return events.filter(({ object }) => now - lastSeenMs(object as Event) > LIFE_MS);
}

function lastSeenMs({ lastTimestamp, eventTime, series, metadata }: Event): number {
  const times = [lastTimestamp, eventTime, series?.lastObservedTime, metadata.creationTimestamp];
  return Math.max(0, ...times.map((time) => Date.parse(time ?? "")).filter((ms) => !Number.isNaN(ms)));
}
