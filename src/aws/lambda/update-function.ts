/** UpdateFunctionCode and UpdateFunctionConfiguration. */
import { isUpdating } from "#functions/lifecycle.ts";
import { type FunctionObject, UPDATED_AT } from "#kinds/catamaran/function.ts";
import { type Action, action } from "../action.ts";
import { type AccountFunctions, changeFunction, findFunction } from "./account-functions.ts";
import {
  CONFIGURATION,
  configurationOf,
  lambdaTime,
  revisionId,
  specChanges,
  UNSERVED_CONFIGURATION,
} from "./configuration.ts";
import { type FunctionConfiguration, model } from "./model.gen.ts";
import { arnOf, failure, functionArns, referenceOf, rolePassed } from "./names.ts";
import { MAX_PACKAGE_REQUEST_BYTES, storePackage } from "./package.ts";

export const updateFunctionCode: Action<AccountFunctions> = action(model, "UpdateFunctionCode", {
  resources: functionArns,
  maxBodyBytes: MAX_PACKAGE_REQUEST_BYTES,
  serves: ["FunctionName", "ZipFile", "Architectures", "DryRun", "RevisionId"],
  unserved: {
    ImageUri: "deploy a zip",
    S3Bucket: "pass the package as ZipFile",
    S3Key: "pass the package as ZipFile",
    S3ObjectVersion: "leave it out",
    SourceKMSKeyArn: "leave it out",
    "Publish=true": "only $LATEST exists",
    PublishTo: "only $LATEST exists",
  },
  run: async (account: AccountFunctions, input, { now }) => {
    const { name } = referenceOf(account, input);
    const live = await findFunction(account, { name, qualifier: undefined });
    const { RevisionId: expected, Architectures: architectures } = input;
    // Looked at before the package is taken, and again when the function is changed.
    checkUpdate(account, live, expected);
    const code = await storePackage(account, input.ZipFile);
    if (input.DryRun === true) return configurationOf(account, { ...live, spec: { ...live.spec, code } });
    return update(account, { name, expected, now }, (spec) => ({
      ...spec,
      code,
      ...(architectures && { architectures }),
    }));
  },
});

export const updateFunctionConfiguration: Action<AccountFunctions> = action(model, "UpdateFunctionConfiguration", {
  resources: functionArns,
  alsoNeeds: ({ Role }) => rolePassed(Role),
  serves: [...CONFIGURATION, "FunctionName", "RevisionId"],
  unserved: UNSERVED_CONFIGURATION,
  run: async (account: AccountFunctions, input, { now }) => {
    const { name } = referenceOf(account, input);
    const changes = specChanges(account, input);
    return update(account, { name, expected: input.RevisionId, now }, (spec) => ({ ...spec, ...changes }));
  },
});

async function update(
  account: AccountFunctions,
  { name, expected, now }: { readonly name: string; readonly expected: string | undefined; readonly now: number },
  next: (spec: FunctionObject["spec"]) => FunctionObject["spec"],
): Promise<FunctionConfiguration> {
  const changed = await changeFunction(account, name, (live) => {
    checkUpdate(account, live, expected);
    const annotations = { ...live.metadata.annotations, [UPDATED_AT]: lambdaTime(now) };
    return { ...live, metadata: { ...live.metadata, annotations }, spec: next(live.spec) };
  });
  return configurationOf(account, changed);
}

/** One update at a time, and only of what the caller has seen (Lambda API Reference, RevisionId). */
function checkUpdate(account: AccountFunctions, live: FunctionObject, expected: string | undefined): void {
  if (expected !== undefined && expected !== revisionId(live))
    throw failure(
      "PreconditionFailedException",
      "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
    );
  if (live.status?.state !== undefined && live.status.state !== "Pending" && isUpdating(live))
    throw failure(
      "ResourceConflictException",
      `The operation cannot be performed at this time. An update is in progress for resource: ${arnOf(account, live.metadata.name)}`,
    );
}
