/** GetFunction, GetFunctionConfiguration, ListFunctions, ListVersionsByFunction and GetAccountSettings. */
import { given } from "#base/given.ts";
import { functionKind } from "#kinds/function.ts";
import type { Call, Input, Reply } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../shape.ts";
import { codeLocation } from "./code-location.ts";
import { configurationOf } from "./configuration.ts";
import { functionName, qualifier, text } from "./shapes.ts";
import { arnOf, findFunction, functionReference, type FunctionReference, type LambdaWorld } from "./world.ts";

export const functionInput: Shape = {
  is: "structure",
  members: { FunctionName: functionName, Qualifier: qualifier },
  required: ["FunctionName"],
};

export const listInput: Shape = {
  is: "structure",
  members: {
    FunctionName: functionName,
    Marker: text,
    MaxItems: { is: "integer", min: 1, max: 10_000 },
    MasterRegion: text,
    FunctionVersion: { is: "string", enum: ["ALL"] },
  },
};

export function referenceOf(input: Input): FunctionReference {
  return functionReference(input["FunctionName"] as string, input["Qualifier"] as string | undefined);
}

export async function getFunction(world: LambdaWorld, input: Input, call: Call): Promise<Reply> {
  const reference = referenceOf(input);
  const fn = await findFunction(world, reference);
  const { reservedConcurrency, tags, code } = fn.spec;
  return {
    body: given({
      Configuration: configurationOf(world, fn, reference.qualifier),
      Code: { RepositoryType: "S3", Location: codeLocation(world, code.sha256, call) },
      Tags: tags,
      Concurrency:
        reservedConcurrency === undefined ? undefined : { ReservedConcurrentExecutions: reservedConcurrency },
    }),
  };
}

export async function getFunctionConfiguration(world: LambdaWorld, input: Input): Promise<Reply> {
  const reference = referenceOf(input);
  return { body: configurationOf(world, await findFunction(world, reference), reference.qualifier) };
}

const DEFAULT_PAGE = 50;

export async function listFunctions(world: LambdaWorld, input: Input): Promise<Reply> {
  using view = world.objects.view(functionKind, { namespace: world.namespace });
  await view.synced;
  const all = view.list(world.namespace).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const after = markerName(input["Marker"] as string | undefined);
  const rest = after === undefined ? all : all.filter((fn) => fn.metadata.name > after);
  const page = rest.slice(0, (input["MaxItems"] as number | undefined) ?? DEFAULT_PAGE);
  const last = page.at(-1);
  return {
    body: {
      Functions: page.map((fn) => configurationOf(world, fn)),
      ...(last !== undefined && page.length < rest.length
        ? { NextMarker: Buffer.from(last.metadata.name).toString("base64url") }
        : {}),
    },
  };
}

function markerName(marker: string | undefined): string | undefined {
  if (marker === undefined) return undefined;
  const name = Buffer.from(marker, "base64url").toString();
  if (!/^[\w-]{1,64}$/.test(name))
    throw new AwsError("InvalidParameterValueException", 400, "Marker is not one that ListFunctions returned");
  return name;
}

export async function listVersions(world: LambdaWorld, input: Input): Promise<Reply> {
  const reference = referenceOf(input);
  const fn = await findFunction(world, reference);
  return {
    body: {
      Versions: [{ ...configurationOf(world, fn, "$LATEST"), FunctionArn: arnOf(world, reference.name, "$LATEST") }],
    },
  };
}
