/** Proofs for the members of queues, event source mappings, topics, subscriptions, buses, rules, archives and schedules; see proofs.ts. */
import type { TypeProofs } from "./core-proofs.ts";

export const messageProofs: TypeProofs = {
  "dev.catamaran.v1.FunctionAsynchronous": {
    "src/aws/lambda/event-invoke.test.ts":
      "qualifier maximumRetries maximumAgeSeconds onSuccess onFailure lastModified",
  },
  "dev.catamaran.v1.ObjectTrigger": {
    "src/triggers/keep-object-triggers.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.ObjectTriggerSpec": {
    "src/triggers/keep-object-triggers.test.ts": "apiVersion kind selector filter function enabled",
  },
  "dev.catamaran.v1.Topic": {
    "src/managed/topic/topics.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.TopicSpec": {
    "src/managed/topic/topics.test.ts": "fifo",
    "src/aws/sns/service.test.ts": "displayName policy deliveryPolicy signatureVersion tags",
  },
  "dev.catamaran.v1.TopicFifo": {
    "src/managed/topic/topics.test.ts": "contentBasedDeduplication throughputScope",
  },
  "dev.catamaran.v1.Subscription": {
    "src/managed/topic/topics.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.SubscriptionSpec": {
    "src/managed/topic/topics.test.ts": "topic protocol endpoint filterPolicy filterPolicyScope",
    "src/aws/sns/service.test.ts": "rawMessageDelivery deadLetterQueue deliveryPolicy",
  },
  "dev.catamaran.v1.EventBus": {
    "src/managed/bus/buses.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.EventBusSpec": {
    "src/aws/events/service.test.ts": "description policy tags",
  },
  "dev.catamaran.v1.Rule": {
    "src/managed/bus/buses.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.RuleSpec": {
    "src/managed/bus/buses.test.ts": "bus enabled pattern schedule targets",
    "src/aws/events/service.test.ts": "description role tags",
  },
  "dev.catamaran.v1.RuleTarget": {
    "src/managed/bus/buses.test.ts": "id arn role deadLetterQueue retry messageGroup",
    "src/managed/bus/transform.test.ts": "input inputPath inputTransformer",
  },
  "dev.catamaran.v1.RuleInputTransformer": {
    "src/managed/bus/transform.test.ts": "paths template",
  },
  "dev.catamaran.v1.RuleRetry": {
    "src/managed/bus/buses.test.ts": "maximumAgeSeconds maximumAttempts",
  },
  "dev.catamaran.v1.Archive": {
    "src/managed/bus/buses.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.ArchiveSpec": {
    "src/managed/bus/buses.test.ts": "bus pattern retentionDays",
    "src/aws/events/service.test.ts": "description",
  },
  "dev.catamaran.v1.Schedule": {
    "src/managed/schedule/keep-schedules.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.ScheduleSpec": {
    "src/managed/schedule/keep-schedules.test.ts":
      "group expression timeZone start end flexibleMinutes enabled description afterCompletion target",
  },
  "dev.catamaran.v1.ScheduleTarget": {
    "src/managed/schedule/keep-schedules.test.ts": "arn role input deadLetterQueue retry messageGroup event",
  },
  "dev.catamaran.v1.ScheduleRetry": {
    "src/managed/schedule/keep-schedules.test.ts": "maximumAgeSeconds maximumAttempts",
  },
  "dev.catamaran.v1.ScheduleEvent": {
    "src/managed/schedule/keep-schedules.test.ts": "detailType source",
  },
  "dev.catamaran.v1.ScheduleGroup": {
    "src/aws/scheduler/service.test.ts": "metadata spec",
    "src/managed/schedule/keep-schedules.test.ts": "apiVersion kind",
  },
  "dev.catamaran.v1.ScheduleGroupSpec": {
    "src/aws/scheduler/service.test.ts": "tags",
  },
  "dev.catamaran.v1.Queue": {
    "src/kinds/catamaran/queue.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.QueueSpec": {
    "src/kinds/catamaran/queue.test.ts":
      "fifo delaySeconds visibilityTimeoutSeconds receiveWaitSeconds retentionSeconds maximumMessageBytes redrive redriveAllow",
    "src/aws/sqs/service.test.ts": "policy tags",
  },
  "dev.catamaran.v1.QueueFifo": {
    "src/kinds/catamaran/queue.test.ts": "contentBasedDeduplication deduplicationScope throughputLimit",
  },
  "dev.catamaran.v1.EventSourceMapping": {
    "src/aws/lambda/event-sources.test.ts": "metadata spec",
    "src/managed/queue/keep-queues.test.ts": "apiVersion kind",
  },
  "dev.catamaran.v1.EventSourceMappingSpec": {
    "src/triggers/keep-mappings.test.ts":
      "function qualifier queue enabled batchSize batchWindowSeconds maximumConcurrency filters",
    "src/aws/lambda/event-sources.test.ts": "reportsBatchItemFailures",
    "src/triggers/table-source.test.ts": "table ordered",
  },
  "dev.catamaran.v1.QueueRedrive": {
    "src/kinds/catamaran/queue.test.ts": "deadLetterQueue maxReceiveCount",
  },
  "dev.catamaran.v1.QueueRedriveAllow": {
    "src/kinds/catamaran/queue.test.ts": "permission sources",
  },
};
