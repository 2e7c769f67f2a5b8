/** CreateFunctionUrlConfig, GetFunctionUrlConfig, UpdateFunctionUrlConfig and DeleteFunctionUrlConfig. */
import { given } from "#base/given.ts";
import type { FunctionObject } from "#kinds/function.ts";
import type { Input, Reply } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../shape.ts";
import { functionName, qualifier } from "./shapes.ts";
import { arnOf, changeFunction, findFunction, functionReference, type LambdaWorld } from "./world.ts";

export const functionUrlInput: Shape = {
  is: "structure",
  members: {
    FunctionName: functionName,
    Qualifier: qualifier,
    AuthType: { is: "string", enum: ["NONE", "AWS_IAM"] },
    InvokeMode: { is: "string", enum: ["BUFFERED", "RESPONSE_STREAM"] },
    Cors: { is: "any" },
  },
  required: ["FunctionName"],
};

type FunctionUrl = NonNullable<FunctionObject["spec"]["url"]>;

export async function createFunctionUrl(world: LambdaWorld, input: Input): Promise<Reply> {
  const { name } = functionReference(input["FunctionName"] as string);
  const url = urlOf(input, undefined);
  const changed = await changeFunction(world, name, (live) => {
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
  const { name } = functionReference(input["FunctionName"] as string);
  const changed = await changeFunction(world, name, (live) => ({
    ...live,
    spec: { ...live.spec, url: urlOf(input, existing(live)) },
  }));
  return { body: described(world, changed) };
}

export async function getFunctionUrl(world: LambdaWorld, input: Input): Promise<Reply> {
  return { body: described(world, await findFunction(world, functionReference(input["FunctionName"] as string))) };
}

export async function deleteFunctionUrl(world: LambdaWorld, input: Input): Promise<Reply> {
  const { name } = functionReference(input["FunctionName"] as string);
  await changeFunction(world, name, (live) => {
    existing(live);
    const { url: _dropped, ...spec } = live.spec;
    return { ...live, spec };
  });
  return {};
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
  if (fn.spec.url === undefined)
    throw new AwsError("ResourceNotFoundException", 404, "The resource you requested does not exist.");
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
    LastModifiedTime: fn.status?.lastModified,
  });
}
