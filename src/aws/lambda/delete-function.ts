/** DeleteFunction. */
import { functionKind } from "#kinds/catamaran/function.ts";
import type { Input, Reply } from "../untyped-action.ts";
import { AwsError } from "../aws-error.ts";
import { notFound, referenceOf } from "./names.ts";
import { functionKey, type LambdaWorld } from "./world.ts";

export async function deleteFunction(world: LambdaWorld, input: Input): Promise<Reply> {
  const { name, qualifier } = referenceOf(world, input);
  if (qualifier === "$LATEST") throw invalid("$LATEST version cannot be deleted without deleting the function.");
  // "$latest" is neither a version nor an alias, and AWS then looks for the function alone.
  const isVersion = qualifier !== undefined && /^\d+$/.test(qualifier);
  if (qualifier !== undefined && !isVersion && !qualifier.startsWith("$"))
    throw invalid("Deletion of aliases is not currently supported.");
  const key = functionKey(world, name);
  const isThere = isVersion
    ? // Deleting a version that is not there succeeds, and no version is.
      (await world.objects.get(functionKind, key)) !== null
    : qualifier === undefined && (await world.objects.remove(functionKind, key));
  if (!isThere) throw notFound(world, name);
  return {};
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", 400, message);
}
