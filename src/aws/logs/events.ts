/** FilterLogEvents and GetLogEvents: pages with tokens, each of bounded work; events are named by their place, whatever was asked. */
import { given } from "#base/given.ts";
import type { LogPage, LogPlace, LogScan, PlacedLine } from "#functions/logs.ts";
import type { Call } from "../action.ts";
import type { Input, Reply } from "../untyped-action.ts";
import { existingGroup, invalid, type LogsWorld, notFound } from "./groups.ts";
import { filterOf } from "./filter-pattern.ts";

// "Up to 1 MB (which can include up to 10,000 log events)" (CloudWatch Logs API Reference, both actions).
const MAX_EVENTS = 10_000;
const MAX_LENGTH = 1024 * 1024;

export async function filterLogEvents(world: LogsWorld, input: Input, call: Call): Promise<Reply> {
  const group = await existingGroup(world, input, call);
  const isWanted = streamFilter(input);
  const matches = filterOf((input["filterPattern"] as string | undefined) ?? "");
  const from = placeOf(input["nextToken"] as string | undefined)?.place;
  const page = await world.logs.scan(group, {
    ...windowOf(input),
    ...(from !== undefined && { from }),
    direction: "forward",
    matches: ({ stream, text }) => isWanted(stream) && matches(text),
  });
  const events = page.lines
    .toSorted((a, b) => a.atMs - b.atMs)
    .map((line) => ({ logStreamName: line.stream, ...eventOf(line), eventId: eventId(line) }));
  return {
    body: { events, searchedLogStreams: [], ...(page.isEnd ? {} : { nextToken: tokenOf("f", page.next) }) },
  };
}

function streamFilter(input: Input): (stream: string) => boolean {
  const names = input["logStreamNames"] as readonly string[] | undefined;
  const prefix = input["logStreamNamePrefix"] as string | undefined;
  if (names !== undefined && prefix !== undefined)
    throw invalid("logStreamNames and logStreamNamePrefix are mutually exclusive parameters.");
  if (names === undefined) return (stream) => stream.startsWith(prefix ?? "");
  const wanted = new Set(names);
  return (stream) => wanted.has(stream);
}

/** Backward from the end by default; a token goes on in its own direction, and comes back as it is when there is nothing more. */
export async function getLogEvents(world: LogsWorld, input: Input, call: Call): Promise<Reply> {
  const group = await existingGroup(world, input, call);
  const name = input["logStreamName"] as string;
  if (!(await world.logs.streams(group)).some((stream) => stream.name === name))
    throw notFound("The specified log stream does not exist.");
  const token = placeOf(input["nextToken"] as string | undefined);
  const byDefault = input["startFromHead"] === true ? "forward" : "backward";
  const direction = token?.direction ?? byDefault;
  const page = await world.logs.scan(group, {
    ...windowOf(input),
    ...(token !== undefined && { from: token.place }),
    direction,
    matches: ({ stream }) => stream === name,
  });
  const { forward, backward } = placesAround(page, direction, token?.place);
  return {
    body: {
      events: page.lines.map(eventOf),
      nextForwardToken: tokenOf("f", forward),
      nextBackwardToken: tokenOf("b", backward),
    },
  };
}

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

function windowOf(input: Input): Pick<LogScan, "fromMs" | "toMs" | "limit" | "maxLength"> {
  const [fromMs, toMs] = [input["startTime"], input["endTime"]] as readonly (number | undefined)[];
  return {
    ...given({ fromMs, toMs: toMs === undefined ? undefined : toMs + 1 }),
    limit: (input["limit"] as number | undefined) ?? MAX_EVENTS,
    maxLength: MAX_LENGTH,
  };
}

function eventOf(line: PlacedLine): Readonly<Record<string, unknown>> {
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
  if (match === null) throw invalid("The specified nextToken is invalid.");
  const place = { chunk: Number(match[2]), index: Number(match[3]) };
  return { direction: match[1] === "f" ? "forward" : "backward", place };
}
