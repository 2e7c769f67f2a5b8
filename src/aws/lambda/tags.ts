/** ListTags, TagResource and UntagResource of functions. */
import { type Action, action } from "../action.ts";
import { type AccountFunctions, changeFunction, findFunction } from "./account-functions.ts";
import { model, type Tags } from "./model.gen.ts";
import { failure, invalid, referenceOf } from "./names.ts";

const MAX_TAGS = 50; // Lambda Developer Guide, "Tag restrictions".

export const listTags: Action<AccountFunctions> = action(model, "ListTags", {
  resources: ({ Resource }) => [Resource],
  serves: ["Resource"],
  unserved: {},
  run: async (account: AccountFunctions, { Resource }) => {
    const fn = await findFunction(account, { name: taggedName(account, Resource), qualifier: undefined });
    return { Tags: fn.spec.tags ?? {} };
  },
});

export const tagResource: Action<AccountFunctions> = action(model, "TagResource", {
  resources: ({ Resource }) => [Resource],
  serves: ["Resource", "Tags"],
  unserved: {},
  run: async (account: AccountFunctions, { Resource, Tags: tags }) => {
    const name = taggedName(account, Resource);
    if (Object.keys(tags).length === 0) throw invalid("An error occurred and the request cannot be processed.");
    await changeFunction(account, name, (live) => ({
      ...live,
      spec: { ...live.spec, tags: checkedTags({ ...live.spec.tags, ...tags }) },
    }));
    return {};
  },
});

export const untagResource: Action<AccountFunctions> = action(model, "UntagResource", {
  resources: ({ Resource }) => [Resource],
  serves: ["Resource", "TagKeys"],
  unserved: {},
  run: async (account: AccountFunctions, { Resource, TagKeys }) => {
    const keys = new Set(TagKeys);
    await changeFunction(account, taggedName(account, Resource), (live) => {
      const tags = Object.fromEntries(Object.entries(live.spec.tags ?? {}).filter(([key]) => !keys.has(key)));
      return { ...live, spec: { ...live.spec, tags } };
    });
    return {};
  },
});

export function checkedTags(tags: Tags): Tags {
  if (Object.keys(tags).length > MAX_TAGS) throw invalid("Number of tags exceeds resource tag limit.");
  return tags;
}

// What else has tags on AWS; there are none of these here yet.
const OTHERS: readonly (readonly [part: string, title: string])[] = [
  [":event-source-mapping:", "Event source mapping"],
  [":capacity-provider:", "Capacity provider"],
  [":code-signing-config:", "Code signing configuration"],
];

function taggedName(account: AccountFunctions, resource: string): string {
  const other = OTHERS.find(([part]) => resource.includes(part));
  if (other !== undefined) throw failure("ResourceNotFoundException", `${other[1]} not found: ${resource}`);
  const { name, qualifier } = referenceOf(account, { FunctionName: resource });
  if (qualifier === undefined) return name;
  throw invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.");
}
