/** UpdateFunctionCode and UpdateFunctionConfiguration. */
import { isUpdating } from "#functions/lifecycle.ts";
import { type FunctionObject, type FunctionSpec, UPDATED_AT } from "#kinds/catamaran/function.ts";
import type { Call } from "../action.ts";
import type { Input, Reply } from "../untyped-action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../untyped-shape.ts";
import { configurationOf, lambdaTime, revisionId, specChanges } from "./configuration.ts";
import { storePackage } from "./package.ts";
import { arnOf, functionName, referenceOf } from "./names.ts";
import { architectures, code, configuration, text } from "./shapes.ts";
import { changeFunction, findFunction, type LambdaWorld } from "./world.ts";

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

type Architectures = NonNullable<FunctionSpec["architectures"]>;

export async function updateFunctionCode(world: LambdaWorld, input: Input, { now }: Call): Promise<Reply> {
  const { name } = referenceOf(world, input);
  const live = await findFunction(world, { name, qualifier: undefined });
  if (input["Publish"] === true)
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      "Publish=true is not supported by Catamaran; only $LATEST exists",
    );
  // Looked at before the package is taken, and again when the function is changed.
  checkUpdate(world, live, input);
  const stored = await storePackage(world, input);
  if (input["DryRun"] === true)
    return { body: configurationOf(world, { ...live, spec: { ...live.spec, code: stored } }) };
  return update(world, { name, input, now }, (spec) => ({
    ...spec,
    code: stored,
    ...(input["Architectures"] === undefined ? {} : { architectures: input["Architectures"] as Architectures }),
  }));
}

export async function updateFunctionConfiguration(world: LambdaWorld, input: Input, { now }: Call): Promise<Reply> {
  const { name } = referenceOf(world, input);
  const changes = specChanges(world, input);
  return update(world, { name, input, now }, (spec) => ({ ...spec, ...changes }));
}

async function update(
  world: LambdaWorld,
  { name, input, now }: { readonly name: string; readonly input: Input; readonly now: number },
  next: (spec: FunctionObject["spec"]) => FunctionObject["spec"],
): Promise<Reply> {
  const changed = await changeFunction(world, name, (live) => {
    checkUpdate(world, live, input);
    const annotations = { ...live.metadata.annotations, [UPDATED_AT]: lambdaTime(now) };
    return { ...live, metadata: { ...live.metadata, annotations }, spec: next(live.spec) };
  });
  return { body: configurationOf(world, changed) };
}

/** One update at a time, and only of what the caller has seen (Lambda API Reference, RevisionId). */
function checkUpdate(world: LambdaWorld, live: FunctionObject, input: Input): void {
  const expected = input["RevisionId"] as string | undefined;
  if (expected !== undefined && expected !== revisionId(live))
    throw new AwsError(
      "PreconditionFailedException",
      412,
      "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
    );
  if (live.status?.state !== undefined && live.status.state !== "Pending" && isUpdating(live))
    throw new AwsError(
      "ResourceConflictException",
      409,
      `The operation cannot be performed at this time. An update is in progress for resource: ${arnOf(world, live.metadata.name)}`,
    );
}
