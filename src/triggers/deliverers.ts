/** What a push can go to: one deliverer for each service that an ARN can name, and one for addresses. The list is put together where the engines are. */
import { type Arn, parseArn } from "#base/arn.ts";
import { Fault } from "#base/fault.ts";
import type { Clock } from "#base/clock.ts";
import { parseJson } from "#base/json.ts";
import type { Random } from "#base/random.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import type { Functions } from "#functions/engine.ts";
import { type Buses, eventIn } from "#managed/bus/buses.ts";
import type { Push } from "#managed/push.ts";
import type { Queues } from "#managed/queue/queues.ts";
import type { Topics } from "#managed/topic/topics.ts";
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

/** Asks an http(s) address; resolves to the status of its answer. */
export type Post = (
  address: string,
  posting: { readonly headers: Push["headers"]; readonly body: string },
) => Promise<number>;

/** Fault: NotFound for a target that nobody can be asked about. */
export function deliverBy(deliverers: readonly Deliverer[], post: Post, home: Home): Deliver {
  const byService = new Map(deliverers.map((one) => [one.service, one]));
  return async (push) => {
    if (/^https?:/.test(push.target)) return deliverTo(push, post);
    const target = parseArn(push.target);
    const deliverer = target === null ? undefined : byService.get(target.service);
    if (target === null || deliverer === undefined)
      throw new Fault("Unsupported", `nothing can be delivered to ${push.target}`);
    if (target.accountId !== home.accountId || target.region !== home.region)
      throw new Fault("NotFound", `${push.target} is not in this account and region`);
    await deliverer.deliver(push, target);
  };
}

/** Amazon SNS Developer Guide, "Message delivery retries": what the client is to blame for is not tried again, but for 429. */
async function deliverTo({ target, payload, headers }: Push, post: Post): Promise<void> {
  const status = await post(target, { headers, body: payload });
  if (status >= 200 && status < 300) return;
  const isFinal = status >= 400 && status < 500 && status !== 429;
  throw new Fault(isFinal ? "BadRequest" : "Unavailable", `${target} answered ${status}`);
}

/** A function is run asynchronously: once its event is accepted the rest is its own retries (Lambda Developer Guide, "Asynchronous invocation"). */
export function functionDeliverer(functions: Functions, home: Home): Deliverer {
  return {
    service: "lambda",
    deliver: async ({ payload, namespace = home.namespace }, { resource }) => {
      const [, name = "", qualifier] = resource.split(":");
      const version = qualifier === undefined ? {} : { qualifier };
      await functions.invoke({ namespace, name, ...version, payload: encodeUtf8(payload), type: "Event" });
    },
  };
}

export function queueDeliverer(queues: Queues, home: Home): Deliverer {
  return {
    service: "sqs",
    deliver: async (
      { payload, source, attributes, group, deduplication, namespace = home.namespace },
      { resource },
    ) => {
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

export function topicDeliverer(topics: Topics, home: Home): Deliverer {
  return {
    service: "sns",
    deliver: async ({ payload, source, subject, attributes, group, deduplication, ...push }, { resource }) => {
      const { namespace = home.namespace } = push;
      const topic = await topics.find(namespace, resource);
      if (topic === null) throw new Fault("NotFound", `the topic ${resource} does not exist`);
      await topics.publish(topic, [
        {
          body: payload,
          sender: source,
          ...(subject !== undefined && { subject }),
          ...(attributes !== undefined && { attributes }),
          ...(group !== undefined && { group }),
          ...(deduplication !== undefined && { deduplication }),
        },
      ]);
    },
  };
}

/** An event that came from another bus stays what it is; any other payload is the detail of a new one. */
export function busDeliverer(
  buses: Buses,
  home: Home,
  { clock, random }: { readonly clock: Clock; readonly random: Pick<Random, "uuid"> },
): Deliverer {
  return {
    service: "events",
    deliver: async ({ payload, event: named, namespace = home.namespace }, { resource }) => {
      const name = resource.replace(/^event-bus\//, "");
      const bus = await buses.find(namespace, name);
      if (bus === null) throw new Fault("NotFound", `the event bus ${name} does not exist`);
      const json = parseJson(payload);
      const event =
        named === undefined
          ? eventIn(json)
          : { id: random.uuid(), timeMs: clock.now(), resources: [], ...named, detail: json };
      if (event === null) throw new Fault("BadRequest", "what goes to a bus must be an event");
      await buses.put(bus, [event]);
    },
  };
}
