/** What a function that is run with a table's stream sees of it, and what a destination is told of records that are given up. */
import type { Clock } from "#base/clock.ts";
import type { Json } from "#base/json.ts";
import type { InvokeResult } from "#functions/invocation.ts";
import type { Table } from "#kinds/catamaran/table.ts";
import type { Stream } from "#managed/table/derived.ts";
import type { StreamRecord } from "#managed/table/stream-record.ts";
import { streamArn } from "../dynamodb/account-tables.ts";
import type { Place } from "../place.ts";
import { eventRecord, sequenceText, shardId } from "./stream-records.ts";

/** Records that nobody hands over any more, and how their last try went. */
interface GivenUpBatch {
  readonly records: readonly { readonly sequence: number; readonly atMs: number }[];
  readonly because: string;
  readonly attempts: number;
  readonly last?: InvokeResult;
}

interface GivenUp {
  readonly batch: GivenUpBatch;
  readonly table: Table;
  readonly stream: Stream;
  readonly function: string;
}

export interface StreamWords {
  readonly recordOf: (
    table: Table,
    stream: Stream,
    record: StreamRecord,
  ) => { readonly id: string; readonly shown: Json };
  readonly letterOf: (givenUp: GivenUp) => { readonly source: string; readonly payload: string };
}

export function streamRecords(place: Place, newId: () => string, clock: Clock): StreamWords {
  const arnOf = (table: Table, stream: Stream): string => streamArn(place, table.metadata.name, stream.label);
  return {
    recordOf: (table, stream, record) => ({
      id: sequenceText(record.sequence),
      shown: eventRecord(place, { arn: arnOf(table, stream), stream }, record),
    }),
    letterOf: ({ batch, table, stream, function: name }) => {
      const functionArn = `arn:aws:lambda:${place.region}:${place.accountId}:function:${name}`;
      const streamText = arnOf(table, stream);
      const letter = letterOf({ batch, stream, functionArn, streamArn: streamText, id: newId(), now: clock.now() });
      return { source: functionArn, payload: JSON.stringify(letter) };
    },
  };
}

interface Letter extends Pick<GivenUp, "batch" | "stream"> {
  readonly functionArn: string;
  readonly streamArn: string;
  readonly id: string;
  readonly now: number;
}

/** Lambda Developer Guide, "Using AWS Lambda with Amazon DynamoDB": the example of a record that a destination gets. */
function letterOf({ batch, stream, functionArn, streamArn: arn, id, now }: Letter): object {
  const { records, because, attempts, last } = batch;
  const [first, final] = [records[0], records.at(-1)];
  return {
    requestContext: {
      requestId: last?.requestId ?? id,
      functionArn,
      condition: because,
      approximateInvokeCount: attempts,
    },
    ...(last !== undefined && {
      responseContext: {
        statusCode: last.status,
        executedVersion: last.executedVersion,
        ...(last.functionError !== undefined && { functionError: last.functionError }),
      },
    }),
    version: "1.0",
    timestamp: new Date(now).toISOString(),
    DDBStreamBatchInfo: {
      shardId: shardId(stream),
      startSequenceNumber: sequenceText(first?.sequence ?? 0),
      endSequenceNumber: sequenceText(final?.sequence ?? 0),
      approximateArrivalOfFirstRecord: new Date(first?.atMs ?? now).toISOString(),
      approximateArrivalOfLastRecord: new Date(final?.atMs ?? now).toISOString(),
      batchSize: records.length,
      streamArn: arn,
    },
  };
}
