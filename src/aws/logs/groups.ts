/** DescribeLogGroups, DescribeLogStreams and DeleteLogGroup, and which group an input means. */
import type { LogStore, LogStreamSummary } from "#functions/logs.ts";
import type { Call } from "../action.ts";
import type { Input, Reply } from "../untyped-action.ts";
import type { Place } from "../authorize.ts";
import { AwsError } from "../aws-error.ts";

export interface LogsWorld extends Place {
  readonly logs: LogStore;
}

const PAGE = 50;

/** A page of what is in order of `name`, from the token on. */
function pageOf<T extends { readonly name: string }>(
  all: readonly T[],
  input: Input,
): { readonly page: readonly T[]; readonly nextToken?: string } {
  const token = input["nextToken"] as string | undefined;
  const after = token === undefined ? undefined : Buffer.from(token, "base64url").toString();
  const start = after === undefined ? 0 : all.findIndex(({ name }) => name === after) + 1;
  if (token !== undefined && start === 0) throw invalid("The specified nextToken is invalid.");
  const page = all.slice(start, start + ((input["limit"] as number | undefined) ?? PAGE));
  const last = page.at(-1);
  const isMore = last !== undefined && start + page.length < all.length;
  return { page, ...(isMore && { nextToken: Buffer.from(last.name).toString("base64url") }) };
}

export async function describeLogGroups(world: LogsWorld, input: Input): Promise<Reply> {
  const prefix = input["logGroupNamePrefix"] as string | undefined;
  const pattern = input["logGroupNamePattern"] as string | undefined;
  if (prefix !== undefined && pattern !== undefined)
    throw invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.");
  const names = (await world.logs.groups()).filter(
    (name) => name.startsWith(prefix ?? "") && name.toLowerCase().includes((pattern ?? "").toLowerCase()),
  );
  const { page, nextToken } = pageOf(
    names.map((name) => ({ name })),
    input,
  );
  const logGroups = page.map(({ name }) => ({
    logGroupName: name,
    arn: `${arnOf(world, name)}:*`,
    logGroupArn: arnOf(world, name),
    storedBytes: 0,
    metricFilterCount: 0,
    logGroupClass: "STANDARD",
  }));
  return { body: { logGroups, ...(nextToken !== undefined && { nextToken }) } };
}

export async function describeLogStreams(world: LogsWorld, input: Input, call: Call): Promise<Reply> {
  const prefix = (input["logStreamNamePrefix"] as string | undefined) ?? "";
  const byTime = input["orderBy"] === "LastEventTime";
  if (byTime && prefix !== "") throw invalid("Cannot order by LastEventTime with a logStreamNamePrefix.");
  const streams = (await world.logs.streams(await existingGroup(world, input, call)))
    .filter(({ name }) => name.startsWith(prefix))
    .toSorted((a, b) => (byTime ? a.lastMs - b.lastMs : 0));
  if (input["descending"] === true) streams.reverse();
  const { page, nextToken } = pageOf(streams, input);
  return { body: { logStreams: page.map(described), ...(nextToken !== undefined && { nextToken }) } };
}

function described({ name, firstMs, lastMs }: LogStreamSummary): Readonly<Record<string, unknown>> {
  return {
    logStreamName: name,
    creationTime: firstMs,
    firstEventTimestamp: firstMs,
    lastEventTimestamp: lastMs,
    lastIngestionTime: lastMs,
    storedBytes: 0,
  };
}

export async function deleteLogGroup(world: LogsWorld, input: Input, call: Call): Promise<Reply> {
  await world.logs.remove(await existingGroup(world, input, call));
  return {};
}

/** The group's name, from a name or an ARN of this account and region; ResourceNotFoundException when there is no such group. */
export async function existingGroup(world: LogsWorld, input: Input, { caller }: Call): Promise<string> {
  const [name, identifier] = [input["logGroupName"], input["logGroupIdentifier"]] as readonly (string | undefined)[];
  if (name !== undefined && identifier !== undefined)
    throw invalid("LogGroup name and LogGroup ARN are mutually exclusive parameters.");
  const given = name ?? identifier;
  if (given === undefined) throw invalid("Either logGroupName or logGroupIdentifier must be specified.");
  const [, region = world.region, account = world.accountId, named = given] =
    /^arn:[^:]*:logs:([^:]*):([^:]*):log-group:([^:]+)(?::\*)?$/.exec(given) ?? [];
  if (account !== world.accountId)
    throw new AwsError("AccessDeniedException", 400, `User: ${caller.arn} is not authorized to access ${given}`);
  if (region !== world.region || !(await world.logs.groups()).includes(named))
    throw notFound("The specified log group does not exist.");
  return named;
}

function arnOf({ region, accountId }: Place, name: string): string {
  return `arn:aws:logs:${region}:${accountId}:log-group:${name}`;
}

export function notFound(message: string): AwsError {
  return new AwsError("ResourceNotFoundException", 400, message);
}

export function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterException", 400, message);
}
