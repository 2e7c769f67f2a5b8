/** CloudWatch Logs, as far as reading a function's log needs it: the list of its actions and their shapes (API version 2014-03-28). */
import type { Call } from "../action.ts";
import type { Action, Input, Reply, Service } from "../untyped-action.ts";
import type { Shape } from "../untyped-shape.ts";
import { filterLogEvents, getLogEvents } from "./events.ts";
import { deleteLogGroup, describeLogGroups, describeLogStreams, type LogsWorld } from "./groups.ts";

const time: Shape = { is: "integer", min: 0 };
const token: Shape = { is: "string", min: 1, max: 1_024 };
const groupName: Shape = { is: "string", min: 1, max: 512, pattern: "[\\.\\-_/#A-Za-z0-9]+" };
const streamName: Shape = { is: "string", min: 1, max: 512, pattern: "[^:*]*" };
const group: Readonly<Record<string, Shape>> = {
  logGroupName: groupName,
  logGroupIdentifier: { is: "string", min: 1, max: 2_048, pattern: "[\\w#+=/:,.@-]*" },
};

const GROUPS_INPUT: Shape = {
  is: "structure",
  members: {
    logGroupNamePrefix: groupName,
    logGroupNamePattern: { is: "string", max: 512, pattern: "[\\.\\-_/#A-Za-z0-9]*" },
    nextToken: token,
    limit: { is: "integer", min: 1, max: 50 },
  },
};
const STREAMS_INPUT: Shape = {
  is: "structure",
  members: {
    ...group,
    logStreamNamePrefix: streamName,
    orderBy: { is: "string", enum: ["LogStreamName", "LastEventTime"] },
    descending: { is: "boolean" },
    nextToken: token,
    limit: { is: "integer", min: 1, max: 50 },
  },
};
const FILTER_INPUT: Shape = {
  is: "structure",
  members: {
    ...group,
    logStreamNames: { is: "list", of: streamName, min: 1, max: 100 },
    logStreamNamePrefix: streamName,
    startTime: time,
    endTime: time,
    filterPattern: { is: "string", max: 1024 },
    nextToken: token,
    limit: { is: "integer", min: 1, max: 10_000 },
    // AWS ignores it since 2019: events are always interleaved.
    interleaved: { is: "boolean" },
    // There are no data protection policies that could mask anything.
    unmask: { is: "boolean" },
  },
};
const EVENTS_INPUT: Shape = {
  is: "structure",
  members: {
    ...group,
    logStreamName: streamName,
    startTime: time,
    endTime: time,
    startFromHead: { is: "boolean" },
    nextToken: token,
    limit: { is: "integer", min: 1, max: 10_000 },
    unmask: { is: "boolean" },
  },
  required: ["logStreamName"],
};

type Run = (world: LogsWorld, input: Input, call: Call) => Promise<Reply>;

export function logsService(world: LogsWorld): Service {
  const action = (name: string, input: Shape, run: Run): Action => ({
    name,
    input,
    run: (given, call) => run(world, given, call),
  });
  return {
    signingName: "logs",
    protocol: "json-1.1",
    targetPrefix: "Logs_20140328",
    actions: [
      action("DescribeLogGroups", GROUPS_INPUT, describeLogGroups),
      action("DescribeLogStreams", STREAMS_INPUT, describeLogStreams),
      action("FilterLogEvents", FILTER_INPUT, filterLogEvents),
      action("GetLogEvents", EVENTS_INPUT, getLogEvents),
      action(
        "DeleteLogGroup",
        { is: "structure", members: { logGroupName: groupName }, required: ["logGroupName"] },
        deleteLogGroup,
      ),
    ],
  };
}
