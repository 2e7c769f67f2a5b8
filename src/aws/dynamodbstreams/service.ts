/** DynamoDB Streams: the list of its actions (API version 2012-08-10). */
import { type Action, type Service, service } from "../action.ts";
import { type AccountTables, invalid } from "../dynamodb/account-tables.ts";
import { inDynamoWords } from "../dynamodb/dynamodb-error.ts";
import { model } from "./model.gen.ts";
import { describeStream, getRecords, getShardIterator, listStreams } from "./streams.ts";

export const actions: readonly Action<AccountTables>[] = [listStreams, describeStream, getShardIterator, getRecords];

export function dynamodbStreamsService(account: AccountTables): Service {
  return service(model, account, actions.map(inDynamoWords), {
    isCoded: true,
    errorNamespace: "com.amazonaws.dynamodb.v20120810",
    refusal: invalid,
  });
}
