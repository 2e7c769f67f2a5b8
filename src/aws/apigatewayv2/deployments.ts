/** Deployments of HTTP APIs: what an API said at a time, for the stages that do not follow it. */
import { given } from "#base/given.ts";
import type { Json } from "#base/json.ts";
import { keyOf } from "#base/key.ts";
import { apiDeploymentKind, type ApiDeployment } from "#kinds/catamaran/api-deployment.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountApis,
  changeApi,
  deploymentsOf,
  findApi,
  findWithKind,
  type FoundApi,
  findDeployment,
  invalid,
  missing,
  newId,
  pageOf,
  replaced,
} from "./account-apis.ts";
import { type Deployment, model } from "./model.gen.ts";
import { stageIn } from "./stages.ts";

export const createDeployment: Action<AccountApis> = action(model, "CreateDeployment", {
  serves: ["ApiId", "Description", "StageName"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id, Description: description, StageName: stageName }) => {
    const { kind, api } = await findWithKind(account, id);
    if (api.spec.routes.length === 0) throw invalid("Unable to deploy API because no routes exist in this API");
    if (stageName !== undefined && stageIn(api.spec, stageName).autoDeploy === true)
      throw invalid("Deployment ID cannot be set on stage because AutoDeploy is enabled");
    const made = await deploy(account, { kind, api }, description);
    if (stageName !== undefined) await serve(account, { id, stageName, deploymentId: made.spec.deploymentId });
    return deploymentOf(made);
  },
});

function deploy(
  account: AccountApis,
  { kind, api }: FoundApi,
  description: string | undefined,
): Promise<ApiDeployment> {
  const deploymentId = newId(account, 6);
  const { routes, integrations = [], authorizers = [] } = api.spec;
  const { name, uid } = api.metadata;
  // Parts of a stored spec are JSON.
  const snapshot = { routes, integrations, authorizers } as unknown as Json;
  return account.objects.create(apiDeploymentKind, {
    apiVersion: "catamaran.dev/v1",
    kind: "ApiDeployment",
    metadata: {
      name: `${name}-${deploymentId}`,
      namespace: account.namespace,
      ownerReferences: [{ apiVersion: "catamaran.dev/v1", kind: kind.kind, name, uid }],
    },
    spec: { api: name, deploymentId, ...given({ description }), snapshot },
  });
}

async function serve(
  account: AccountApis,
  { id, stageName, deploymentId }: { readonly id: string; readonly stageName: string; readonly deploymentId: string },
): Promise<void> {
  await changeApi(account, id, (spec) => {
    const live = stageIn(spec, stageName);
    return { ...spec, stages: replaced(spec.stages ?? [], live, { ...live, deploymentId }) };
  });
}

export const getDeployment: Action<AccountApis> = action(model, "GetDeployment", {
  serves: ["ApiId", "DeploymentId"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id, DeploymentId: deploymentId }) =>
    deploymentOf(await existing(account, id, deploymentId)),
});

async function existing(account: AccountApis, id: string, deploymentId: string): Promise<ApiDeployment> {
  await findApi(account, id);
  const found = await findDeployment(account, id, deploymentId);
  if (found === null) throw missing("Invalid deployment identifier specified");
  return found;
}

export const getDeployments: Action<AccountApis> = action(model, "GetDeployments", {
  serves: ["ApiId", "MaxResults", "NextToken"],
  unserved: {},
  run: async (account: AccountApis, input) => {
    await findApi(account, input.ApiId);
    const page = pageOf(deploymentsOf(account, input.ApiId), input);
    return { ...page, Items: page.Items.map(deploymentOf) };
  },
});

export const updateDeployment: Action<AccountApis> = action(model, "UpdateDeployment", {
  serves: ["ApiId", "DeploymentId", "Description"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id, DeploymentId: deploymentId, Description: description }) => {
    const { metadata } = await existing(account, id, deploymentId);
    const key = keyOf(account.namespace, metadata.name);
    const changed = await account.objects.change(apiDeploymentKind, key, (live) => ({
      ...live,
      spec: { ...live.spec, ...given({ description }) },
    }));
    return deploymentOf(changed ?? (await existing(account, id, deploymentId)));
  },
});

export const deleteDeployment: Action<AccountApis> = action(model, "DeleteDeployment", {
  serves: ["ApiId", "DeploymentId"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id, DeploymentId: deploymentId }) => {
    const { metadata } = await existing(account, id, deploymentId);
    const { spec } = await findApi(account, id);
    if ((spec.stages ?? []).some((stage) => stage.deploymentId === deploymentId))
      throw invalid("Active stages pointing to this deployment must be moved or deleted");
    await account.objects.remove(apiDeploymentKind, keyOf(account.namespace, metadata.name));
    return {};
  },
});

export function deploymentOf({ metadata, spec }: ApiDeployment): Deployment {
  return {
    AutoDeployed: false,
    CreatedDate: Date.parse(metadata.creationTimestamp ?? ""),
    DeploymentId: spec.deploymentId,
    DeploymentStatus: "DEPLOYED",
    ...given({ Description: spec.description }),
  };
}
