/** How the table engine's faults read in DynamoDB: own codes, always status 400 for what the client did. */
import { Fault } from "#base/fault.ts";
import { Malformed } from "#managed/table/attribute.ts";
import { ConditionFailed } from "#managed/table/plan-changes.ts";
import type { Action } from "../action.ts";
import { AwsError } from "../aws-error.ts";
import { failure, invalid } from "./account-tables.ts";

/** The same action, which says what it throws in DynamoDB's words. */
export function inDynamoWords<World>(action: Action<World>): Action<World> {
  return {
    ...action,
    run: async (world, input, call) => {
      try {
        return await action.run(world, input, call);
      } catch (thrown) {
        throw translated(thrown, input["ReturnValuesOnConditionCheckFailure"] === "ALL_OLD");
      }
    },
  };
}

function translated(thrown: unknown, wantsOld: boolean): unknown {
  if (thrown instanceof ConditionFailed) {
    const { message, item } = thrown;
    return failure("ConditionalCheckFailedException", message, wantsOld && item !== null ? { Item: item } : {});
  }
  if (thrown instanceof Malformed) return new AwsError("SerializationException", 400, thrown.message);
  return thrown instanceof Fault ? ofFault(thrown) : thrown;
}

function ofFault(fault: Fault): unknown {
  if (fault.code === "NotFound") return failure("ResourceNotFoundException", fault.message);
  if (fault.code === "AlreadyExists")
    return failure("ResourceInUseException", `Table already exists: ${fault.details.name ?? ""}`);
  if (fault.code === "BadRequest" || fault.code === "Invalid" || fault.code === "Unsupported")
    return invalid(fault.message);
  return fault;
}
