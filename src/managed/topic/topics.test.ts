/** From a publication to pushes, over memory: who gets it, in which order, once; and subscribers that are asked first. */
import assert from "node:assert/strict";
import test from "node:test";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { startKeeper } from "#deck/loop.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import type { SubscriptionSpec } from "#kinds/catamaran/subscription.ts";
import type { Topic, TopicSpec } from "#kinds/catamaran/topic.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import type { Push } from "../push.ts";
import { subscriptionKeeper, topicKeeper } from "./keep-topics.ts";
import { bodyFor, type NoteDraft } from "./note.ts";
import { Topics } from "./topics.ts";

async function bench() {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock(1_000_000)));
  const objects = deck.objects("test");
  const database = new MemoryDatabase();
  const pushed: Push[] = [];
  const prepare = (all: readonly Push[]) => ({ rows: [], start: () => void pushed.push(...all) });
  const pushes = { prepare, accept: async (all: readonly Push[]) => prepare(all).start() };
  const random = seededRandom(4);
  const topics = new Topics({
    objects,
    database,
    pushes,
    clock,
    random,
    render: async (_topic, subscription, note) => ({
      target: subscription.spec.endpoint,
      payload: bodyFor(note, subscription),
      source: "t",
    }),
  });
  const create = (name: string, spec: TopicSpec = {}): Promise<Topic> =>
    topics.create({ apiVersion: "catamaran.dev/v1", kind: "Topic", metadata: { name, namespace: "default" }, spec });
  let count = 0;
  const subscribe = (topic: Topic, spec: Partial<SubscriptionSpec> = {}) =>
    topics.subscribe(topic, {
      apiVersion: "catamaran.dev/v1",
      kind: "Subscription",
      metadata: { name: `s${++count}`, namespace: "default" },
      spec: { topic: topic.metadata.name, protocol: "sqs", endpoint: `arn:q${count}`, ...spec },
    });
  const keep = () => [
    startKeeper(topicKeeper({ topics, clock }), objects, { clock, log: silent }),
    startKeeper(
      subscriptionKeeper({
        topics,
        pushes,
        random,
        renderQuestion: async ({ spec }, token) => ({ target: spec.endpoint, payload: token, source: "t" }),
      }),
      objects,
      { clock, log: silent },
    ),
  ];
  const targets = (): readonly string[] => pushed.map(({ target, payload }) => `${target} ${payload}`);
  return { topics, create, subscribe, pushed, targets, keep, clock, database };
}

async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}

function note(body: string, more: Partial<NoteDraft> = {}): NoteDraft {
  return { body, sender: "me", ...more };
}

test("a note goes to every subscriber, by protocol where its bodies differ", async () => {
  const { topics, create, subscribe, targets } = await bench();
  const topic = await create("t");
  await subscribe(topic);
  await subscribe(topic, { protocol: "lambda" });
  const [kept] = await topics.publish(topic, [note("all", { bodies: { lambda: "functions" } })]);
  assert.match(kept?.id ?? "", /^[0-9a-f-]{36}$/);
  assert.deepEqual(targets(), ["arn:q1 all", "arn:q2 functions"]);
});

const filters = [
  ["an attribute that matches", { filterPolicy: '{"kind":["a"]}', filterPolicyScope: "MessageAttributes" }, true],
  ["an attribute that does not", { filterPolicy: '{"kind":["b"]}' }, false],
  ["a number", { filterPolicy: '{"count":[{"numeric":[">",4]}]}' }, true],
  ["one of an array", { filterPolicy: '{"colours":["red"]}' }, true],
  ["a missing attribute", { filterPolicy: '{"none":[{"exists":false}]}' }, true],
  ["a binary attribute is not seen", { filterPolicy: '{"bytes":[{"exists":true}]}' }, false],
  ["the body", { filterPolicy: '{"order":{"id":[7]}}', filterPolicyScope: "MessageBody" }, true],
  ["another body", { filterPolicy: '{"order":{"id":[8]}}', filterPolicyScope: "MessageBody" }, false],
] as const;
for (const [title, spec, isWanted] of filters)
  test(`filter policies: ${title}`, async () => {
    const { topics, create, subscribe, targets } = await bench();
    const topic = await create("t");
    await subscribe(topic, spec);
    const attributes = {
      kind: { type: "String", value: "a" },
      count: { type: "Number", value: "5" },
      colours: { type: "String.Array", value: '["green","red"]' },
      bytes: { type: "Binary", value: "AA==" },
    };
    await topics.publish(topic, [note('{"order":{"id":7}}', { attributes })]);
    assert.equal(targets().length, isWanted ? 1 : 0);
  });

test("a body that is no object passes no filter of bodies", async () => {
  const { topics, create, subscribe, targets } = await bench();
  const topic = await create("t");
  await subscribe(topic, { filterPolicy: '{"a":[{"exists":false}]}', filterPolicyScope: "MessageBody" });
  await topics.publish(topic, [note("text"), note("[1]"), note("{}")]);
  assert.deepEqual(targets(), ["arn:q1 {}"]);
});

test("a FIFO topic keeps the order of each group, and takes the same only once in five minutes", async () => {
  const { topics, create, subscribe, pushed, targets, clock, database } = await bench();
  const topic = await create("t.fifo", { fifo: { contentBasedDeduplication: false, throughputScope: "Topic" } });
  await subscribe(topic, { endpoint: "arn:q.fifo" });
  const one = note("1", { group: "g", deduplication: "d1" });
  const [first, again] = await topics.publish(topic, [one, { ...one, group: "h" }]);
  assert.deepEqual(first, again);
  await topics.publish(topic, [note("2", { group: "g", deduplication: "d2" })]);
  assert.deepEqual(targets(), ["arn:q.fifo 1", "arn:q.fifo 2"]);
  assert.deepEqual(new Set(pushed.map(({ order }) => order)).size, 1);
  clock.advance(300_001);
  while (await topics.sweep(topic));
  const { uid = "" } = topic.metadata;
  assert.equal((await database.count(`topic t.fifo.${uid}`)).rows, 0);
  await topics.publish(topic, [one]);
  assert.equal(pushed.length, 3);
});

test("with a throughput by group the same may come in two groups", async () => {
  const { topics, create, subscribe, pushed } = await bench();
  const topic = await create("t.fifo", { fifo: { throughputScope: "MessageGroup" } });
  await subscribe(topic, { endpoint: "arn:q.fifo" });
  const one = note("1", { group: "g", deduplication: "d" });
  await topics.publish(topic, [one, { ...one, group: "h" }]);
  assert.equal(pushed.length, 2);
});

test("an http subscriber is asked, once, and gets nothing before it has confirmed", async () => {
  const { topics, create, subscribe, pushed, targets, keep } = await bench();
  const topic = await create("t");
  const running = keep();
  await subscribe(topic, { protocol: "http", endpoint: "http://there" });
  await settled();
  const [pending] = topics.subscriptionsOf(topic);
  const token = pending?.status?.token ?? "";
  assert.match(token, /^[0-9a-f]{128}$/);
  assert.deepEqual(targets(), [`http://there ${token}`]);
  await topics.publish(topic, [note("early")]);
  assert.equal(pushed.length, 1);
  assert.ok(pending);
  await topics.changeSubscription(
    pending,
    (live) => ({ ...live, status: { ...live.status, state: "Confirmed" } }),
    "status",
  );
  await topics.publish(topic, [note("late")]);
  assert.equal(targets().at(-1), "http://there late");
  await Promise.all(running.map((one) => one[Symbol.asyncDispose]()));
});

test("what unsubscribed gets nothing more; a topic that goes takes its subscriptions along", async () => {
  const { topics, create, subscribe, targets } = await bench();
  const topic = await create("t");
  const gone = await subscribe(topic);
  await subscribe(topic);
  await topics.unsubscribe(gone);
  await settled();
  await topics.publish(topic, [note("x")]);
  assert.deepEqual(targets(), ["arn:q2 x"]);
  await topics.remove(topic);
  await settled();
  assert.deepEqual(topics.subscriptions("default"), []);
});
