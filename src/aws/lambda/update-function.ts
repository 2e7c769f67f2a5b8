/** UpdateFunctionCode and UpdateFunctionConfiguration. */
import type { FunctionObject } from "#kinds/function.ts";
import type { Input, Reply } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../shape.ts";
import { configurationOf, specChanges } from "./configuration.ts";
import { storePackage } from "./package.ts";
import { architectures, code, configuration, functionName, text } from "./shapes.ts";
import { changeFunction, findFunction, functionReference, type LambdaWorld } from "./world.ts";

export const updateCodeInput: Shape = {
  is: "structure",
  members: {
    ...code,
    FunctionName: functionName,
    Architectures: architectures,
    Publish: { is: "boolean" },
    DryRun: { is: "boolean" },
    RevisionId: text,
  },
  required: ["FunctionName"],
};

export const updateConfigurationInput: Shape = {
  is: "structure",
  members: { ...configuration, FunctionName: functionName, RevisionId: text },
  required: ["FunctionName"],
};

export async function updateFunctionCode(world: LambdaWorld, input: Input): Promise<Reply> {
  const { name } = functionReference(input["FunctionName"] as string);
  const live = await findFunction(world, { name, qualifier: undefined });
  if (input["Publish"] === true)
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      "Publish=true is not supported by Catamaran; only $LATEST exists",
    );
  const stored = await storePackage(world, input);
  if (input["DryRun"] === true)
    return { body: configurationOf(world, { ...live, spec: { ...live.spec, code: stored } }) };
  return update(world, name, input, (spec) => ({
    ...spec,
    code: stored,
    ...(input["Architectures"] === undefined ? {} : { architectures: input["Architectures"] as readonly string[] }),
  }));
}

export async function updateFunctionConfiguration(world: LambdaWorld, input: Input): Promise<Reply> {
  const { name } = functionReference(input["FunctionName"] as string);
  const changes = specChanges(world, input);
  return update(world, name, input, (spec) => ({ ...spec, ...changes }));
}

async function update(
  world: LambdaWorld,
  name: string,
  input: Input,
  next: (spec: FunctionObject["spec"]) => FunctionObject["spec"],
): Promise<Reply> {
  const revisionId = input["RevisionId"] as string | undefined;
  const changed = await changeFunction(world, name, (live) => {
    if (revisionId !== undefined && revisionId !== live.status?.revisionId) {
      throw new AwsError(
        "PreconditionFailedException",
        412,
        "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
      );
    }
    return { ...live, spec: next(live.spec) };
  });
  return { body: configurationOf(world, changed) };
}
