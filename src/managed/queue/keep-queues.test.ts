/** What happens to a queue's messages when its object comes, stays and goes. */
import assert from "node:assert/strict";
import test from "node:test";
import { seededRandom } from "#base/random.ts";
import { never } from "#base/stop.ts";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import { type Queue, queueKind, type QueueSpec } from "#kinds/catamaran/queue.ts";
import { MemoryDatabase } from "#store/memory/database.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { queueKeeper } from "./keep-queues.ts";
import { MoveTasks } from "./move-tasks.ts";
import { Queues } from "./queues.ts";

async function bench() {
  const { deck, clock } = await openSampleDeck(new MemoryJournal(new FakeClock()));
  const objects = deck.objects("queues");
  const database = new MemoryDatabase();
  const parts = { objects, database, clock, random: seededRandom(3) };
  const queues = new Queues(parts);
  const tasks = new MoveTasks(parts);
  const keeper = queueKeeper({ ...parts, queues, tasks });
  const find = async (name: string): Promise<Queue> => (await objects.get(queueKind, `default/${name}`)) as Queue;
  return {
    queues,
    tasks,
    clock,
    database,
    objects,
    find,
    keep: async (name: string) =>
      keeper.keep(`default/${name}`, (await objects.get(queueKind, `default/${name}`)) ?? undefined),
    make: (name: string, spec: QueueSpec = {}) =>
      queues.create({ apiVersion: "catamaran.dev/v1", kind: "Queue", metadata: { name, namespace: "default" }, spec }),
  };
}

test("a queue is held until its messages are gone, and a new one under its name starts empty", async () => {
  const { make, keep, find, queues, objects, database } = await bench();
  await make("jobs");
  await keep("jobs");
  const old = await find("jobs");
  assert.deepEqual(old.metadata.finalizers, ["catamaran.dev/queue-messages"]);
  await queues.messagesOf(old).send([{ body: "x", sender: "me" }]);
  await queues.remove(old);
  assert.equal(await queues.find("default", "jobs"), null);
  await keep("jobs");
  assert.equal(await objects.get(queueKind, "default/jobs"), null);
  assert.equal((await database.count(`queue jobs.${old.metadata.uid ?? ""}`)).rows, 0);
  const fresh = await make("jobs");
  assert.deepEqual(await queues.messagesOf(fresh).receive({ most: 1, waitMs: 0, stop: never }), []);
});

test("its status counts the messages, and it is looked at once a minute", async () => {
  const { make, keep, find, queues, clock } = await bench();
  await make("jobs");
  await keep("jobs");
  await queues.messagesOf(await find("jobs")).send([
    { body: "now", sender: "me" },
    { body: "later", sender: "me", delayMs: 5_000 },
  ]);
  assert.equal(await keep("jobs"), clock.now() + 60_000);
  assert.deepEqual((await find("jobs")).status, { visible: 1, inFlight: 0, delayed: 1 });
});

test("a task carries letters to where each came from, at its pace, and ends", async () => {
  const { make, keep, find, queues, tasks, clock } = await bench();
  await make("letters");
  await make("jobs", { visibilityTimeoutSeconds: 0, redrive: { deadLetterQueue: "letters", maxReceiveCount: 1 } });
  for (const name of ["letters", "jobs"]) await keep(name);
  const jobs = queues.messagesOf(await find("jobs"));
  await jobs.send([
    { body: "a", sender: "me" },
    { body: "b", sender: "me" },
  ]);
  for (let i = 0; i < 2; i++) await jobs.receive({ most: 10, waitMs: 0, stop: never });
  const task = await tasks.start({ source: "default/letters", maxPerSecond: 1, toMove: 2 });
  const now = clock.now();
  assert.equal(await keep("letters"), now + 1_000);
  assert.deepEqual(
    (await tasks.list("default/letters")).map(({ moved }) => moved),
    [1],
  );
  await keep("letters");
  await keep("letters");
  const [ended] = await tasks.list("default/letters");
  assert.deepEqual([ended?.handle, ended?.status, ended?.moved], [task.handle, "COMPLETED", 2]);
  const back = await jobs.receive({ most: 10, waitMs: 0, stop: never });
  assert.deepEqual(
    back.map(({ message, receives }) => [message.body, receives]),
    [
      ["a", 1],
      ["b", 1],
    ],
  );
});
