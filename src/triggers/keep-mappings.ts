/** Keeps event source mappings: an enabled one polls, a changed one polls anew, a disabled or deleted one ends. */
import type { Clock } from "#base/clock.ts";
import type { Json } from "#base/json.ts";
import { keyOf, nameOf, type ObjectKey } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import { type Keeper, type Watch, watching } from "#deck/controller.ts";
import type { Objects } from "#deck/objects.ts";
import type { Functions } from "#functions/engine.ts";
import {
  type EventSourceMapping,
  eventSourceMappingKind,
  type EventSourceMappingStatus,
} from "#kinds/catamaran/event-source-mapping.ts";
import { type Queue, queueKind } from "#kinds/catamaran/queue.ts";
import type { Received } from "#managed/queue/message.ts";
import type { Queues } from "#managed/queue/queues.ts";
import { settingsOf } from "#managed/queue/settings.ts";
import { filterOf } from "./filter.ts";
import { QueuePoller } from "./queue-poller.ts";

export interface MappingKeeping {
  readonly objects: Objects;
  readonly queues: Queues;
  readonly functions: Functions;
  /** One message as a function sees it. */
  readonly recordOf: (queue: Queue, received: Received) => Json;
  readonly clock: Clock;
  readonly log: Log;
}

interface Polling {
  /** Of the mapping and the queue, as text: another one polls anew. */
  readonly version: string;
  readonly poller: QueuePoller;
}

// The last result is told this often at most: it changes with every batch.
const TELL_EVERY_MS = 10_000;
// A queue that is not there may be made.
const LOOK_AGAIN_MS = 5_000;

export class MappingKeeper implements Keeper<EventSourceMapping>, AsyncDisposable {
  readonly name = "catamaran-event-sources";
  readonly kind: typeof eventSourceMappingKind = eventSourceMappingKind;
  readonly indexes: NonNullable<Keeper<EventSourceMapping>["indexes"]> = {
    queue: ({ metadata, spec }) => [keyOf(metadata.namespace ?? "", spec.queue)],
  };
  readonly watches: readonly Watch[] = [
    watching({
      kind: queueKind,
      wakes: ({ metadata }, seen) =>
        seen
          .view(eventSourceMappingKind)
          .by("queue", keyOf(metadata.namespace ?? "", metadata.name))
          .map((mapping) => keyOf(mapping.metadata.namespace ?? "", mapping.metadata.name)),
    }),
  ];
  readonly #keeping: MappingKeeping;
  readonly #polling = new Map<ObjectKey, Polling>();
  readonly #results = new Map<ObjectKey, string>();

  constructor(keeping: MappingKeeping) {
    this.#keeping = keeping;
  }

  async keep(key: ObjectKey, mapping: EventSourceMapping | undefined): Promise<number | undefined> {
    const { queues, clock } = this.#keeping;
    if (mapping === undefined || mapping.metadata.deletionTimestamp !== undefined) {
      await this.#end(key);
      return undefined;
    }
    const { namespace } = nameOf(key);
    const queue = mapping.spec.enabled === false ? null : await queues.find(namespace, mapping.spec.queue);
    if (queue === null) {
      await this.#end(key);
      if (mapping.spec.enabled === false) return this.#tell(key, mapping, { state: "Disabled" });
      await this.#tell(key, mapping, { state: "Enabled", lastProcessingResult: "PROBLEM: the queue does not exist" });
      return clock.now() + LOOK_AGAIN_MS;
    }
    await this.#poll(key, mapping, queue);
    const lastProcessingResult = this.#results.get(key) ?? "No records processed";
    await this.#tell(key, mapping, { state: "Enabled", lastProcessingResult });
    return clock.now() + TELL_EVERY_MS;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#polling.keys()].map((key) => this.#end(key)));
  }

  async #poll(key: ObjectKey, mapping: EventSourceMapping, queue: Queue): Promise<void> {
    const version = JSON.stringify([mapping.metadata.uid, mapping.spec, queue.metadata.uid]);
    if (this.#polling.get(key)?.version === version) return;
    await this.#end(key);
    const { queues, functions, recordOf, clock, log } = this.#keeping;
    const { spec } = mapping;
    const poller = new QueuePoller({
      spec,
      messages: queues.messagesOf(queue),
      filter: filterOf(spec.filters),
      hiddenMs: () => settingsOf(queue).visibilityMs,
      recordOf: (received) => recordOf(queue, received),
      invoke: (payload) =>
        functions.invoke({ namespace: nameOf(key).namespace, name: spec.function, payload, type: "RequestResponse" }),
      report: (result) => void this.#results.set(key, result),
      clock,
      log: log.with({ mapping: key, queue: spec.queue, function: spec.function }),
    });
    this.#polling.set(key, { version, poller });
  }

  async #end(key: ObjectKey): Promise<void> {
    const polling = this.#polling.get(key);
    this.#polling.delete(key);
    this.#results.delete(key);
    await polling?.poller[Symbol.asyncDispose]();
  }

  async #tell(key: ObjectKey, { status = {} }: EventSourceMapping, next: EventSourceMappingStatus): Promise<undefined> {
    if (status.state === next.state && status.lastProcessingResult === next.lastProcessingResult) return;
    const decide = (live: EventSourceMapping): EventSourceMapping => ({ ...live, status: next });
    await this.#keeping.objects.change(eventSourceMappingKind, key, decide, { subresource: "status" });
  }
}
