/** Tags of REST APIs, their stages, keys and usage plans, by ARN. */
import { type ApiKey, apiKeyKind } from "#kinds/catamaran/api-key.ts";
import { type UsagePlan, usagePlanKind } from "#kinds/catamaran/usage-plan.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountRestApis,
  changeApi,
  changeObject,
  findApi,
  findObject,
  invalid,
  replaced,
} from "./account-rest-apis.ts";
import { model } from "./model.gen.ts";
import { stageIn } from "./stages.ts";

type Tags = Readonly<Record<string, string>>;

export const tagResource: Action<AccountRestApis> = action(model, "TagResource", {
  serves: ["resourceArn", "tags"],
  unserved: {},
  run: async (account: AccountRestApis, { resourceArn: arn, tags }) => {
    await changeTags(account, arn, (before) => ({ ...before, ...tags }));
    return {};
  },
});

export const untagResource: Action<AccountRestApis> = action(model, "UntagResource", {
  serves: ["resourceArn", "tagKeys"],
  unserved: {},
  run: async (account: AccountRestApis, { resourceArn: arn, tagKeys }) => {
    const kept = (before: Tags): Tags =>
      Object.fromEntries(Object.entries(before).filter(([key]) => !tagKeys.includes(key)));
    await changeTags(account, arn, kept);
    return {};
  },
});

export const getTags: Action<AccountRestApis> = action(model, "GetTags", {
  serves: ["resourceArn"],
  unserved: { position: "all tags come at once", limit: "all tags come at once" },
  run: async (account: AccountRestApis, { resourceArn: arn }) => {
    const { what, id, stage } = targetOf(arn);
    if (what === "apikeys") return { tags: (await findObject(account, apiKeyKind, at(id))).spec.tags ?? {} };
    if (what === "usageplans") return { tags: (await findObject(account, usagePlanKind, at(id))).spec.tags ?? {} };
    const { spec } = await findApi(account, id);
    return { tags: (stage === undefined ? spec.tags : stageIn(spec, stage).tags) ?? {} };
  },
});

const at = (name: string) => ({ name, says: "Invalid resource specified in the request" });

interface Target {
  readonly what: "restapis" | "apikeys" | "usageplans";
  readonly id: string;
  readonly stage: string | undefined;
}

/** arn:aws:apigateway:REGION::/restapis/ID[/stages/NAME], …/apikeys/ID, …/usageplans/ID */
function targetOf(arn: string): Target {
  const [, what, id, stage] =
    /^arn:aws:apigateway:[^:]+::\/(restapis|apikeys|usageplans)\/([^/]+)(?:\/stages\/([^/]+))?$/.exec(arn) ?? [];
  if (id === undefined || (what !== "restapis" && what !== "apikeys" && what !== "usageplans"))
    throw invalid("Invalid ARN specified in the request");
  return { what, id, stage };
}

async function changeTags(account: AccountRestApis, arn: string, decide: (before: Tags) => Tags): Promise<void> {
  const { what, id, stage } = targetOf(arn);
  const tagged = <T extends { readonly tags?: Tags }>(spec: T): T => ({ ...spec, tags: decide(spec.tags ?? {}) });
  if (what === "apikeys") {
    const decideKey = (live: ApiKey): ApiKey => ({ ...live, spec: tagged(live.spec) });
    return void (await changeObject(account, apiKeyKind, { ...at(id), decide: decideKey }));
  }
  if (what === "usageplans") {
    const decidePlan = (live: UsagePlan): UsagePlan => ({ ...live, spec: tagged(live.spec) });
    return void (await changeObject(account, usagePlanKind, { ...at(id), decide: decidePlan }));
  }
  await changeApi(account, id, (spec) => {
    if (stage === undefined) return tagged(spec);
    const live = stageIn(spec, stage);
    return { ...spec, stages: replaced(spec.stages, live, tagged(live)) };
  });
}
