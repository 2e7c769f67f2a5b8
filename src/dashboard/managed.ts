/** The contract with the engines of managed services: counts, and the first few of what is kept. Reads alone. */
import type { Buckets } from "#managed/bucket/buckets.ts";
import type { MessageQueue } from "#managed/queue/message-queue.ts";
import type { Queues } from "#managed/queue/queues.ts";
import type { Tables } from "#managed/table/tables.ts";
import type { Queue } from "#kinds/catamaran/queue.ts";

/** The engines that are asked while a page is made: counts and a first few of what is kept. */
export interface Managed {
  readonly queues: { messagesOf(queue: Queue): Pick<MessageQueue, "counts" | "peek"> } & Pick<Queues, "sourcesOf">;
  readonly tables: Pick<Tables, "count">;
  readonly buckets: { contentsOf: (...of: Parameters<Buckets["contentsOf"]>) => BucketCount };
}

interface BucketCount {
  readonly objects: Pick<ReturnType<Buckets["contentsOf"]>["objects"], "count">;
}
