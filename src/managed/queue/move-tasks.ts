/**
 * Carrying the letters of a dead-letter queue back (SQS API Reference, StartMessageMoveTask). A task is a row: whoever finds
 * it goes on with it, so it outlives the process that began it.
 */
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Random } from "#base/random.ts";
import { never } from "#base/stop.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import type { Database } from "../database.ts";
import type { MessageQueue } from "./message-queue.ts";
import { put, read } from "./rows.ts";

export type MoveStatus = "RUNNING" | "COMPLETED" | "CANCELLING" | "CANCELLED" | "FAILED";

export interface MoveTask {
  readonly handle: string;
  /** Key of the dead-letter queue. */
  readonly source: ObjectKey;
  /** Key of the queue that they go to; absent: each goes back to where it came from. */
  readonly destination?: ObjectKey;
  readonly maxPerSecond?: number;
  readonly status: MoveStatus;
  readonly startedAtMs: number;
  readonly moved: number;
  readonly toMove: number;
  readonly failure?: string;
}

export interface MoveTasksOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
}

const COLLECTION = "queue move tasks";
// Amazon SQS, ListMessageMoveTasks: at most ten, the newest first.
const LISTED_AT_MOST = 10;
// Long enough to carry ten letters, short enough to go on soon after a crash.
const HIDDEN_MS = 10_000;
const AT_ONCE = 10;
const SECOND_MS = 1_000;

export class MoveTasks {
  readonly #options: MoveTasksOptions;
  readonly #wakes = new Set<(source: ObjectKey) => void>();

  constructor(options: MoveTasksOptions) {
    this.#options = options;
  }

  /** Called with the key of the source of each task that begins. */
  onStart(wake: (source: ObjectKey) => void): Disposable {
    this.#wakes.add(wake);
    return { [Symbol.dispose]: () => void this.#wakes.delete(wake) };
  }

  /** Fault: Conflict while one is running for the same source. */
  async start(
    asked: Pick<MoveTask, "source" | "destination" | "maxPerSecond"> & { readonly toMove: number },
  ): Promise<MoveTask> {
    const { database, clock, random } = this.#options;
    const running = (await this.list(asked.source)).some(({ status }) => isGoing(status));
    if (running)
      throw new Fault(
        "Conflict",
        "There is already a task running. Only one active task is allowed for a source queue.",
      );
    const startedAtMs = clock.now();
    const task: MoveTask = { ...asked, handle: random.uuid(), status: "RUNNING", startedAtMs, moved: 0 };
    await database.change(COLLECTION, [], () => ({ writes: [put(rowOf(task), task)], result: undefined }));
    for (const wake of this.#wakes) wake(task.source);
    return task;
  }

  /** The newest first. */
  async list(source: ObjectKey): Promise<readonly MoveTask[]> {
    const rows = await this.#options.database.scan(COLLECTION, {
      from: encodeUtf8(`${source} `),
      to: encodeUtf8(`${source}!`),
      isDescending: true,
      limit: LISTED_AT_MOST,
    });
    return rows.flatMap(({ value }) => read<MoveTask>(value) ?? []);
  }

  /** Null when there is no such task or it has ended. */
  async cancel(source: ObjectKey, handle: string): Promise<MoveTask | null> {
    const task = (await this.list(source)).find((one) => one.handle === handle);
    return task === undefined ? null : this.#save(task, { status: "CANCELLED" });
  }

  /** Carries some letters on; resolves to the wall time (ms) at which to go on, undefined when there is nothing more to do. */
  async step(
    source: ObjectKey,
    letters: MessageQueue,
    target: (destination: ObjectKey | undefined, from: string | undefined) => MessageQueue | null,
  ): Promise<number | undefined> {
    const task = (await this.list(source)).find(({ status }) => isGoing(status));
    if (task === undefined) return undefined;
    const { clock } = this.#options;
    const most = Math.min(AT_ONCE, task.maxPerSecond ?? AT_ONCE);
    const received = await letters.receive({ most, hiddenMs: HIDDEN_MS, waitMs: 0, stop: never });
    if (received.length === 0) {
      await this.#save(task, { status: "COMPLETED" });
      return undefined;
    }
    let moved = 0;
    for (const { message, ticket } of received) {
      const to = target(task.destination, message.deadLetterSource);
      if (to === null) {
        await this.#save(task, {
          status: "FAILED",
          moved: task.moved + moved,
          failure: "CouldNotDetermineMessageSource",
        });
        await letters.hide([{ ticket, hiddenMs: 0 }]);
        return undefined;
      }
      await to.sendAgain(message);
      await letters.remove([ticket]);
      moved++;
    }
    await this.#save(task, { moved: task.moved + moved });
    return clock.now() + (task.maxPerSecond === undefined ? 0 : (SECOND_MS * moved) / task.maxPerSecond);
  }

  /** Null when it had ended meanwhile: what was cancelled stays so. */
  #save(task: MoveTask, change: Partial<MoveTask>): Promise<MoveTask | null> {
    const key = rowOf(task);
    return this.#options.database.change(COLLECTION, [key], ([value = null]) => {
      const live = read<MoveTask>(value);
      if (live === null || !isGoing(live.status)) return { writes: [], result: null };
      const next = { ...live, ...change };
      return { writes: [put(key, next)], result: next };
    });
  }
}

function isGoing(status: MoveStatus): boolean {
  return status === "RUNNING" || status === "CANCELLING";
}

function rowOf({ source, startedAtMs, handle }: MoveTask): Uint8Array {
  return encodeUtf8(`${source} ${String(startedAtMs).padStart(13, "0")} ${handle}`);
}
