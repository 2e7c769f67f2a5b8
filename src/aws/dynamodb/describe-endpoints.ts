/** DescribeEndpoints: where clients that discover endpoints go on asking. */
import { type Action, action } from "../action.ts";
import type { AccountTables } from "./account-tables.ts";
import { model } from "./model.gen.ts";

// What DynamoDB answers; the address does not change while the door is open.
const CACHE_MINUTES = 1_440;

export const describeEndpoints: Action<AccountTables> = action(model, "DescribeEndpoints", {
  serves: [],
  unserved: {},
  run: async (_account, _input, { headers }) => ({
    Endpoints: [{ Address: headers["host"] ?? "", CachePeriodInMinutes: CACHE_MINUTES }],
  }),
});
