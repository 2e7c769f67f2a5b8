/** Carrying dead letters back: StartMessageMoveTask, CancelMessageMoveTask, ListMessageMoveTasks. */
import { Fault } from "#base/fault.ts";
import { nameOf } from "#base/key.ts";
import type { Queue } from "#kinds/catamaran/queue.ts";
import type { MoveTask } from "#managed/queue/move-tasks.ts";
import { type Action, action, type Need } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { type ListMessageMoveTasksResultEntry, model } from "./model.gen.ts";
import { arnOf, failure, invalid, keyIn, nameInArn, type QueueWorld } from "./world.ts";
import type { Place } from "../place.ts";

const MAX_PER_SECOND = 500;

export const startMessageMoveTask: Action<QueueWorld> = action(model, "StartMessageMoveTask", {
  resources: ({ SourceArn }) => [SourceArn],
  alsoNeeds: moveNeeds,
  serves: ["SourceArn", "DestinationArn", "MaxNumberOfMessagesPerSecond"],
  unserved: {},
  run: async (world: QueueWorld, { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond: rate }) => {
    const source = await queueOfArn(world, SourceArn, "SourceArn");
    if (world.queues.sourcesOf(source).length === 0)
      throw invalid("Source queue must be configured as a Dead Letter Queue.");
    if (rate !== undefined && (rate < 1 || rate > MAX_PER_SECOND))
      throw invalid(
        `Value for parameter MaxNumberOfMessagesPerSecond is invalid. Reason: Must be between 1 and ${MAX_PER_SECOND}, if provided.`,
      );
    const destination = DestinationArn === undefined ? null : await queueOfArn(world, DestinationArn, "DestinationArn");
    if (destination?.metadata.name === source.metadata.name)
      throw invalid("Source queue arn and destination queue arn cannot be the same.");
    const { visible, inFlight, delayed } = await world.queues.messagesOf(source).counts();
    const task = await started(() =>
      world.tasks.start({
        source: keyIn(world, source.metadata.name),
        toMove: visible + inFlight + delayed,
        ...(destination !== null && { destination: keyIn(world, destination.metadata.name) }),
        ...(rate !== undefined && { maxPerSecond: rate }),
      }),
    );
    return { TaskHandle: handleOf(world, task) };
  },
});

async function started(start: () => Promise<MoveTask>): Promise<MoveTask> {
  try {
    return await start();
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "Conflict")
      throw new AwsError("UnsupportedOperation", 400, thrown.message);
    throw thrown;
  }
}

async function queueOfArn(world: QueueWorld, arn: string, member: string): Promise<Queue> {
  const name = nameInArn(world, arn);
  if (name === null)
    throw invalid(
      `You must use this format to specify the ${member}: arn:<partition>:<service>:<region>:<account-id>:<resource-id>`,
    );
  const found = await world.queues.find(world.namespace, name);
  if (found === null)
    throw failure(
      "ResourceNotFoundException",
      `The resource that you specified for the ${member} parameter doesn't exist.`,
    );
  return found;
}

export const cancelMessageMoveTask: Action<QueueWorld> = action(model, "CancelMessageMoveTask", {
  resources: ({ TaskHandle }, place) => [arnOf(place, readHandle(place, TaskHandle).source)],
  serves: ["TaskHandle"],
  unserved: {},
  run: async (world: QueueWorld, { TaskHandle: handle }) => {
    const { taskId, source } = readHandle(world, handle);
    const task = await world.tasks.cancel(keyIn(world, source), taskId);
    if (task === null) throw failure("ResourceNotFoundException", "Task does not exist.");
    return { ApproximateNumberOfMessagesMoved: task.moved };
  },
});

function handleOf(world: QueueWorld, { handle, source }: MoveTask): string {
  const told = { taskId: handle, sourceArn: arnOf(world, nameOf(source).name) };
  return Buffer.from(JSON.stringify(told)).toString("base64");
}

const MAX_HANDLE = 4_096;

interface Handle {
  readonly taskId: string;
  readonly source: string;
}

function readHandle(place: Place, handle: string): Handle {
  const wrong = invalid("Value for parameter TaskHandle is invalid.");
  if (handle.length > MAX_HANDLE) throw wrong;
  try {
    const told: unknown = JSON.parse(Buffer.from(handle, "base64").toString());
    const { taskId, sourceArn } = Object.fromEntries(Object.entries(told ?? {}));
    const source = nameInArn(place, String(sourceArn));
    if (typeof taskId !== "string" || source === null) throw wrong;
    return { taskId, source };
  } catch {
    // No JSON, or another one: no handle of ours.
    throw wrong;
  }
}

export const listMessageMoveTasks: Action<QueueWorld> = action(model, "ListMessageMoveTasks", {
  resources: ({ SourceArn }) => [SourceArn],
  serves: ["SourceArn", "MaxResults"],
  unserved: {},
  run: async (world: QueueWorld, { SourceArn, MaxResults: most = 1 }) => {
    const { metadata } = await queueOfArn(world, SourceArn, "SourceArn");
    const tasks = await world.tasks.list(keyIn(world, metadata.name));
    return { Results: tasks.slice(0, most).map((task) => told(world, task)) };
  },
});

function told(world: QueueWorld, task: MoveTask): ListMessageMoveTasksResultEntry {
  const { source, destination, maxPerSecond, status, moved, toMove, startedAtMs, failure: reason } = task;
  return {
    // Only of a task that can still be cancelled.
    ...(status === "RUNNING" && { TaskHandle: handleOf(world, task) }),
    Status: status,
    SourceArn: arnOf(world, nameOf(source).name),
    ...(destination !== undefined && { DestinationArn: arnOf(world, nameOf(destination).name) }),
    ...(maxPerSecond !== undefined && { MaxNumberOfMessagesPerSecond: maxPerSecond }),
    ApproximateNumberOfMessagesMoved: moved,
    ApproximateNumberOfMessagesToMove: toMove,
    ...(reason !== undefined && { FailureReason: reason }),
    StartedTimestamp: startedAtMs,
  };
}

/** SQS Developer Guide, "Configure queue permissions for a dead-letter queue redrive". */
function moveNeeds({
  SourceArn,
  DestinationArn,
}: {
  readonly SourceArn: string;
  readonly DestinationArn?: string;
}): readonly Need[] {
  const ofSource = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
  return [
    ...ofSource.map((permission) => ({ permission, resource: SourceArn })),
    ...(DestinationArn === undefined ? [] : [{ permission: "sqs:SendMessage", resource: DestinationArn }]),
  ];
}
