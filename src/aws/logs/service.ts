/** CloudWatch Logs, as far as groups and reading them go: the list of its actions (API version 2014-03-28). */
import { type Action, type Service, service } from "../action.ts";
import { type AccountLogs, failure } from "./account-logs.ts";
import { filterLogEvents, getLogEvents } from "./events.ts";
import {
  createLogGroup,
  deleteLogGroup,
  deleteRetentionPolicy,
  describeLogGroups,
  describeLogStreams,
  describeSubscriptionFilters,
  putRetentionPolicy,
} from "./groups.ts";
import { model } from "./model.gen.ts";
import { listTagsForResource, listTagsLogGroup, tagResource, untagResource } from "./tags.ts";

export const actions: readonly Action<AccountLogs>[] = [
  describeLogGroups,
  describeLogStreams,
  filterLogEvents,
  getLogEvents,
  createLogGroup,
  deleteLogGroup,
  putRetentionPolicy,
  deleteRetentionPolicy,
  describeSubscriptionFilters,
  tagResource,
  untagResource,
  listTagsForResource,
  listTagsLogGroup,
];

export function logsService(account: AccountLogs): Service {
  return service(model, account, actions, { refusal: (message) => failure("InvalidParameterException", message) });
}
