/** Keeps queues: their messages go with them, what is too old is swept, letters are carried back, and the status says how many there are. */
import type { Clock } from "#base/clock.ts";
import { keyOf, nameOf } from "#base/key.ts";
import type { Keeper } from "#deck/controller.ts";
import type { Objects } from "#deck/objects.ts";
import { type Queue, queueKind, type QueueStatus } from "#kinds/catamaran/queue.ts";
import type { MoveTasks } from "./move-tasks.ts";
import type { Queues } from "./queues.ts";

export interface QueueKeeping {
  readonly objects: Objects;
  readonly queues: Queues;
  readonly tasks: MoveTasks;
  readonly clock: Clock;
}

const FINALIZER = "catamaran.dev/queue-messages";
const EVERY_MS = 60_000;

export function queueKeeper({ objects, queues, tasks, clock }: QueueKeeping): Keeper<Queue> {
  return {
    name: "catamaran-queues",
    kind: queueKind,
    listen: (wake) => tasks.onStart(wake),
    async keep(key, queue) {
      if (queue === undefined) return undefined;
      const { finalizers = [], deletionTimestamp } = queue.metadata;
      const isHeld = finalizers.includes(FINALIZER);
      if (deletionTimestamp !== undefined) {
        if (!isHeld) return undefined;
        await queues.drop(queue);
        await objects.change(queueKind, key, (live) => withFinalizers(live, without(live.metadata.finalizers)));
        return undefined;
      }
      if (!isHeld) {
        await objects.change(queueKind, key, (live) =>
          withFinalizers(live, [...without(live.metadata.finalizers), FINALIZER]),
        );
        return undefined;
      }
      const messages = queues.messagesOf(queue);
      const { namespace } = nameOf(key);
      const target = (name: string): ReturnType<Queues["messagesOf"]> | null => {
        const found = queues.list(namespace).find(({ metadata }) => metadata.name === name);
        return found === undefined ? null : queues.messagesOf(found);
      };
      const again = await tasks.step(key, messages, (destination, from) => {
        if (destination !== undefined) return target(nameOf(destination).name);
        return from === undefined ? null : target(from);
      });
      if (again !== undefined) return again;
      const isMore = await messages.sweep();
      await report(objects, queue, await messages.counts());
      return clock.now() + (isMore ? 0 : EVERY_MS);
    },
  };
}

async function report(objects: Objects, queue: Queue, counts: Required<QueueStatus>): Promise<void> {
  const { metadata, status = {} } = queue;
  const { visible, inFlight, delayed } = counts;
  if (status.visible === visible && status.inFlight === inFlight && status.delayed === delayed) return;
  const key = keyOf(metadata.namespace ?? "", metadata.name);
  await objects.change(queueKind, key, (live) => ({ ...live, status: counts }), { subresource: "status" });
}

function without(finalizers: readonly string[] = []): readonly string[] {
  return finalizers.filter((name) => name !== FINALIZER);
}

function withFinalizers(queue: Queue, finalizers: readonly string[]): Queue {
  return { ...queue, metadata: { ...queue.metadata, finalizers } };
}
