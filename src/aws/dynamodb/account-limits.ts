/** DescribeLimits and DescribeContinuousBackups: what an account may have, and that tables have no backups yet. */
import { Fault } from "#base/fault.ts";
import { type Action, action } from "../action.ts";
import { type AccountTables, failure, tableArns, tableName } from "./account-tables.ts";
import { type ContinuousBackupsDescription, model } from "./model.gen.ts";

// AWS's of a new account (Developer Guide, "Quotas").
const ACCOUNT_UNITS = 80_000;
const TABLE_UNITS = 40_000;

export const describeLimits: Action<AccountTables> = action(model, "DescribeLimits", {
  serves: [],
  unserved: {},
  run: () =>
    Promise.resolve({
      AccountMaxReadCapacityUnits: ACCOUNT_UNITS,
      AccountMaxWriteCapacityUnits: ACCOUNT_UNITS,
      TableMaxReadCapacityUnits: TABLE_UNITS,
      TableMaxWriteCapacityUnits: TABLE_UNITS,
    }),
});

/** Every table of DynamoDB says that it has them, and a new one that its history is not kept. */
export const describeContinuousBackups: Action<AccountTables> = action(model, "DescribeContinuousBackups", {
  resources: tableArns,
  serves: ["TableName"],
  unserved: {},
  run: async (account: AccountTables, { TableName }) => {
    const name = tableName(TableName);
    await account.tables.newest(account.namespace, name).catch((thrown: unknown) => {
      if (!(thrown instanceof Fault) || thrown.code !== "NotFound") throw thrown;
      throw failure("TableNotFoundException", `Table not found: ${name}`);
    });
    const description: ContinuousBackupsDescription = {
      ContinuousBackupsStatus: "ENABLED",
      PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: "DISABLED" },
    };
    return { ContinuousBackupsDescription: description };
  },
});
