/** DeleteFunction. */
import { functionKind } from "#kinds/function.ts";
import type { Input, Reply } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { referenceOf } from "./read-functions.ts";
import { functionKey, notFound, type LambdaWorld } from "./world.ts";

export async function deleteFunction(world: LambdaWorld, input: Input): Promise<Reply> {
  const { name, qualifier } = referenceOf(input);
  if (qualifier === "$LATEST")
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      "$LATEST version cannot be deleted without deleting the function.",
    );
  if (qualifier !== undefined) throw notFound(world, name, qualifier);
  const wasThere = await world.objects.remove(functionKind, functionKey(world, name));
  if (!wasThere) throw notFound(world, name);
  return {};
}
