/** PutItem, GetItem, UpdateItem and DeleteItem. */
import type { Table } from "#kinds/catamaran/table.ts";
import type { Item } from "#managed/table/attribute.ts";
import { project } from "#managed/table/projection.ts";
import type { Written } from "#managed/table/item-step.ts";
import { type Action, action } from "../action.ts";
import { type AccountTables, findTable, invalid, tableArns } from "./account-tables.ts";
import { consumed, readUnits, tableUnits, writeUnits } from "./capacity.ts";
import { expressionsOf } from "./expressions.ts";
import { collectionsOf } from "./item-collections.ts";
import { model, type PutItemInput, type PutItemOutput, type ReturnValue } from "./model.gen.ts";

const WRITE = [
  "TableName",
  "ReturnValues",
  "ReturnConsumedCapacity",
  "ReturnItemCollectionMetrics",
  "ConditionExpression",
  "ExpressionAttributeNames",
  "ExpressionAttributeValues",
  "ReturnValuesOnConditionCheckFailure",
  "Expected",
  "ConditionalOperator",
] as const;

export const getItem: Action<AccountTables> = action(model, "GetItem", {
  resources: tableArns,
  serves: [
    "TableName",
    "Key",
    "ConsistentRead",
    "ReturnConsumedCapacity",
    "ProjectionExpression",
    "ExpressionAttributeNames",
    "AttributesToGet",
  ],
  unserved: {},
  run: async (account: AccountTables, input) => {
    const expressions = expressionsOf(input, ["ProjectionExpression"]);
    const { projection } = expressions;
    const found = await account.tables.get(await findTable(account, input.TableName), input.Key, expressions);
    const capacity = consumed(input, tableUnits(readUnits(found, input.ConsistentRead === true)));
    if (found === null) return capacity;
    return { Item: projection === undefined ? found : project(found, projection), ...capacity };
  },
});

export const putItem: Action<AccountTables> = action(model, "PutItem", {
  resources: tableArns,
  serves: [...WRITE, "Item"],
  unserved: {},
  run: async (account: AccountTables, input) => {
    refuseReturnValues(input.ReturnValues);
    const expressions = expressionsOf(input, ["ConditionExpression"]);
    const table = await findTable(account, input.TableName);
    const written = await account.tables.put(table, input.Item, expressions);
    return { ...oldAttributes(input.ReturnValues, written), ...(await costs(account, table, { input, written })) };
  },
});

export const deleteItem: Action<AccountTables> = action(model, "DeleteItem", {
  resources: tableArns,
  serves: [...WRITE, "Key"],
  unserved: {},
  run: async (account: AccountTables, input) => {
    refuseReturnValues(input.ReturnValues);
    const expressions = expressionsOf(input, ["ConditionExpression"]);
    const table = await findTable(account, input.TableName);
    const written = await account.tables.erase(table, input.Key, expressions);
    return { ...oldAttributes(input.ReturnValues, written), ...(await costs(account, table, { input, written })) };
  },
});

export const updateItem: Action<AccountTables> = action(model, "UpdateItem", {
  resources: tableArns,
  serves: [...WRITE, "Key", "UpdateExpression", "AttributeUpdates"],
  unserved: {},
  run: async (account: AccountTables, input) => {
    const expressions = expressionsOf(input, ["UpdateExpression", "ConditionExpression"]);
    const { update } = expressions;
    const table = await findTable(account, input.TableName);
    const written = await account.tables.update(table, input.Key, expressions);
    const touched = (of: Item | null): Item => (of === null || update === undefined ? {} : project(of, update));
    const attributes = returned(input.ReturnValues ?? "NONE", written, touched);
    const isEmpty = Object.keys(attributes).length === 0;
    return { ...(!isEmpty && { Attributes: attributes }), ...(await costs(account, table, { input, written })) };
  },
});

type Asking = Pick<PutItemInput, "TableName" | "ReturnConsumedCapacity" | "ReturnItemCollectionMetrics">;

/** What an answer says of the units and of the item collection of a write, when asked. */
async function costs(
  account: AccountTables,
  table: Table,
  { input, written }: { readonly input: Asking; readonly written: Written },
): Promise<Pick<PutItemOutput, "ConsumedCapacity" | "ItemCollectionMetrics">> {
  const asked = input.ReturnItemCollectionMetrics;
  const [collection] = await collectionsOf(account, table, { asked, written: [written] });
  return {
    ...(input.ReturnConsumedCapacity !== undefined && consumed(input, writeUnits(table, written))),
    ...(collection !== undefined && { ItemCollectionMetrics: collection }),
  };
}

function returned(values: ReturnValue, { before, after }: Written, touched: (of: Item | null) => Item): Item {
  switch (values) {
    case "ALL_OLD":
      return before ?? {};
    case "ALL_NEW":
      return after ?? {};
    case "UPDATED_OLD":
      return touched(before);
    case "UPDATED_NEW":
      return touched(after);
    case "NONE":
      return {};
  }
}

function refuseReturnValues(values: ReturnValue = "NONE"): void {
  if (values !== "NONE" && values !== "ALL_OLD") throw invalid("ReturnValues can only be ALL_OLD or NONE");
}

function oldAttributes(values: ReturnValue | undefined, { before }: Written): { readonly Attributes?: Item } {
  return values === "ALL_OLD" && before !== null ? { Attributes: before } : {};
}
