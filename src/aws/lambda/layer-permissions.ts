/** AddLayerVersionPermission, RemoveLayerVersionPermission and GetLayerVersionPolicy. */
import { type LayerVersion, layerVersionKind, layerVersionName } from "#kinds/catamaran/layer-version.ts";
import type { Live } from "#kinds/object.ts";
import { type Action, action } from "../action.ts";
import { type AccountFunctions, functionKey } from "./account-functions.ts";
import { idOf } from "./configuration.ts";
import { findLayerVersion, layerArn, layerOf, layerVersionArns } from "./layers.ts";
import { model } from "./model.gen.ts";
import { failure } from "./names.ts";
import { noPolicy, type Statement, withoutStatement, withStatement } from "./policies.ts";

export const addLayerVersionPermission: Action<AccountFunctions> = action(model, "AddLayerVersionPermission", {
  resources: layerVersionArns,
  serves: ["LayerName", "VersionNumber", "StatementId", "Action", "Principal", "RevisionId"],
  unserved: { OrganizationId: "there are no organizations: name the accounts" },
  run: async (account: AccountFunctions, input) => {
    const { layer } = layerOf(account, input.LayerName);
    const { Principal: principal, VersionNumber: version } = input;
    const statement: Statement = {
      Sid: input.StatementId,
      Effect: "Allow",
      Principal: principal === "*" ? "*" : { AWS: `arn:aws:iam::${accountIn(principal)}:root` },
      Action: input.Action,
      Resource: layerArn(account, layer, version),
    };
    const changed = await changePolicy(account, { layer, version }, (live) => {
      checkRevision(live, input.RevisionId);
      return withStatement(live.spec.policy, statement);
    });
    return { Statement: JSON.stringify(statement), RevisionId: revisionId(changed) };
  },
});

export const removeLayerVersionPermission: Action<AccountFunctions> = action(model, "RemoveLayerVersionPermission", {
  resources: layerVersionArns,
  serves: ["LayerName", "VersionNumber", "StatementId", "RevisionId"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { layer } = layerOf(account, input.LayerName);
    await changePolicy(account, { layer, version: input.VersionNumber }, (live) => {
      if (live.spec.policy === undefined) throw noPolicy();
      checkRevision(live, input.RevisionId);
      return withoutStatement(live.spec.policy, input.StatementId);
    });
    return {};
  },
});

export const getLayerVersionPolicy: Action<AccountFunctions> = action(model, "GetLayerVersionPolicy", {
  resources: layerVersionArns,
  serves: ["LayerName", "VersionNumber"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { layer } = layerOf(account, input.LayerName);
    const found = await findLayerVersion(account, layer, input.VersionNumber);
    if (found === null) throw absent(account, layer, input.VersionNumber);
    if (found.spec.policy === undefined) throw noPolicy();
    return { Policy: found.spec.policy, RevisionId: revisionId(found) };
  },
});

/** The number of an account, or the ARN of it. */
function accountIn(principal: string): string {
  return /^\d{12}$/.test(principal) ? principal : (principal.split(":")[4] ?? principal);
}

interface Named {
  readonly layer: string;
  readonly version: number;
}

async function changePolicy(
  account: AccountFunctions,
  { layer, version }: Named,
  decide: (live: Live<LayerVersion>) => string | undefined,
): Promise<Live<LayerVersion>> {
  const key = functionKey(account, layerVersionName(layer, version));
  const changed = await account.objects.change(layerVersionKind, key, (live) => {
    const { policy: _before, ...spec } = live.spec;
    const policy = decide(live);
    return { ...live, spec: { ...spec, ...(policy !== undefined && { policy }) } };
  });
  if (changed === null) throw absent(account, layer, version);
  return changed;
}

function absent(account: AccountFunctions, layer: string, version: number): Error {
  return failure("ResourceNotFoundException", `Layer version ${layerArn(account, layer, version)} does not exist.`);
}

function revisionId({ metadata, spec }: Live<LayerVersion>): string {
  return idOf([metadata.uid, spec.policy]);
}

function checkRevision(live: Live<LayerVersion>, expected: string | undefined): void {
  if (expected === undefined || expected === revisionId(live)) return;
  throw failure(
    "PreconditionFailedException",
    "The Revision Id provided does not match the latest Revision Id. Call the GetLayerPolicy API to retrieve the latest Revision Id",
  );
}
