/** All queues of an instance: from Queue objects to the messages in them, and who is whose dead-letter queue. */
import type { Clock } from "#base/clock.ts";
import { keyOf } from "#base/key.ts";
import type { Random } from "#base/random.ts";
import type { Objects, View } from "#deck/objects.ts";
import { type Queue, queueKind } from "#kinds/catamaran/queue.ts";
import { keyOfObject } from "#kinds/object.ts";
import type { Database } from "../database.ts";
import { MessageQueue } from "./message-queue.ts";
import { Sequences } from "./message.ts";
import { settingsOf } from "./settings.ts";

export interface QueuesOptions {
  readonly objects: Objects;
  readonly database: Database;
  readonly clock: Clock;
  readonly random: Random;
}

export class Queues implements Disposable {
  readonly #options: QueuesOptions;
  readonly #view: View<Queue>;
  /** By the uid of the object, so that a queue that is made anew under an old name starts empty. */
  readonly #open = new Map<string, MessageQueue>();
  readonly #sequences = new Sequences();

  constructor(options: QueuesOptions) {
    this.#options = options;
    this.#view = options.objects.view(queueKind);
  }

  /** Null when there is none. While the view has not seen a new one yet, the source is asked. */
  async find(namespace: string, name: string): Promise<Queue | null> {
    const key = keyOf(namespace, name);
    const found = this.#view.get(key) ?? (await this.#options.objects.get(queueKind, key));
    return found === null || found.metadata.deletionTimestamp !== undefined ? null : found;
  }

  /** By name, those that are going left out. */
  list(namespace: string): readonly Queue[] {
    return this.#view
      .list(namespace)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  }

  /** Fault: AlreadyExists, Invalid. */
  create(queue: Queue): Promise<Queue> {
    return this.#options.objects.create(queueKind, queue);
  }

  /** Null when it is gone. Fault: Invalid. */
  change(queue: Queue, decide: (live: Queue) => Queue): Promise<Queue | null> {
    return this.#options.objects.change(queueKind, keyOfObject(queue), decide);
  }

  /** Its messages go when the keeper sees it (keep-queues.ts). */
  async remove({ metadata }: Queue): Promise<void> {
    await this.#options.objects.remove(queueKind, keyOf(metadata.namespace ?? "", metadata.name));
  }

  /** The queues whose dead letters go to this one. */
  sourcesOf({ metadata }: Queue): readonly Queue[] {
    return this.list(metadata.namespace ?? "").filter(({ spec }) => spec.redrive?.deadLetterQueue === metadata.name);
  }

  messagesOf(queue: Queue): MessageQueue {
    const { uid = "", name, namespace = "" } = queue.metadata;
    const known = this.#open.get(uid);
    if (known !== undefined) return known;
    const { database, clock, random } = this.#options;
    const key = keyOfObject(queue);
    // As it is now; a queue that has just been made is not in the view yet.
    const live = (): Queue => {
      const seen = this.#view.get(key);
      return seen?.metadata.uid === uid ? seen : queue;
    };
    const opened = new MessageQueue({
      database,
      collection: collectionOf(queue),
      settings: () => settingsOf(live()),
      clock,
      random,
      sequences: this.#sequences,
      name,
      deadLetterQueue: () => {
        const target = live().spec.redrive?.deadLetterQueue;
        const found = target === undefined ? undefined : this.#view.get(keyOf(namespace, target));
        return found === undefined || !mayReceiveFrom(found, name) ? null : this.messagesOf(found);
      },
    });
    this.#open.set(uid, opened);
    return opened;
  }

  /** Forgets the messages of a queue that is going. */
  async drop(queue: Queue): Promise<void> {
    await this.#options.database.drop(collectionOf(queue));
    this.#open.delete(queue.metadata.uid ?? "");
  }

  [Symbol.dispose](): void {
    this.#view[Symbol.dispose]();
  }
}

/** Whether the dead-letter queue takes letters of that source (SQS, "RedriveAllowPolicy"). */
export function mayReceiveFrom({ spec }: Queue, source: string): boolean {
  const { permission = "allowAll", sources = [] } = spec.redriveAllow ?? {};
  switch (permission) {
    case "allowAll":
      return true;
    case "denyAll":
      return false;
    case "byQueue":
      return sources.includes(source);
  }
}

function collectionOf({ metadata }: Queue): string {
  return `queue ${metadata.name}.${metadata.uid ?? ""}`;
}
