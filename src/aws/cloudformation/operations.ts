/** Which operations of CloudFormation are served; stack sets, drift and the registry are not. Read by tools/gen-aws.ts. */
import type { Listed } from "../listed.ts";

export const listed: Listed = {
  service: "cloudformation",
  version: "2010-05-15",
  operations: [
    "ContinueUpdateRollback",
    "CreateChangeSet",
    "CreateStack",
    "DeleteChangeSet",
    "DeleteStack",
    "DescribeChangeSet",
    "DescribeStackEvents",
    "DescribeStackResource",
    "DescribeStackResources",
    "DescribeStacks",
    "ExecuteChangeSet",
    "GetTemplate",
    "GetTemplateSummary",
    "ListChangeSets",
    "ListExports",
    "ListImports",
    "ListStackResources",
    "ListStacks",
    "UpdateStack",
    "UpdateTerminationProtection",
    "ValidateTemplate",
  ],
};
