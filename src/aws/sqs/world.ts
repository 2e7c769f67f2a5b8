/** What the SQS actions work on, and how queues are named outside: URLs, ARNs, and the errors about them. */
import { Fault } from "#base/fault.ts";
import { keyOf, type ObjectKey } from "#base/key.ts";
import type { Queue } from "#kinds/catamaran/queue.ts";
import type { Received } from "#managed/queue/message.ts";
import type { MoveTasks } from "#managed/queue/move-tasks.ts";
import type { Queues } from "#managed/queue/queues.ts";
import type { Call } from "../action.ts";
import type { Place } from "../place.ts";
import { AwsError } from "../aws-error.ts";
import { errorsOf } from "../service-error.ts";
import { model } from "./model.gen.ts";

export interface QueueWorld {
  readonly queues: Queues;
  readonly tasks: MoveTasks;
  readonly accountId: string;
  readonly region: string;
  readonly namespace: string;
}

export const failure: ReturnType<typeof errorsOf<typeof model extends { readonly errors?: infer E } ? E : never>> =
  errorsOf(model);

/** Under the address that the client itself used: SDKs send their next request to the URL of the queue. */
export function urlOf({ accountId }: QueueWorld, name: string, { headers }: Call): string {
  return `http://${headers["host"] ?? "127.0.0.1"}/${accountId}/${name}`;
}

export function arnOf({ region, accountId }: Place, name: string): string {
  return `arn:aws:sqs:${region}:${accountId}:${name}`;
}

/** The queue that a URL (or only a name, as AWS takes it, too) means. AwsError: QueueDoesNotExist. */
export async function queueAt(world: QueueWorld, url: string): Promise<Queue> {
  const [name = "", account = world.accountId] = url.split("/").toReversed();
  const found = account === world.accountId ? await world.queues.find(world.namespace, name) : null;
  if (found === null) throw noQueue();
  return found;
}

export function noQueue(): AwsError {
  return failure("QueueDoesNotExist", "The specified queue does not exist.");
}

/** The name in an ARN of this account and region; null for any other text. */
export function nameInArn(place: Place, arn: string): string | null {
  const prefix = arnOf(place, "");
  return arn.startsWith(prefix) ? arn.slice(prefix.length) : null;
}

export function keyIn({ namespace }: QueueWorld, name: string): ObjectKey {
  return keyOf(namespace, name);
}

export function invalidValue(value: string | number, parameter: string, reason: string): AwsError {
  return invalid(`Value ${value} for parameter ${parameter} is invalid. Reason: ${reason}`);
}

/** Codes that SQS has and its model does not name. */
export function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValue", 400, message);
}

export function missing(parameter: string): AwsError {
  return new AwsError("MissingParameter", 400, `The request must contain the parameter ${parameter}.`);
}

/** What the engine says against an input, in SQS's words. */
export async function inSqsWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    if (thrown.code === "BadRequest" && thrown.message.includes("receipt handle"))
      throw failure("ReceiptHandleIsInvalid", thrown.message);
    if (thrown.code === "BadRequest") throw invalid(thrown.message);
    throw thrown;
  }
}

/** What the system knows of a delivery, by SQS's names. */
export function systemAttributes(
  place: Place,
  { message, receives, firstReceivedAtMs }: Received,
): Readonly<Record<string, string>> {
  const { group, deduplication, traceHeader, deadLetterSource } = message;
  return {
    SenderId: message.sender,
    SentTimestamp: String(message.sentAtMs),
    ApproximateReceiveCount: String(receives),
    ApproximateFirstReceiveTimestamp: String(firstReceivedAtMs),
    ...(group !== undefined && { MessageGroupId: group }),
    ...(deduplication !== undefined && { MessageDeduplicationId: deduplication, SequenceNumber: message.sequence }),
    ...(traceHeader !== undefined && { AWSTraceHeader: traceHeader }),
    ...(deadLetterSource !== undefined && { DeadLetterQueueSourceArn: arnOf(place, deadLetterSource) }),
  };
}

/** What policies call the queue of a URL, or of only a name. */
export function queueArns({ QueueUrl: url }: { readonly QueueUrl: string }, place: Place): readonly string[] {
  const [name = "", account = place.accountId] = url.split("/").toReversed();
  return [arnOf({ ...place, accountId: account }, name)];
}
