/** AWS::DynamoDB::Table. */
import type { JsonObject } from "#base/json.ts";
import type { Asked, Made } from "#managed/stack/resource-types.ts";
import {
  type Actions,
  ifThere,
  inside,
  madeOrThere,
  objectIn,
  picked,
  said,
  tagPairs,
  tagsOf,
  text,
  type TypeOver,
} from "../resource.ts";

const MUTABLE = [
  "AttributeDefinitions",
  "BillingMode",
  "DeletionProtectionEnabled",
  "GlobalSecondaryIndexes",
  "ProvisionedThroughput",
  "TableClass",
];
const CREATE_ONLY = ["KeySchema", "LocalSecondaryIndexes", "TableName"];
const LOOK_MS = 20;
const PATIENCE_MS = 120_000;

export const dynamodbTable: TypeOver = (actions) => ({
  name: "AWS::DynamoDB::Table",
  properties: [...MUTABLE, ...CREATE_ONLY, "StreamSpecification", "Tags", "TimeToLiveSpecification"],
  createOnly: CREATE_ONLY,
  nameProperty: "TableName",
  create: async (asked) => {
    const { properties, generatedName, stack, isAgain } = asked;
    const name = text(properties, "TableName") ?? generatedName;
    const tags = tagPairs(tagsOf(stack, properties));
    await madeOrThere(
      isAgain,
      () =>
        actions.call(stack, "dynamodb", "CreateTable", {
          ...picked(properties, [...MUTABLE, ...CREATE_ONLY]),
          TableName: name,
          StreamSpecification: streamOf(properties),
          ...(tags.length > 0 && { Tags: tags }),
        }),
      () => Promise.resolve({}),
    );
    const made = await settled(actions, stack, name);
    await setTimeToLive(actions, asked, name);
    return made;
  },
  update: async (asked, { physicalId: name, properties: before }) => {
    const { properties, stack } = asked;
    const changed = picked(properties, [
      "BillingMode",
      "DeletionProtectionEnabled",
      "ProvisionedThroughput",
      "TableClass",
    ]);
    const isOther = (member: string): boolean => JSON.stringify(properties[member]) !== JSON.stringify(before[member]);
    const changes = Object.fromEntries(Object.entries(changed).filter(([member]) => isOther(member)));
    if (isOther("GlobalSecondaryIndexes"))
      throw new Error("a change of GlobalSecondaryIndexes of a table that is there is not supported; use UpdateTable");
    const stream = isOther("StreamSpecification")
      ? { StreamSpecification: streamOf(properties) ?? { StreamEnabled: false } }
      : {};
    if (Object.keys(changes).length + Object.keys(stream).length > 0)
      await actions.call(stack, "dynamodb", "UpdateTable", { TableName: name, ...changes, ...stream });
    if (isOther("TimeToLiveSpecification")) await setTimeToLive(actions, asked, name);
    return settled(actions, stack, name);
  },
  remove: async ({ stack }, { physicalId: name }) => {
    await ifThere(() => actions.call(stack, "dynamodb", "DeleteTable", { TableName: name }));
  },
});

/** A template says only which view it wants. */
function streamOf(properties: JsonObject): JsonObject | undefined {
  const view = text(objectIn(properties, "StreamSpecification"), "StreamViewType");
  return view === undefined ? undefined : { StreamEnabled: true, StreamViewType: view };
}

async function setTimeToLive(actions: Actions, { properties, stack }: Asked, name: string): Promise<void> {
  const wanted = objectIn(properties, "TimeToLiveSpecification");
  if (Object.keys(wanted).length > 0)
    await actions.call(stack, "dynamodb", "UpdateTimeToLive", { TableName: name, TimeToLiveSpecification: wanted });
}

async function settled(actions: Actions, stack: Asked["stack"], name: string): Promise<Made> {
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const table = inside(await actions.call(stack, "dynamodb", "DescribeTable", { TableName: name }), "Table");
    if (said(table, "TableStatus") === "ACTIVE")
      return {
        physicalId: name,
        attributes: { Arn: said(table, "TableArn"), StreamArn: said(table, "LatestStreamArn") },
      };
    if (waitedMs > PATIENCE_MS) throw new Error(`table ${name} did not stabilize in ${PATIENCE_MS / 1000} seconds`);
    await actions.sleep(LOOK_MS);
  }
}
