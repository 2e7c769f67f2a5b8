/** All topics of an instance: from Topic and Subscription objects to pushes. What a notification looks like is the door's. */
import type { Clock } from "#base/clock.ts";
import { keyOf } from "#base/key.ts";
import type { Random } from "#base/random.ts";
import type { Objects, View } from "#deck/objects.ts";
import { isConfirmed, type Subscription, subscriptionKind } from "#kinds/catamaran/subscription.ts";
import { type Topic, topicKind } from "#kinds/catamaran/topic.ts";
import { keyOfObject, type Live } from "#kinds/object.ts";
import type { Database, Place, PlacedDecision } from "../database.ts";
import type { Push, Pushes } from "../push.ts";
import { Sequences } from "../queue/message.ts";
import { onceRows, sortOut } from "../queue/once.ts";
import type { Arrival, Kept } from "../queue/order.ts";
import { deduplicationOf, erase, forgettableRange, sentRow } from "../queue/rows.ts";
import { seenIn } from "../seen.ts";
import { isWanted, type Note, type NoteDraft } from "./note.ts";

/** How a note reaches one subscriber: the push without what the engine adds (order, group, dead letters). */
export type Render = (topic: Topic, subscription: Subscription, note: Note) => Promise<Push>;

export interface TopicsOptions {
  readonly objects: Objects;
  readonly database: Database;
  readonly pushes: Pushes;
  readonly render: Render;
  readonly clock: Clock;
  readonly random: Random;
}

const SWEEP_ROWS = 500;

export class Topics implements Disposable {
  readonly #options: TopicsOptions;
  readonly #topics: View<Topic>;
  readonly #subscriptions: View<Subscription>;
  readonly #sequences = new Sequences();

  constructor(options: TopicsOptions) {
    this.#options = options;
    this.#topics = options.objects.view(topicKind);
    this.#subscriptions = options.objects.view(subscriptionKind, {
      indexes: { topic: ({ metadata, spec }) => [keyOf(metadata.namespace ?? "", spec.topic)] },
    });
  }

  /** Null when there is none. */
  async find(namespace: string, name: string): Promise<Topic | null> {
    const key = keyOf(namespace, name);
    return this.#topics.get(key) ?? (await this.#options.objects.get(topicKind, key));
  }

  /** By name. */
  list(namespace: string): readonly Topic[] {
    return this.#topics.list(namespace).toSorted(byName);
  }

  /** Fault: AlreadyExists, Invalid. */
  async create(topic: Topic): Promise<Topic> {
    const created = await this.#options.objects.create(topicKind, topic);
    await seenIn(this.#topics, created, this.#options.clock);
    return created;
  }

  /** Null when it is gone. Fault: Invalid. */
  async change(topic: Topic, decide: (live: Topic) => Topic): Promise<void> {
    const changed = await this.#options.objects.change(topicKind, keyOfObject(topic), decide);
    if (changed !== null) await seenIn(this.#topics, changed, this.#options.clock);
  }

  /** Its subscriptions are its own, and go with it. */
  async remove(topic: Topic): Promise<void> {
    for (const subscription of this.subscriptionsOf(topic)) await this.unsubscribe(subscription);
    await this.#options.objects.remove(topicKind, keyOfObject(topic));
  }

  /** By name; of all topics, or of one. */
  subscriptions(namespace: string): readonly Live<Subscription>[] {
    return this.#subscriptions.list(namespace).toSorted(byName);
  }

  subscriptionsOf(topic: Topic): readonly Live<Subscription>[] {
    return this.#subscriptions.by("topic", keyOfObject(topic)).toSorted(byName);
  }

  async findSubscription(namespace: string, name: string): Promise<Subscription | null> {
    const key = keyOf(namespace, name);
    return this.#subscriptions.get(key) ?? (await this.#options.objects.get(subscriptionKind, key));
  }

  async subscribe(topic: Topic, subscription: Subscription): Promise<Subscription> {
    const { metadata } = topic;
    const owner = { apiVersion: "catamaran.dev/v1", kind: "Topic", name: metadata.name, uid: metadata.uid ?? "" };
    const owned = { ...subscription, metadata: { ...subscription.metadata, ownerReferences: [owner] } };
    const created = await this.#options.objects.create(subscriptionKind, owned);
    await seenIn(this.#subscriptions, created, this.#options.clock);
    return created;
  }

  async changeSubscription(
    subscription: Subscription,
    decide: (live: Subscription) => Subscription,
    part: "spec" | "status" = "spec",
  ): Promise<void> {
    const options = part === "status" ? { subresource: "status" as const } : {};
    const changed = await this.#options.objects.change(subscriptionKind, keyOfObject(subscription), decide, options);
    if (changed !== null) await seenIn(this.#subscriptions, changed, this.#options.clock);
  }

  async unsubscribe(subscription: Subscription): Promise<void> {
    await this.#options.objects.remove(subscriptionKind, keyOfObject(subscription));
  }

  /**
   * Durable for all subscribers when resolved. Answers in the order of the drafts: of a FIFO topic, the earlier note where the same
   * was published within five minutes.
   */
  async publish(topic: Topic, drafts: readonly NoteDraft[]): Promise<readonly Kept[]> {
    const { clock, random, database } = this.#options;
    const now = clock.now();
    const arrivals = drafts.map((draft): Arrival & { readonly message: Note } => ({
      message: { ...draft, id: random.uuid(), sequence: this.#sequences.next(now), sentAtMs: now },
      visibleAtMs: now,
      ...onceOf(topic, draft),
    }));
    const subscribers = this.#subscriptions.by("topic", keyOfObject(topic)).filter(isConfirmed);
    const prepared = new Map(
      await Promise.all(
        arrivals.map(async ({ message }) => [message.id, await this.#prepare(topic, message, subscribers)] as const),
      ),
    );
    const places = onceRows(arrivals).map((key): Place => ({ collection: collectionOf(topic), key }));
    const { fresh, kept } = await database.changeAll(places, (rows): PlacedDecision<Outcome> => {
      const sorted = sortOut(arrivals, rows, now);
      const own = sorted.writes.map((write) => ({ collection: collectionOf(topic), ...write }));
      const out = sorted.fresh.flatMap(({ message }) => prepared.get(message.id)?.rows ?? []);
      return { writes: [...own, ...out], result: sorted };
    });
    for (const { message } of fresh) prepared.get(message.id)?.start();
    return kept;
  }

  /** Forgets deduplication ids under which nothing can come again. True while there may be more. */
  async sweep(topic: Topic): Promise<boolean> {
    const { database, clock } = this.#options;
    const collection = collectionOf(topic);
    const words = await database.scan(collection, { ...forgettableRange(clock.now()), limit: SWEEP_ROWS });
    if (words.length === 0) return false;
    const writes = words.flatMap(({ key }) => [erase(key), erase(sentRow(deduplicationOf(key)))]);
    await database.change(collection, [], () => ({ writes, result: undefined }));
    return words.length === SWEEP_ROWS;
  }

  [Symbol.dispose](): void {
    this.#topics[Symbol.dispose]();
    this.#subscriptions[Symbol.dispose]();
  }

  async #prepare(
    topic: Topic,
    note: Note,
    subscribers: readonly Subscription[],
  ): Promise<ReturnType<Pushes["prepare"]>> {
    const { pushes, render } = this.#options;
    const wanting = subscribers.filter((subscription) => isWanted(note, subscription));
    const letters = await Promise.all(wanting.map((subscription) => render(topic, subscription, note)));
    const { namespace = "" } = topic.metadata;
    return pushes.prepare(letters.map((push, at) => ({ ...push, namespace, ...orderOf(topic, note, wanting[at]) })));
  }
}

interface Outcome {
  readonly fresh: readonly Arrival[];
  readonly kept: readonly Kept[];
}

/** Within a group and for one subscriber in order (Amazon SNS Developer Guide, "Message ordering details for FIFO topics"). */
function orderOf({ spec }: Topic, { group }: Note, subscription: Subscription | undefined): Pick<Push, "order"> {
  if (spec.fifo === undefined || group === undefined || subscription === undefined) return {};
  return { order: `${subscription.metadata.uid ?? ""} ${group}` };
}

function onceOf({ spec }: Topic, { group = "", deduplication }: NoteDraft): Pick<Arrival, "once"> {
  if (spec.fifo === undefined || deduplication === undefined) return {};
  // By group, where the throughput is by group, too (SNS, FifoThroughputScope).
  const isByGroup = spec.fifo.throughputScope === "MessageGroup";
  return { once: isByGroup ? `${group} ${deduplication}` : deduplication };
}

function collectionOf({ metadata }: Topic): string {
  return `topic ${metadata.name}.${metadata.uid ?? ""}`;
}

function byName(a: Topic | Subscription, b: Topic | Subscription): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}
