/** ListTags, TagResource and UntagResource of functions. */
import type { Input, Reply } from "../action.ts";
import type { Shape } from "../shape.ts";
import { text } from "./shapes.ts";
import { changeFunction, findFunction, functionReference, type LambdaWorld } from "./world.ts";

export const tagInput: Shape = {
  is: "structure",
  members: { Resource: text, Tags: { is: "map", of: text, max: 50 }, TagKeys: text },
  required: ["Resource"],
};

export async function listTags(world: LambdaWorld, input: Input): Promise<Reply> {
  const fn = await findFunction(world, functionReference(input["Resource"] as string));
  return { body: { Tags: fn.spec.tags ?? {} } };
}

export async function tagFunction(world: LambdaWorld, input: Input): Promise<Reply> {
  const tags = input["Tags"] as Readonly<Record<string, string>> | undefined;
  await changeFunction(world, functionReference(input["Resource"] as string).name, (live) => ({
    ...live,
    spec: { ...live.spec, tags: { ...live.spec.tags, ...tags } },
  }));
  return {};
}

/** `tagKeys` may be repeated in the query; they arrive joined by commas. */
export async function untagFunction(world: LambdaWorld, input: Input): Promise<Reply> {
  const keys = new Set(((input["TagKeys"] as string | undefined) ?? "").split(","));
  await changeFunction(world, functionReference(input["Resource"] as string).name, (live) => {
    const tags = Object.fromEntries(Object.entries(live.spec.tags ?? {}).filter(([key]) => !keys.has(key)));
    return { ...live, spec: { ...live.spec, tags } };
  });
  return {};
}
