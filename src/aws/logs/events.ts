/** FilterLogEvents and GetLogEvents: pages with tokens, each of bounded work; events are named by their place, whatever was asked. */
import { given } from "#base/given.ts";
import type { LogPage, LogPlace, LogScan, PlacedLine } from "#functions/logs.ts";
import { type Action, action } from "../action.ts";
import { type AccountLogs, badToken, existingGroup, failure, streamArns } from "./account-logs.ts";
import { filterOf } from "./filter-pattern.ts";
import { model, type OutputLogEvent } from "./model.gen.ts";

// "Up to 1 MB (which can include up to 10,000 log events)" (CloudWatch Logs API Reference, both actions).
const MAX_EVENTS = 10_000;
const MAX_LENGTH = 1024 * 1024;

/**
 * `interleaved` is ignored by AWS too: since 2019 events always are (API Reference, FilterLogEvents). `unmask` finds nothing
 * masked, here and in GetLogEvents: there are no data protection policies.
 */
export const filterLogEvents: Action<AccountLogs> = action(model, "FilterLogEvents", {
  resources: streamArns,
  serves: [
    "logGroupName",
    "logGroupIdentifier",
    "logStreamNames",
    "logStreamNamePrefix",
    "startTime",
    "endTime",
    "filterPattern",
    "nextToken",
    "limit",
    "interleaved",
    "unmask",
  ],
  unserved: {},
  run: async (account: AccountLogs, input, { caller }) => {
    const group = await existingGroup(account, input, caller);
    const isWanted = streamFilter(input);
    const matches = filterOf(input.filterPattern ?? "");
    const from = placeOf(input.nextToken)?.place;
    const page = await account.logs.scan(group, {
      ...windowOf(input),
      ...(from !== undefined && { from }),
      direction: "forward",
      matches: ({ stream, text }) => isWanted(stream) && matches(text),
    });
    const events = page.lines
      .toSorted((a, b) => a.atMs - b.atMs)
      .map((line) => ({ logStreamName: line.stream, ...eventOf(line), eventId: eventId(line) }));
    return { events, searchedLogStreams: [], ...(!page.isEnd && { nextToken: tokenOf("f", page.next) }) };
  },
});

function streamFilter({
  logStreamNames,
  logStreamNamePrefix: prefix,
}: {
  readonly logStreamNames?: readonly string[];
  readonly logStreamNamePrefix?: string;
}): (stream: string) => boolean {
  if (logStreamNames !== undefined && prefix !== undefined)
    throw failure(
      "InvalidParameterException",
      "logStreamNames and logStreamNamePrefix are mutually exclusive parameters.",
    );
  if (logStreamNames === undefined) return (stream) => stream.startsWith(prefix ?? "");
  const wanted = new Set(logStreamNames);
  return (stream) => wanted.has(stream);
}

/** Backward from the end by default; a token goes on in its own direction, and comes back as it is when there is nothing more. */
export const getLogEvents: Action<AccountLogs> = action(model, "GetLogEvents", {
  resources: streamArns,
  serves: [
    "logGroupName",
    "logGroupIdentifier",
    "logStreamName",
    "startTime",
    "endTime",
    "startFromHead",
    "nextToken",
    "limit",
    "unmask",
  ],
  unserved: {},
  run: async (account: AccountLogs, input, { caller }) => {
    const group = await existingGroup(account, input, caller);
    const { logStreamName: name, nextToken, startFromHead } = input;
    if (!(await account.logs.streams(group)).some((stream) => stream.name === name))
      throw failure("ResourceNotFoundException", "The specified log stream does not exist.");
    const token = placeOf(nextToken);
    const direction = token?.direction ?? (startFromHead === true ? "forward" : "backward");
    const page = await account.logs.scan(group, {
      ...windowOf(input),
      ...(token !== undefined && { from: token.place }),
      direction,
      matches: ({ stream }) => stream === name,
    });
    const { forward, backward } = placesAround(page, direction, token?.place);
    return {
      events: page.lines.map(eventOf),
      nextForwardToken: tokenOf("f", forward),
      nextBackwardToken: tokenOf("b", backward),
    };
  },
});

/** Where a page ends, and where it began, seen from its own direction. */
function placesAround(
  { lines, next }: LogPage,
  direction: LogScan["direction"],
  from: LogPlace = { chunk: 0, index: 0 },
): { readonly forward: LogPlace; readonly backward: LogPlace } {
  if (direction === "forward") return { forward: next, backward: lines[0]?.at ?? from };
  const last = lines.at(-1)?.at;
  return { forward: last === undefined ? from : { ...last, index: last.index + 1 }, backward: next };
}

interface Window {
  readonly startTime?: number;
  readonly endTime?: number;
  readonly limit?: number;
}

function windowOf({
  startTime: fromMs,
  endTime,
  limit = MAX_EVENTS,
}: Window): Pick<LogScan, "fromMs" | "toMs" | "limit" | "maxLength"> {
  const toMs = endTime === undefined ? undefined : endTime + 1;
  return { ...given({ fromMs, toMs }), limit, maxLength: MAX_LENGTH };
}

function eventOf(line: PlacedLine): OutputLogEvent {
  // Every line that Lambda writes is an event with the newline that ended it.
  return { timestamp: line.atMs, message: `${line.text}\n`, ingestionTime: line.atMs };
}

/** 56 digits, in the order of time and then of arrival, as AWS's. */
function eventId({ atMs, at }: PlacedLine): string {
  const digits = (value: number, count: number): string => String(Math.floor(value)).padStart(count, "0");
  return `${digits(atMs, 20)}${digits(at.chunk, 20)}${digits(at.index, 16)}`;
}

function tokenOf(sign: "f" | "b", { chunk, index }: LogPlace): string {
  return `${sign}/${chunk}.${index}`;
}

function placeOf(
  token: string | undefined,
): { readonly direction: LogScan["direction"]; readonly place: LogPlace } | undefined {
  if (token === undefined) return undefined;
  const match = /^([fb])\/(-?\d{1,16})\.(\d{1,16})$/.exec(token);
  if (match === null) throw badToken();
  const place = { chunk: Number(match[2]), index: Number(match[3]) };
  return { direction: match[1] === "f" ? "forward" : "backward", place };
}
