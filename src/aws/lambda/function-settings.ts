/** What else is said of a function: its recursion, its runtime's updates, its code signing. */
import { type Action, action } from "../action.ts";
import type { Model } from "../model.ts";
import { type AccountFunctions, changeFunction, findConfigured, findFunction } from "./account-functions.ts";
import {
  type GetFunctionCodeSigningConfigRequest,
  type GetFunctionCodeSigningConfigResponse,
  model,
} from "./model.gen.ts";
import { arnOf, functionArns, referenceOf, unqualifiedName } from "./names.ts";

export const putFunctionRecursionConfig: Action<AccountFunctions> = action(model, "PutFunctionRecursionConfig", {
  resources: functionArns,
  serves: ["FunctionName", "RecursiveLoop"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { RecursiveLoop } = input;
    await changeFunction(account, unqualifiedName(account, input), (live) => ({
      ...live,
      spec: { ...live.spec, recursiveLoop: RecursiveLoop },
    }));
    return { RecursiveLoop };
  },
});

export const getFunctionRecursionConfig: Action<AccountFunctions> = action(model, "GetFunctionRecursionConfig", {
  resources: functionArns,
  serves: ["FunctionName"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const name = unqualifiedName(account, input);
    const { spec } = await findFunction(account, { name, qualifier: undefined });
    return { RecursiveLoop: spec.recursiveLoop ?? "Terminate" };
  },
});

const WITH_THE_PLATFORM = "a runtime is updated with the platform: use Auto";

export const putRuntimeManagementConfig: Action<AccountFunctions> = action(model, "PutRuntimeManagementConfig", {
  resources: functionArns,
  serves: ["FunctionName", "Qualifier", "UpdateRuntimeOn"],
  unserved: {
    "UpdateRuntimeOn=Manual": WITH_THE_PLATFORM,
    "UpdateRuntimeOn=FunctionUpdate": WITH_THE_PLATFORM,
    RuntimeVersionArn: WITH_THE_PLATFORM,
  },
  run: async (account: AccountFunctions, input) => {
    const reference = referenceOf(account, input);
    await findConfigured(account, reference);
    const { UpdateRuntimeOn } = input;
    return { UpdateRuntimeOn, FunctionArn: arnOf(account, reference.name, reference.qualifier) };
  },
});

export const getRuntimeManagementConfig: Action<AccountFunctions> = action(model, "GetRuntimeManagementConfig", {
  resources: functionArns,
  serves: ["FunctionName", "Qualifier"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const reference = referenceOf(account, input);
    await findConfigured(account, reference);
    return { UpdateRuntimeOn: "Auto", FunctionArn: arnOf(account, reference.name, reference.qualifier) } as const;
  },
});

/** As it is answered: of a function without a configuration the required members are left out. */
const answered: Model<{
  readonly GetFunctionCodeSigningConfig: {
    readonly input: GetFunctionCodeSigningConfigRequest;
    readonly output: Partial<GetFunctionCodeSigningConfigResponse>;
  };
}> = model;

/** No function has one: CodeSigningConfigArn is refused by name. Terraform asks all the same. */
export const getFunctionCodeSigningConfig: Action<AccountFunctions> = action(answered, "GetFunctionCodeSigningConfig", {
  resources: functionArns,
  serves: ["FunctionName"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    await findFunction(account, { name: referenceOf(account, input).name, qualifier: undefined });
    return {};
  },
});
