/** A process that is killed by tests/push-crash.test.ts: accepts pushes and says each once it was answered; deliveries fail now and then. */
import { Fault } from "#base/fault.ts";
import { silent } from "#base/log.ts";
import { realClock } from "#machine/real-clock.ts";
import { realRandom } from "#machine/real-random.ts";
import type { Push, RetryPolicy } from "#managed/push.ts";
import type { MessageQueue } from "#managed/queue/message-queue.ts";
import { SqliteDatabase } from "#store/sqlite/database.ts";
import { Outbox } from "#triggers/outbox.ts";
import { queueIn } from "./queue-worker.ts";

/** The queue that everything is delivered to. */
export const TARGET = "standard";
const LANES = 4;
const FAILURES = 0.1;
const RETRY: RetryPolicy = { retries: 1_000, phases: [{ times: 1, fromMs: 1, toMs: 5, growth: "linear" }] };

/** `failures`: which share of the deliveries fails. */
export async function outboxIn(database: SqliteDatabase, queue: MessageQueue, failures: number): Promise<Outbox> {
  const outbox = await Outbox.open({ database, clock: realClock, random: realRandom, log: silent });
  outbox.start(async ({ payload, source }) => {
    if (realRandom.number() < failures) throw new Fault("Unavailable", "not now");
    await queue.send([{ body: payload, sender: source }]);
  });
  return outbox;
}

/** Half of the lanes are in order. */
async function push(outbox: Outbox, lane: number, life: string): Promise<void> {
  for (let n = 0; ; n++) {
    const bodies = [n * 2, n * 2 + 1].map((at) => `${lane}/${life}/${String(at).padStart(6, "0")}`);
    const common: Omit<Push, "payload"> = { target: "q", source: "test", retry: RETRY };
    const order = lane % 2 === 0 ? { order: String(lane) } : {};
    await outbox.accept(bodies.map((payload) => ({ ...common, ...order, payload })));
    for (const body of bodies) process.stdout.write(`accepted ${body} .\n`);
  }
}

if (import.meta.main) {
  const [file = "", life = ""] = process.argv.slice(2);
  const database = SqliteDatabase.open(file);
  const outbox = await outboxIn(database, queueIn(database, TARGET), FAILURES);
  await Promise.all(Array.from({ length: LANES }, (_, lane) => push(outbox, lane, life)));
}
