/** AWS::Lambda::EventSourceMapping. */
import { ifThere, picked, said, type TypeOver } from "../resource.ts";

const MUTABLE = [
  "BatchSize",
  "BisectBatchOnFunctionError",
  "DestinationConfig",
  "Enabled",
  "FilterCriteria",
  "FunctionName",
  "FunctionResponseTypes",
  "MaximumBatchingWindowInSeconds",
  "MaximumRecordAgeInSeconds",
  "MaximumRetryAttempts",
  "ParallelizationFactor",
  "ScalingConfig",
  "TumblingWindowInSeconds",
];
const CREATE_ONLY = ["EventSourceArn", "StartingPosition", "StartingPositionTimestamp"];

export const lambdaEventSourceMapping: TypeOver = (actions) => ({
  name: "AWS::Lambda::EventSourceMapping",
  properties: [...MUTABLE, ...CREATE_ONLY],
  createOnly: CREATE_ONLY,
  create: async ({ properties, stack }) => {
    const input = picked(properties, [...MUTABLE, ...CREATE_ONLY]);
    const made = await actions.call(stack, "lambda", "CreateEventSourceMapping", input);
    const id = said(made, "UUID");
    return { physicalId: id, attributes: { Id: id, EventSourceMappingArn: said(made, "EventSourceMappingArn") } };
  },
  update: async ({ properties, stack }, { physicalId: id, attributes }) => {
    await actions.call(stack, "lambda", "UpdateEventSourceMapping", { UUID: id, ...picked(properties, MUTABLE) });
    return { physicalId: id, attributes };
  },
  remove: async ({ stack }, { physicalId: id }) => {
    await ifThere(() => actions.call(stack, "lambda", "DeleteEventSourceMapping", { UUID: id }));
  },
});
