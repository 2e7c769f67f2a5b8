/** PutItem, GetItem, UpdateItem and DeleteItem. */
import { type Item, itemBytes } from "#managed/table/attribute.ts";
import { at } from "#managed/table/condition.ts";
import { parseExpressions } from "#managed/table/expression.ts";
import { project } from "#managed/table/projection.ts";
import { keyAttributes, schemaOf, type Written } from "#managed/table/tables.ts";
import { touchedPaths } from "#managed/table/update.ts";
import type { Input, Reply } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../shape.ts";
import {
  consumed,
  type DynamoWorld,
  expressionsOf,
  findTable,
  item,
  legacy,
  names,
  readUnits,
  tableNameShape,
  text,
  values,
  writeUnits,
} from "./world.ts";

const COMMON: Readonly<Record<string, Shape>> = {
  ...legacy,
  TableName: tableNameShape,
  ExpressionAttributeNames: names,
  ExpressionAttributeValues: values,
  ReturnConsumedCapacity: { is: "string", enum: ["INDEXES", "TOTAL", "NONE"] },
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
  const { projection } = expressionsOf(input);
  const found = await world.tables.get(await findTable(world, input), input["Key"]);
  const units = readUnits(found === null ? 0 : itemBytes(found), input["ConsistentRead"] === true);
  if (found === null) return { body: consumed(input, units) };
  return { body: { Item: projection === undefined ? found : project(found, projection), ...consumed(input, units) } };
}

export async function putItem(world: DynamoWorld, input: Input): Promise<Reply> {
  refuseReturnValues(input, ["NONE", "ALL_OLD"]);
  const written = await world.tables.put(await findTable(world, input), input["Item"], expressionsOf(input));
  return { body: { ...oldAttributes(input, written), ...consumed(input, unitsOf(written)) } };
}

export async function deleteItem(world: DynamoWorld, input: Input): Promise<Reply> {
  refuseReturnValues(input, ["NONE", "ALL_OLD"]);
  const written = await world.tables.erase(await findTable(world, input), input["Key"], expressionsOf(input));
  return { body: { ...oldAttributes(input, written), ...consumed(input, unitsOf(written)) } };
}

export async function updateItem(world: DynamoWorld, input: Input): Promise<Reply> {
  const table = await findTable(world, input);
  const expressions = expressionsOf(input);
  const written = await world.tables.update(table, input["Key"], expressions);
  const touched = expressions.update === undefined ? [] : touchedPaths(expressions.update);
  const attributes = ((): Item | null => {
    switch (input["ReturnValues"]) {
      case "ALL_OLD":
        return written.before;
      case "ALL_NEW":
        return written.after;
      case "UPDATED_OLD":
        return written.before === null
          ? null
          : project(
              written.before,
              touched.filter((path) => at(written.before ?? {}, path) !== undefined),
            );
      case "UPDATED_NEW":
        return written.after === null ? null : project(written.after, touched);
      default:
        return null;
    }
  })();
  const isEmpty = attributes === null || Object.keys(attributes).length === 0;
  return { body: { ...(isEmpty ? {} : { Attributes: attributes }), ...consumed(input, unitsOf(written)) } };
}

/** What a batch uses: the same write without any expression. */
export const noExpressions: ReturnType<typeof parseExpressions> = parseExpressions({});

/** The key of an item, to tell writes of one batch apart. */
export function keyText(table: Parameters<typeof schemaOf>[0], object: Item): string {
  return JSON.stringify(keyAttributes(object, schemaOf(table)));
}

function refuseReturnValues(input: Input, allowed: readonly string[]): void {
  const wanted = input["ReturnValues"] as string | undefined;
  if (wanted !== undefined && !allowed.includes(wanted))
    throw new AwsError("ValidationException", 400, "ReturnValues can only be ALL_OLD or NONE");
}

function oldAttributes(input: Input, { before }: Written): Input {
  return input["ReturnValues"] === "ALL_OLD" && before !== null ? { Attributes: before } : {};
}

function unitsOf({ before, after }: Written): number {
  return writeUnits(Math.max(before === null ? 0 : itemBytes(before), after === null ? 0 : itemBytes(after)));
}
