/** API keys. */
import { given } from "#base/given.ts";
import { keyOf } from "#base/key.ts";
import { type ApiKey as ApiKeyObject, apiKeyKind } from "#kinds/catamaran/api-key.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountRestApis,
  changeObject,
  createObject,
  failure,
  findObject,
  newId,
  pageOf,
} from "./account-rest-apis.ts";
import { type ApiKey, model } from "./model.gen.ts";
import { patched } from "./patch.ts";

const NO_KEY = "Invalid API Key identifier specified";

export const createApiKey: Action<AccountRestApis> = action(model, "CreateApiKey", {
  serves: ["name", "description", "enabled", "value", "customerId", "stageKeys", "tags"],
  unserved: { generateDistinctId: "leave it out: ids and values of keys differ" },
  run: async (account: AccountRestApis, { stageKeys = [], ...input }) => {
    const value = input.value ?? newId(account, 40);
    if (account.apiKeys.list(account.namespace).some(({ spec }) => spec.value === value))
      throw failure("ConflictException", "API Key already exists");
    const named = stageKeys.map(({ restApiId = "", stageName = "" }) => `${restApiId}/${stageName}`);
    const made = await createObject(account, apiKeyKind, {
      name: newId(account, 10),
      // CreateApiKey, "enabled": a key is off until somebody says otherwise.
      spec: { ...input, enabled: input.enabled ?? false, value, ...(named.length > 0 && { stageKeys: named }) },
    });
    return keyAnswer(made, true);
  },
});

export const getApiKey: Action<AccountRestApis> = action(model, "GetApiKey", {
  serves: ["apiKey", "includeValue"],
  unserved: {},
  run: async (account: AccountRestApis, { apiKey, includeValue = false }) =>
    keyAnswer(await findObject(account, apiKeyKind, { name: apiKey, says: NO_KEY }), includeValue),
});

export const getApiKeys: Action<AccountRestApis> = action(model, "GetApiKeys", {
  serves: ["position", "limit", "nameQuery", "customerId", "includeValues"],
  unserved: {},
  run: async (account: AccountRestApis, input) => {
    const { nameQuery = "", customerId, includeValues = false } = input;
    const all = account.apiKeys
      .list(account.namespace)
      .filter(({ spec }) => (spec.name ?? "").startsWith(nameQuery))
      .filter(({ spec }) => customerId === undefined || spec.customerId === customerId);
    const page = pageOf(all, input);
    return { ...page, items: page.items.map((one) => keyAnswer(one, includeValues)) };
  },
});

export const updateApiKey: Action<AccountRestApis> = action(model, "UpdateApiKey", {
  serves: ["apiKey", "patchOperations"],
  unserved: {},
  run: async (account: AccountRestApis, { apiKey, patchOperations: operations }) => {
    const shape = { name: "text", description: "text", enabled: "flag", customerId: "text" } as const;
    const changed = await changeObject(account, apiKeyKind, {
      name: apiKey,
      says: NO_KEY,
      decide: (live) => ({ ...live, spec: patched(live.spec, operations, shape) }),
    });
    return keyAnswer(changed, false);
  },
});

export const deleteApiKey: Action<AccountRestApis> = action(model, "DeleteApiKey", {
  serves: ["apiKey"],
  unserved: {},
  run: async (account: AccountRestApis, { apiKey }) => {
    await findObject(account, apiKeyKind, { name: apiKey, says: NO_KEY });
    await account.objects.remove(apiKeyKind, keyOf(account.namespace, apiKey));
    return {};
  },
});

function keyAnswer({ metadata, spec }: ApiKeyObject, isOpen: boolean): ApiKey {
  const { value, ...rest } = spec;
  const createdDate = Date.parse(metadata.creationTimestamp ?? "");
  return {
    id: metadata.name,
    stageKeys: [],
    enabled: true,
    ...rest,
    createdDate,
    lastUpdatedDate: createdDate,
    ...given({ value: isOpen ? value : undefined }),
  };
}
