/** Event source mappings: what a function is run with by itself, from queues and streams of tables (Lambda API Reference, CreateEventSourceMapping). */
import { parseArn } from "#base/arn.ts";
import { given } from "#base/given.ts";
import { keyOf } from "#base/key.ts";
import type { Live } from "#kinds/object.ts";
import {
  batchSizeOf,
  type EventSourceMapping,
  eventSourceMappingKind,
  type EventSourceMappingSpec,
  type OrderedReading,
} from "#kinds/catamaran/event-source-mapping.ts";
import type { Configured } from "#kinds/catamaran/function-version.ts";
import { queueKind } from "#kinds/catamaran/queue.ts";
import type { Table } from "#kinds/catamaran/table.ts";
import { patternFault } from "#kinds/rules/patterns.ts";
import { activeStream } from "#managed/table/derived.ts";
import { type Action, action, type ConditionValues } from "../action.ts";
import { streamArn } from "../dynamodb/account-tables.ts";
import { type AccountFunctions, findConfigured } from "./account-functions.ts";
import { type EventSourceMappingConfiguration, type FilterCriteria, model } from "./model.gen.ts";
import { arnOf, failure, type FunctionReference, functionArns, invalid, referenceOf } from "./names.ts";
import type { Place } from "../place.ts";

const QUEUES_ALONE = "queues and streams of tables are the only event sources yet";
const NOT_YET = "leave it out";

// Of brokers and clusters, mostly.
const UNSERVED = {
  "DestinationConfig.OnSuccess": NOT_YET,
  TumblingWindowInSeconds: NOT_YET,
  SourceAccessConfigurations: QUEUES_ALONE,
  AmazonManagedKafkaEventSourceConfig: QUEUES_ALONE,
  SelfManagedKafkaEventSourceConfig: QUEUES_ALONE,
  DocumentDBEventSourceConfig: QUEUES_ALONE,
  KMSKeyArn: NOT_YET,
  MetricsConfig: NOT_YET,
  LoggingConfig: NOT_YET,
  ProvisionedPollerConfig: NOT_YET,
} as const;

const STREAM_MEMBERS = [
  "ParallelizationFactor",
  "DestinationConfig.OnFailure",
  "MaximumRecordAgeInSeconds",
  "BisectBatchOnFunctionError",
  "MaximumRetryAttempts",
] as const;

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
    ...STREAM_MEMBERS,
    "StartingPosition",
  ],
  unserved: {
    ...UNSERVED,
    StartingPositionTimestamp: QUEUES_ALONE,
    Topics: QUEUES_ALONE,
    Queues: QUEUES_ALONE,
    SelfManagedEventSource: QUEUES_ALONE,
    Tags: NOT_YET,
  },
  run: async (account: AccountFunctions, input) => {
    const run = referenceOf(account, { FunctionName: input.FunctionName });
    const { configured } = await findConfigured(account, run);
    const source = await sourceIn(account, input.EventSourceArn, configured);
    const { name } = run;
    const target = targetOf(run);
    const spec = withSettings({ ...target, ...readingOf(source, input.StartingPosition) }, input);
    const twin = (await mappings(account)).find(
      ({ spec: other }) =>
        other.queue === source.queue &&
        other.table === source.table &&
        other.function === name &&
        other.qualifier === target.qualifier,
    );
    if (twin !== undefined)
      throw failure(
        "ResourceConflictException",
        `The event source arn (" ${input.EventSourceArn ?? ""} ") and function (" ${name} ") provided mapping already exists. Please update or delete the existing mapping with UUID ${twin.metadata.name}`,
      );
    const created = await account.objects.create(eventSourceMappingKind, {
      apiVersion: "catamaran.dev/v1",
      kind: "EventSourceMapping",
      metadata: { name: account.newId(), namespace: account.namespace },
      spec,
    });
    return described(account, created, "Creating");
  },
});

type Source = Pick<EventSourceMappingSpec, "queue" | "table">;
type Target = Pick<EventSourceMappingSpec, "function" | "qualifier">;

function targetOf({ name, qualifier }: FunctionReference): Target {
  return { function: name, ...(qualifier !== undefined && { qualifier }) };
}

/** What an ARN names; Lambda looks into it before it makes a mapping. */
async function sourceIn(account: AccountFunctions, text: string | undefined, fn: Configured): Promise<Source> {
  if (text === undefined) throw invalid("Event source arn is required.");
  const arn = parseArn(text);
  const isOurs = arn?.region === account.region && arn.accountId === account.accountId;
  if (isOurs && arn.service === "sqs") return { queue: await queueNamed(account, arn.resource, fn) };
  if (isOurs && arn.service === "dynamodb") return { table: await tableOf(account, text) };
  throw invalid(`Unrecognized event source: ${text}; ${QUEUES_ALONE}, of this account and region`);
}

async function queueNamed(account: AccountFunctions, name: string, fn: Configured): Promise<string> {
  const queue = await account.objects.get(queueKind, keyOf(account.namespace, name));
  if (queue === null)
    throw invalid(
      "Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist.",
    );
  const timeoutSeconds = fn.spec.timeoutSeconds ?? 3;
  const hiddenSeconds = queue.spec.visibilityTimeoutSeconds ?? 30;
  if (hiddenSeconds < timeoutSeconds)
    throw invalid(
      `Queue visibility timeout: ${hiddenSeconds} seconds is less than Function timeout: ${timeoutSeconds} seconds`,
    );
  return name;
}

/** The table whose stream is enabled and has that ARN. */
async function tableOf(account: AccountFunctions, arn: string): Promise<string> {
  for (const table of account.tables.list(account.namespace))
    if ((await streamArnOf(account, table)) === arn) return table.metadata.name;
  throw failure("ResourceNotFoundException", `Stream not found: ${arn}`);
}

async function streamArnOf(account: AccountFunctions, table: Table): Promise<string | undefined> {
  const stream = activeStream(await account.tables.streams.of(table));
  return stream && streamArn(account, table.metadata.name, stream.label);
}

function readingOf(source: Source, start: string | undefined): Source & Pick<EventSourceMappingSpec, "ordered"> {
  if (source.table === undefined) {
    if (start !== undefined) throw invalid("StartingPosition is not valid for SQS event sources");
    return source;
  }
  if (start === undefined)
    throw invalid(
      "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: Member must not be null.",
    );
  if (start !== "LATEST" && start !== "TRIM_HORIZON")
    throw invalid(`Unsupported starting position for stream type: DynamoDB: ${start}`);
  return { ...source, ordered: { startingPosition: start } };
}

interface Settings {
  readonly Enabled?: boolean;
  readonly BatchSize?: number;
  readonly MaximumBatchingWindowInSeconds?: number;
  readonly FunctionResponseTypes?: readonly string[];
  readonly ScalingConfig?: { readonly MaximumConcurrency?: number };
  readonly FilterCriteria?: FilterCriteria;
  readonly ParallelizationFactor?: number;
  readonly DestinationConfig?: { readonly OnFailure?: { readonly Destination?: string } };
  readonly MaximumRecordAgeInSeconds?: number;
  readonly BisectBatchOnFunctionError?: boolean;
  readonly MaximumRetryAttempts?: number;
}

/** What the input says replaces what the mapping has; an empty ScalingConfig or FilterCriteria takes away what there was. */
function withSettings(spec: EventSourceMappingSpec, input: Settings): EventSourceMappingSpec {
  const { Enabled, BatchSize, MaximumBatchingWindowInSeconds: window, FunctionResponseTypes: types } = input;
  const { maximumConcurrency: before, filters: filtersBefore = [], ordered, ...rest } = spec;
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
    ...orderedWith(ordered, input),
  };
}

/** Throws when a mapping of a queue is given what only streams have. */
function orderedWith(ordered: OrderedReading | undefined, input: Settings): { readonly ordered?: OrderedReading } {
  const changes = given({
    parallelizationFactor: input.ParallelizationFactor,
    maximumRecordAgeSeconds: input.MaximumRecordAgeInSeconds,
    bisectOnError: input.BisectBatchOnFunctionError,
    maximumRetryAttempts: input.MaximumRetryAttempts,
  });
  const { DestinationConfig: destinations } = input;
  if (ordered === undefined) {
    const [member] = [...Object.keys(changes), ...(destinations === undefined ? [] : ["onFailure"])];
    if (member !== undefined) throw invalid(`Unsupported parameter for SQS event source: ${member}`);
    return {};
  }
  const { onFailure: before, ...rest } = ordered;
  const onFailure = destinations === undefined ? before : destinations.OnFailure?.Destination;
  return { ordered: { ...rest, ...changes, ...(onFailure !== undefined && { onFailure }) } };
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
    ...STREAM_MEMBERS,
  ],
  unserved: UNSERVED,
  run: async (account: AccountFunctions, { UUID: id, FunctionName, ...settings }) => {
    await mappingOf(account, id);
    const said = FunctionName === undefined ? null : referenceOf(account, { FunctionName });
    if (said !== null) await findConfigured(account, said);
    const changed = await account.objects.change(eventSourceMappingKind, keyOf(account.namespace, id), (live) => {
      const { function: name, qualifier, ...rest } = live.spec;
      const target = targetOf(said ?? { name, qualifier });
      return { ...live, spec: withSettings({ ...rest, ...target }, settings) };
    });
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
    const said = FunctionName === undefined ? undefined : targetOf(referenceOf(account, { FunctionName }));
    const own = (await mappings(account)).filter(
      ({ spec }) => said === undefined || (spec.function === said.function && spec.qualifier === said.qualifier),
    );
    const arns = arn === undefined ? [] : await Promise.all(own.map(({ spec }) => sourceArn(account, spec)));
    const wanted = own.filter((_, at) => arns[at] === arn);
    const left = wanted.filter(({ metadata }) => metadata.name > Marker);
    const page = left.slice(0, Math.min(MaxItems, MAX_PAGE));
    const last = page.at(-1);
    return {
      EventSourceMappings: await Promise.all(page.map((mapping) => described(account, mapping))),
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

/** Undefined when the stream is not there any more. */
async function sourceArn(
  account: AccountFunctions,
  { queue, table }: EventSourceMappingSpec,
): Promise<string | undefined> {
  const { region, accountId } = account;
  if (queue !== undefined) return `arn:aws:sqs:${region}:${accountId}:${queue}`;
  const found = account.tables.list(account.namespace).find(({ metadata }) => metadata.name === table);
  return found && streamArnOf(account, found);
}

async function described(
  account: AccountFunctions,
  { metadata, spec, status }: Live<EventSourceMapping>,
  state: string = status?.state ?? "Creating",
): Promise<EventSourceMappingConfiguration> {
  const { maximumConcurrency } = spec;
  const arn = await sourceArn(account, spec);
  return {
    UUID: metadata.name,
    BatchSize: batchSizeOf(spec),
    MaximumBatchingWindowInSeconds: spec.batchWindowSeconds ?? 0,
    ...(arn !== undefined && { EventSourceArn: arn }),
    FunctionArn: arnOf(account, spec.function, spec.qualifier),
    LastModified: Date.parse(metadata.creationTimestamp),
    State: state,
    StateTransitionReason: "USER_INITIATED",
    FunctionResponseTypes: spec.reportsBatchItemFailures === true ? ["ReportBatchItemFailures"] : [],
    EventSourceMappingArn: mappingArn(account, metadata.name),
    ...(status?.lastProcessingResult !== undefined && { LastProcessingResult: status.lastProcessingResult }),
    ...(spec.filters !== undefined && { FilterCriteria: { Filters: spec.filters.map((Pattern) => ({ Pattern })) } }),
    ...(maximumConcurrency !== undefined && { ScalingConfig: { MaximumConcurrency: maximumConcurrency } }),
    ...(spec.ordered !== undefined && shownReading(spec.ordered)),
  };
}

function shownReading(ordered: OrderedReading): EventSourceMappingConfiguration {
  const { onFailure } = ordered;
  return {
    StartingPosition: ordered.startingPosition,
    ParallelizationFactor: ordered.parallelizationFactor ?? 1,
    MaximumRetryAttempts: ordered.maximumRetryAttempts ?? -1,
    MaximumRecordAgeInSeconds: ordered.maximumRecordAgeSeconds ?? -1,
    BisectBatchOnFunctionError: ordered.bisectOnError ?? false,
    TumblingWindowInSeconds: 0,
    DestinationConfig: { OnFailure: onFailure === undefined ? {} : { Destination: onFailure } },
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
