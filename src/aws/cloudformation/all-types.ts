/** The list of resource types. */
import type { FindResourceType } from "#managed/stack/resource-types.ts";
import type { Actions, TypeOver } from "./resource.ts";
import { apiGatewayTypes } from "./types/api-gateway.ts";
import { apiGatewayV2Types } from "./types/api-gateway-v2.ts";
import { dynamodbTable } from "./types/dynamodb-table.ts";
import { eventsRule } from "./types/events-rule.ts";
import { iamPolicy } from "./types/iam-policy.ts";
import { iamRole } from "./types/iam-role.ts";
import { inertTypes } from "./types/inert.ts";
import { lambdaAlias } from "./types/lambda-alias.ts";
import { lambdaEventSourceMapping } from "./types/lambda-event-source-mapping.ts";
import { lambdaFunction } from "./types/lambda-function.ts";
import { lambdaPermission } from "./types/lambda-permission.ts";
import { lambdaUrl } from "./types/lambda-url.ts";
import { lambdaVersion } from "./types/lambda-version.ts";
import { logsLogGroup } from "./types/logs-log-group.ts";
import { s3Bucket } from "./types/s3-bucket.ts";
import { s3BucketPolicy } from "./types/s3-bucket-policy.ts";
import { snsSubscription } from "./types/sns-subscription.ts";
import { snsTopic } from "./types/sns-topic.ts";
import { snsTopicPolicy } from "./types/sns-topic-policy.ts";
import { sqsQueue } from "./types/sqs-queue.ts";
import { sqsQueuePolicy } from "./types/sqs-queue-policy.ts";
import { ssmParameter } from "./types/ssm-parameter.ts";

const types: readonly TypeOver[] = [
  ...apiGatewayTypes,
  ...apiGatewayV2Types,
  dynamodbTable,
  eventsRule,
  iamPolicy,
  iamRole,
  ...inertTypes,
  lambdaAlias,
  lambdaEventSourceMapping,
  lambdaFunction,
  lambdaPermission,
  lambdaUrl,
  lambdaVersion,
  logsLogGroup,
  s3Bucket,
  s3BucketPolicy,
  snsSubscription,
  snsTopic,
  snsTopicPolicy,
  sqsQueue,
  sqsQueuePolicy,
  ssmParameter,
];

export function resourceTypes(actions: Actions): FindResourceType {
  const byName = new Map(types.map((over) => over(actions)).map((type) => [type.name, type]));
  return (name) => byName.get(name) ?? null;
}
