/** CreateFunction. */
import { Fault } from "#base/fault.ts";
import { functionKind, type FunctionObject, UPDATED_AT } from "#kinds/catamaran/function.ts";
import { type Action, action } from "../action.ts";
import type { AccountFunctions } from "./account-functions.ts";
import { configurationOf, lambdaTime } from "./configuration.ts";
import { checkUnpacked } from "./function-layers.ts";
import { CONFIGURATION, specChanges, UNSERVED_CONFIGURATION } from "./given-configuration.ts";
import { type CreateFunctionRequest, model } from "./model.gen.ts";
import { arnOf, failure, functionArns, invalid, referenceOf, rolePassed } from "./names.ts";
import { MAX_PACKAGE_REQUEST_BYTES, storePackage } from "./package.ts";
import { publish } from "./publish.ts";
import { checkedTags } from "./tags.ts";

/** Answers 201 with State Pending; the function is Active once an environment could be made ready. */
export const createFunction: Action<AccountFunctions> = action(model, "CreateFunction", {
  resources: functionArns,
  alsoNeeds: ({ Role }) => rolePassed(Role),
  maxBodyBytes: MAX_PACKAGE_REQUEST_BYTES,
  serves: [
    ...CONFIGURATION,
    "FunctionName",
    "Code.ZipFile",
    "Code.S3Bucket",
    "Code.S3Key",
    "Code.S3ObjectVersion",
    "Architectures",
    "Tags",
    "Publish",
  ],
  unserved: {
    ...UNSERVED_CONFIGURATION,
    "PackageType=Image": "deploy a zip",
    "Code.ImageUri": "deploy a zip",
    "Code.SourceKMSKeyArn": "leave it out",
    PublishTo: "leave it out: there are no managed instances",
    CodeSigningConfigArn: "leave it out",
    TenancyConfig: "leave it out",
  },
  run: async (account: AccountFunctions, input, { now }) => {
    const { name } = referenceOf(account, input);
    checkName(name);
    const { runtime, handler } = mandatory(input);
    const tags = checkedTags(input.Tags ?? {});
    const changes = await specChanges(account, input, null);
    const code = await storePackage(account, input.Code);
    await checkUnpacked(account, code, changes.layers);
    const object: FunctionObject = {
      apiVersion: "catamaran.dev/v1",
      kind: "Function",
      metadata: { name, namespace: account.namespace, annotations: { [UPDATED_AT]: lambdaTime(now) } },
      spec: {
        ...changes,
        runtime,
        handler,
        code,
        ...(input.Architectures && { architectures: input.Architectures }),
        ...(input.Tags && { tags }),
      },
    };
    try {
      const created = await account.objects.create(functionKind, object, { manager: "aws-lambda" });
      return configurationOf(account, input.Publish === true ? await publish(account, created) : created);
    } catch (thrown) {
      if (thrown instanceof Fault && thrown.code === "AlreadyExists")
        throw failure("ResourceConflictException", `Function already exist: ${arnOf(account, name)}`);
      throw thrown;
    }
  },
});

const MAX_NAME = 64;

function checkName(name: string): void {
  if (name.length <= MAX_NAME) return;
  throw invalid(
    `1 validation error detected: Value '${name}' at 'functionName' failed to satisfy constraint: Member must have length less than or equal to ${MAX_NAME}`,
  );
}

function mandatory({ Runtime, Handler }: Pick<CreateFunctionRequest, "Runtime" | "Handler">): {
  readonly runtime: string;
  readonly handler: string;
} {
  if (Runtime !== undefined && Handler !== undefined) return { runtime: Runtime, handler: Handler };
  throw invalid("Runtime and Handler are mandatory parameters for functions created with deployment packages.");
}
