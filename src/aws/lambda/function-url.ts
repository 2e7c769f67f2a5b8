/** CreateFunctionUrlConfig, GetFunctionUrlConfig, UpdateFunctionUrlConfig and DeleteFunctionUrlConfig. */
import { given } from "#base/given.ts";
import { type Cors, corsFaults } from "#kinds/catamaran/cors.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { functionKind, type FunctionObject } from "#kinds/catamaran/function.ts";
import type { Input, Reply } from "../untyped-action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../untyped-shape.ts";
import { lastModified } from "./configuration.ts";
import { arnOf, functionName, referenceOf, urlQualifier } from "./names.ts";
import { functionKey, type LambdaWorld } from "./world.ts";

const list: Shape = { is: "list", of: { is: "string" } };
const cors: Shape = {
  is: "structure",
  members: {
    AllowCredentials: { is: "boolean" },
    AllowHeaders: list,
    AllowMethods: list,
    AllowOrigins: list,
    ExposeHeaders: list,
    MaxAge: { is: "integer" },
  },
};

export const functionUrlInput: Shape = {
  is: "structure",
  members: {
    FunctionName: functionName,
    Qualifier: urlQualifier,
    AuthType: { is: "string", enum: ["NONE", "AWS_IAM"] },
    InvokeMode: { is: "string", enum: ["RESPONSE_STREAM", "BUFFERED"] },
    Cors: cors,
  },
  required: ["FunctionName"],
};

type FunctionUrl = NonNullable<FunctionObject["spec"]["url"]>;

const NO_FUNCTION = "Function does not exist";
const NO_URL = "The resource you requested does not exist.";

export async function createFunctionUrl(world: LambdaWorld, input: Input): Promise<Reply> {
  const name = nameOf(world, input, NO_FUNCTION);
  const url = urlOf(input, undefined);
  const changed = await change(world, name, NO_FUNCTION, (live) => {
    if (live.spec.url !== undefined) {
      throw new AwsError(
        "ResourceConflictException",
        409,
        `Failed to create function url config for [functionArn = ${arnOf(world, name)}]. Error message:  FunctionUrlConfig exists for this Lambda function`,
      );
    }
    return { ...live, spec: { ...live.spec, url } };
  });
  return { body: written(world, changed, input) };
}

export async function updateFunctionUrl(world: LambdaWorld, input: Input): Promise<Reply> {
  const name = nameOf(world, input, NO_FUNCTION);
  const changed = await change(world, name, NO_FUNCTION, (live) => ({
    ...live,
    spec: { ...live.spec, url: urlOf(input, existing(live)) },
  }));
  return { body: written(world, changed, input) };
}

export async function getFunctionUrl(world: LambdaWorld, input: Input): Promise<Reply> {
  const fn = await world.objects.get(functionKind, functionKey(world, nameOf(world, input, NO_URL)));
  if (fn === null) throw missing(NO_URL);
  return { body: described(world, fn) };
}

export async function deleteFunctionUrl(world: LambdaWorld, input: Input): Promise<Reply> {
  await change(world, nameOf(world, input, NO_URL), NO_URL, (live) => {
    existing(live);
    const { url: _dropped, ...spec } = live.spec;
    return { ...live, spec };
  });
  return {};
}

/** There are no aliases, so that one that is named is not found. */
function nameOf(world: LambdaWorld, input: Input, absent: string): string {
  const { name, qualifier } = referenceOf(world, input);
  if (qualifier !== undefined) throw missing(absent);
  return name;
}

async function change(
  world: LambdaWorld,
  name: string,
  absent: string,
  decide: (live: FunctionObject) => FunctionObject,
): Promise<FunctionObject> {
  const changed = await world.objects.change(functionKind, functionKey(world, name), decide);
  if (changed === null) throw missing(absent);
  return changed;
}

function missing(message: string): AwsError {
  return new AwsError("ResourceNotFoundException", 404, message);
}

function urlOf(input: Input, before: FunctionUrl | undefined): FunctionUrl {
  const authType = (input["AuthType"] as FunctionUrl["authType"] | undefined) ?? before?.authType;
  if (authType === undefined)
    throw new AwsError(
      "ValidationException",
      400,
      "1 validation error detected: Value null at 'authType' failed to satisfy constraint: Member must not be null",
    );
  if (input["InvokeMode"] === "RESPONSE_STREAM")
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      "InvokeMode=RESPONSE_STREAM is not supported by Catamaran; use BUFFERED",
    );
  const cors = input["Cors"] === undefined ? before?.cors : corsOf(input["Cors"] as Input);
  return { authType, ...(cors !== undefined && { cors }) };
}

/** An empty structure takes the rules away (Lambda API Reference, UpdateFunctionUrlConfig). */
function corsOf(given: Input): Cors | undefined {
  const cors = withNames(given, (name) => name[0]?.toLowerCase() + name.slice(1)) as Cors;
  const faults = new FieldFaults();
  corsFaults(faults, "cors", cors);
  const [fault] = faults.found;
  if (fault !== undefined)
    throw new AwsError("InvalidParameterValueException", 400, `${fault.field}: ${fault.message}`);
  return Object.keys(cors).length === 0 ? undefined : cors;
}

function withNames(members: object, rename: (name: string) => string): object {
  return Object.fromEntries(Object.entries(members).map(([name, value]) => [rename(name), value]));
}

function existing(fn: FunctionObject): FunctionUrl {
  if (fn.spec.url === undefined) throw missing(NO_URL);
  return fn.spec.url;
}

/** What a write answers names the mode only when the caller did; reading always names it. */
function written(world: LambdaWorld, fn: FunctionObject, input: Input): Readonly<Record<string, unknown>> {
  const { InvokeMode, ...rest } = described(world, fn);
  return input["InvokeMode"] === undefined ? rest : { ...rest, InvokeMode };
}

function described(world: LambdaWorld, fn: FunctionObject): Readonly<Record<string, unknown>> {
  const url = existing(fn);
  const name = fn.metadata.name;
  return given({
    FunctionUrl: `${world.gatewayUrl}/_functions/${world.namespace}/${name}/`,
    FunctionArn: arnOf(world, name),
    AuthType: url.authType,
    Cors: url.cors && withNames(url.cors, (member) => member[0]?.toUpperCase() + member.slice(1)),
    InvokeMode: "BUFFERED",
    CreationTime: fn.metadata.creationTimestamp,
    LastModifiedTime: lastModified(fn),
  });
}
