/** The four actions of DynamoDB Streams: each stream is one shard, in the order of the writes to its table. */
import type { Table } from "#kinds/catamaran/table.ts";
import type { Stream } from "#managed/table/derived.ts";
import { type Action, action } from "../action.ts";
import { type AccountTables, invalid, streamArn } from "../dynamodb/account-tables.ts";
import { errorsOf, type Failure } from "../service-error.ts";
import { encodeIterator, decodeIterator } from "./iterator.ts";
import { model, type ModelErrors, type Shard, type StreamDescription } from "./model.gen.ts";
import { sequenceOf, sequenceText, shardId, shownRecord } from "./stream-records.ts";

const failure: Failure<ModelErrors> = errorsOf(model);

// DynamoDB Streams API Reference.
const MAX_LISTED = 100;
const MAX_RECORDS = 1_000;
const ITERATOR_LIFE_MS = 15 * 60_000;

const STREAM_ARN = /^arn:aws[a-z-]*:dynamodb:([^:]*):([^:]*):table\/([^/]+)\/stream\/[^/]+$/;

function refuseOver(limit: number, most: number): void {
  if (limit > most)
    throw invalid(
      `1 validation error detected: Value '${limit}' at 'limit' failed to satisfy constraint: Member must have value less than or equal to ${most}`,
    );
}

interface Found {
  readonly arn: string;
  readonly table: Table;
  readonly stream: Stream;
}

export const listStreams: Action<AccountTables> = action(model, "ListStreams", {
  serves: ["TableName", "Limit", "ExclusiveStartStreamArn"],
  unserved: {},
  run: async (account: AccountTables, { TableName, Limit = MAX_LISTED, ExclusiveStartStreamArn: start = "" }) => {
    refuseOver(Limit, MAX_LISTED);
    if (start !== "" && !STREAM_ARN.test(start)) throw invalid(`Invalid StreamArn: ${start}`);
    const found: Found[] = [];
    for (const table of account.tables.list(account.namespace))
      if (TableName === undefined || table.metadata.name === TableName)
        found.push(...(await streamsOf(account, table)));
    const left = found.toSorted((a, b) => (a.arn < b.arn ? -1 : 1)).filter(({ arn }) => arn > start);
    const page = left.slice(0, Math.min(Limit, MAX_LISTED));
    const last = page.at(-1);
    return {
      Streams: page.map(({ arn, table, stream }) => ({
        StreamArn: arn,
        TableName: table.metadata.name,
        StreamLabel: stream.label,
      })),
      ...(last !== undefined && page.length < left.length && { LastEvaluatedStreamArn: last.arn }),
    };
  },
});

export const describeStream: Action<AccountTables> = action(model, "DescribeStream", {
  resources: ({ StreamArn }) => [StreamArn],
  serves: ["StreamArn", "Limit", "ExclusiveStartShardId", "ShardFilter"],
  unserved: {},
  run: async (account: AccountTables, { StreamArn, Limit = MAX_LISTED, ExclusiveStartShardId, ShardFilter }) => {
    refuseOver(Limit, MAX_LISTED);
    if (ShardFilter !== undefined && (ShardFilter.Type === undefined || ShardFilter.ShardId === undefined))
      throw invalid("ShardFilter needs both a Type and a ShardId");
    const found = await streamAt(account, StreamArn);
    const { table, stream } = found;
    // The one shard has no children, and nothing follows it.
    const isAsked = ExclusiveStartShardId === undefined && ShardFilter === undefined;
    const description: StreamDescription = {
      StreamArn,
      StreamLabel: stream.label,
      StreamStatus: stream.endedAtMs === undefined ? "ENABLED" : "DISABLED",
      StreamViewType: stream.view,
      CreationRequestDateTime: stream.startedAtMs,
      TableName: table.metadata.name,
      KeySchema: table.spec.keySchema.map(({ attributeName, keyType }) => ({
        AttributeName: attributeName,
        KeyType: keyType,
      })),
      Shards: isAsked ? [await shardOf(account, found)] : [],
    };
    return { StreamDescription: description };
  },
});

async function shardOf({ tables }: AccountTables, { table, stream }: Found): Promise<Shard> {
  const bounds = stream.endedAtMs === undefined ? null : await tables.streams.bounds(table, stream);
  return {
    ShardId: shardId(stream),
    SequenceNumberRange: {
      StartingSequenceNumber: sequenceText(0),
      ...(stream.endedAtMs !== undefined && { EndingSequenceNumber: sequenceText(bounds?.last ?? 0) }),
    },
  };
}

export const getShardIterator: Action<AccountTables> = action(model, "GetShardIterator", {
  resources: ({ StreamArn }) => [StreamArn],
  serves: ["StreamArn", "ShardId", "ShardIteratorType", "SequenceNumber"],
  unserved: {},
  run: async (account: AccountTables, input, { now }) => {
    const found = await streamAt(account, input.StreamArn);
    if (input.ShardId !== shardId(found.stream))
      throw failure(
        "ResourceNotFoundException",
        `Requested resource not found: Shard: ${input.ShardId} in Stream: ${input.StreamArn} not found`,
      );
    const after = await startOf(account, found, input);
    return { ShardIterator: encodeIterator({ arn: found.arn, after, issuedAtMs: now }) };
  },
});

interface Start {
  readonly ShardIteratorType: "TRIM_HORIZON" | "LATEST" | "AT_SEQUENCE_NUMBER" | "AFTER_SEQUENCE_NUMBER";
  readonly SequenceNumber?: string;
}

/** The number of the record that the reading begins after. */
async function startOf(
  account: AccountTables,
  found: Found,
  { ShardIteratorType, SequenceNumber }: Start,
): Promise<number> {
  if (SequenceNumber !== undefined && (ShardIteratorType === "TRIM_HORIZON" || ShardIteratorType === "LATEST"))
    throw invalid(`SequenceNumber must not be specified for ${ShardIteratorType} iterators`);
  switch (ShardIteratorType) {
    case "TRIM_HORIZON":
      return 0;
    case "LATEST":
      return account.tables.streams.newest(found.table);
    case "AT_SEQUENCE_NUMBER":
    case "AFTER_SEQUENCE_NUMBER": {
      if (SequenceNumber === undefined)
        throw invalid("SequenceNumber must be specified for AT_SEQUENCE_NUMBER and AFTER_SEQUENCE_NUMBER iterators");
      const sequence = sequenceOf(SequenceNumber);
      if (sequence === null) throw invalid(`Invalid SequenceNumber: ${SequenceNumber}`);
      const after = ShardIteratorType === "AT_SEQUENCE_NUMBER" ? Math.max(0, sequence - 1) : sequence;
      await refuseTrimmed(account, found, after);
      return after;
    }
  }
}

export const getRecords: Action<AccountTables> = action(model, "GetRecords", {
  resources: ({ ShardIterator }) => [decodeIterator(ShardIterator)?.arn ?? "*"],
  serves: ["ShardIterator", "Limit"],
  unserved: {},
  run: async (account: AccountTables, { ShardIterator, Limit: limit = MAX_RECORDS }, { now }) => {
    refuseOver(limit, MAX_RECORDS);
    const at = decodeIterator(ShardIterator);
    if (at === null) throw invalid("Invalid ShardIterator");
    if (now - at.issuedAtMs > ITERATOR_LIFE_MS)
      throw failure(
        "ExpiredIteratorException",
        `Iterator expired. The iterator was created at time ${new Date(at.issuedAtMs).toISOString()}`,
      );
    const found = await streamAt(account, at.arn);
    if (at.after > 0) await refuseTrimmed(account, found, at.after);
    const { table, stream } = found;
    const records = await account.tables.streams.read(table, stream, { after: at.after, limit });
    const after = records.at(-1)?.sequence ?? at.after;
    // A stream that ended has no more than what was read.
    const isOver = stream.endedAtMs !== undefined && records.length === 0;
    return {
      Records: records.map((record) => shownRecord(account, stream, record)),
      ...(!isOver && { NextShardIterator: encodeIterator({ arn: at.arn, after, issuedAtMs: now }) }),
    };
  },
});

async function refuseTrimmed({ tables }: AccountTables, { table, stream }: Found, after: number): Promise<void> {
  if (after === 0) return;
  const bounds = await tables.streams.bounds(table, stream);
  if (bounds !== null && after < bounds.first - 1)
    throw failure(
      "TrimmedDataAccessException",
      "The operation attempted to read past the oldest stream record in a shard.",
    );
}

async function streamAt(account: AccountTables, arn: string): Promise<Found> {
  const [, region, accountId, name = ""] = STREAM_ARN.exec(arn) ?? [];
  if (name === "") throw invalid(`Invalid StreamArn: ${arn}`);
  if (region === account.region && accountId === account.accountId) {
    const table = account.tables.list(account.namespace).find(({ metadata }) => metadata.name === name);
    const streams = table === undefined ? [] : await streamsOf(account, table);
    const found = streams.find((one) => one.arn === arn);
    if (found !== undefined) return found;
  }
  throw failure("ResourceNotFoundException", `Requested resource not found: Stream: ${arn} not found`);
}

async function streamsOf(account: AccountTables, table: Table): Promise<readonly Found[]> {
  const streams = await account.tables.streams.of(table);
  return streams.map((stream) => ({ arn: streamArn(account, table.metadata.name, stream.label), table, stream }));
}
