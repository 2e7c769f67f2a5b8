/** Tags of APIs and their stages, by ARN. */
import type { HttpApiSpec } from "#kinds/catamaran/http-api.ts";
import { type Action, action } from "../action.ts";
import { type AccountApis, changeApi, findApi, missing, replaced } from "./account-apis.ts";
import { model } from "./model.gen.ts";
import { stageIn } from "./stages.ts";

type Tags = Readonly<Record<string, string>>;

export const tagResource: Action<AccountApis> = action(model, "TagResource", {
  serves: ["ResourceArn", "Tags"],
  unserved: {},
  run: async (account: AccountApis, { ResourceArn: arn, Tags: tags = {} }) => {
    await changeTags(account, arn, (before) => ({ ...before, ...tags }));
    return {};
  },
});

export const untagResource: Action<AccountApis> = action(model, "UntagResource", {
  serves: ["ResourceArn", "TagKeys"],
  unserved: {},
  run: async (account: AccountApis, { ResourceArn: arn, TagKeys: keys }) => {
    await changeTags(account, arn, (before) =>
      Object.fromEntries(Object.entries(before).filter(([key]) => !keys.includes(key))),
    );
    return {};
  },
});

export const getTags: Action<AccountApis> = action(model, "GetTags", {
  serves: ["ResourceArn"],
  unserved: {},
  run: async (account: AccountApis, { ResourceArn: arn }) => {
    const { id, stage } = targetOf(arn);
    const { spec } = await findApi(account, id);
    return { Tags: (stage === undefined ? spec.tags : stageIn(spec, stage).tags) ?? {} };
  },
});

interface Target {
  readonly id: string;
  readonly stage: string | undefined;
}

/** arn:aws:apigateway:REGION::/apis/ID or …/apis/ID/stages/NAME */
function targetOf(arn: string): Target {
  const [, id, stage] = /^arn:aws:apigateway:[^:]+::\/apis\/([^/]+)(?:\/stages\/([^/]+))?$/.exec(arn) ?? [];
  if (id === undefined) throw missing("Invalid resource specified in the request");
  return { id, stage };
}

async function changeTags(account: AccountApis, arn: string, decide: (before: Tags) => Tags): Promise<void> {
  const { id, stage } = targetOf(arn);
  await changeApi(account, id, (spec): HttpApiSpec => {
    if (stage === undefined) return { ...spec, tags: decide(spec.tags ?? {}) };
    const live = stageIn(spec, stage);
    const next = { ...live, tags: decide(live.tags ?? {}) };
    return { ...spec, stages: replaced(spec.stages ?? [], live, next) };
  });
}
