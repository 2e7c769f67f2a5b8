/** SQS: the list of its actions (API version 2012-11-05). */
import { type Action, type Service, service } from "../action.ts";
import {
  createQueue,
  deleteQueue,
  getQueueAttributes,
  getQueueUrl,
  listDeadLetterSourceQueues,
  listQueues,
  listQueueTags,
  purgeQueue,
  setQueueAttributes,
  tagQueue,
  untagQueue,
} from "./manage-queues.ts";
import { model } from "./model.gen.ts";
import { cancelMessageMoveTask, listMessageMoveTasks, startMessageMoveTask } from "./move-messages.ts";
import { addPermission, removePermission } from "./permissions.ts";
import {
  changeMessageVisibility,
  changeMessageVisibilityBatch,
  deleteMessage,
  deleteMessageBatch,
  receiveMessage,
} from "./receive-messages.ts";
import { sendMessage, sendMessageBatch } from "./send-messages.ts";
import type { QueueWorld } from "./world.ts";

export const actions: readonly Action<QueueWorld>[] = [
  createQueue,
  getQueueUrl,
  listQueues,
  getQueueAttributes,
  setQueueAttributes,
  deleteQueue,
  purgeQueue,
  listQueueTags,
  tagQueue,
  untagQueue,
  sendMessage,
  sendMessageBatch,
  receiveMessage,
  deleteMessage,
  deleteMessageBatch,
  changeMessageVisibility,
  changeMessageVisibilityBatch,
  addPermission,
  removePermission,
  listDeadLetterSourceQueues,
  startMessageMoveTask,
  cancelMessageMoveTask,
  listMessageMoveTasks,
];

// SQS's own names of the time before JSON; boto3 and kombu still tell errors apart by them.
const QUERY_CODES: Readonly<Record<string, string>> = {
  QueueNameExists: "QueueAlreadyExists",
  QueueDoesNotExist: "AWS.SimpleQueueService.NonExistentQueue",
  ...Object.fromEntries(
    [
      "BatchEntryIdsNotDistinct",
      "BatchRequestTooLong",
      "EmptyBatchRequest",
      "InvalidBatchEntryId",
      "MessageNotInflight",
      "PurgeQueueInProgress",
      "QueueDeletedRecently",
      "TooManyEntriesInBatchRequest",
      "UnsupportedOperation",
    ].map((code) => [code, `AWS.SimpleQueueService.${code}`]),
  ),
};

// Ten entries of a batch are 1 MiB together; JSON may need six characters for one.
const MAX_BODY_BYTES = 8 * 1024 * 1024;

export function sqsService(world: QueueWorld): Service {
  return service(model, world, actions, {
    maxBodyBytes: MAX_BODY_BYTES,
    errorNamespace: "com.amazonaws.sqs",
    queryCodes: QUERY_CODES,
    policyOf: async (arn) => (await world.queues.find(world.namespace, arn.split(":")[5] ?? ""))?.spec.policy ?? null,
  });
}
