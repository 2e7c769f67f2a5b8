/** PutItem, GetItem, UpdateItem and DeleteItem. */
import type { Item } from "#managed/table/attribute.ts";
import { project } from "#managed/table/projection.ts";
import type { Written } from "#managed/table/tables.ts";
import type { Input, Reply } from "../untyped-action.ts";
import type { Shape } from "../untyped-shape.ts";
import { capacityShape, consumed, readUnits, writeUnits } from "./capacity.ts";
import { invalid } from "./dynamodb-error.ts";
import { expressionsOf } from "./expressions.ts";
import { type DynamoWorld, item, legacy, names, tableNameShape, tableOf, text, values } from "./world.ts";

const COMMON: Readonly<Record<string, Shape>> = {
  ...legacy,
  TableName: tableNameShape,
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: values,
  ReturnConsumedCapacity: capacityShape,
};

const WRITE: Readonly<Record<string, Shape>> = {
  ...COMMON,
  ConditionExpression: text,
  ReturnValues: { is: "string", enum: ["NONE", "ALL_OLD", "UPDATED_OLD", "ALL_NEW", "UPDATED_NEW"] },
  ReturnItemCollectionMetrics: { is: "string", enum: ["SIZE", "NONE"] },
  ReturnValuesOnConditionCheckFailure: { is: "string", enum: ["ALL_OLD", "NONE"] },
};

export const putItemInput: Shape = {
  is: "structure",
  members: { ...WRITE, Item: item },
  required: ["TableName", "Item"],
};
export const updateItemInput: Shape = {
  is: "structure",
  members: { ...WRITE, Key: item, UpdateExpression: text },
  required: ["TableName", "Key"],
};
export const deleteItemInput: Shape = {
  is: "structure",
  members: { ...WRITE, Key: item },
  required: ["TableName", "Key"],
};
export const getItemInput: Shape = {
  is: "structure",
  members: { ...COMMON, Key: item, ConsistentRead: { is: "boolean" }, ProjectionExpression: text },
  required: ["TableName", "Key"],
};

export async function getItem(world: DynamoWorld, input: Input): Promise<Reply> {
  const expressions = expressionsOf(input, ["ProjectionExpression"]);
  const { projection } = expressions;
  const found = await world.tables.get(await tableOf(world, input), input["Key"], expressions);
  const capacity = consumed(input, readUnits(found, input["ConsistentRead"] === true));
  if (found === null) return { body: capacity };
  return { body: { Item: projection === undefined ? found : project(found, projection), ...capacity } };
}

export async function putItem(world: DynamoWorld, input: Input): Promise<Reply> {
  refuseReturnValues(input);
  const expressions = expressionsOf(input, ["ConditionExpression"]);
  const written = await world.tables.put(await tableOf(world, input), input["Item"], expressions);
  return { body: { ...oldAttributes(input, written), ...consumed(input, writeUnits(written)) } };
}

export async function deleteItem(world: DynamoWorld, input: Input): Promise<Reply> {
  refuseReturnValues(input);
  const expressions = expressionsOf(input, ["ConditionExpression"]);
  const written = await world.tables.erase(await tableOf(world, input), input["Key"], expressions);
  return { body: { ...oldAttributes(input, written), ...consumed(input, writeUnits(written)) } };
}

export async function updateItem(world: DynamoWorld, input: Input): Promise<Reply> {
  const expressions = expressionsOf(input, ["UpdateExpression", "ConditionExpression"]);
  const { before, after } = await world.tables.update(await tableOf(world, input), input["Key"], expressions);
  const { update } = expressions;
  const touched = (of: Item | null): Item => (of === null || update === undefined ? {} : project(of, update));
  const attributes = ((): Item => {
    switch (input["ReturnValues"]) {
      case "ALL_OLD":
        return before ?? {};
      case "ALL_NEW":
        return after ?? {};
      case "UPDATED_OLD":
        return touched(before);
      case "UPDATED_NEW":
        return touched(after);
      default:
        return {};
    }
  })();
  const isEmpty = Object.keys(attributes).length === 0;
  const capacity = consumed(input, writeUnits({ before, after }));
  return { body: { ...(!isEmpty && { Attributes: attributes }), ...capacity } };
}

function refuseReturnValues(input: Input): void {
  const wanted = input["ReturnValues"];
  if (wanted !== undefined && wanted !== "NONE" && wanted !== "ALL_OLD")
    throw invalid("ReturnValues can only be ALL_OLD or NONE");
}

function oldAttributes(input: Input, { before }: Written): Input {
  return input["ReturnValues"] === "ALL_OLD" && before !== null ? { Attributes: before } : {};
}
