/** ListTags, TagResource and UntagResource of functions. */
import type { Input, Reply } from "../untyped-action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../untyped-shape.ts";
import { functionResource, referenceOf } from "./names.ts";
import { text } from "./shapes.ts";
import { changeFunction, findFunction, type LambdaWorld } from "./world.ts";

type Tags = Readonly<Record<string, string>>;

export const listTagsInput: Shape = {
  is: "structure",
  members: { Resource: functionResource },
  required: ["Resource"],
};

export const tagInput: Shape = {
  is: "structure",
  members: { Resource: functionResource, Tags: { is: "map", of: text } },
  required: ["Resource", "Tags"],
};

export const untagInput: Shape = {
  is: "structure",
  members: { Resource: functionResource, TagKeys: { is: "list", of: text } },
  required: ["Resource", "TagKeys"],
};

const MAX_TAGS = 50; // Lambda Developer Guide, "Tag restrictions".

export async function listTags(world: LambdaWorld, input: Input): Promise<Reply> {
  const fn = await findFunction(world, { name: taggedName(world, input), qualifier: undefined });
  return { body: { Tags: fn.spec.tags ?? {} } };
}

export async function tagFunction(world: LambdaWorld, input: Input): Promise<Reply> {
  const name = taggedName(world, input);
  const tags = input["Tags"] as Tags;
  if (Object.keys(tags).length === 0) throw invalid("An error occurred and the request cannot be processed.");
  await changeFunction(world, name, (live) => ({
    ...live,
    spec: { ...live.spec, tags: checkedTags({ ...live.spec.tags, ...tags }) },
  }));
  return {};
}

export async function untagFunction(world: LambdaWorld, input: Input): Promise<Reply> {
  const keys = new Set(input["TagKeys"] as readonly string[]);
  await changeFunction(world, taggedName(world, input), (live) => {
    const tags = Object.fromEntries(Object.entries(live.spec.tags ?? {}).filter(([key]) => !keys.has(key)));
    return { ...live, spec: { ...live.spec, tags } };
  });
  return {};
}

export function checkedTags(tags: Tags): Tags {
  if (Object.keys(tags).length > MAX_TAGS) throw invalid("Number of tags exceeds resource tag limit.");
  return tags;
}

// What else has tags on AWS; there are none of these here yet.
const OTHERS: readonly (readonly [part: string, title: string])[] = [
  [":event-source-mapping:", "Event source mapping"],
  [":capacity-provider:", "Capacity provider"],
  [":code-signing-config:", "Code signing configuration"],
  [":layer:", "Layer"],
];

function taggedName(world: LambdaWorld, input: Input): string {
  const resource = input["Resource"] as string;
  const other = OTHERS.find(([part]) => resource.includes(part));
  if (other !== undefined) throw new AwsError("ResourceNotFoundException", 404, `${other[1]} not found: ${resource}`);
  const { name, qualifier } = referenceOf(world, input, "Resource");
  if (qualifier === undefined) return name;
  throw invalid("Tags on function aliases and versions are not supported. Please specify a function ARN.");
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", 400, message);
}
