/** CreateFunction. */
import { Fault } from "#base/fault.ts";
import { functionKind, type FunctionObject } from "#kinds/function.ts";
import type { Input, Reply } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../shape.ts";
import { configurationOf, specChanges } from "./configuration.ts";
import { storePackage } from "./package.ts";
import { architectures, code, configuration, functionName, text } from "./shapes.ts";
import { arnOf, functionReference, type LambdaWorld } from "./world.ts";

export const createFunctionInput: Shape = {
  is: "structure",
  members: {
    ...configuration,
    FunctionName: functionName,
    Code: { is: "structure", members: code },
    Publish: { is: "boolean" },
    PackageType: { is: "string", enum: ["Zip", "Image"] },
    Architectures: architectures,
    Tags: { is: "map", of: text },
    CodeSigningConfigArn: text,
  },
  required: ["FunctionName", "Role", "Code"],
};

/** Answers 201 with State Pending; the function is Active once an environment could be made ready. */
export async function createFunction(world: LambdaWorld, input: Input): Promise<Reply> {
  const { name } = functionReference(input["FunctionName"] as string);
  checkCreate(input);
  const changes = specChanges(world, input);
  const code = await storePackage(world, input["Code"] as Input);
  const object = {
    apiVersion: "catamaran.dev/v1",
    kind: "Function",
    metadata: { name, namespace: world.namespace },
    spec: {
      ...changes,
      code,
      ...(input["Architectures"] === undefined ? {} : { architectures: input["Architectures"] as readonly string[] }),
      ...(input["Tags"] === undefined ? {} : { tags: input["Tags"] as Readonly<Record<string, string>> }),
    },
  } as FunctionObject;
  try {
    const created = await world.objects.create(functionKind, object, { manager: "aws-lambda" });
    return { body: configurationOf(world, created) };
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "AlreadyExists")
      throw new AwsError("ResourceConflictException", 409, `Function already exist: ${arnOf(world, name)}`);
    throw thrown;
  }
}

function checkCreate(input: Input): void {
  if (input["PackageType"] === "Image")
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      "PackageType=Image is not supported by Catamaran; deploy a zip",
    );
  if (input["Publish"] === true)
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      "Publish=true is not supported by Catamaran; only $LATEST exists",
    );
  if (input["Runtime"] === undefined || input["Handler"] === undefined) {
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      "Runtime and Handler are mandatory parameters for functions created with deployment packages.",
    );
  }
}
