/** GetFunction, GetFunctionConfiguration, ListFunctions, ListVersionsByFunction and GetAccountSettings. */
import { given } from "#base/given.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import type { Call } from "../action.ts";
import type { Input, Reply } from "../untyped-action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../untyped-shape.ts";
import { codeLocation } from "./code-location.ts";
import { configurationOf } from "./configuration.ts";
import { namespacedFunctionName, qualifier, referenceOf } from "./names.ts";
import { text } from "./shapes.ts";
import { findFunction, type LambdaWorld } from "./world.ts";

export const functionInput: Shape = {
  is: "structure",
  members: { FunctionName: namespacedFunctionName, Qualifier: qualifier },
  required: ["FunctionName"],
};

export const listInput: Shape = {
  is: "structure",
  members: {
    FunctionName: namespacedFunctionName,
    Marker: text,
    MaxItems: { is: "integer", min: 1, max: 10_000 },
    MasterRegion: text,
    FunctionVersion: { is: "string", enum: ["ALL"] },
  },
};

export async function getFunction(world: LambdaWorld, input: Input, call: Call): Promise<Reply> {
  const reference = referenceOf(world, input);
  const fn = await findFunction(world, reference);
  const { reservedConcurrency, tags, code } = fn.spec;
  return {
    body: given({
      Configuration: configurationOf(world, fn, reference.qualifier),
      Code: { RepositoryType: "S3", Location: codeLocation(world, code.sha256, call) },
      Tags: tags === undefined || Object.keys(tags).length === 0 ? undefined : tags,
      Concurrency:
        reservedConcurrency === undefined ? undefined : { ReservedConcurrentExecutions: reservedConcurrency },
    }),
  };
}

export async function getFunctionConfiguration(world: LambdaWorld, input: Input): Promise<Reply> {
  const reference = referenceOf(world, input);
  return { body: configurationOf(world, await findFunction(world, reference), reference.qualifier) };
}

// Lambda API Reference, ListFunctions: "returns a maximum of 50 items in each response, even if you set the number higher".
const MAX_PAGE = 50;

export async function listFunctions(world: LambdaWorld, input: Input): Promise<Reply> {
  if (input["MasterRegion"] !== undefined && input["MasterRegion"] !== "ALL" && input["MasterRegion"] !== world.region)
    return { body: { Functions: [] } };
  using view = world.objects.view(functionKind, { namespace: world.namespace });
  await view.synced;
  const all = view.list(world.namespace).toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const after = markerName(input["Marker"] as string | undefined);
  const rest = after === undefined ? all : all.filter((fn) => fn.metadata.name > after);
  const page = rest.slice(0, Math.min((input["MaxItems"] as number | undefined) ?? MAX_PAGE, MAX_PAGE));
  const last = page.at(-1);
  const version = input["FunctionVersion"] === "ALL" ? "$LATEST" : undefined;
  return {
    body: {
      Functions: page.map((fn) => configurationOf(world, fn, version)),
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
    throw new AwsError("InvalidParameterValueException", 400, "Invalid value for parameter Marker");
  return name;
}

/** The only version there is, on the only page. */
export async function listVersions(world: LambdaWorld, input: Input): Promise<Reply> {
  const fn = await findFunction(world, referenceOf(world, input));
  return { body: { Versions: input["Marker"] === undefined ? [configurationOf(world, fn, "$LATEST")] : [] } };
}
