/** CreateFunctionUrlConfig, GetFunctionUrlConfig, UpdateFunctionUrlConfig and DeleteFunctionUrlConfig. */
import { given } from "#base/given.ts";
import { functionKind, type FunctionObject } from "#kinds/function.ts";
import type { Input, Reply } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../shape.ts";
import { lastModified } from "./configuration.ts";
import { arnOf, functionName, referenceOf, urlQualifier } from "./names.ts";
import { functionKey, type LambdaWorld } from "./world.ts";

export const functionUrlInput: Shape = {
  is: "structure",
  members: {
    FunctionName: functionName,
    Qualifier: urlQualifier,
    AuthType: { is: "string", enum: ["NONE", "AWS_IAM"] },
    InvokeMode: { is: "string", enum: ["BUFFERED", "RESPONSE_STREAM"] },
    Cors: { is: "any" },
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
  return { body: described(world, changed) };
}

export async function updateFunctionUrl(world: LambdaWorld, input: Input): Promise<Reply> {
  const name = nameOf(world, input, NO_FUNCTION);
  const changed = await change(world, name, NO_FUNCTION, (live) => ({
    ...live,
    spec: { ...live.spec, url: urlOf(input, existing(live)) },
  }));
  return { body: described(world, changed) };
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
  if (input["Cors"] !== undefined)
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      "Cors is not supported by Catamaran; answer CORS requests in the function",
    );
  return { authType };
}

function existing(fn: FunctionObject): FunctionUrl {
  if (fn.spec.url === undefined) throw missing(NO_URL);
  return fn.spec.url;
}

function described(world: LambdaWorld, fn: FunctionObject): Readonly<Record<string, unknown>> {
  const url = existing(fn);
  const name = fn.metadata.name;
  return given({
    FunctionUrl: `${world.gatewayUrl}/_functions/${world.namespace}/${name}/`,
    FunctionArn: arnOf(world, name),
    AuthType: url.authType,
    InvokeMode: "BUFFERED",
    CreationTime: fn.metadata.creationTimestamp,
    LastModifiedTime: lastModified(fn),
  });
}
