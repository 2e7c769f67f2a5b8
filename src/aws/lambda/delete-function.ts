/** DeleteFunction. */
import { functionKind } from "#kinds/function.ts";
import type { Input, Reply } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { notFound, referenceOf } from "./names.ts";
import { functionKey, type LambdaWorld } from "./world.ts";

export async function deleteFunction(world: LambdaWorld, input: Input): Promise<Reply> {
  const { name, qualifier } = referenceOf(world, input);
  if (qualifier === "$LATEST") throw invalid("$LATEST version cannot be deleted without deleting the function.");
  if (qualifier !== undefined && /^\d+$/.test(qualifier)) throw notFound(world, name, qualifier);
  // "$latest" is neither a version nor an alias, and AWS then looks for the function alone.
  if (qualifier !== undefined && !qualifier.startsWith("$"))
    throw invalid("Deletion of aliases is not currently supported.");
  if (qualifier !== undefined) throw notFound(world, name);
  const wasThere = await world.objects.remove(functionKind, functionKey(world, name));
  if (!wasThere) throw notFound(world, name);
  return {};
}

function invalid(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", 400, message);
}
