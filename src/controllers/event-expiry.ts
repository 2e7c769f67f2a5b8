/** Events live for an hour after they were last seen (kube-apiserver's --event-ttl). */
import type { Controller } from "#deck/controller.ts";
import { type Event, eventKind } from "#kinds/core/event.ts";
import { remove } from "./changes.ts";

const LIFE_MS = 3_600_000;

export const eventExpiryController: Controller<Event> = {
  name: "event-expiry",
  kind: eventKind,
  watches: [],
  plan: (_key, event, _seen, _memory, now) => {
    if (event === undefined) return { changes: [] };
    const endsAtMs = lastSeen(event, now) + LIFE_MS;
    return endsAtMs <= now ? { changes: [remove(eventKind, event)] } : { changes: [], againAtMs: endsAtMs };
  },
};

/** The latest of its times: which of them are set depends on who wrote it. */
function lastSeen({ series, lastTimestamp, eventTime, metadata }: Event, now: number): number {
  const times = [series?.lastObservedTime, lastTimestamp, eventTime, metadata.creationTimestamp];
  const known = times.map((time) => Date.parse(time ?? "")).filter((ms) => !Number.isNaN(ms));
  return known.length === 0 ? now : Math.max(...known);
}
