/** DeleteFunction: a function with all its versions and aliases, or one version. */
import { functionAliasKind } from "#kinds/catamaran/function-alias.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import { functionVersionKind, versionName } from "#kinds/catamaran/function-version.ts";
import { type Action, action } from "../action.ts";
import { type AccountFunctions, aliasesOf, findFunction, functionKey, versionsOf } from "./account-functions.ts";
import { model } from "./model.gen.ts";
import { failure, functionArns, invalid, notFound, referenceOf } from "./names.ts";

export const deleteFunction: Action<AccountFunctions> = action(model, "DeleteFunction", {
  resources: functionArns,
  serves: ["FunctionName", "Qualifier"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { name, qualifier } = referenceOf(account, input);
    if (qualifier === "$LATEST") throw invalid("$LATEST version cannot be deleted without deleting the function.");
    if (qualifier === undefined) await removeFunction(account, name);
    else if (/^\d+$/.test(qualifier)) await removeVersion(account, name, qualifier);
    // "$latest" is neither a version nor an alias, and AWS then looks for the function alone.
    else throw qualifier.startsWith("$") ? notFound(account, name) : invalid(NO_ALIASES);
    return { StatusCode: 204 };
  },
});

const NO_ALIASES = "Deletion of aliases is not currently supported.";

/** The function first, so that nothing of it runs any more; what a crash leaves of the rest goes with its owner. */
async function removeFunction(account: AccountFunctions, name: string): Promise<void> {
  const [aliases, versions] = [await aliasesOf(account, name), await versionsOf(account, name)];
  if (!(await account.objects.remove(functionKind, functionKey(account, name)))) throw notFound(account, name);
  for (const { metadata } of aliases)
    await account.objects.remove(functionAliasKind, functionKey(account, metadata.name));
  for (const { metadata } of versions)
    await account.objects.remove(functionVersionKind, functionKey(account, metadata.name));
}

/** One that is not there is deleted already. */
async function removeVersion(account: AccountFunctions, name: string, version: string): Promise<void> {
  await findFunction(account, { name, qualifier: undefined });
  const aliases = (await aliasesOf(account, name)).filter(
    ({ spec }) => spec.version === version || spec.additional?.version === version,
  );
  if (aliases.length > 0)
    throw failure(
      "ResourceConflictException",
      `Unable to delete version because the following aliases reference it: [${aliases.map(({ spec }) => spec.alias).join(", ")}]`,
    );
  await account.objects.remove(functionVersionKind, functionKey(account, versionName(name, version)));
}
