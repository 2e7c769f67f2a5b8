/** What a push can go to: one deliverer for each service that an ARN can name, and one for addresses. The list is put together where the engines are. */
import { type Arn, parseArn } from "#base/arn.ts";
import { Fault } from "#base/fault.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import type { Functions } from "#functions/engine.ts";
import type { Push } from "#managed/push.ts";
import type { Queues } from "#managed/queue/queues.ts";
import type { Deliver } from "./outbox.ts";

/** How pushes reach one service. */
export interface Deliverer {
  /** As ARNs name it: "lambda", "sqs". */
  readonly service: string;
  /** Resolves when the target has it durably. */
  deliver(push: Push, target: Arn): Promise<void>;
}

/** Where our own targets are: pushes to another account or region find nobody. */
export interface Home {
  readonly accountId: string;
  readonly region: string;
  readonly namespace: string;
}

/** Fault: NotFound for a target that nobody can be asked about. */
export function deliverBy(deliverers: readonly Deliverer[], home: Home): Deliver {
  const byService = new Map(deliverers.map((one) => [one.service, one]));
  return async (push) => {
    const target = parseArn(push.target);
    const deliverer = target === null ? undefined : byService.get(target.service);
    if (target === null || deliverer === undefined)
      throw new Fault("Unsupported", `nothing can be delivered to ${push.target}`);
    if (target.accountId !== home.accountId || target.region !== home.region)
      throw new Fault("NotFound", `${push.target} is not in this account and region`);
    await deliverer.deliver(push, target);
  };
}

/** A function is run asynchronously: once its event is accepted the rest is its own retries (Lambda Developer Guide, "Asynchronous invocation"). */
export function functionDeliverer(functions: Functions, { namespace }: Home): Deliverer {
  return {
    service: "lambda",
    deliver: async ({ payload }, { resource }) => {
      const [, name = "", qualifier] = resource.split(":");
      const version = qualifier === undefined ? {} : { qualifier };
      await functions.invoke({ namespace, name, ...version, payload: encodeUtf8(payload), type: "Event" });
    },
  };
}

export function queueDeliverer(queues: Queues, { namespace }: Home): Deliverer {
  return {
    service: "sqs",
    deliver: async ({ payload, source, attributes, group, deduplication }, { resource }) => {
      const queue = await queues.find(namespace, resource);
      if (queue === null) throw new Fault("NotFound", `the queue ${resource} does not exist`);
      const isFifo = queue.spec.fifo !== undefined;
      if (isFifo && group === undefined) throw new Fault("BadRequest", "a FIFO queue needs a message group");
      await queues.messagesOf(queue).send([
        {
          body: payload,
          sender: source,
          ...(attributes !== undefined && { attributes }),
          ...(group !== undefined && { group }),
          ...(isFifo && deduplication !== undefined && { deduplication }),
        },
      ]);
    },
  };
}
