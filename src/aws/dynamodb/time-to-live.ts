/** UpdateTimeToLive and DescribeTimeToLive. */
import type { TableSpec } from "#kinds/catamaran/table.ts";
import { type Action, action } from "../action.ts";
import { type AccountTables, invalid, tableArns, tableName } from "./account-tables.ts";
import { model, type TimeToLiveDescription, type TimeToLiveSpecification } from "./model.gen.ts";

export const updateTimeToLive: Action<AccountTables> = action(model, "UpdateTimeToLive", {
  resources: tableArns,
  serves: ["TableName", "TimeToLiveSpecification"],
  unserved: {},
  run: async (account: AccountTables, { TableName, TimeToLiveSpecification: asked }) => {
    const table = await account.tables.newest(account.namespace, tableName(TableName));
    await account.tables.change(table, (live) => ({ ...live, spec: changed(live.spec, asked) }));
    return { TimeToLiveSpecification: asked };
  },
});

function changed({ timeToLive, ...rest }: TableSpec, { Enabled, AttributeName }: TimeToLiveSpecification): TableSpec {
  if (timeToLive === undefined) {
    if (!Enabled) throw invalid("TimeToLive is already disabled");
    return { ...rest, timeToLive: { attribute: AttributeName } };
  }
  if (Enabled) throw invalid("TimeToLive is already enabled");
  if (timeToLive.attribute !== AttributeName)
    throw invalid(
      `TimeToLive is active on a different AttributeName: current AttributeName is ${timeToLive.attribute}`,
    );
  return rest;
}

export const describeTimeToLive: Action<AccountTables> = action(model, "DescribeTimeToLive", {
  resources: tableArns,
  serves: ["TableName"],
  unserved: {},
  run: async (account: AccountTables, { TableName }) => {
    const { spec } = await account.tables.newest(account.namespace, tableName(TableName));
    const { timeToLive } = spec;
    const description: TimeToLiveDescription =
      timeToLive === undefined
        ? { TimeToLiveStatus: "DISABLED" }
        : { TimeToLiveStatus: "ENABLED", AttributeName: timeToLive.attribute };
    return { TimeToLiveDescription: description };
  },
});
