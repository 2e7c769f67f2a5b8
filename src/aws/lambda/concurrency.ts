/** PutFunctionConcurrency, GetFunctionConcurrency, DeleteFunctionConcurrency and GetAccountSettings. */
import { LAMBDA_LIMITS, reservationFault } from "#functions/concurrency.ts";
import { functionKind, type FunctionObject } from "#kinds/catamaran/function.ts";
import { functionVersionKind } from "#kinds/catamaran/function-version.ts";
import { layerVersionKind } from "#kinds/catamaran/layer-version.ts";
import { type Action, action } from "../action.ts";
import { type AccountFunctions, changeFunction, findFunction, functionKey } from "./account-functions.ts";
import { model } from "./model.gen.ts";
import { functionArns, invalid, notFound, referenceOf, unqualifiedName } from "./names.ts";

const { account: ACCOUNT_CONCURRENCY } = LAMBDA_LIMITS;

export const putFunctionConcurrency: Action<AccountFunctions> = action(model, "PutFunctionConcurrency", {
  resources: functionArns,
  serves: ["FunctionName", "ReservedConcurrentExecutions"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const name = unqualifiedName(account, input);
    // Names what is missing with its version, as AWS does here and nowhere else.
    if ((await account.objects.get(functionKind, functionKey(account, name))) === null)
      throw notFound(account, name, "$LATEST");
    const reserved = input.ReservedConcurrentExecutions;
    const others = (await allFunctions(account)).filter((fn) => fn.metadata.name !== name);
    const fault = reservationFault(LAMBDA_LIMITS, reservedSum(others), reserved);
    if (fault !== null) throw invalid(fault);
    await changeFunction(account, name, (live) => ({ ...live, spec: { ...live.spec, reservedConcurrency: reserved } }));
    return { ReservedConcurrentExecutions: reserved };
  },
});

export const getFunctionConcurrency: Action<AccountFunctions> = action(model, "GetFunctionConcurrency", {
  resources: functionArns,
  serves: ["FunctionName"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { spec } = await findFunction(account, referenceOf(account, input));
    return spec.reservedConcurrency === undefined ? {} : { ReservedConcurrentExecutions: spec.reservedConcurrency };
  },
});

export const deleteFunctionConcurrency: Action<AccountFunctions> = action(model, "DeleteFunctionConcurrency", {
  resources: functionArns,
  serves: ["FunctionName"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    await changeFunction(account, unqualifiedName(account, input), (live) => {
      const { reservedConcurrency: _dropped, ...spec } = live.spec;
      return { ...live, spec };
    });
    return {};
  },
});

export const getAccountSettings: Action<AccountFunctions> = action(model, "GetAccountSettings", {
  serves: [],
  unserved: {},
  run: async (account: AccountFunctions) => {
    const functions = await allFunctions(account);
    return {
      AccountLimit: {
        TotalCodeSize: 80_530_636_800,
        CodeSizeUnzipped: 262_144_000,
        CodeSizeZipped: 52_428_800,
        ConcurrentExecutions: ACCOUNT_CONCURRENCY,
        UnreservedConcurrentExecutions: ACCOUNT_CONCURRENCY - reservedSum(functions),
      },
      AccountUsage: {
        TotalCodeSize: await codeSize(account),
        FunctionCount: functions.length,
      },
    };
  },
});

/** Of functions, their versions and versions of layers. */
async function codeSize(account: AccountFunctions): Promise<number> {
  using versions = account.objects.view(functionVersionKind, { namespace: account.namespace });
  using layers = account.objects.view(layerVersionKind, { namespace: account.namespace });
  await Promise.all([versions.synced, layers.synced]);
  const all = [
    ...(await allFunctions(account)),
    ...versions.list(account.namespace),
    ...layers.list(account.namespace),
  ];
  return all.reduce((total, { spec }) => total + spec.code.size, 0);
}

async function allFunctions(account: AccountFunctions): Promise<readonly FunctionObject[]> {
  using view = account.objects.view(functionKind, { namespace: account.namespace });
  await view.synced;
  return view.list(account.namespace);
}

function reservedSum(functions: readonly FunctionObject[]): number {
  return functions.reduce((total, fn) => total + (fn.spec.reservedConcurrency ?? 0), 0);
}
