/** UpdateFunctionCode and UpdateFunctionConfiguration. */
import { type FunctionObject, UPDATED_AT } from "#kinds/catamaran/function.ts";
import type { Live } from "#kinds/object.ts";
import { type Action, action } from "../action.ts";
import { type AccountFunctions, changeFunction, findFunction } from "./account-functions.ts";
import { checkUpdate } from "./conditions.ts";
import { configurationOf, lambdaTime } from "./configuration.ts";
import { checkUnpacked } from "./function-layers.ts";
import { CONFIGURATION, specChanges, UNSERVED_CONFIGURATION } from "./given-configuration.ts";
import { model } from "./model.gen.ts";
import { functionArns, referenceOf, rolePassed } from "./names.ts";
import { publish } from "./publish.ts";
import { MAX_PACKAGE_REQUEST_BYTES, storePackage } from "./package.ts";

export const updateFunctionCode: Action<AccountFunctions> = action(model, "UpdateFunctionCode", {
  resources: functionArns,
  maxBodyBytes: MAX_PACKAGE_REQUEST_BYTES,
  serves: [
    "FunctionName",
    "ZipFile",
    "S3Bucket",
    "S3Key",
    "S3ObjectVersion",
    "Architectures",
    "DryRun",
    "Publish",
    "RevisionId",
  ],
  unserved: {
    ImageUri: "deploy a zip",
    SourceKMSKeyArn: "leave it out",
    PublishTo: "leave it out: there are no managed instances",
  },
  run: async (account: AccountFunctions, input, { now }) => {
    const { name } = referenceOf(account, input);
    const live = await findFunction(account, { name, qualifier: undefined });
    const { RevisionId: expected, Architectures: architectures } = input;
    // Looked at before the package is taken, and again when the function is changed.
    checkUpdate(account, live, expected);
    const code = await storePackage(account, input);
    await checkUnpacked(account, code, live.spec.layers);
    if (input.DryRun === true) return configurationOf(account, { ...live, spec: { ...live.spec, code } });
    const changed = await update(account, { name, expected, now }, (spec) => ({
      ...spec,
      code,
      ...(architectures && { architectures }),
    }));
    if (input.Publish !== true) return configurationOf(account, changed);
    const version = await publish(account, changed);
    return configurationOf(account, version, String(version.spec.version));
  },
});

export const updateFunctionConfiguration: Action<AccountFunctions> = action(model, "UpdateFunctionConfiguration", {
  resources: functionArns,
  alsoNeeds: ({ Role }) => rolePassed(Role),
  serves: [...CONFIGURATION, "FunctionName", "RevisionId"],
  unserved: UNSERVED_CONFIGURATION,
  run: async (account: AccountFunctions, input, { now }) => {
    const { name } = referenceOf(account, input);
    const { spec } = await findFunction(account, { name, qualifier: undefined });
    const changes = await specChanges(account, input, spec);
    await checkUnpacked(account, spec.code, changes.layers);
    const changed = await update(account, { name, expected: input.RevisionId, now }, (spec) => ({
      ...spec,
      ...changes,
    }));
    return configurationOf(account, changed);
  },
});

async function update(
  account: AccountFunctions,
  { name, expected, now }: { readonly name: string; readonly expected: string | undefined; readonly now: number },
  next: (spec: FunctionObject["spec"]) => FunctionObject["spec"],
): Promise<Live<FunctionObject>> {
  return changeFunction(account, name, (live) => {
    checkUpdate(account, live, expected);
    const annotations = { ...live.metadata.annotations, [UPDATED_AT]: lambdaTime(now) };
    return { ...live, metadata: { ...live.metadata, annotations }, spec: next(live.spec) };
  });
}
