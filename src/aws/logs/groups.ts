/** Log groups: made, described, set up and removed, and the streams in them. */
import { Fault } from "#base/fault.ts";
import { given } from "#base/given.ts";
import type { LogStreamSummary } from "#functions/logs.ts";
import { keptFromMs, RETENTION_DAYS } from "#managed/logs/retention.ts";
import { type Action, action } from "../action.ts";
import type { AwsError } from "../aws-error.ts";
import type { LogGroup as Kept } from "#managed/logs/log-groups.ts";
import { type AccountLogs, allGroups, badToken, existingGroup, failure, groupArn, streamArns } from "./account-logs.ts";
import { type LogGroup, type LogStream, model } from "./model.gen.ts";

const PAGE = 50;

export const describeLogGroups: Action<AccountLogs> = action(model, "DescribeLogGroups", {
  resources: (_input, place) => streamArns({ logGroupName: "" }, place),
  serves: ["logGroupNamePrefix", "logGroupNamePattern", "logGroupClass", "nextToken", "limit"],
  unserved: {
    accountIdentifiers: "leave it out",
    "includeLinkedAccounts=true": "leave it out",
    logGroupIdentifiers: "use logGroupNamePrefix",
  },
  run: async (account: AccountLogs, input) => {
    const { logGroupNamePrefix: prefix, logGroupNamePattern: pattern, logGroupClass } = input;
    if (prefix !== undefined && pattern !== undefined)
      throw failure(
        "InvalidParameterException",
        "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
      );
    // Every group here is of the class STANDARD.
    const groups = logGroupClass === undefined || logGroupClass === "STANDARD" ? await allGroups(account) : [];
    const wanted = groups.filter(
      ({ name }) => name.startsWith(prefix ?? "") && name.toLowerCase().includes((pattern ?? "").toLowerCase()),
    );
    const { page, nextToken } = pageOf(wanted, input);
    return given({ logGroups: page.map((group) => describedGroup(account, group)), nextToken });
  },
});

function describedGroup(account: AccountLogs, { name, createdAtMs, retentionDays }: Kept): LogGroup {
  return {
    logGroupName: name,
    creationTime: createdAtMs,
    ...(retentionDays !== undefined && { retentionInDays: retentionDays }),
    arn: `${groupArn(account, name)}:*`,
    logGroupArn: groupArn(account, name),
    storedBytes: 0,
    metricFilterCount: 0,
    logGroupClass: "STANDARD",
  };
}

export const createLogGroup: Action<AccountLogs> = action(model, "CreateLogGroup", {
  resources: streamArns,
  serves: ["logGroupName", "tags", "logGroupClass"],
  unserved: {
    kmsKeyId: "leave it out",
    "logGroupClass=INFREQUENT_ACCESS": "use STANDARD",
    "logGroupClass=DELIVERY": "use STANDARD",
    deletionProtectionEnabled: "leave it out",
  },
  run: async ({ groups, logs }: AccountLogs, { logGroupName: name, tags = {} }) => {
    const exists = (): AwsError => failure("ResourceAlreadyExistsException", "The specified log group already exists");
    if ((await logs.groups()).includes(name)) throw exists();
    try {
      await groups.create(name, tags);
    } catch (thrown) {
      throw thrown instanceof Fault && thrown.code === "AlreadyExists" ? exists() : thrown;
    }
    return {};
  },
});

export const putRetentionPolicy: Action<AccountLogs> = action(model, "PutRetentionPolicy", {
  resources: streamArns,
  serves: ["logGroupName", "retentionInDays"],
  unserved: {},
  run: async (account: AccountLogs, input, { caller, now }) => {
    const { retentionInDays } = input;
    if (!RETENTION_DAYS.includes(retentionInDays))
      throw failure(
        "InvalidParameterException",
        `1 validation error detected: Value '${retentionInDays}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [${RETENTION_DAYS.join(", ")}]`,
      );
    const name = await existingGroup(account, input, caller);
    await account.groups.change(name, (group) => ({ ...group, retentionDays: retentionInDays }));
    const beforeMs = keptFromMs(retentionInDays, now);
    if (beforeMs !== null) await account.logs.trim(name, beforeMs);
    return {};
  },
});

export const deleteRetentionPolicy: Action<AccountLogs> = action(model, "DeleteRetentionPolicy", {
  resources: streamArns,
  serves: ["logGroupName"],
  unserved: {},
  run: async (account: AccountLogs, input, { caller }) => {
    const name = await existingGroup(account, input, caller);
    await account.groups.change(name, ({ retentionDays: _days, ...group }) => group);
    return {};
  },
});

/** There are none: what a group gets goes nowhere else. */
export const describeSubscriptionFilters: Action<AccountLogs> = action(model, "DescribeSubscriptionFilters", {
  resources: streamArns,
  serves: ["logGroupName", "filterNamePrefix", "nextToken", "limit"],
  unserved: {},
  run: async (account: AccountLogs, input, { caller }) => {
    const { logGroupName, filterNamePrefix: _prefix, limit: _limit, nextToken } = input;
    if (nextToken !== undefined) throw badToken();
    await existingGroup(account, { logGroupName }, caller);
    return { subscriptionFilters: [] };
  },
});

export const describeLogStreams: Action<AccountLogs> = action(model, "DescribeLogStreams", {
  resources: streamArns,
  serves: ["logGroupName", "logGroupIdentifier", "logStreamNamePrefix", "orderBy", "descending", "nextToken", "limit"],
  unserved: {},
  run: async (account: AccountLogs, input, { caller }) => {
    const prefix = input.logStreamNamePrefix ?? "";
    const byTime = input.orderBy === "LastEventTime";
    if (byTime && prefix !== "")
      throw failure("InvalidParameterException", "Cannot order by LastEventTime with a logStreamNamePrefix.");
    const streams = (await account.logs.streams(await existingGroup(account, input, caller)))
      .filter(({ name }) => name.startsWith(prefix))
      .toSorted((a, b) => (byTime ? a.lastMs - b.lastMs : 0));
    const { page, nextToken } = pageOf(input.descending === true ? streams.toReversed() : streams, input);
    return given({ logStreams: page.map(describedStream), nextToken });
  },
});

function describedStream({ name, firstMs, lastMs }: LogStreamSummary): LogStream {
  return {
    logStreamName: name,
    creationTime: firstMs,
    firstEventTimestamp: firstMs,
    lastEventTimestamp: lastMs,
    lastIngestionTime: lastMs,
    storedBytes: 0,
  };
}

export const deleteLogGroup: Action<AccountLogs> = action(model, "DeleteLogGroup", {
  resources: streamArns,
  serves: ["logGroupName"],
  unserved: {},
  run: async (account: AccountLogs, input, { caller }) => {
    const name = await existingGroup(account, input, caller);
    await account.logs.remove(name);
    await account.groups.remove(name);
    return {};
  },
});

/** A page of what stands in its order, from the token on. */
function pageOf<T extends { readonly name: string }>(
  all: readonly T[],
  { nextToken: token, limit = PAGE }: { readonly nextToken?: string; readonly limit?: number },
): { readonly page: readonly T[]; readonly nextToken: string | undefined } {
  const after = token === undefined ? undefined : Buffer.from(token, "base64url").toString();
  const start = after === undefined ? 0 : all.findIndex(({ name }) => name === after) + 1;
  if (token !== undefined && start === 0) throw badToken();
  const page = all.slice(start, start + limit);
  const last = page.at(-1);
  const isMore = last !== undefined && start + page.length < all.length;
  return { page, nextToken: isMore ? Buffer.from(last.name).toString("base64url") : undefined };
}
