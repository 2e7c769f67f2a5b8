/** CreateFunctionUrlConfig, GetFunctionUrlConfig, UpdateFunctionUrlConfig, DeleteFunctionUrlConfig and ListFunctionUrlConfigs. */
import { given } from "#base/given.ts";
import { type Cors, corsFaults } from "#kinds/catamaran/cors.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { aliasName, type FunctionAlias, functionAliasKind } from "#kinds/catamaran/function-alias.ts";
import { functionKind, type FunctionObject, UPDATED_AT } from "#kinds/catamaran/function.ts";
import { type Action, action } from "../action.ts";
import type { AwsError } from "../aws-error.ts";
import { type AccountFunctions, aliasesOf, findAlias, functionKey } from "./account-functions.ts";
import { type Cors as GivenCors, type GetFunctionUrlConfigResponse, type InvokeMode, model } from "./model.gen.ts";
import { arnOf, failure, functionArns, type FunctionReference, invalid, referenceOf } from "./names.ts";
import { pageOf } from "./pages.ts";

const SERVED = ["FunctionName", "Qualifier", "AuthType", "InvokeMode", "Cors"] as const;

type FunctionUrl = NonNullable<FunctionObject["spec"]["url"]>;

const NO_FUNCTION = "Function does not exist";
const NO_URL = "The resource you requested does not exist.";

export const createFunctionUrlConfig: Action<AccountFunctions> = action(model, "CreateFunctionUrlConfig", {
  resources: functionArns,
  serves: SERVED,
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const owner = referenceOf(account, input);
    const changed = await change(account, { owner, absent: NO_FUNCTION }, (before) => {
      if (before !== undefined)
        throw failure(
          "ResourceConflictException",
          `Failed to create function url config for [functionArn = ${arnOf(account, owner.name, owner.qualifier)}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
        );
      return urlOf({ authType: input.AuthType }, input);
    });
    return written(account, changed, input.InvokeMode);
  },
});

export const updateFunctionUrlConfig: Action<AccountFunctions> = action(model, "UpdateFunctionUrlConfig", {
  resources: functionArns,
  serves: SERVED,
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const owner = referenceOf(account, input);
    const changed = await change(account, { owner, absent: NO_FUNCTION }, (found) => {
      const before = existing(found);
      return urlOf(before, input);
    });
    return written(account, changed, input.InvokeMode);
  },
});

export const getFunctionUrlConfig: Action<AccountFunctions> = action(model, "GetFunctionUrlConfig", {
  resources: functionArns,
  serves: ["FunctionName", "Qualifier"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { name, qualifier } = referenceOf(account, input);
    const owner =
      qualifier === undefined
        ? await account.objects.get(functionKind, functionKey(account, name))
        : await findAlias(account, name, qualifier);
    if (owner === null) throw missing(NO_URL);
    return described(account, owner);
  },
});

export const deleteFunctionUrlConfig: Action<AccountFunctions> = action(model, "DeleteFunctionUrlConfig", {
  resources: functionArns,
  serves: ["FunctionName", "Qualifier"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    await change(account, { owner: referenceOf(account, input), absent: NO_URL }, (before) => {
      existing(before);
      return undefined;
    });
    return {};
  },
});

/** That of the function, and those of its aliases. */
export const listFunctionUrlConfigs: Action<AccountFunctions> = action(model, "ListFunctionUrlConfigs", {
  resources: functionArns,
  serves: ["FunctionName", "Marker", "MaxItems"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const { name } = referenceOf(account, input);
    const fn = await account.objects.get(functionKind, functionKey(account, name));
    if (fn === null) throw missing(NO_FUNCTION);
    const owners: readonly Owner[] = [fn, ...(await aliasesOf(account, name))];
    const reached = owners.filter(({ spec }) => spec.url !== undefined);
    const { items, marker } = pageOf(reached, ({ metadata }) => metadata.name, input);
    return { FunctionUrlConfigs: items.map((owner) => described(account, owner)), ...marker };
  },
});

/** What has a URL: a function, or an alias of it. */
type Owner = FunctionObject | FunctionAlias;

interface Asked {
  readonly owner: FunctionReference;
  /** What is said when it is not there. */
  readonly absent: string;
}

async function change(
  account: AccountFunctions,
  { owner: { name, qualifier }, absent }: Asked,
  decide: (before: FunctionUrl | undefined) => FunctionUrl | undefined,
): Promise<Owner> {
  const changed: Owner | null =
    qualifier === undefined
      ? await account.objects.change(functionKind, functionKey(account, name), (live) => withUrl(live, decide))
      : await account.objects.change(functionAliasKind, functionKey(account, aliasName(name, qualifier)), (live) =>
          withUrl(live, decide),
        );
  if (changed === null) throw missing(absent);
  return changed;
}

function withUrl<T extends { readonly spec: { readonly url?: FunctionUrl } }>(
  live: T,
  decide: (before: FunctionUrl | undefined) => FunctionUrl | undefined,
): T {
  const { url: before, ...spec } = live.spec;
  const url = decide(before);
  return { ...live, spec: { ...spec, ...(url && { url }) } };
}

function missing(message: string): AwsError {
  return failure("ResourceNotFoundException", message);
}

/** Rules that are not given stay; an empty structure takes them away (Lambda API Reference, UpdateFunctionUrlConfig). */
function urlOf(before: FunctionUrl, { AuthType, InvokeMode: mode, Cors: rules }: Said): FunctionUrl {
  const { authType, invokeMode = "BUFFERED" } = before;
  const cors = rules === undefined ? before.cors : corsOf(rules);
  return { authType: AuthType ?? authType, invokeMode: mode ?? invokeMode, ...(cors !== undefined && { cors }) };
}

interface Said {
  readonly AuthType?: FunctionUrl["authType"];
  readonly InvokeMode?: InvokeMode;
  readonly Cors?: GivenCors;
}

function corsOf(rules: GivenCors): Cors | undefined {
  const cors: Cors = given({
    allowCredentials: rules.AllowCredentials,
    allowHeaders: rules.AllowHeaders,
    allowMethods: rules.AllowMethods,
    allowOrigins: rules.AllowOrigins,
    exposeHeaders: rules.ExposeHeaders,
    maxAge: rules.MaxAge,
  });
  const faults = new FieldFaults();
  corsFaults(faults, "cors", cors);
  const [fault] = faults.found;
  if (fault !== undefined) throw invalid(`${fault.field}: ${fault.message}`);
  return Object.keys(cors).length === 0 ? undefined : cors;
}

function givenCors(cors: Cors): GivenCors {
  return given({
    AllowCredentials: cors.allowCredentials,
    AllowHeaders: cors.allowHeaders,
    AllowMethods: cors.allowMethods,
    AllowOrigins: cors.allowOrigins,
    ExposeHeaders: cors.exposeHeaders,
    MaxAge: cors.maxAge,
  });
}

function existing(url: FunctionUrl | undefined): FunctionUrl {
  if (url === undefined) throw missing(NO_URL);
  return url;
}

/** What a write answers names the mode only when the caller did; reading always names it. */
function written(account: AccountFunctions, owner: Owner, mode: InvokeMode | undefined): GetFunctionUrlConfigResponse {
  const { InvokeMode, ...rest } = described(account, owner);
  return mode === undefined || InvokeMode === undefined ? rest : { ...rest, InvokeMode };
}

function described(account: AccountFunctions, owner: Owner): GetFunctionUrlConfigResponse {
  const url = existing(owner.spec.url);
  return {
    FunctionUrl: `${account.gatewayUrl}/_functions/${account.namespace}/${owner.metadata.name}/`,
    FunctionArn:
      "alias" in owner.spec
        ? arnOf(account, owner.spec.function, owner.spec.alias)
        : arnOf(account, owner.metadata.name),
    AuthType: url.authType,
    ...(url.cors && { Cors: givenCors(url.cors) }),
    InvokeMode: url.invokeMode ?? "BUFFERED",
    CreationTime: owner.metadata.creationTimestamp ?? "",
    LastModifiedTime: owner.metadata.annotations?.[UPDATED_AT] ?? owner.metadata.creationTimestamp ?? "",
  };
}
