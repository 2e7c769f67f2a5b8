/** TagResource, UntagResource and ListTagsOfResource: tags of tables, by ARN. */
import { Fault } from "#base/fault.ts";
import type { Table } from "#kinds/catamaran/table.ts";
import { type Action, action } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { type AccountTables, failure, invalid, tableArn } from "./account-tables.ts";
import { model, type Tag } from "./model.gen.ts";

const MAX_TAGS = 50;
// Developer Guide, "Tagging restrictions in DynamoDB".
const TAG_TEXT = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Throws for tags that a table cannot have. */
export function checkTags(tags: readonly Tag[]): void {
  const keys = tags.map(({ Key }) => Key);
  if (keys.length > MAX_TAGS) throw invalid("Too many tags: a table has at most 50");
  if (new Set(keys).size !== keys.length)
    throw invalid("One or more parameter values were invalid: the tag keys are not unique");
  const odd = tags.flatMap(({ Key, Value }) => [Key, Value]).find((text) => !TAG_TEXT.test(text));
  if (odd !== undefined)
    throw invalid(`One or more parameter values were invalid: a tag has characters that tags do not have: ${odd}`);
  const reserved = keys.find((key) => key.toLowerCase().startsWith("aws:"));
  if (reserved !== undefined)
    throw invalid(`One or more parameter values were invalid: the tag key ${reserved} begins with aws:`);
}

export const tagResource: Action<AccountTables> = action(model, "TagResource", {
  resources: ({ ResourceArn }) => [ResourceArn],
  serves: ["ResourceArn", "Tags"],
  unserved: {},
  run: async (account: AccountTables, { ResourceArn, Tags }) => {
    checkTags(Tags);
    if (Tags.length === 0) throw invalid("Atleast one Tag needs to be provided as Input.");
    const table = await taggedTable(account, ResourceArn);
    const added = Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value]));
    await changeTags(account, table, (tags) => {
      const all = { ...tags, ...added };
      if (Object.keys(all).length > MAX_TAGS) throw invalid("Too many tags: a table has at most 50");
      return all;
    });
    return {};
  },
});

export const untagResource: Action<AccountTables> = action(model, "UntagResource", {
  resources: ({ ResourceArn }) => [ResourceArn],
  serves: ["ResourceArn", "TagKeys"],
  unserved: {},
  run: async (account: AccountTables, { ResourceArn, TagKeys }) => {
    if (TagKeys.length === 0) throw invalid("Atleast one Tag Key needs to be provided as Input.");
    const table = await taggedTable(account, ResourceArn);
    await changeTags(account, table, (tags) =>
      Object.fromEntries(Object.entries(tags).filter(([key]) => !TagKeys.includes(key))),
    );
    return {};
  },
});

export const listTagsOfResource: Action<AccountTables> = action(model, "ListTagsOfResource", {
  resources: ({ ResourceArn }) => [ResourceArn],
  serves: ["ResourceArn"],
  unserved: { NextToken: "leave it out: all tags of a table fit into one answer" },
  run: async (account: AccountTables, { ResourceArn }) => {
    const { spec } = await taggedTable(account, ResourceArn);
    return { Tags: Object.entries(spec.tags ?? {}).map(([Key, Value]) => ({ Key, Value })) };
  },
});

async function taggedTable(account: AccountTables, arn: string): Promise<Table> {
  const [, region, accountId, name] = /^arn:aws[a-z-]*:dynamodb:([^:]*):([^:]*):table\/([^/]+)$/.exec(arn) ?? [];
  if (!arn.startsWith("arn:")) throw invalid(`Invalid TableArn: ARNs must start with 'arn:': ${arn}`);
  if (name === undefined) throw invalid(`Invalid TableArn: Invalid ResourceArn provided as input ${arn}`);
  if (region !== account.region || accountId !== account.accountId)
    throw new AwsError("AccessDeniedException", 400, `Access to the resource ${arn} is denied`);
  try {
    return await account.tables.newest(account.namespace, name);
  } catch (thrown) {
    if (!(thrown instanceof Fault) || thrown.code !== "NotFound") throw thrown;
    throw failure(
      "ResourceNotFoundException",
      `Requested resource not found: ResourcArn: ${tableArn(account, name)} not found`,
    );
  }
}

type Tags = Readonly<Record<string, string>>;

async function changeTags(account: AccountTables, table: Table, decide: (tags: Tags) => Tags): Promise<void> {
  await account.tables.change(table, (live) => ({
    ...live,
    spec: { ...live.spec, tags: decide(live.spec.tags ?? {}) },
  }));
}
