/** Deployments of REST APIs: what an API said at a time, for its stages and their canaries. */
import { given } from "#base/given.ts";
import type { Json } from "#base/json.ts";
import { keyOf } from "#base/key.ts";
import { apiDeploymentKind, type ApiDeployment } from "#kinds/catamaran/api-deployment.ts";
import { pathOf, type RestApi, type RestApiSpec } from "#kinds/catamaran/rest-api.ts";
import type { RestStage } from "#kinds/catamaran/rest-api-parts.ts";
import type { Live } from "#kinds/object.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountRestApis,
  changeApi,
  createObject,
  findApi,
  findObject,
  invalid,
  newId,
  pageOf,
} from "./account-rest-apis.ts";
import { type Deployment, model } from "./model.gen.ts";
import { patched } from "./patch.ts";

export const createDeployment: Action<AccountRestApis> = action(model, "CreateDeployment", {
  serves: [
    "restApiId",
    "stageName",
    "stageDescription",
    "description",
    "cacheClusterEnabled",
    "cacheClusterSize",
    "variables",
    "canarySettings.percentTraffic",
    "canarySettings.stageVariableOverrides",
  ],
  unserved: {
    "tracingEnabled=true": "traces go by X-Amzn-Trace-Id alone",
    "canarySettings.useStageCache=true": "leave it out",
  },
  run: async (account: AccountRestApis, input, { now }) => {
    const { restApiId: id, description, stageName } = input;
    const api = await findApi(account, id);
    checkWhole(api.spec);
    const made = await deploy(account, api, description);
    const { deploymentId } = made.spec;
    if (stageName !== undefined)
      await changeApi(account, id, (spec) => withStage(spec, { ...input, stageName }, { deploymentId, now }));
    return { id: deploymentId, createdDate: now, ...given({ description }) };
  },
});

/** Every method has what it leads to. */
function checkWhole({ resources }: RestApiSpec): void {
  const methods = resources.flatMap(({ resourceMethods = {} }) => Object.values(resourceMethods));
  if (methods.length === 0) throw invalid("The REST API doesn't contain any methods");
  if (methods.some(({ methodIntegration }) => methodIntegration === undefined))
    throw invalid("No integration defined for method");
}

function deploy(
  account: AccountRestApis,
  owner: Live<RestApi>,
  description: string | undefined,
): Promise<ApiDeployment> {
  const deploymentId = newId(account, 6);
  const { name } = owner.metadata;
  return createObject(account, apiDeploymentKind, {
    name: `${name}-${deploymentId}`,
    owner,
    spec: { api: name, deploymentId, ...given({ description }), snapshot: snapshotOf(owner.spec) },
  });
}

/** What a deployment keeps: all but stages and names. */
export function snapshotOf(spec: RestApiSpec): Json {
  const { stages: _stages, name: _name, description: _description, version: _version, tags: _tags, ...kept } = spec;
  // Parts of a stored spec are JSON.
  return kept as unknown as Json;
}

interface Staging {
  readonly stageName: string;
  readonly stageDescription?: string;
  readonly cacheClusterEnabled?: boolean;
  readonly cacheClusterSize?: string;
  readonly variables?: Readonly<Record<string, string>>;
  readonly canarySettings?: {
    readonly percentTraffic?: number;
    readonly stageVariableOverrides?: Readonly<Record<string, string>>;
  };
}

/** The stage serves the new deployment; with canary settings, its canary does. */
function withStage(
  spec: RestApiSpec,
  { stageName, stageDescription: description, variables, canarySettings: canary, ...cache }: Staging,
  { deploymentId, now }: { readonly deploymentId: string; readonly now: number },
): RestApiSpec {
  const stages = spec.stages ?? [];
  const time = new Date(now).toISOString();
  const live = stages.find((one) => one.stageName === stageName);
  const base: RestStage = live ?? { stageName, createdDate: time };
  const { cacheClusterEnabled, cacheClusterSize } = cache;
  const next: RestStage = {
    ...base,
    ...given({ description, variables, cacheClusterEnabled, cacheClusterSize }),
    ...(canary === undefined ? { deploymentId } : { canarySettings: { ...given(canary), deploymentId } }),
    lastUpdatedDate: time,
  };
  return { ...spec, stages: [...stages.filter((one) => one !== live), next] };
}

export const getDeployment: Action<AccountRestApis> = action(model, "GetDeployment", {
  serves: ["restApiId", "deploymentId", "embed"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, deploymentId, embed = [] }) => {
    const found = await existing(account, id, deploymentId);
    return deploymentAnswer(found, embed.includes("apisummary"));
  },
});

export async function existing(
  account: AccountRestApis,
  id: string,
  deploymentId: string,
): Promise<Live<ApiDeployment>> {
  await findApi(account, id);
  const says = "Invalid Deployment identifier specified";
  return findObject(account, apiDeploymentKind, { name: `${id}-${deploymentId}`, says });
}

export const getDeployments: Action<AccountRestApis> = action(model, "GetDeployments", {
  serves: ["restApiId", "position", "limit"],
  unserved: {},
  run: async (account: AccountRestApis, input) => {
    await findApi(account, input.restApiId);
    const all = account.deployments.list(account.namespace).filter(({ spec }) => spec.api === input.restApiId);
    const page = pageOf(all, input);
    return { ...page, items: page.items.map((one) => deploymentAnswer(one, false)) };
  },
});

export const updateDeployment: Action<AccountRestApis> = action(model, "UpdateDeployment", {
  serves: ["restApiId", "deploymentId", "patchOperations"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, deploymentId, patchOperations: operations }) => {
    const { metadata } = await existing(account, id, deploymentId);
    const changed = await account.objects.change(
      apiDeploymentKind,
      keyOf(account.namespace, metadata.name),
      (live) => ({
        ...live,
        spec: patched(live.spec, operations, { description: "text" }),
      }),
    );
    return deploymentAnswer(changed ?? (await existing(account, id, deploymentId)), false);
  },
});

export const deleteDeployment: Action<AccountRestApis> = action(model, "DeleteDeployment", {
  serves: ["restApiId", "deploymentId"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, deploymentId }) => {
    const { metadata } = await existing(account, id, deploymentId);
    const { spec } = await findApi(account, id);
    const isServed = ({ deploymentId: own, canarySettings }: RestStage): boolean =>
      own === deploymentId || canarySettings?.deploymentId === deploymentId;
    if (spec.stages?.some(isServed) === true)
      throw invalid("Active stages pointing to this deployment must be moved or deleted");
    await account.objects.remove(apiDeploymentKind, keyOf(account.namespace, metadata.name));
    return {};
  },
});

function deploymentAnswer({ metadata, spec }: ApiDeployment, isSummed: boolean): Deployment {
  return {
    id: spec.deploymentId,
    createdDate: Date.parse(metadata.creationTimestamp ?? ""),
    ...given({ description: spec.description }),
    ...(isSummed && { apiSummary: summaryOf(spec.snapshot) }),
  };
}

function summaryOf(snapshot: Json): NonNullable<Deployment["apiSummary"]> {
  const kept = snapshot as unknown as RestApiSpec;
  const resources = kept.resources.filter(({ resourceMethods = {} }) => Object.keys(resourceMethods).length > 0);
  return Object.fromEntries(
    resources.map(({ id, resourceMethods = {} }) => [
      pathOf(kept, id),
      Object.fromEntries(
        Object.entries(resourceMethods).map(([name, { authorizationType = "NONE", apiKeyRequired = false }]) => [
          name,
          { authorizationType, apiKeyRequired },
        ]),
      ),
    ]),
  );
}
