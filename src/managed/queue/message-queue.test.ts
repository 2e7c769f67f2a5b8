/** What a queue promises, with a clock that only we turn: Amazon SQS Developer Guide, "Standard queues" and "FIFO queues". */
import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRandom } from "#base/random.ts";
import { never, stopper } from "#base/stop.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { type Draft, Sequences } from "./message.ts";
import { MessageQueue, type QueueSettings } from "./message-queue.ts";

const settings: QueueSettings = {
  isFifo: false,
  isDeduplicatedByGroup: false,
  delayMs: 0,
  visibilityMs: 30_000,
  waitMs: 0,
  retentionMs: 345_600_000,
  maxMessageBytes: 1_048_576,
};

interface Bench {
  readonly clock: FakeClock;
  readonly queue: MessageQueue;
  readonly dead: MessageQueue;
  readonly database: MemoryDatabase;
}

function bench(own: Partial<QueueSettings> = {}): Bench {
  const clock = new FakeClock(1_700_000_000_000);
  const database = new MemoryDatabase();
  const random = seededRandom(7);
  const sequences = new Sequences();
  const common = { database, clock, random, sequences };
  const dead = new MessageQueue({
    ...common,
    collection: "dead",
    name: "dead",
    settings: () => ({ ...settings, isFifo: own.isFifo ?? false }),
    deadLetterQueue: () => null,
  });
  const queue = new MessageQueue({
    ...common,
    collection: "work",
    name: "work",
    settings: () => ({ ...settings, ...own }),
    deadLetterQueue: () => dead,
  });
  return { clock, queue, dead, database };
}

function draft(body: string, more: Partial<Draft> = {}): Draft {
  return { body, sender: "AIDA", ...more };
}

async function bodies(queue: MessageQueue, most = 10, hiddenMs?: number): Promise<readonly string[]> {
  const received = await queue.receive({ most, stop: never, ...(hiddenMs !== undefined && { hiddenMs }) });
  return received.map(({ message }) => message.body);
}

test("a message is received once until its time-out, then again, and counts its deliveries", async () => {
  const { queue, clock } = bench();
  await queue.send([draft("a")]);
  const [first] = await queue.receive({ most: 1, stop: never });
  assert.deepEqual([first?.receives, await bodies(queue)], [1, []]);
  clock.advance(30_000);
  const [again] = await queue.receive({ most: 1, stop: never });
  assert.equal(again?.receives, 2);
  assert.equal(again?.firstReceivedAtMs, first?.firstReceivedAtMs);
  assert.notEqual(again?.ticket, first?.ticket);
});

test("a peek shows the oldest messages in flight or not, and hands none out", async () => {
  const { queue } = bench();
  await queue.send([draft("a"), draft("b"), draft("c")]);
  await queue.receive({ most: 1, stop: never });
  const before = await queue.counts();
  assert.deepEqual(
    (await queue.peek(2)).map(({ body }) => body),
    ["a", "b"],
  );
  assert.deepEqual(await queue.counts(), before);
  assert.deepEqual(await bodies(queue), ["b", "c"]);
});

test("who has the newest ticket removes; an older one does not fit", async () => {
  const { queue, clock } = bench();
  await queue.send([draft("a")]);
  const [old] = await queue.receive({ most: 1, stop: never });
  clock.advance(30_001);
  const [now] = await queue.receive({ most: 1, stop: never });
  assert.deepEqual(await queue.remove([old?.ticket ?? ""]), [false]);
  assert.deepEqual(await queue.remove([now?.ticket ?? ""]), [true]);
  assert.deepEqual(await queue.remove([now?.ticket ?? ""]), [true], "removing is idempotent");
  clock.advance(60_000);
  assert.deepEqual(await bodies(queue), []);
});

test("delays: of the message, of the queue", async () => {
  const { queue, clock } = bench({ delayMs: 5_000 });
  await queue.send([draft("queue's"), draft("own", { delayMs: 1_000 }), draft("none", { delayMs: 0 })]);
  assert.deepEqual(await bodies(queue), ["none"]);
  clock.advance(1_000);
  assert.deepEqual(await bodies(queue), ["own"]);
  assert.deepEqual(await queue.counts(), { visible: 0, inFlight: 2, delayed: 1 });
  clock.advance(4_000);
  assert.deepEqual(await bodies(queue), ["queue's"]);
});

test("hiding gives back at once with 0, or keeps longer", async () => {
  const { queue, clock } = bench();
  await queue.send([draft("a")]);
  const [one] = await queue.receive({ most: 1, stop: never });
  assert.deepEqual(await queue.hide([{ ticket: one?.ticket ?? "", hiddenMs: 60_000 }]), ["hidden"]);
  clock.advance(30_001);
  assert.deepEqual(await bodies(queue), []);
  assert.deepEqual(await queue.hide([{ ticket: one?.ticket ?? "", hiddenMs: 0 }]), ["hidden"]);
  assert.deepEqual(await queue.hide([{ ticket: one?.ticket ?? "", hiddenMs: 5 }]), ["not in flight"]);
  assert.deepEqual(await bodies(queue), ["a"]);
});

test("a receive waits for the next message, for a hidden one that comes back, and no longer than it says", async () => {
  const { queue, clock } = bench();
  const waiting = queue.receive({ most: 10, waitMs: 20_000, stop: never });
  await settled();
  await queue.send([draft("late")]);
  assert.deepEqual(
    (await waiting).map(({ message }) => message.body),
    ["late"],
  );
  const back = queue.receive({ most: 10, waitMs: 40_000, stop: never });
  await settled();
  clock.advance(30_000);
  assert.deepEqual(
    (await back).map(({ receives }) => receives),
    [2],
  );
  const none = queue.receive({ most: 10, waitMs: 1_000, stop: never });
  await settled();
  clock.advance(1_000);
  assert.deepEqual(await none, []);
});

test("nothing is handed to a receiver that is gone", async () => {
  const { queue } = bench();
  const { stop, fire } = stopper();
  const waiting = queue.receive({ most: 1, waitMs: 20_000, stop });
  await settled();
  fire();
  assert.deepEqual(await waiting, []);
  await queue.send([draft("a")]);
  assert.deepEqual(await bodies(queue), ["a"]);
});

test("a poison message goes to the dead-letter queue after its deliveries, once, with its age and its source", async () => {
  const { queue, dead, clock } = bench({ maxReceives: 2 });
  await queue.send([draft("poison")]);
  for (let i = 0; i < 2; i++) {
    assert.deepEqual(await bodies(queue), ["poison"]);
    clock.advance(30_000);
  }
  assert.deepEqual(await bodies(queue), []);
  assert.deepEqual(await queue.counts(), { visible: 0, inFlight: 0, delayed: 0 });
  const [letter] = await dead.receive({ most: 10, stop: never });
  assert.equal(letter?.message.deadLetterSource, "work");
  assert.equal(letter?.message.sentAtMs, 1_700_000_000_000);
  assert.equal(letter?.receives, 1);
});

test("what is older than the queue keeps is not delivered, and swept away", async () => {
  const { queue, clock, database } = bench({ retentionMs: 60_000 });
  await queue.send([draft("old")]);
  clock.advance(59_999);
  await queue.send([draft("young")]);
  clock.advance(1);
  await queue.sweep();
  assert.deepEqual(await bodies(queue), ["young"]);
  clock.advance(60_000);
  assert.deepEqual(await bodies(queue), []);
  await queue.sweep();
  assert.equal((await database.count("work")).rows, 0, "no row is left");
});

test("purging takes what is in flight, too", async () => {
  const { queue, clock } = bench();
  await queue.send(Array.from({ length: 1_200 }, (_, i) => draft(String(i))));
  await bodies(queue);
  await queue.purge();
  clock.advance(60_000);
  assert.deepEqual(await bodies(queue), []);
});

test("two receivers at once share the messages without a double", async () => {
  const { queue } = bench();
  await queue.send(Array.from({ length: 30 }, (_, i) => draft(String(i))));
  const taken = await Promise.all([bodies(queue), bodies(queue), bodies(queue), bodies(queue)]);
  assert.equal(new Set(taken.flat()).size, 30);
  assert.equal(taken.flat().length, 30);
});

test("a message that is too large is refused", async () => {
  const { queue } = bench({ maxMessageBytes: 10 });
  await assert.rejects(queue.send([draft("éééééé")]), /Message must be shorter than 10 bytes/);
});

/** Everything that can go on without time has gone on. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

const inGroup = (body: string, group: string, more: Partial<Draft> = {}): Draft => draft(body, { group, ...more });

test("FIFO: in order within a group, and a group waits for what is in flight", async () => {
  const { queue, clock } = bench({ isFifo: true });
  await queue.send([inGroup("a1", "a"), inGroup("b1", "b"), inGroup("a2", "a"), inGroup("a3", "a")]);
  const first = await queue.receive({ most: 2, stop: never });
  assert.deepEqual(
    first.map(({ message }) => message.body),
    ["a1", "a2"],
  );
  assert.deepEqual(await bodies(queue), ["b1"], "a waits");
  assert.deepEqual(await queue.remove([first[0]?.ticket ?? ""]), [true]);
  assert.deepEqual(await bodies(queue), [], "a2 is still in flight");
  assert.deepEqual(await queue.remove([first[1]?.ticket ?? ""]), [true]);
  assert.deepEqual(await bodies(queue), ["a3"]);
  clock.advance(30_000);
  assert.deepEqual((await bodies(queue)).toSorted(), ["a3", "b1"]);
});

test("FIFO: a time-out gives the same messages back in the same order, and an old ticket is refused", async () => {
  const { queue, clock } = bench({ isFifo: true });
  await queue.send([inGroup("1", "g"), inGroup("2", "g"), inGroup("3", "g")]);
  const [one] = await queue.receive({ most: 2, stop: never });
  clock.advance(30_000);
  assert.deepEqual(await queue.remove([one?.ticket ?? ""]), [false]);
  assert.deepEqual(await bodies(queue), ["1", "2", "3"]);
  assert.deepEqual(await queue.counts(), { visible: 0, inFlight: 3, delayed: 0 });
});

test("FIFO: what was sent within five minutes is not kept again, and its sender is told of the first", async () => {
  const { queue, clock } = bench({ isFifo: true });
  const [first] = await queue.send([inGroup("x", "g", { deduplication: "d" })]);
  const [again, other] = await queue.send([
    inGroup("y", "g", { deduplication: "d" }),
    inGroup("z", "g", { deduplication: "e" }),
  ]);
  assert.deepEqual(again, first);
  assert.notDeepEqual(other, first);
  assert.deepEqual(await bodies(queue, 10, 1_000), ["x", "z"]);
  clock.advance(300_000);
  await queue.sweep();
  await queue.send([inGroup("later", "g", { deduplication: "d" })]);
  assert.deepEqual(await bodies(queue), ["x", "z", "later"]);
});

test("FIFO: with deduplication by group the same id may come in another group", async () => {
  const { queue } = bench({ isFifo: true, isDeduplicatedByGroup: true });
  const same = { deduplication: "d" };
  await queue.send([inGroup("1", "a", same), inGroup("2", "b", same), inGroup("3", "a", same)]);
  assert.deepEqual((await bodies(queue)).toSorted(), ["1", "2"]);
});

test("FIFO: a poison message holds its group up only until it is a dead letter", async () => {
  const { queue, dead, clock } = bench({ isFifo: true, maxReceives: 1 });
  await queue.send([inGroup("bad", "g"), inGroup("good", "g")]);
  assert.deepEqual(await bodies(queue, 1), ["bad"]);
  clock.advance(30_000);
  assert.deepEqual(await bodies(queue, 1), []);
  assert.deepEqual(await bodies(queue, 1), ["good"]);
  assert.deepEqual(await bodies(dead), ["bad"]);
});

test("whatever happens in whatever order: nothing is lost, nothing comes twice at a time, groups keep their order", async () => {
  for (let seed = 1; seed <= 40; seed++) await anything(seed);
});

/** Sends, receives, removes, forgets and hides at random, beside a model that only knows the promise. */
async function anything(seed: number): Promise<void> {
  const random = seededRandom(seed);
  const { queue, clock } = bench({ isFifo: seed % 2 === 0, visibilityMs: 1_000 });
  const pick = (most: number): number => Math.floor(random.number() * most);
  const left = new Map<string, { readonly group: string; until: number }>();
  let count = 0;
  for (let step = 0; step < 120; step++) {
    const doing = pick(3);
    if (doing === 0) {
      const group = `g${pick(3)}`;
      const body = String(count++);
      await queue.send([inGroup(body, group)]);
      left.set(body, { group, until: 0 });
    } else if (doing === 1) clock.advance(pick(700));
    else {
      const batch = new Set<string>();
      for (const { message, ticket } of await queue.receive({ most: 1 + pick(4), stop: never })) {
        batch.add(message.body);
        const known = left.get(message.body);
        assert.ok(known !== undefined, `seed ${seed}: ${message.body} was removed or never sent`);
        assert.ok(known.until <= clock.now(), `seed ${seed}: ${message.body} comes while it is in flight`);
        const isAhead = ([body, other]: [string, { readonly group: string }]): boolean =>
          other.group === known.group && Number(body) < Number(message.body) && !batch.has(body);
        if (seed % 2 === 0) assert.ok(![...left].some(isAhead), `seed ${seed}: ${message.body} jumps the queue`);
        known.until = clock.now() + 1_000;
        if (pick(2) === 0 || !(await queue.remove([ticket]))[0]) continue;
        left.delete(message.body);
      }
    }
  }
  for (let round = 0; round < 400 && left.size > 0; round++) {
    clock.advance(1_000);
    for (const { message, ticket } of await queue.receive({ most: 10, stop: never })) {
      assert.ok(left.delete(message.body), `seed ${seed}: ${message.body} twice`);
      assert.deepEqual(await queue.remove([ticket]), [true]);
    }
  }
  assert.deepEqual([...left.keys()], [], `seed ${seed}: lost`);
}
