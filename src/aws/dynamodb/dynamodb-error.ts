/** How the table engine's faults read in DynamoDB: own codes, always status 400 for what the client did. */
import { Fault } from "#base/fault.ts";
import { Malformed } from "#managed/table/attribute.ts";
import { ConditionFailed } from "#managed/table/tables.ts";
import { AwsError } from "../aws-error.ts";

/** Runs an action and translates what it throws. `wantsOld`: ReturnValuesOnConditionCheckFailure=ALL_OLD. */
export async function inDynamoWords<T>(work: () => Promise<T>, wantsOld = false): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof ConditionFailed) {
      const item = wantsOld && thrown.item !== null ? { Item: thrown.item } : {};
      throw new AwsError("ConditionalCheckFailedException", 400, thrown.message, item);
    }
    if (thrown instanceof Malformed) throw new AwsError("SerializationException", 400, thrown.message);
    throw thrown instanceof Fault ? translated(thrown) : thrown;
  }
}

export function invalid(message: string): AwsError {
  return new AwsError("ValidationException", 400, message);
}

function translated(fault: Fault): unknown {
  if (fault.code === "NotFound") return new AwsError("ResourceNotFoundException", 400, fault.message);
  if (fault.code === "AlreadyExists")
    return new AwsError("ResourceInUseException", 400, `Table already exists: ${fault.details.name ?? ""}`);
  if (fault.code === "BadRequest" || fault.code === "Invalid" || fault.code === "Unsupported")
    return invalid(fault.message);
  return fault;
}
