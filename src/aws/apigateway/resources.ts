/** The tree of a REST API: its resources. */
import { given } from "#base/given.ts";
import { pathOf, type RestApiSpec } from "#kinds/catamaran/rest-api.ts";
import type { RestResource } from "#kinds/catamaran/rest-api-parts.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountRestApis,
  changeApi,
  failure,
  findApi,
  invalid,
  newId,
  pageOf,
  replaced,
  resourceIn,
} from "./account-rest-apis.ts";
import { methodAnswer } from "./methods.ts";
import { model, type Resource } from "./model.gen.ts";
import { patched } from "./patch.ts";

export const createResource: Action<AccountRestApis> = action(model, "CreateResource", {
  serves: ["restApiId", "parentId", "pathPart"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, parentId, pathPart }) => {
    const made = { id: newId(account, 6), parentId, pathPart };
    const { spec } = await changeApi(account, id, (before) => {
      resourceIn(before, parentId);
      checkTwin(before, made);
      return { ...before, resources: [...before.resources, made] };
    });
    return resourceOf(spec, made);
  },
});

function checkTwin({ resources }: RestApiSpec, { parentId, pathPart, id }: RestResource): void {
  if (resources.some((one) => one.parentId === parentId && one.pathPart === pathPart && one.id !== id))
    throw failure(
      "ConflictException",
      `Another resource with the same parent already has this name: ${pathPart ?? ""}`,
    );
}

export const getResource: Action<AccountRestApis> = action(model, "GetResource", {
  serves: ["restApiId", "resourceId", "embed"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, resourceId, embed }) => {
    const { spec } = await findApi(account, id);
    return resourceOf(spec, resourceIn(spec, resourceId), embed);
  },
});

export const getResources: Action<AccountRestApis> = action(model, "GetResources", {
  serves: ["restApiId", "position", "limit", "embed"],
  unserved: {},
  run: async (account: AccountRestApis, input) => {
    const { spec } = await findApi(account, input.restApiId);
    const page = pageOf(spec.resources, input);
    return { ...page, items: page.items.map((one) => resourceOf(spec, one, input.embed)) };
  },
});

export const updateResource: Action<AccountRestApis> = action(model, "UpdateResource", {
  serves: ["restApiId", "resourceId", "patchOperations"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, resourceId, patchOperations: operations }) => {
    const { spec } = await changeApi(account, id, (before) => {
      const live = resourceIn(before, resourceId);
      const next = patched(live, operations, { pathPart: "text", parentId: "text" });
      checkTwin(before, next);
      return { ...before, resources: replaced(before.resources, live, next) };
    });
    return resourceOf(spec, resourceIn(spec, resourceId));
  },
});

export const deleteResource: Action<AccountRestApis> = action(model, "DeleteResource", {
  serves: ["restApiId", "resourceId"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, resourceId }) => {
    await changeApi(account, id, (spec) => {
      if (resourceIn(spec, resourceId).parentId === undefined) throw invalid("Root resource cannot be deleted");
      return { ...spec, resources: spec.resources.filter((one) => !isBelow(spec, one, resourceId)) };
    });
    return {};
  },
});

/** Whether it is that resource, or one of those below. */
function isBelow({ resources }: RestApiSpec, resource: RestResource, id: string): boolean {
  let at: RestResource | undefined = resource;
  while (at !== undefined) {
    if (at.id === id) return true;
    const above: string | undefined = at.parentId;
    at = resources.find((one) => one.id === above);
  }
  return false;
}

export function resourceOf(spec: RestApiSpec, resource: RestResource, embed: readonly string[] = []): Resource {
  const { id, parentId, pathPart, resourceMethods = {} } = resource;
  const isWhole = embed.includes("methods");
  const methods = Object.entries(resourceMethods).map(
    ([name, method]) => [name, isWhole ? methodAnswer(name, method) : {}] as const,
  );
  return {
    id,
    path: pathOf(spec, id),
    ...given({ parentId, pathPart }),
    ...(methods.length > 0 && { resourceMethods: Object.fromEntries(methods) }),
  };
}
