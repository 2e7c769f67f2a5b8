/** Runs a function with what comes into a queue: several batches at once, removed when done, left to come again when not. */
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Json } from "#base/json.ts";
import type { Log } from "#base/log.ts";
import { type Stop, stopper } from "#base/stop.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import type { InvokeResult } from "#functions/invocation.ts";
import type { EventSourceMappingSpec } from "#kinds/catamaran/event-source-mapping.ts";
import type { MessageQueue } from "#managed/queue/message-queue.ts";
import type { Received } from "#managed/queue/message.ts";
import { outcomeOf } from "./batch.ts";
import type { Filter } from "./filter.ts";

export interface QueuePolling {
  readonly spec: EventSourceMappingSpec;
  readonly messages: MessageQueue;
  /** Which messages are handed over; the others are removed. */
  readonly filter: Filter;
  /** How long a message stays hidden that was received. */
  readonly hiddenMs: () => number;
  /** One message as the function sees it. */
  readonly recordOf: (received: Received) => Json;
  readonly invoke: (payload: Uint8Array) => Promise<InvokeResult>;
  /** Told after each batch: "OK" or what went wrong. */
  readonly report: (result: string) => void;
  readonly clock: Clock;
  readonly log: Log;
}

// Lambda begins with five; where it goes up from there, ours wait in a queue for nothing.
const BATCHES_AT_ONCE = 5;
const RECEIVED_AT_ONCE = 10;
const WAIT_MS = 20_000;
// A synchronous event may have 6 MB; what stands around the bodies has room in the rest.
const MAX_BODY_BYTES = 4 * 1024 * 1024;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

export class QueuePoller implements AsyncDisposable {
  readonly #polling: QueuePolling;
  readonly #stopper = stopper();
  readonly #lanes: Promise<unknown>;

  constructor(polling: QueuePolling) {
    this.#polling = polling;
    const lanes = Math.min(polling.spec.maximumConcurrency ?? BATCHES_AT_ONCE, BATCHES_AT_ONCE * 20);
    this.#lanes = Promise.all(Array.from({ length: lanes }, () => this.#run(this.#stopper.stop)));
  }

  /** Resolves when the batches in hand have ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopper.fire();
    await this.#lanes;
  }

  async #run(stop: Stop): Promise<void> {
    const { clock, log, report } = this.#polling;
    let failures = 0;
    while (!stop.aborted) {
      try {
        const batch = await this.#gather(stop);
        if (batch.length === 0) continue;
        const isDone = await this.#work(batch, stop);
        failures = isDone ? 0 : failures + 1;
        report(isDone ? "OK" : "PROBLEM: Function call failed");
      } catch (thrown) {
        failures++;
        log.warn("a batch of a queue could not be worked off", { reason: reasonOf(thrown) });
        report(`PROBLEM: ${reasonOf(thrown)}`);
      }
      if (failures > 0) await clock.sleep(pauseMs(failures), stop);
    }
  }

  /** The first message is waited for; a batch that is not full waits for its window at most. */
  async #gather(stop: Stop): Promise<readonly Received[]> {
    const { messages, spec, clock } = this.#polling;
    const { batchSize = RECEIVED_AT_ONCE, batchWindowSeconds = 0 } = spec;
    const most = Math.min(batchSize, RECEIVED_AT_ONCE);
    const batch = [...(await messages.receive({ most, waitMs: WAIT_MS, stop }))];
    const until = clock.now() + batchWindowSeconds * 1_000;
    while (batch.length > 0 && batch.length < batchSize && bytesOf(batch) < MAX_BODY_BYTES && !stop.aborted) {
      const waitMs = Math.max(0, until - clock.now());
      const left = Math.min(batchSize - batch.length, RECEIVED_AT_ONCE);
      const more = await messages.receive({ most: left, waitMs, stop });
      batch.push(...more);
      if (more.length === 0 && clock.now() >= until) break;
    }
    return batch;
  }

  async #work(batch: readonly Received[], stop: Stop): Promise<boolean> {
    const { messages, spec, recordOf, filter } = this.#polling;
    const records = batch.map(recordOf);
    const isWanted = records.map(filter);
    const wanted = batch.filter((_one, at) => isWanted[at]);
    const unwanted = batch.filter((_one, at) => !isWanted[at]);
    if (unwanted.length > 0) await messages.remove(unwanted.map(({ ticket }) => ticket));
    if (wanted.length === 0) return true;
    const payload = encodeUtf8(JSON.stringify({ Records: records.filter((_one, at) => isWanted[at]) }));
    const result = await this.#invoke(payload, stop);
    if (result === null) return false;
    const ids = new Set(wanted.map(({ message }) => message.id));
    const outcome = outcomeOf(result, ids, spec.reportsBatchItemFailures === true);
    if (outcome.is === "failed") return false;
    const done = wanted.filter(({ message }) => !outcome.failedIds.has(message.id));
    if (done.length > 0) await messages.remove(done.map(({ ticket }) => ticket));
    return outcome.failedIds.size === 0;
  }

  /** A function that has no room is asked again, as long as the messages stay hidden; null when that took too long. */
  async #invoke(payload: Uint8Array, stop: Stop): Promise<InvokeResult | null> {
    const { invoke, hiddenMs, clock } = this.#polling;
    const until = clock.now() + hiddenMs() / 2;
    for (let attempt = 1; ; attempt++) {
      try {
        return await invoke(payload);
      } catch (thrown) {
        if (!(thrown instanceof Fault && thrown.code === "TooManyRequests")) throw thrown;
        if (stop.aborted || clock.now() + pauseMs(attempt) > until) return null;
        await clock.sleep(pauseMs(attempt), stop);
      }
    }
  }
}

function pauseMs(failures: number): number {
  return Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** (failures - 1));
}

function bytesOf(batch: readonly Received[]): number {
  return batch.reduce((sum, { message }) => sum + message.body.length, 0);
}
