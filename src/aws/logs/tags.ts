/** Tags of log groups, by their ARN and in the older way by their name. */
import { type Action, action } from "../action.ts";
import { type AccountLogs, existingGroup, streamArns } from "./account-logs.ts";
import { model } from "./model.gen.ts";

function groupOf({ resourceArn }: { readonly resourceArn: string }): { readonly logGroupIdentifier: string } {
  return { logGroupIdentifier: resourceArn };
}

export const tagResource: Action<AccountLogs> = action(model, "TagResource", {
  resources: (input, place) => streamArns(groupOf(input), place),
  serves: ["resourceArn", "tags"],
  unserved: {},
  run: async (account: AccountLogs, { resourceArn, tags }, { caller }) => {
    const name = await existingGroup(account, groupOf({ resourceArn }), caller);
    await account.groups.change(name, (group) => ({ ...group, tags: { ...group.tags, ...tags } }));
    return {};
  },
});

export const untagResource: Action<AccountLogs> = action(model, "UntagResource", {
  resources: (input, place) => streamArns(groupOf(input), place),
  serves: ["resourceArn", "tagKeys"],
  unserved: {},
  run: async (account: AccountLogs, { resourceArn, tagKeys }, { caller }) => {
    const name = await existingGroup(account, groupOf({ resourceArn }), caller);
    await account.groups.change(name, (group) => ({
      ...group,
      tags: Object.fromEntries(Object.entries(group.tags).filter(([key]) => !tagKeys.includes(key))),
    }));
    return {};
  },
});

export const listTagsForResource: Action<AccountLogs> = action(model, "ListTagsForResource", {
  resources: (input, place) => streamArns(groupOf(input), place),
  serves: ["resourceArn"],
  unserved: {},
  run: async (account: AccountLogs, input, { caller }) => {
    const { resourceArn } = input;
    const name = await existingGroup(account, groupOf({ resourceArn }), caller);
    return { tags: (await account.groups.find(name))?.tags ?? {} };
  },
});

export const listTagsLogGroup: Action<AccountLogs> = action(model, "ListTagsLogGroup", {
  resources: streamArns,
  serves: ["logGroupName"],
  unserved: {},
  run: async (account: AccountLogs, input, { caller }) => {
    const name = await existingGroup(account, input, caller);
    return { tags: (await account.groups.find(name))?.tags ?? {} };
  },
});
