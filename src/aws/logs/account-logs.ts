/** The log groups of one account and region, and which of them an input means. */
import type { LogStore } from "#functions/logs.ts";
import type { LogGroup, LogGroups } from "#managed/logs/log-groups.ts";
import type { Place } from "../place.ts";
import { AwsError } from "../aws-error.ts";
import { errorsOf, type Failure } from "../service-error.ts";
import type { Caller } from "../sign.ts";
import { model, type ModelErrors } from "./model.gen.ts";

export interface AccountLogs extends Place {
  readonly logs: LogStore;
  readonly groups: LogGroups;
}

/** All groups by name: those that somebody made, and those that came to be by their lines. */
export async function allGroups({ logs, groups }: Pick<AccountLogs, "logs" | "groups">): Promise<readonly LogGroup[]> {
  const made = new Map((await groups.list()).map((group) => [group.name, group]));
  const written = (await logs.groups()).filter((name) => !made.has(name));
  const streams = await Promise.all(written.map((name) => logs.streams(name)));
  const found = written.map((name, i): LogGroup => {
    const first = streams[i]?.reduce((least, { firstMs }) => Math.min(least, firstMs), Infinity) ?? Infinity;
    return { name, createdAtMs: Number.isFinite(first) ? first : 0, tags: {} };
  });
  return [...made.values(), ...found].toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

export const failure: Failure<ModelErrors> = errorsOf(model);

/** A group by its name or its ARN; exactly one of them. */
interface GroupReference {
  readonly logGroupName?: string;
  readonly logGroupIdentifier?: string;
}

/** The group's name, from a name or an ARN of this account and region; ResourceNotFoundException when there is no such group. */
export async function existingGroup(
  { logs, groups, region: here, accountId }: AccountLogs,
  { logGroupName, logGroupIdentifier }: GroupReference,
  caller: Caller,
): Promise<string> {
  if (logGroupName !== undefined && logGroupIdentifier !== undefined)
    throw failure("InvalidParameterException", "LogGroup name and LogGroup ARN are mutually exclusive parameters.");
  const given = logGroupName ?? logGroupIdentifier;
  if (given === undefined)
    throw failure("InvalidParameterException", "Either logGroupName or logGroupIdentifier must be specified.");
  const [, region = here, account = accountId, named = given] =
    /^arn:[^:]*:logs:([^:]*):([^:]*):log-group:([^:]+)(?::\*)?$/.exec(given) ?? [];
  if (account !== accountId)
    throw new AwsError("AccessDeniedException", 400, `User: ${caller.arn} is not authorized to access ${given}`);
  const isThere = (await groups.find(named)) !== null || (await logs.groups()).includes(named);
  if (region !== here || !isThere)
    throw failure("ResourceNotFoundException", "The specified log group does not exist.");
  return named;
}

export function groupArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:logs:${region}:${accountId}:log-group:${name}`;
}

export function badToken(): AwsError {
  return failure("InvalidParameterException", "The specified nextToken is invalid.");
}

/** What policies call the group or the stream that an input names: IAM sees a group as all of its streams. */
export function streamArns(
  { logGroupName, logGroupIdentifier, logStreamName = "" }: GroupReference & { readonly logStreamName?: string },
  place: Place,
): readonly string[] {
  const given = logGroupName ?? logGroupIdentifier ?? "";
  const group = given.startsWith("arn:") ? given.replace(/:\*$/, "") : groupArn(place, given);
  return [`${group}:log-stream:${logStreamName}`];
}
