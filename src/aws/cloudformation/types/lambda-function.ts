/** AWS::Lambda::Function. */
import type { Asked, Made, StackPlace } from "#managed/stack/resource-types.ts";
import { codeOf } from "../inline-code.ts";
import {
  type Actions,
  ifThere,
  inside,
  madeOrThere,
  objectIn,
  picked,
  said,
  tagsOf,
  text,
  type TypeOver,
} from "../resource.ts";

const CONFIGURATION = [
  "DeadLetterConfig",
  "Description",
  "Environment",
  "EphemeralStorage",
  "Handler",
  "Layers",
  "LoggingConfig",
  "MemorySize",
  "Role",
  "Runtime",
  "Timeout",
  "TracingConfig",
];
const LOOK_MS = 20;
const PATIENCE_MS = 60_000;

export const lambdaFunction: TypeOver = (actions) => ({
  name: "AWS::Lambda::Function",
  properties: [
    ...CONFIGURATION,
    "Architectures",
    "Code",
    "FunctionName",
    "PackageType",
    "ReservedConcurrentExecutions",
    "Tags",
  ],
  createOnly: ["FunctionName", "PackageType"],
  nameProperty: "FunctionName",
  create: async (asked) => {
    const { properties, generatedName, stack, isAgain } = asked;
    const name = text(properties, "FunctionName") ?? generatedName;
    await madeOrThere(
      isAgain,
      () =>
        actions.call(stack, "lambda", "CreateFunction", {
          ...picked(properties, [...CONFIGURATION, "Architectures", "PackageType"]),
          FunctionName: name,
          Code: codeOf(objectIn(properties, "Code"), text(properties, "Runtime") ?? ""),
          Tags: tagsOf(stack, properties),
        }),
      () => Promise.resolve({}),
    );
    await setConcurrency(actions, asked, name);
    return settled(actions, stack, name);
  },
  update: async (asked, { physicalId: name, properties: before }) => {
    const { properties, stack } = asked;
    if (JSON.stringify(properties["Code"]) !== JSON.stringify(before["Code"])) {
      await actions.call(stack, "lambda", "UpdateFunctionCode", {
        FunctionName: name,
        ...picked(properties, ["Architectures"]),
        ...codeOf(objectIn(properties, "Code"), text(properties, "Runtime") ?? ""),
      });
      await settled(actions, stack, name);
    }
    await actions.call(stack, "lambda", "UpdateFunctionConfiguration", {
      FunctionName: name,
      Environment: {},
      Description: "",
      ...picked(properties, CONFIGURATION),
    });
    await setConcurrency(actions, asked, name);
    const made = await settled(actions, stack, name);
    const tags = tagsOf(stack, properties);
    if (Object.keys(tags).length > 0)
      await actions.call(stack, "lambda", "TagResource", { Resource: text(made.attributes, "Arn"), Tags: tags });
    return made;
  },
  remove: async ({ stack }, { physicalId: name }) => {
    await ifThere(() => actions.call(stack, "lambda", "DeleteFunction", { FunctionName: name }));
  },
});

async function setConcurrency(actions: Actions, { properties, stack }: Asked, name: string): Promise<void> {
  const reserved = text(properties, "ReservedConcurrentExecutions");
  const asked = { FunctionName: name };
  if (reserved !== undefined)
    await actions.call(stack, "lambda", "PutFunctionConcurrency", { ...asked, ReservedConcurrentExecutions: reserved });
  else await ifThere(() => actions.call(stack, "lambda", "DeleteFunctionConcurrency", asked));
}

/** Once it can be invoked; throws with Lambda's reason when it cannot. */
async function settled(actions: Actions, stack: StackPlace, name: string): Promise<Made> {
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const { Configuration: configuration } = await actions.call(stack, "lambda", "GetFunction", { FunctionName: name });
    const found = inside({ Configuration: configuration }, "Configuration");
    const [state, update] = [said(found, "State"), said(found, "LastUpdateStatus")];
    if (state === "Failed" || update === "Failed")
      throw new Error(said(found, "StateReason") || said(found, "LastUpdateStatusReason"));
    if (state !== "Pending" && update !== "InProgress")
      return { physicalId: name, attributes: { Arn: said(found, "FunctionArn") } };
    if (waitedMs > PATIENCE_MS) throw new Error(`function ${name} did not stabilize in ${PATIENCE_MS / 1000} seconds`);
    await actions.sleep(LOOK_MS);
  }
}
