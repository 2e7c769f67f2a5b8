/** DescribeTable, DeleteTable and ListTables. */
import { given } from "#base/given.ts";
import { type Action, action } from "../action.ts";
import { type AccountTables, tableArns, tableName } from "./account-tables.ts";
import { model } from "./model.gen.ts";
import { describedNow, goneDescription } from "./table-description.ts";

export const describeTable: Action<AccountTables> = action(model, "DescribeTable", {
  resources: tableArns,
  serves: ["TableName"],
  unserved: {},
  run: async (account: AccountTables, { TableName }) => {
    const table = await account.tables.newest(account.namespace, tableName(TableName));
    return { Table: await describedNow(account, table) };
  },
});

export const deleteTable: Action<AccountTables> = action(model, "DeleteTable", {
  resources: tableArns,
  serves: ["TableName"],
  unserved: {},
  run: async (account: AccountTables, { TableName }) => {
    const dropped = await account.tables.drop(account.namespace, tableName(TableName));
    return { TableDescription: goneDescription(account, dropped) };
  },
});

const TABLES_PER_PAGE = 100;

export const listTables: Action<AccountTables> = action(model, "ListTables", {
  serves: ["ExclusiveStartTableName", "Limit"],
  unserved: {},
  run: async (account: AccountTables, { ExclusiveStartTableName: start = "", Limit: limit = TABLES_PER_PAGE }) => {
    const all = account.tables
      .list(account.namespace)
      .map((table) => table.metadata.name)
      .filter((name) => name > start)
      .toSorted();
    const page = all.slice(0, limit);
    const last = page.length < all.length ? page.at(-1) : undefined;
    return given({ TableNames: page, LastEvaluatedTableName: last });
  },
});
