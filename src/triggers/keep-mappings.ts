/** Keeps event source mappings: an enabled one polls, a changed one polls anew, a disabled or deleted one ends. */
import type { Clock } from "#base/clock.ts";
import { nameOf, type ObjectKey } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import type { Keeper, Watch } from "#deck/controller.ts";
import type { Objects } from "#deck/objects.ts";
import type { Functions } from "#functions/engine.ts";
import {
  type EventSourceMapping,
  eventSourceMappingKind,
  type EventSourceMappingStatus,
} from "#kinds/catamaran/event-source-mapping.ts";
import { type EventSource, type Opened, sourceKeys, sourceOf } from "./event-source.ts";

export interface MappingKeeping {
  readonly objects: Objects;
  readonly sources: readonly EventSource[];
  readonly functions: Functions;
  readonly clock: Clock;
  readonly log: Log;
}

interface Running {
  /** Of the mapping and of what it reads, as text: another one polls anew. */
  readonly version: string;
  readonly poller: AsyncDisposable;
  readonly source: EventSource;
  readonly uid: string;
}

// The last result is told this often at most: it changes with every batch.
const TELL_EVERY_MS = 10_000;
// What is not there may be made.
const LOOK_AGAIN_MS = 5_000;

export class MappingKeeper implements Keeper<EventSourceMapping>, AsyncDisposable {
  readonly name = "catamaran-event-sources";
  readonly kind: typeof eventSourceMappingKind = eventSourceMappingKind;
  readonly indexes: NonNullable<Keeper<EventSourceMapping>["indexes"]> = { source: sourceKeys };
  readonly watches: readonly Watch[];
  readonly #keeping: MappingKeeping;
  readonly #running = new Map<ObjectKey, Running>();
  readonly #results = new Map<ObjectKey, string>();

  constructor(keeping: MappingKeeping) {
    this.#keeping = keeping;
    this.watches = keeping.sources.map(({ watch }) => watch);
  }

  async keep(key: ObjectKey, mapping: EventSourceMapping | undefined): Promise<number | undefined> {
    const { clock } = this.#keeping;
    if (mapping === undefined || mapping.metadata.deletionTimestamp !== undefined) {
      const ended = await this.#end(key);
      await ended?.source.forget(ended.uid);
      return undefined;
    }
    if (mapping.spec.enabled === false) {
      await this.#end(key);
      return this.#tell(key, mapping, { state: "Disabled" });
    }
    const problem = await this.#poll(key, mapping);
    if (problem !== null) {
      await this.#end(key);
      await this.#tell(key, mapping, { state: "Enabled", lastProcessingResult: `PROBLEM: ${problem}` });
      return clock.now() + LOOK_AGAIN_MS;
    }
    const lastProcessingResult = this.#results.get(key) ?? "No records processed";
    await this.#tell(key, mapping, { state: "Enabled", lastProcessingResult });
    return clock.now() + TELL_EVERY_MS;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((key) => this.#end(key)));
  }

  /** Null when it polls; else why it cannot. */
  async #poll(key: ObjectKey, mapping: EventSourceMapping): Promise<string | null> {
    const { namespace } = nameOf(key);
    const found = sourceOf(this.#keeping.sources, mapping.spec);
    if (found === null) return "it names nothing to read";
    const opened = await found.source.find(namespace, found.name);
    if (typeof opened === "string") return opened;
    const version = JSON.stringify([mapping.metadata.uid, mapping.spec, opened.version]);
    if (this.#running.get(key)?.version === version) return null;
    await this.#end(key);
    const poller = this.#start(key, mapping, opened);
    this.#running.set(key, { version, poller, source: found.source, uid: mapping.metadata.uid ?? "" });
    return null;
  }

  #start(key: ObjectKey, mapping: EventSourceMapping, opened: Opened): AsyncDisposable {
    const { functions, log } = this.#keeping;
    const { namespace } = nameOf(key);
    const { function: name, qualifier } = mapping.spec;
    const target = { namespace, name, ...(qualifier !== undefined && { qualifier }) };
    return opened.start({
      mapping,
      invoke: (payload) => functions.invoke({ ...target, payload, type: "RequestResponse" }),
      report: (result) => void this.#results.set(key, result),
      log: log.with({ mapping: key, function: name }),
    });
  }

  async #end(key: ObjectKey): Promise<Running | undefined> {
    const running = this.#running.get(key);
    this.#running.delete(key);
    this.#results.delete(key);
    await running?.poller[Symbol.asyncDispose]();
    return running;
  }

  async #tell(key: ObjectKey, { status = {} }: EventSourceMapping, next: EventSourceMappingStatus): Promise<undefined> {
    if (status.state === next.state && status.lastProcessingResult === next.lastProcessingResult) return;
    const decide = (live: EventSourceMapping): EventSourceMapping => ({ ...live, status: next });
    await this.#keeping.objects.change(eventSourceMappingKind, key, decide, { subresource: "status" });
  }
}
