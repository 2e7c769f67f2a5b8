/** DeleteFunction. */
import { functionKind } from "#kinds/catamaran/function.ts";
import { type Action, action } from "../action.ts";
import { type AccountFunctions, functionKey } from "./account-functions.ts";
import { model } from "./model.gen.ts";
import { functionArns, invalid, notFound, referenceOf } from "./names.ts";

export const deleteFunction: Action<AccountFunctions> = action(model, "DeleteFunction", {
  resources: functionArns,
  serves: ["FunctionName", "Qualifier"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { name, qualifier } = referenceOf(account, input);
    if (qualifier === "$LATEST") throw invalid("$LATEST version cannot be deleted without deleting the function.");
    // "$latest" is neither a version nor an alias, and AWS then looks for the function alone.
    const isVersion = qualifier !== undefined && /^\d+$/.test(qualifier);
    if (qualifier !== undefined && !isVersion && !qualifier.startsWith("$"))
      throw invalid("Deletion of aliases is not currently supported.");
    const key = functionKey(account, name);
    const isThere = isVersion
      ? // Deleting a version that is not there succeeds, and no version is.
        (await account.objects.get(functionKind, key)) !== null
      : qualifier === undefined && (await account.objects.remove(functionKind, key));
    if (!isThere) throw notFound(account, name);
    return { StatusCode: 204 };
  },
});
