/** DescribeLogGroups, DescribeLogStreams and DeleteLogGroup. */
import { given } from "#base/given.ts";
import type { LogStreamSummary } from "#functions/logs.ts";
import { type Action, action } from "../action.ts";
import { type AccountLogs, badToken, existingGroup, failure, groupArn, streamArns } from "./account-logs.ts";
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
    const names = logGroupClass === undefined || logGroupClass === "STANDARD" ? await account.logs.groups() : [];
    const wanted = names.filter(
      (name) => name.startsWith(prefix ?? "") && name.toLowerCase().includes((pattern ?? "").toLowerCase()),
    );
    const { page, nextToken } = pageOf(
      wanted.map((name) => ({ name })),
      input,
    );
    return given({ logGroups: page.map(({ name }) => describedGroup(account, name)), nextToken });
  },
});

function describedGroup(account: AccountLogs, name: string): LogGroup {
  return {
    logGroupName: name,
    arn: `${groupArn(account, name)}:*`,
    logGroupArn: groupArn(account, name),
    storedBytes: 0,
    metricFilterCount: 0,
    logGroupClass: "STANDARD",
  };
}

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
    await account.logs.remove(await existingGroup(account, input, caller));
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
