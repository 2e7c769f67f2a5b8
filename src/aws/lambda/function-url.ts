/** CreateFunctionUrlConfig, GetFunctionUrlConfig, UpdateFunctionUrlConfig and DeleteFunctionUrlConfig. */
import { given } from "#base/given.ts";
import { type Cors, corsFaults } from "#kinds/catamaran/cors.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { functionKind, type FunctionObject } from "#kinds/catamaran/function.ts";
import { type Action, action } from "../action.ts";
import type { AwsError } from "../aws-error.ts";
import { type AccountFunctions, functionKey } from "./account-functions.ts";
import { lastModified } from "./configuration.ts";
import { type Cors as GivenCors, type GetFunctionUrlConfigResponse, type InvokeMode, model } from "./model.gen.ts";
import { arnOf, failure, functionArns, invalid, referenceOf } from "./names.ts";

const SERVED = ["FunctionName", "Qualifier", "AuthType", "InvokeMode", "Cors"] as const;
const UNSERVED = { "InvokeMode=RESPONSE_STREAM": "use BUFFERED" };

type FunctionUrl = NonNullable<FunctionObject["spec"]["url"]>;

const NO_FUNCTION = "Function does not exist";
const NO_URL = "The resource you requested does not exist.";

export const createFunctionUrlConfig: Action<AccountFunctions> = action(model, "CreateFunctionUrlConfig", {
  resources: functionArns,
  serves: SERVED,
  unserved: UNSERVED,
  run: async (account: AccountFunctions, input) => {
    const name = nameOf(account, input, NO_FUNCTION);
    const url = withCors(input.AuthType, input.Cors, undefined);
    const changed = await change(account, { name, absent: NO_FUNCTION }, (live) => {
      if (live.spec.url !== undefined)
        throw failure(
          "ResourceConflictException",
          `Failed to create function url config for [functionArn = ${arnOf(account, name)}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
        );
      return { ...live, spec: { ...live.spec, url } };
    });
    return written(account, changed, input.InvokeMode);
  },
});

export const updateFunctionUrlConfig: Action<AccountFunctions> = action(model, "UpdateFunctionUrlConfig", {
  resources: functionArns,
  serves: SERVED,
  unserved: UNSERVED,
  run: async (account: AccountFunctions, input) => {
    const name = nameOf(account, input, NO_FUNCTION);
    const changed = await change(account, { name, absent: NO_FUNCTION }, (live) => {
      const before = existing(live);
      const url = withCors(input.AuthType ?? before.authType, input.Cors, before.cors);
      return { ...live, spec: { ...live.spec, url } };
    });
    return written(account, changed, input.InvokeMode);
  },
});

export const getFunctionUrlConfig: Action<AccountFunctions> = action(model, "GetFunctionUrlConfig", {
  resources: functionArns,
  serves: ["FunctionName", "Qualifier"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    const fn = await account.objects.get(functionKind, functionKey(account, nameOf(account, input, NO_URL)));
    if (fn === null) throw missing(NO_URL);
    return described(account, fn);
  },
});

export const deleteFunctionUrlConfig: Action<AccountFunctions> = action(model, "DeleteFunctionUrlConfig", {
  resources: functionArns,
  serves: ["FunctionName", "Qualifier"],
  unserved: {},
  run: async (account: AccountFunctions, input) => {
    await change(account, { name: nameOf(account, input, NO_URL), absent: NO_URL }, (live) => {
      existing(live);
      const { url: _dropped, ...spec } = live.spec;
      return { ...live, spec };
    });
    return {};
  },
});

/** There are no aliases, so that one that is named is not found. */
function nameOf(
  account: AccountFunctions,
  input: { readonly FunctionName: string; readonly Qualifier?: string },
  absent: string,
): string {
  const { name, qualifier } = referenceOf(account, input);
  if (qualifier !== undefined) throw missing(absent);
  return name;
}

async function change(
  account: AccountFunctions,
  { name, absent }: { readonly name: string; readonly absent: string },
  decide: (live: FunctionObject) => FunctionObject,
): Promise<FunctionObject> {
  const changed = await account.objects.change(functionKind, functionKey(account, name), decide);
  if (changed === null) throw missing(absent);
  return changed;
}

function missing(message: string): AwsError {
  return failure("ResourceNotFoundException", message);
}

/** Rules that are not given stay; an empty structure takes them away (Lambda API Reference, UpdateFunctionUrlConfig). */
function withCors(
  authType: FunctionUrl["authType"],
  given: GivenCors | undefined,
  before: Cors | undefined,
): FunctionUrl {
  const cors = given === undefined ? before : corsOf(given);
  return { authType, ...(cors !== undefined && { cors }) };
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

function existing(fn: FunctionObject): FunctionUrl {
  if (fn.spec.url === undefined) throw missing(NO_URL);
  return fn.spec.url;
}

/** What a write answers names the mode only when the caller did; reading always names it. */
function written(
  account: AccountFunctions,
  fn: FunctionObject,
  mode: InvokeMode | undefined,
): GetFunctionUrlConfigResponse {
  const { InvokeMode, ...rest } = described(account, fn);
  return mode === undefined || InvokeMode === undefined ? rest : { ...rest, InvokeMode };
}

function described(account: AccountFunctions, fn: FunctionObject): GetFunctionUrlConfigResponse {
  const url = existing(fn);
  const name = fn.metadata.name;
  return {
    FunctionUrl: `${account.gatewayUrl}/_functions/${account.namespace}/${name}/`,
    FunctionArn: arnOf(account, name),
    AuthType: url.authType,
    ...(url.cors && { Cors: givenCors(url.cors) }),
    InvokeMode: "BUFFERED",
    CreationTime: fn.metadata.creationTimestamp ?? "",
    LastModifiedTime: lastModified(fn),
  };
}
