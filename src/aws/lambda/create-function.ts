/** CreateFunction. */
import { Fault } from "#base/fault.ts";
import { functionKind, type FunctionObject, UPDATED_AT } from "#kinds/catamaran/function.ts";
import type { Call } from "../action.ts";
import type { Input, Reply } from "../untyped-action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../untyped-shape.ts";
import { configurationOf, lambdaTime, specChanges } from "./configuration.ts";
import { storePackage } from "./package.ts";
import { arnOf, functionName, referenceOf } from "./names.ts";
import { architectures, code, configuration, text } from "./shapes.ts";
import { checkedTags } from "./tags.ts";
import type { LambdaWorld } from "./world.ts";

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
export async function createFunction(world: LambdaWorld, input: Input, { now }: Call): Promise<Reply> {
  const { name } = referenceOf(world, input);
  checkName(name);
  checkCreate(input);
  const tags = checkedTags((input["Tags"] ?? {}) as Readonly<Record<string, string>>);
  const changes = specChanges(world, input);
  const code = await storePackage(world, input["Code"] as Input);
  const object = {
    apiVersion: "catamaran.dev/v1",
    kind: "Function",
    metadata: { name, namespace: world.namespace, annotations: { [UPDATED_AT]: lambdaTime(now) } },
    spec: {
      ...changes,
      code,
      ...(input["Architectures"] === undefined ? {} : { architectures: input["Architectures"] as readonly string[] }),
      ...(input["Tags"] === undefined ? {} : { tags }),
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

const MAX_NAME = 64;

function checkName(name: string): void {
  if (name.length <= MAX_NAME) return;
  throw new AwsError(
    "InvalidParameterValueException",
    400,
    `1 validation error detected: Value '${name}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to ${MAX_NAME}`,
  );
}

function checkCreate(input: Input): void {
  if (input["PackageType"] === "Image")
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      "PackageType=Image is not supported by Catamaran; deploy a zip",
    );
  if (input["CodeSigningConfigArn"] !== undefined)
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      "CodeSigningConfigArn is not supported by Catamaran; leave it out",
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
