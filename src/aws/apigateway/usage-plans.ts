/** Usage plans, the keys in them, and what these have used. */
import { given } from "#base/given.ts";
import { keyOf } from "#base/key.ts";
import { type ApiKey, apiKeyKind } from "#kinds/catamaran/api-key.ts";
import { type UsagePlan as UsagePlanObject, usagePlanKind, type UsagePlanSpec } from "#kinds/catamaran/usage-plan.ts";
import type { Live } from "#kinds/object.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountRestApis,
  changeObject,
  createObject,
  failure,
  findApi,
  findObject,
  invalid,
  missing,
  newId,
  pageOf,
} from "./account-rest-apis.ts";
import { model, type PatchOperation, type UsagePlan, type UsagePlanKey } from "./model.gen.ts";
import { patched, refused, stepsOf } from "./patch.ts";
import { stageIn } from "./stages.ts";

const NO_PLAN = "Invalid Usage Plan ID specified";
const NO_KEY = "Invalid API Key identifier specified";

export const createUsagePlan: Action<AccountRestApis> = action(model, "CreateUsagePlan", {
  serves: ["name", "description", "apiStages", "throttle", "quota", "tags"],
  unserved: {},
  run: async (account: AccountRestApis, input) => {
    for (const { apiId = "", stage = "" } of input.apiStages ?? [])
      stageIn((await findApi(account, apiId)).spec, stage);
    return planAnswer(await createObject(account, usagePlanKind, { name: newId(account, 6), spec: input }));
  },
});

function findPlan(account: AccountRestApis, id: string): Promise<Live<UsagePlanObject>> {
  return findObject(account, usagePlanKind, { name: id, says: NO_PLAN });
}

function changePlan(
  account: AccountRestApis,
  id: string,
  decide: (spec: UsagePlanSpec) => UsagePlanSpec,
): Promise<UsagePlanObject> {
  return changeObject(account, usagePlanKind, {
    name: id,
    says: NO_PLAN,
    decide: (live) => ({ ...live, spec: decide(live.spec) }),
  });
}

export const getUsagePlan: Action<AccountRestApis> = action(model, "GetUsagePlan", {
  serves: ["usagePlanId"],
  unserved: {},
  run: async (account: AccountRestApis, { usagePlanId: id }) => planAnswer(await findPlan(account, id)),
});

export const getUsagePlans: Action<AccountRestApis> = action(model, "GetUsagePlans", {
  serves: ["position", "limit", "keyId"],
  unserved: {},
  run: async (account: AccountRestApis, input) => {
    const { keyId } = input;
    const all = account.usagePlans
      .list(account.namespace)
      .filter(({ spec }) => keyId === undefined || spec.keys?.includes(keyId) === true);
    const page = pageOf(all, input);
    return { ...page, items: page.items.map(planAnswer) };
  },
});

export const updateUsagePlan: Action<AccountRestApis> = action(model, "UpdateUsagePlan", {
  serves: ["usagePlanId", "patchOperations"],
  unserved: {},
  run: async (account: AccountRestApis, { usagePlanId: id, patchOperations: operations = [] }) =>
    planAnswer(await changePlan(account, id, (spec) => operations.reduce(patchedPlan, spec))),
});

function patchedPlan(spec: UsagePlanSpec, operation: PatchOperation): UsagePlanSpec {
  const { op = "replace", path = "", value = "" } = operation;
  const [first = ""] = stepsOf(path);
  switch (first) {
    case "name":
    case "description":
      return patched(spec, [operation], { name: "text", description: "text" });
    case "apiStages":
      return { ...spec, apiStages: patchedStages(spec.apiStages ?? [], { op, value }) };
    case "throttle": {
      const { throttle, ...rest } = spec;
      if (path === "/throttle" && op === "remove") return rest;
      const inner = { ...operation, path: path.slice("/throttle".length) };
      return { ...rest, throttle: patched(throttle ?? {}, [inner], { rateLimit: "number", burstLimit: "number" }) };
    }
    case "quota": {
      const { quota, ...rest } = spec;
      if (path === "/quota" && op === "remove") return rest;
      const inner = { ...operation, path: path.slice("/quota".length) };
      const shape = { limit: "number", offset: "number", period: "text" } as const;
      return { ...rest, quota: patched(quota ?? { limit: 0, period: "MONTH" as const }, [inner], shape) };
    }
    default:
      throw refused(op, path);
  }
}

/** "add /apiStages API:STAGE" */
function patchedStages(
  stages: NonNullable<UsagePlanSpec["apiStages"]>,
  { op, value }: { readonly op: string; readonly value: string },
): NonNullable<UsagePlanSpec["apiStages"]> {
  const [apiId = "", stage = ""] = value.split(":");
  if (stage === "") throw invalid("Api stage must be specified as API:STAGE");
  const others = stages.filter((one) => one.apiId !== apiId || one.stage !== stage);
  return op === "remove" ? others : [...others, { apiId, stage }];
}

export const deleteUsagePlan: Action<AccountRestApis> = action(model, "DeleteUsagePlan", {
  serves: ["usagePlanId"],
  unserved: {},
  run: async (account: AccountRestApis, { usagePlanId: id }) => {
    const { spec } = await findPlan(account, id);
    if ((spec.apiStages ?? []).length > 0)
      throw invalid(
        `Cannot delete Usage Plan '${id}'. Associated stages must be removed from the usage plan before deletion.`,
      );
    await account.objects.remove(usagePlanKind, keyOf(account.namespace, id));
    return {};
  },
});

export const createUsagePlanKey: Action<AccountRestApis> = action(model, "CreateUsagePlanKey", {
  serves: ["usagePlanId", "keyId", "keyType"],
  unserved: {},
  run: async (account: AccountRestApis, { usagePlanId: id, keyId, keyType }) => {
    if (keyType !== "API_KEY") throw invalid("Invalid key type");
    const key = await findObject(account, apiKeyKind, { name: keyId, says: NO_KEY });
    await changePlan(account, id, (spec) => {
      if (spec.keys?.includes(keyId) === true)
        throw failure("ConflictException", `Usage Plan Key ${keyId} already exists for this usage plan`);
      return { ...spec, keys: [...(spec.keys ?? []), keyId] };
    });
    return keyAnswer(key);
  },
});

export const getUsagePlanKey: Action<AccountRestApis> = action(model, "GetUsagePlanKey", {
  serves: ["usagePlanId", "keyId"],
  unserved: {},
  run: async (account: AccountRestApis, { usagePlanId: id, keyId }) => {
    const { spec } = await findPlan(account, id);
    if (spec.keys?.includes(keyId) !== true) throw missing(NO_KEY);
    return keyAnswer(await findObject(account, apiKeyKind, { name: keyId, says: NO_KEY }));
  },
});

export const getUsagePlanKeys: Action<AccountRestApis> = action(model, "GetUsagePlanKeys", {
  serves: ["usagePlanId", "position", "limit", "nameQuery"],
  unserved: {},
  run: async (account: AccountRestApis, input) => {
    const { spec } = await findPlan(account, input.usagePlanId);
    const known = new Map(account.apiKeys.list(account.namespace).map((key) => [key.metadata.name, key]));
    const keys = (spec.keys ?? []).flatMap((id) => known.get(id) ?? []);
    const page = pageOf(
      keys.filter((key) => (key.spec.name ?? "").startsWith(input.nameQuery ?? "")),
      input,
    );
    return { ...page, items: page.items.map(keyAnswer) };
  },
});

export const deleteUsagePlanKey: Action<AccountRestApis> = action(model, "DeleteUsagePlanKey", {
  serves: ["usagePlanId", "keyId"],
  unserved: {},
  run: async (account: AccountRestApis, { usagePlanId: id, keyId }) => {
    await changePlan(account, id, (spec) => {
      if (spec.keys?.includes(keyId) !== true) throw missing(NO_KEY);
      return { ...spec, keys: spec.keys.filter((one) => one !== keyId) };
    });
    return {};
  },
});

const MAX_DAYS = 366;

export const getUsage: Action<AccountRestApis> = action(model, "GetUsage", {
  serves: ["usagePlanId", "keyId", "startDate", "endDate"],
  unserved: { position: "ask for one key", limit: "ask for one key" },
  run: async (account: AccountRestApis, { usagePlanId: id, keyId, startDate, endDate }) => {
    const { spec } = await findPlan(account, id);
    const days = daysBetween(startDate, endDate);
    const counts = new Map<string, number>();
    for await (const { key, day, count } of account.keyUsage.read(id)) counts.set(`${key}/${day}`, count);
    const keys = (spec.keys ?? []).filter((key) => keyId === undefined || key === keyId);
    const limit = spec.quota?.limit ?? 0;
    const items = keys.map((key) => {
      let left = limit - (spec.quota?.offset ?? 0);
      return [
        key,
        days.map((day) => [counts.get(`${key}/${day}`) ?? 0, (left -= counts.get(`${key}/${day}`) ?? 0)]),
      ] as const;
    });
    return { usagePlanId: id, startDate, endDate, items: Object.fromEntries(items) };
  },
});

function daysBetween(from: string, to: string): readonly string[] {
  const [first, last] = [Date.parse(from), Date.parse(to)];
  const count = (last - first) / 86_400_000 + 1;
  if (!Number.isInteger(count) || count < 1 || count > MAX_DAYS) throw invalid("Invalid date range specified");
  return Array.from({ length: count }, (_one, at) => new Date(first + at * 86_400_000).toISOString().slice(0, 10));
}

function planAnswer({ metadata, spec }: UsagePlanObject): UsagePlan {
  const { keys: _keys, ...rest } = spec;
  return { id: metadata.name, apiStages: [], ...rest };
}

function keyAnswer({ metadata, spec }: ApiKey): UsagePlanKey {
  return { id: metadata.name, type: "API_KEY", ...given({ value: spec.value, name: spec.name }) };
}
