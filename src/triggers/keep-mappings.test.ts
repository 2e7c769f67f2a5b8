/** From a message in a queue to a function that was run with it, over memory: batches, failures, changes of the mapping. */
import assert from "node:assert/strict";
import test from "node:test";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { startKeeper } from "#deck/loop.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import type { Functions } from "#functions/engine.ts";
import { encodeUtf8, decodeUtf8 } from "#base/utf8.ts";
import { Fault } from "#base/fault.ts";
import { eventSourceMappingKind, type EventSourceMappingSpec } from "#kinds/catamaran/event-source-mapping.ts";
import { type Queue, queueKind, type QueueSpec } from "#kinds/catamaran/queue.ts";
import { Queues } from "#managed/queue/queues.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { MappingKeeper } from "./keep-mappings.ts";
import { queueSource } from "./queue-source.ts";

type Answer = (bodies: readonly string[]) => string | Error;

async function bench(answer: Answer) {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const objects = deck.objects("test");
  const queues = new Queues({ objects, database: new MemoryDatabase(), clock, random: seededRandom(5) });
  const batches: (readonly string[])[] = [];
  const qualifiers = new Set<string | undefined>();
  const invoke: Functions["invoke"] = async ({ payload, qualifier }) => {
    qualifiers.add(qualifier);
    const { Records } = JSON.parse(decodeUtf8(payload)) as { readonly Records: readonly { readonly body: string }[] };
    const bodies = Records.map(({ body }) => body);
    batches.push(bodies);
    const said = answer(bodies);
    if (said instanceof Fault) throw said;
    const common = { status: 200, executedVersion: "$LATEST", isCold: false, requestId: "r" } as const;
    if (said instanceof Error) return { ...common, payload: encodeUtf8("{}"), functionError: "Unhandled" };
    return { ...common, payload: encodeUtf8(said) };
  };
  const keeper = new MappingKeeper({
    objects,
    sources: [
      queueSource({
        queues,
        recordOf: (_queue, { message }) => ({ messageId: message.id, body: message.body }),
        clock,
      }),
    ],
    functions: { invoke } as Functions,
    clock,
    log: silent,
  });
  const running = startKeeper(keeper, objects, { clock, log: silent });
  const make = (name: string, spec: QueueSpec = {}): Promise<Queue> =>
    queues.create({ apiVersion: "catamaran.dev/v1", kind: "Queue", metadata: { name, namespace: "default" }, spec });
  const map = (spec: Partial<EventSourceMappingSpec> = {}) =>
    objects.create(eventSourceMappingKind, {
      metadata: { name: "m", namespace: "default" },
      spec: { function: "f", queue: "jobs", ...spec },
    });
  const send = async (...bodies: readonly string[]): Promise<void> => {
    const queue = await queues.find("default", "jobs");
    assert.ok(queue !== null);
    await queues
      .messagesOf(queue)
      .send(bodies.map((body) => ({ body, sender: "me", group: "g", deduplication: body })));
  };
  const left = async (): Promise<number> => {
    const queue = await queues.find("default", "jobs");
    assert.ok(queue !== null);
    const { visible, inFlight, delayed } = await queues.messagesOf(queue).counts();
    return visible + inFlight + delayed;
  };
  return {
    clock,
    objects,
    batches,
    qualifiers,
    make,
    map,
    send,
    left,
    state: async () => (await objects.get(eventSourceMappingKind, "default/m"))?.status,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      // Receivers that wait are told to go.
      const ended = keeper[Symbol.asyncDispose]();
      clock.advance(60_000);
      await ended;
    },
  };
}

/** Everything that can go on without time has gone on. */
async function settled(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}

test("what is sent is handed over and removed", async () => {
  await using all = await bench(() => "{}");
  await all.make("jobs");
  await all.map();
  await settled();
  await all.send("1", "2");
  await settled();
  assert.deepEqual(all.batches.flat().toSorted(), ["1", "2"]);
  assert.equal(await all.left(), 0);
  all.clock.advance(10_000);
  await settled();
  assert.deepEqual(await all.state(), { state: "Enabled", lastProcessingResult: "OK" });
});

test("a mapping of an alias runs the alias", async () => {
  await using all = await bench(() => "{}");
  await all.make("jobs");
  await all.map({ qualifier: "live" });
  await settled();
  await all.send("1");
  await settled();
  assert.deepEqual([...all.qualifiers], ["live"]);
});

test("what failed comes again after its time-out; what is reported as failed comes alone", async () => {
  let isFirst = true;
  await using all = await bench((bodies) => {
    const failed = isFirst && bodies.includes("bad");
    isFirst = !failed && isFirst;
    return failed ? new Error("no") : "{}";
  });
  await all.make("jobs", { visibilityTimeoutSeconds: 5 });
  await all.send("good", "bad");
  await all.map({ maximumConcurrency: 2 });
  await settled();
  assert.deepEqual(all.batches, [["good", "bad"]]);
  assert.equal(await all.left(), 2);
  all.clock.advance(5_000);
  await settled();
  assert.deepEqual(all.batches.slice(1).flat().toSorted(), ["bad", "good"]);
  assert.equal(await all.left(), 0);
});

test("a function without room is asked again with the same batch", async () => {
  let times = 0;
  await using all = await bench(() => (++times < 3 ? new Fault("TooManyRequests", "Rate Exceeded") : "{}"));
  await all.make("jobs");
  await all.send("x");
  await all.map();
  await settled();
  for (let i = 0; i < 4; i++) {
    all.clock.advance(1_000);
    await settled();
  }
  assert.deepEqual(all.batches, [["x"], ["x"], ["x"]]);
  assert.equal(await all.left(), 0);
});

test("a batch waits for its window, and ends with its size", async () => {
  await using all = await bench(() => "{}");
  await all.make("jobs");
  await all.map({ batchSize: 12, batchWindowSeconds: 3, maximumConcurrency: 2 });
  await settled();
  await all.send("1", "2");
  await settled();
  all.clock.advance(2_000);
  await settled();
  assert.deepEqual(all.batches, []);
  all.clock.advance(1_000);
  await settled();
  assert.deepEqual(all.batches, [["1", "2"]]);
});

test("what matches no filter is removed and never handed over", async () => {
  await using all = await bench(() => "{}");
  await all.make("jobs");
  await all.map({ filters: ['{"body":{"kind":["order"]}}'] });
  await settled();
  await all.send('{"kind":"order"}', '{"kind":"offer"}', "text");
  await settled();
  assert.deepEqual(all.batches, [['{"kind":"order"}']]);
  assert.equal(await all.left(), 0);
});

test("a disabled mapping rests; a deleted one hands nothing over; a queue that is not there is told of", async () => {
  await using all = await bench(() => "{}");
  await all.map();
  await settled();
  assert.match((await all.state())?.lastProcessingResult ?? "", /the queue does not exist/);
  await all.make("jobs");
  await all.objects.change(eventSourceMappingKind, "default/m", (live) => ({
    ...live,
    spec: { ...live.spec, enabled: false },
  }));
  await settled();
  all.clock.advance(20_000);
  await settled();
  assert.equal((await all.state())?.state, "Disabled");
  await all.send("x");
  await settled();
  assert.deepEqual(all.batches, []);
  await all.objects.remove(eventSourceMappingKind, "default/m");
  await settled();
  assert.equal(await all.left(), 1);
  assert.notEqual(await all.objects.get(queueKind, "default/jobs"), null);
});
