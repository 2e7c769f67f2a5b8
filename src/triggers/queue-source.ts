/** Queues as event sources. */
import type { Clock } from "#base/clock.ts";
import type { Json } from "#base/json.ts";
import { type Queue, queueKind } from "#kinds/catamaran/queue.ts";
import type { Received } from "#managed/queue/message.ts";
import type { Queues } from "#managed/queue/queues.ts";
import { settingsOf } from "#managed/queue/settings.ts";
import { type EventSource, watchOf } from "./event-source.ts";
import { filterOf } from "./filter.ts";
import { QueuePoller } from "./queue-poller.ts";

export interface QueueSource {
  readonly queues: Queues;
  /** One message as a function sees it. */
  readonly recordOf: (queue: Queue, received: Received) => Json;
  readonly clock: Clock;
}

export function queueSource({ queues, recordOf, clock }: QueueSource): EventSource {
  return {
    noun: "queue",
    watch: watchOf(queueKind, "queue"),
    find: async (namespace, name) => {
      const queue = await queues.find(namespace, name);
      if (queue === null) return "the queue does not exist";
      return {
        version: queue.metadata.uid ?? "",
        start: ({ mapping: { spec }, ...polling }) =>
          new QueuePoller({
            ...polling,
            spec,
            messages: queues.messagesOf(queue),
            filter: filterOf(spec.filters),
            hiddenMs: () => settingsOf(queue).visibilityMs,
            recordOf: (received) => recordOf(queue, received),
            clock,
          }),
      };
    },
    // A queue itself knows what of it is left.
    forget: async () => {},
  };
}
