/** CloudWatch Logs, as far as reading a function's log needs it (API version 2014-03-28). */
import { given } from "#base/given.ts";
import type { LogStore, StoredLine } from "#functions/logs.ts";
import type { Action, Input, Reply, Service } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../shape.ts";

export interface LogsWorld {
  readonly logs: LogStore;
  readonly accountId: string;
  readonly region: string;
}

const text: Shape = { is: "string" };
const time: Shape = { is: "integer", min: 0 };
const group: Readonly<Record<string, Shape>> = {
  logGroupName: { is: "string", min: 1, max: 512 },
  logGroupIdentifier: text,
};

const GROUPS_INPUT: Shape = {
  is: "structure",
  members: {
    logGroupNamePrefix: text,
    logGroupNamePattern: text,
    nextToken: text,
    limit: { is: "integer", min: 1, max: 50 },
  },
};
const STREAMS_INPUT: Shape = {
  is: "structure",
  members: {
    ...group,
    logStreamNamePrefix: text,
    orderBy: { is: "string", enum: ["LogStreamName", "LastEventTime"] },
    descending: { is: "boolean" },
    nextToken: text,
    limit: { is: "integer", min: 1, max: 50 },
  },
};
const FILTER_INPUT: Shape = {
  is: "structure",
  members: {
    ...group,
    logStreamNames: { is: "list", of: text, min: 1, max: 100 },
    logStreamNamePrefix: text,
    startTime: time,
    endTime: time,
    filterPattern: { is: "string", max: 1024 },
    nextToken: text,
    limit: { is: "integer", min: 1, max: 10_000 },
    interleaved: { is: "boolean" },
    unmask: { is: "boolean" },
  },
};
const EVENTS_INPUT: Shape = {
  is: "structure",
  members: {
    ...group,
    logStreamName: text,
    startTime: time,
    endTime: time,
    startFromHead: { is: "boolean" },
    nextToken: text,
    limit: { is: "integer", min: 1, max: 10_000 },
    unmask: { is: "boolean" },
  },
  required: ["logStreamName"],
};

export function logsService(world: LogsWorld): Service {
  const action = (name: string, input: Shape, run: (world: LogsWorld, input: Input) => Promise<Reply>): Action => ({
    name,
    input,
    run: (given) => run(world, given),
  });
  return {
    signingName: "logs",
    protocol: "json-1.1",
    targetPrefix: "Logs_20140328",
    actions: [
      action("DescribeLogGroups", GROUPS_INPUT, describeGroups),
      action("DescribeLogStreams", STREAMS_INPUT, describeStreams),
      action("FilterLogEvents", FILTER_INPUT, filterEvents),
      action("GetLogEvents", EVENTS_INPUT, getEvents),
      action("DeleteLogGroup", { is: "structure", members: group }, deleteGroup),
    ],
  };
}

async function describeGroups(world: LogsWorld, input: Input): Promise<Reply> {
  const prefix = (input["logGroupNamePrefix"] as string | undefined) ?? "";
  const pattern = (input["logGroupNamePattern"] as string | undefined) ?? "";
  const names = (await world.logs.groups()).filter((name) => name.startsWith(prefix) && name.includes(pattern));
  const arn = (name: string): string => `arn:aws:logs:${world.region}:${world.accountId}:log-group:${name}`;
  return {
    body: {
      logGroups: names.map((name) => ({
        logGroupName: name,
        arn: `${arn(name)}:*`,
        logGroupArn: arn(name),
        storedBytes: 0,
        metricFilterCount: 0,
        logGroupClass: "STANDARD",
      })),
    },
  };
}

async function linesOf(world: LogsWorld, input: Input): Promise<readonly StoredLine[]> {
  const name = groupName(input);
  if (!(await world.logs.groups()).includes(name))
    throw new AwsError("ResourceNotFoundException", 400, "The specified log group does not exist.");
  const toMs = input["endTime"] as number | undefined;
  return world.logs.read(
    name,
    given({ fromMs: input["startTime"] as number | undefined, toMs: toMs === undefined ? undefined : toMs + 1 }),
  );
}

function groupName(input: Input): string {
  const name = (input["logGroupName"] ?? input["logGroupIdentifier"]) as string | undefined;
  if (name === undefined)
    throw new AwsError("InvalidParameterException", 400, "logGroupName or logGroupIdentifier is required");
  return /^arn:.*:log-group:([^:]+)/.exec(name)?.[1] ?? name;
}

async function describeStreams(world: LogsWorld, input: Input): Promise<Reply> {
  const streams = new Map<string, { first: number; last: number }>();
  for (const line of await linesOf(world, input)) {
    const known = streams.get(line.stream);
    if (known === undefined) streams.set(line.stream, { first: line.atMs, last: line.atMs });
    else known.last = line.atMs;
  }
  const prefix = (input["logStreamNamePrefix"] as string | undefined) ?? "";
  const byTime = input["orderBy"] === "LastEventTime";
  const sorted = [...streams]
    .filter(([name]) => name.startsWith(prefix))
    .toSorted(([a, x], [b, y]) => (byTime ? x.last - y.last : a < b ? -1 : 1));
  if (input["descending"] === true) sorted.reverse();
  const page = sorted.slice(0, (input["limit"] as number | undefined) ?? 50);
  return {
    body: {
      logStreams: page.map(([name, { first, last }]) => ({
        logStreamName: name,
        creationTime: first,
        firstEventTimestamp: first,
        lastEventTimestamp: last,
        lastIngestionTime: last,
        storedBytes: 0,
      })),
    },
  };
}

const DEFAULT_LIMIT = 10_000;

async function filterEvents(world: LogsWorld, input: Input): Promise<Reply> {
  const streams = input["logStreamNames"] as readonly string[] | undefined;
  const prefix = (input["logStreamNamePrefix"] as string | undefined) ?? "";
  const wanted = termsOf((input["filterPattern"] as string | undefined) ?? "");
  const all = await linesOf(world, input);
  const start = offsetOf(input);
  const limit = (input["limit"] as number | undefined) ?? DEFAULT_LIMIT;
  const matching = all.filter(
    (line) => (streams?.includes(line.stream) ?? true) && line.stream.startsWith(prefix) && wanted(line.text),
  );
  const page = matching.slice(start, start + limit);
  const events = page.map((line, index) => ({
    logStreamName: line.stream,
    timestamp: line.atMs,
    message: line.text,
    ingestionTime: line.atMs,
    eventId: eventId(line, start + index),
  }));
  return {
    body: {
      events,
      searchedLogStreams: [],
      ...(start + limit < matching.length ? { nextToken: `o/${start + limit}` } : {}),
    },
  };
}

/** Filter patterns of plain terms: all must occur, "quoted text" is one term, -term must not. JSON and bracket patterns are refused. */
function termsOf(pattern: string): (text: string) => boolean {
  const trimmed = pattern.trim();
  if (trimmed.startsWith("{") || trimmed.startsWith("[") || trimmed.startsWith("%")) {
    throw new AwsError(
      "InvalidParameterException",
      400,
      "filterPattern: JSON, bracket and regular expression patterns are not supported by Catamaran; use plain terms",
    );
  }
  const terms = [...trimmed.matchAll(/(-|\?)?(?:"([^"]*)"|(\S+))/g)].map(([, sign, quoted, word]) => ({
    sign,
    term: quoted ?? word ?? "",
  }));
  const optional = terms.filter(({ sign }) => sign === "?");
  return (line) =>
    terms.every(({ sign, term }) => sign === "?" || line.includes(term) === (sign !== "-")) &&
    (optional.length === 0 || optional.some(({ term }) => line.includes(term)));
}

function offsetOf(input: Input): number {
  const token = input["nextToken"] as string | undefined;
  if (token === undefined) return 0;
  const match = /^[of]\/(\d+)$/.exec(token);
  if (match === null) throw new AwsError("InvalidParameterException", 400, "The specified nextToken is invalid.");
  return Number(match[1]);
}

function eventId(line: StoredLine, index: number): string {
  return `${line.atMs}${String(index).padStart(12, "0")}`;
}

async function getEvents(world: LogsWorld, input: Input): Promise<Reply> {
  const all = (await linesOf(world, input)).filter((line) => line.stream === input["logStreamName"]);
  const limit = (input["limit"] as number | undefined) ?? DEFAULT_LIMIT;
  const isFromHead = input["startFromHead"] === true || input["nextToken"] !== undefined;
  const start = isFromHead ? offsetOf(input) : Math.max(0, all.length - limit);
  const page = all.slice(start, start + limit);
  const token = `f/${start + page.length}`;
  return {
    body: {
      events: page.map((line) => ({ timestamp: line.atMs, message: line.text, ingestionTime: line.atMs })),
      nextForwardToken: token,
      nextBackwardToken: token,
    },
  };
}

async function deleteGroup(world: LogsWorld, input: Input): Promise<Reply> {
  await world.logs.remove(groupName(input));
  return {};
}
