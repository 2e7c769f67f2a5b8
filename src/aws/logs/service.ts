/** CloudWatch Logs, as far as reading a function's log needs it: the list of its actions (API version 2014-03-28). */
import { type Action, type Service, service } from "../action.ts";
import { type AccountLogs, failure } from "./account-logs.ts";
import { filterLogEvents, getLogEvents } from "./events.ts";
import { deleteLogGroup, describeLogGroups, describeLogStreams } from "./groups.ts";
import { model } from "./model.gen.ts";

export const actions: readonly Action<AccountLogs>[] = [
  describeLogGroups,
  describeLogStreams,
  filterLogEvents,
  getLogEvents,
  deleteLogGroup,
];

export function logsService(account: AccountLogs): Service {
  return service(model, account, actions, { refusal: (message) => failure("InvalidParameterException", message) });
}
