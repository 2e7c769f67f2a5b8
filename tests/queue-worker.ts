/** A process that is killed by tests/queue-crash.test.ts: sends, receives and removes, and says each only once it was answered. */
import { realClock } from "#machine/real-clock.ts";
import { realRandom } from "#machine/real-random.ts";
import { never } from "#base/stop.ts";
import { MessageQueue } from "#managed/queue/message-queue.ts";
import { Sequences } from "#managed/queue/message.ts";
import { SqliteDatabase } from "#store/sqlite/database.ts";

export const SETTINGS = {
  isDeduplicatedByGroup: false,
  delayMs: 0,
  visibilityMs: 50,
  waitMs: 0,
  retentionMs: 3_600_000,
  maxMessageBytes: 1_048_576,
};

/** The queue "standard" or "fifo" in that file. */
export function queueIn(database: SqliteDatabase, name: string): MessageQueue {
  return new MessageQueue({
    database,
    collection: name,
    name,
    settings: () => ({ ...SETTINGS, isFifo: name === "fifo" }),
    clock: realClock,
    random: realRandom,
    sequences: new Sequences(),
    deadLetterQueue: () => null,
  });
}

const LANES = 4;
/** Receivers of each queue. */
export const WORKERS = 2;

function say(what: string, queue: string, body: string): void {
  // The full stop tells a whole line from a torn one.
  process.stdout.write(`${what} ${queue} ${body} .\n`);
}

/** Each lane is a group: its messages are numbered and sent one after the other. */
async function send(queue: MessageQueue, name: string, lane: number, life: string): Promise<void> {
  for (let n = 0; ; n++) {
    const body = `${lane}/${life}/${String(n).padStart(6, "0")}`;
    await queue.send([{ body, sender: "test", group: String(lane), deduplication: body }]);
    say("sent", name, body);
  }
}

async function work(queue: MessageQueue, name: string): Promise<void> {
  for (;;) {
    for (const { message, ticket } of await queue.receive({ most: 3, waitMs: 1_000, stop: never })) {
      say("got", name, message.body);
      if ((await queue.remove([ticket]))[0] === true) say("gone", name, message.body);
    }
  }
}

if (import.meta.main) {
  const [file = "", life = ""] = process.argv.slice(2);
  const database = SqliteDatabase.open(file);
  const lanes = ["standard", "fifo"].flatMap((name) => {
    const queue = queueIn(database, name);
    const senders = Array.from({ length: LANES }, (_, lane) => send(queue, name, lane, life));
    return [...senders, ...Array.from({ length: WORKERS }, () => work(queue, name))];
  });
  await Promise.all(lanes);
}
