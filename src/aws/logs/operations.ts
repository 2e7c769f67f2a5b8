/** Which operations of CloudWatch Logs are served. Read by tools/gen-aws.ts. */
import type { Listed } from "../listed.ts";

export const listed: Listed = {
  service: "logs",
  version: "2014-03-28",
  operations: [
    "CreateLogGroup",
    "DeleteLogGroup",
    "DeleteRetentionPolicy",
    "DescribeLogGroups",
    "DescribeLogStreams",
    "DescribeSubscriptionFilters",
    "FilterLogEvents",
    "GetLogEvents",
    "ListTagsForResource",
    "ListTagsLogGroup",
    "PutRetentionPolicy",
    "TagResource",
    "UntagResource",
  ],
};
