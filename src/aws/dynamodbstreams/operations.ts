/** Which operations of DynamoDB Streams are served: all. Read by tools/gen-aws.ts. */
import type { Listed } from "../listed.ts";

export const listed: Listed = {
  service: "dynamodbstreams",
  version: "2012-08-10",
  operations: ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"],
  // Items go out as the table engine keeps them.
  opaque: ["AttributeValue"],
};
