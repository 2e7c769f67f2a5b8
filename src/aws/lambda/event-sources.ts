/** Event source mappings: what a function is run with by itself; today from queues (Lambda API Reference, CreateEventSourceMapping). */
import { keyOf } from "#base/key.ts";
import type { Live } from "#kinds/object.ts";
import {
  type EventSourceMapping,
  eventSourceMappingKind,
  type EventSourceMappingSpec,
} from "#kinds/catamaran/event-source-mapping.ts";
import { type Queue, queueKind } from "#kinds/catamaran/queue.ts";
import { patternFault } from "#kinds/rules/patterns.ts";
import { type Action, action, type ConditionValues } from "../action.ts";
import { type AccountFunctions, findFunction } from "./account-functions.ts";
import { type EventSourceMappingConfiguration, type FilterCriteria, model } from "./model.gen.ts";
import { arnOf, failure, functionArns, invalid, referenceOf } from "./names.ts";
import type { Place } from "../place.ts";

const QUEUES_ALONE = "queues are the only event sources yet";
const NOT_YET = "leave it out";

// Of streams, brokers and clusters; a queue has none of it.
const OF_STREAMS = {
  ParallelizationFactor: QUEUES_ALONE,
  DestinationConfig: QUEUES_ALONE,
  MaximumRecordAgeInSeconds: QUEUES_ALONE,
  BisectBatchOnFunctionError: QUEUES_ALONE,
  MaximumRetryAttempts: QUEUES_ALONE,
  TumblingWindowInSeconds: QUEUES_ALONE,
  SourceAccessConfigurations: QUEUES_ALONE,
  AmazonManagedKafkaEventSourceConfig: QUEUES_ALONE,
  SelfManagedKafkaEventSourceConfig: QUEUES_ALONE,
  DocumentDBEventSourceConfig: QUEUES_ALONE,
  KMSKeyArn: NOT_YET,
  MetricsConfig: NOT_YET,
  LoggingConfig: NOT_YET,
  ProvisionedPollerConfig: NOT_YET,
} as const;

export const createEventSourceMapping: Action<AccountFunctions> = action(model, "CreateEventSourceMapping", {
  conditions: functionCondition,
  serves: [
    "EventSourceArn",
    "FunctionName",
    "Enabled",
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "FunctionResponseTypes",
    "ScalingConfig",
    "FilterCriteria",
  ],
  unserved: {
    ...OF_STREAMS,
    StartingPosition: QUEUES_ALONE,
    StartingPositionTimestamp: QUEUES_ALONE,
    Topics: QUEUES_ALONE,
    Queues: QUEUES_ALONE,
    SelfManagedEventSource: QUEUES_ALONE,
    Tags: NOT_YET,
  },
  run: async (account: AccountFunctions, input) => {
    const fn = await findFunction(account, referenceOf(account, { FunctionName: input.FunctionName }));
    const queue = await queueIn(account, input.EventSourceArn);
    const timeoutSeconds = fn.spec.timeoutSeconds ?? 3;
    const hiddenSeconds = queue.spec.visibilityTimeoutSeconds ?? 30;
    if (hiddenSeconds < timeoutSeconds)
      throw invalid(
        `Queue visibility timeout: ${hiddenSeconds} seconds is less than Function timeout: ${timeoutSeconds} seconds`,
      );
    const name = fn.metadata.name;
    const twin = (await mappings(account)).find(
      ({ spec }) => spec.queue === queue.metadata.name && spec.function === name,
    );
    if (twin !== undefined)
      throw failure(
        "ResourceConflictException",
        `The event source arn (" ${input.EventSourceArn ?? ""} ") and function (" ${name} ") provided mapping already exists. Please update or delete the existing mapping with UUID ${twin.metadata.name}`,
      );
    const spec = withSettings({ function: name, queue: queue.metadata.name }, input);
    const created = await account.objects.create(eventSourceMappingKind, {
      apiVersion: "catamaran.dev/v1",
      kind: "EventSourceMapping",
      metadata: { name: account.newId(), namespace: account.namespace },
      spec,
    });
    return described(account, created, "Creating");
  },
});

/** The queue of an ARN; Lambda looks into it before it makes a mapping. */
async function queueIn(account: AccountFunctions, arn: string | undefined): Promise<Queue> {
  if (arn === undefined) throw invalid("Event source arn is required.");
  const prefix = `arn:aws:sqs:${account.region}:${account.accountId}:`;
  if (!arn.startsWith(prefix))
    throw invalid(`Unrecognized event source: ${arn}; ${QUEUES_ALONE}, of this account and region`);
  const queue = await account.objects.get(queueKind, keyOf(account.namespace, arn.slice(prefix.length)));
  if (queue === null)
    throw invalid(
      "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.",
    );
  return queue;
}

interface Settings {
  readonly Enabled?: boolean;
  readonly BatchSize?: number;
  readonly MaximumBatchingWindowInSeconds?: number;
  readonly FunctionResponseTypes?: readonly string[];
  readonly ScalingConfig?: { readonly MaximumConcurrency?: number };
  readonly FilterCriteria?: FilterCriteria;
}

/** What the input says replaces what the mapping has; an empty ScalingConfig or FilterCriteria takes away what there was. */
function withSettings(spec: EventSourceMappingSpec, input: Settings): EventSourceMappingSpec {
  const { Enabled, BatchSize, MaximumBatchingWindowInSeconds: window, FunctionResponseTypes: types } = input;
  const { maximumConcurrency: before, filters: filtersBefore = [], ...rest } = spec;
  const filters = input.FilterCriteria === undefined ? filtersBefore : filtersIn(input.FilterCriteria);
  const maximumConcurrency = input.ScalingConfig === undefined ? before : input.ScalingConfig.MaximumConcurrency;
  return {
    ...rest,
    ...(Enabled !== undefined && { enabled: Enabled }),
    ...(BatchSize !== undefined && { batchSize: BatchSize }),
    ...(window !== undefined && { batchWindowSeconds: window }),
    ...(types !== undefined && { reportsBatchItemFailures: types.includes("ReportBatchItemFailures") }),
    ...(maximumConcurrency !== undefined && { maximumConcurrency }),
    ...(filters.length > 0 && { filters }),
  };
}

// Lambda's quota; it can be raised to ten.
const MAX_FILTERS = 10;

function filtersIn({ Filters = [] }: FilterCriteria): readonly string[] {
  if (Filters.length > MAX_FILTERS) throw invalid(`Filter criteria has more than ${MAX_FILTERS} filters`);
  const patterns = Filters.map(({ Pattern = "" }) => Pattern);
  if (patterns.some((pattern) => patternFault(pattern) !== null)) throw invalid("Invalid filter pattern definition.");
  return patterns;
}

export const getEventSourceMapping: Action<AccountFunctions> = action(model, "GetEventSourceMapping", {
  resources: mappingArns,
  serves: ["UUID"],
  unserved: {},
  run: async (account: AccountFunctions, { UUID: id }) => described(account, await mappingOf(account, id)),
});

export const updateEventSourceMapping: Action<AccountFunctions> = action(model, "UpdateEventSourceMapping", {
  resources: mappingArns,
  serves: [
    "UUID",
    "FunctionName",
    "Enabled",
    "BatchSize",
    "MaximumBatchingWindowInSeconds",
    "FunctionResponseTypes",
    "ScalingConfig",
    "FilterCriteria",
  ],
  unserved: OF_STREAMS,
  run: async (account: AccountFunctions, { UUID: id, FunctionName, ...settings }) => {
    const mapping = await mappingOf(account, id);
    const fn = FunctionName === undefined ? null : await findFunction(account, referenceOf(account, { FunctionName }));
    const name = fn?.metadata.name ?? mapping.spec.function;
    const changed = await account.objects.change(eventSourceMappingKind, keyOf(account.namespace, id), (live) => ({
      ...live,
      spec: withSettings({ ...live.spec, function: name }, settings),
    }));
    return described(account, changed ?? (await mappingOf(account, id)), "Updating");
  },
});

export const deleteEventSourceMapping: Action<AccountFunctions> = action(model, "DeleteEventSourceMapping", {
  resources: mappingArns,
  serves: ["UUID"],
  unserved: {},
  run: async (account: AccountFunctions, { UUID: id }) => {
    const mapping = await mappingOf(account, id);
    await account.objects.remove(eventSourceMappingKind, keyOf(account.namespace, id));
    return described(account, mapping, "Deleting");
  },
});

// Lambda API Reference, ListEventSourceMappings: at most 100 in an answer.
const MAX_PAGE = 100;

export const listEventSourceMappings: Action<AccountFunctions> = action(model, "ListEventSourceMappings", {
  serves: ["EventSourceArn", "FunctionName", "Marker", "MaxItems"],
  unserved: {},
  run: async (account: AccountFunctions, { EventSourceArn: arn, FunctionName, Marker = "", MaxItems = MAX_PAGE }) => {
    const name = FunctionName === undefined ? undefined : referenceOf(account, { FunctionName }).name;
    const wanted = (await mappings(account)).filter(
      ({ spec }) =>
        (name === undefined || spec.function === name) && (arn === undefined || queueArn(account, spec.queue) === arn),
    );
    const left = wanted.filter(({ metadata }) => metadata.name > Marker);
    const page = left.slice(0, Math.min(MaxItems, MAX_PAGE));
    const last = page.at(-1);
    return {
      EventSourceMappings: page.map((mapping) => described(account, mapping)),
      ...(last !== undefined && page.length < left.length && { NextMarker: last.metadata.name }),
    };
  },
});

async function mappingOf(account: AccountFunctions, id: string): Promise<Live<EventSourceMapping>> {
  const found = await account.objects.get(eventSourceMappingKind, keyOf(account.namespace, id));
  if (found === null) throw failure("ResourceNotFoundException", "The resource you requested does not exist.");
  return found;
}

/** By id. */
async function mappings(account: AccountFunctions): Promise<readonly Live<EventSourceMapping>[]> {
  using view = account.objects.view(eventSourceMappingKind, { namespace: account.namespace });
  await view.synced;
  return view.list(account.namespace).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

function queueArn({ region, accountId }: AccountFunctions, name: string): string {
  return `arn:aws:sqs:${region}:${accountId}:${name}`;
}

function described(
  account: AccountFunctions,
  { metadata, spec, status }: Live<EventSourceMapping>,
  state: string = status?.state ?? "Creating",
): EventSourceMappingConfiguration {
  const { maximumConcurrency } = spec;
  return {
    UUID: metadata.name,
    BatchSize: spec.batchSize ?? 10,
    MaximumBatchingWindowInSeconds: spec.batchWindowSeconds ?? 0,
    EventSourceArn: queueArn(account, spec.queue),
    FunctionArn: arnOf(account, spec.function),
    LastModified: Date.parse(metadata.creationTimestamp),
    State: state,
    StateTransitionReason: "USER_INITIATED",
    FunctionResponseTypes: spec.reportsBatchItemFailures === true ? ["ReportBatchItemFailures"] : [],
    EventSourceMappingArn: mappingArn(account, metadata.name),
    ...(status?.lastProcessingResult !== undefined && { LastProcessingResult: status.lastProcessingResult }),
    ...(spec.filters !== undefined && { FilterCriteria: { Filters: spec.filters.map((Pattern) => ({ Pattern })) } }),
    ...(maximumConcurrency !== undefined && { ScalingConfig: { MaximumConcurrency: maximumConcurrency } }),
  };
}

function mappingArn({ region, accountId }: Place, id: string): string {
  return `arn:aws:lambda:${region}:${accountId}:event-source-mapping:${id}`;
}

function mappingArns({ UUID }: { readonly UUID: string }, place: Place): readonly string[] {
  return [mappingArn(place, UUID)];
}

/** A mapping that is not there yet has no ARN that a policy could name; the function that it runs has one. */
function functionCondition({ FunctionName }: { readonly FunctionName: string }, place: Place): ConditionValues {
  return { "lambda:FunctionArn": functionArns({ FunctionName }, place) };
}
