/** AWS::ApiGateway::*: REST APIs and their parts. */
import { isJsonObject, type JsonObject } from "#base/json.ts";
import type { Asked } from "#managed/stack/resource-types.ts";
import { AwsError } from "../../aws-error.ts";
import {
  type Actions,
  documentText,
  ifThere,
  type Input,
  listIn,
  objectIn,
  said,
  tagsOf,
  text,
  type TypeOver,
} from "../resource.ts";
import { lowered, REST_APIS, restPart, textIn } from "../rest-part.ts";

const API = [
  "ApiKeySourceType",
  "BinaryMediaTypes",
  "Description",
  "DisableExecuteApiEndpoint",
  "EndpointConfiguration",
  "MinimumCompressionSize",
  "Name",
];

const restApi: TypeOver = (actions) => ({
  name: "AWS::ApiGateway::RestApi",
  properties: [...API, "Policy", "Tags"],
  createOnly: API.filter((name) => name !== "Description" && name !== "Name"),
  create: async ({ properties, generatedName, stack }) => {
    const { apiKeySourceType: apiKeySource, ...input } = lowered(properties, API);
    const made = await actions.call(stack, REST_APIS, "CreateRestApi", {
      name: generatedName,
      ...input,
      ...(apiKeySource !== undefined && { apiKeySource }),
      // The Serverless Framework says an empty one, which is none.
      policy: documentText(properties["Policy"]) || undefined,
      tags: tagsOf(stack, properties),
    });
    const id = said(made, "id");
    return { physicalId: id, attributes: { RestApiId: id, RootResourceId: said(made, "rootResourceId") } };
  },
  update: async ({ properties, stack }, { physicalId, attributes }) => {
    const changed = ["Description", "Name"].flatMap((name) => {
      const value = text(properties, name);
      return value === undefined ? [] : [{ op: "replace", path: `/${name.toLowerCase()}`, value }];
    });
    if (changed.length > 0)
      await actions.call(stack, REST_APIS, "UpdateRestApi", { restApiId: physicalId, patchOperations: changed });
    return { physicalId, attributes };
  },
  remove: async ({ stack }, { physicalId: restApiId }) => {
    await ifThere(() => actions.call(stack, REST_APIS, "DeleteRestApi", { restApiId }));
  },
});

const resource: TypeOver = (actions) => ({
  name: "AWS::ApiGateway::Resource",
  properties: ["ParentId", "PathPart", "RestApiId"],
  createOnly: ["ParentId", "PathPart", "RestApiId"],
  create: async ({ properties, stack }) => {
    const input = lowered(properties, ["ParentId", "PathPart", "RestApiId"]);
    const id = said(await actions.call(stack, REST_APIS, "CreateResource", input), "id");
    return { physicalId: id, attributes: { ResourceId: id } };
  },
  update: async (_asked, before) => Promise.resolve(before),
  remove: async ({ properties, stack }, { physicalId: resourceId }) => {
    const input = { restApiId: textIn(properties, "RestApiId"), resourceId };
    await ifThere(() => actions.call(stack, REST_APIS, "DeleteResource", input));
  },
});

const METHOD = [
  "ApiKeyRequired",
  "AuthorizationScopes",
  "AuthorizationType",
  "AuthorizerId",
  "OperationName",
  "RequestModels",
  "RequestParameters",
  "RequestValidatorId",
];
const METHOD_KEY = ["HttpMethod", "ResourceId", "RestApiId"];
const INTEGRATION = [
  "CacheKeyParameters",
  "CacheNamespace",
  "ConnectionType",
  "ContentHandling",
  "Credentials",
  "IntegrationHttpMethod",
  "PassthroughBehavior",
  "RequestParameters",
  "RequestTemplates",
  "TimeoutInMillis",
  "Type",
  "Uri",
];

/** A method with its integration and all answers of both: the API has an action for each, a template one resource. */
const method: TypeOver = (actions) => ({
  name: "AWS::ApiGateway::Method",
  properties: [...METHOD_KEY, ...METHOD, "Integration", "MethodResponses"],
  createOnly: METHOD_KEY,
  create: async (asked) => {
    await putMethod(actions, asked);
    return { physicalId: asked.generatedName, attributes: {} };
  },
  update: async (asked, { physicalId, attributes }) => {
    await ifThere(() => actions.call(asked.stack, REST_APIS, "DeleteMethod", keyOf(asked)));
    await putMethod(actions, asked);
    return { physicalId, attributes };
  },
  remove: async (asked) => {
    await ifThere(() => actions.call(asked.stack, REST_APIS, "DeleteMethod", keyOf(asked)));
  },
});

function keyOf({ properties }: Asked): Input {
  return lowered(properties, METHOD_KEY);
}

async function putMethod(actions: Actions, asked: Asked): Promise<void> {
  const { properties, stack } = asked;
  const put = (what: string, input: Input): Promise<unknown> =>
    actions.call(stack, REST_APIS, `Put${what}`, { ...keyOf(asked), ...input });
  await put("Method", { authorizationType: "NONE", ...lowered(properties, METHOD) });
  for (const one of objects(properties, "MethodResponses"))
    await put("MethodResponse", lowered(one, ["ResponseModels", "ResponseParameters", "StatusCode"]));
  const integration = objectIn(properties, "Integration");
  if (integration["Type"] === undefined) return;
  await put("Integration", lowered(integration, INTEGRATION));
  for (const one of objects(integration, "IntegrationResponses"))
    await put(
      "IntegrationResponse",
      lowered(one, ["ContentHandling", "ResponseParameters", "ResponseTemplates", "SelectionPattern", "StatusCode"]),
    );
}

function objects(properties: JsonObject, name: string): readonly JsonObject[] {
  return listIn(properties, name).filter(isJsonObject);
}

/** With the name of a stage it makes that stage, or moves it here. */
const deployment: TypeOver = (actions) => ({
  name: "AWS::ApiGateway::Deployment",
  properties: ["Description", "RestApiId", "StageName"],
  createOnly: ["RestApiId"],
  create: async ({ properties, stack }) => {
    const input = lowered(properties, ["Description", "RestApiId", "StageName"]);
    const id = said(await actions.call(stack, REST_APIS, "CreateDeployment", input), "id");
    return { physicalId: id, attributes: { DeploymentId: id } };
  },
  update: async (_asked, before) => Promise.resolve(before),
  remove: async ({ properties, stack }, { physicalId: deploymentId }) => {
    const restApiId = textIn(properties, "RestApiId");
    const remove = (): Promise<unknown> =>
      ifThere(() => actions.call(stack, REST_APIS, "DeleteDeployment", { restApiId, deploymentId }));
    try {
      await remove();
    } catch (thrown) {
      const stageName = text(properties, "StageName");
      if (!(thrown instanceof AwsError) || stageName === undefined) throw thrown;
      // The stage that it made still points to it.
      await ifThere(() => actions.call(stack, REST_APIS, "DeleteStage", { restApiId, stageName }));
      await remove();
    }
  },
});

const STAGE = ["DeploymentId", "Description", "RestApiId", "StageName", "Variables"];

const stage: TypeOver = (actions) => ({
  name: "AWS::ApiGateway::Stage",
  properties: [...STAGE, "Tags"],
  createOnly: ["RestApiId", "StageName"],
  create: async ({ properties, stack }) => {
    const tags = tagsOf(stack, properties);
    await actions.call(stack, REST_APIS, "CreateStage", { ...lowered(properties, STAGE), tags });
    return { physicalId: textIn(properties, "StageName"), attributes: {} };
  },
  update: async ({ properties, stack }, { physicalId: stageName, attributes }) => {
    const variables = Object.entries(objectIn(properties, "Variables"));
    await actions.call(stack, REST_APIS, "UpdateStage", {
      restApiId: textIn(properties, "RestApiId"),
      stageName,
      patchOperations: [
        { op: "replace", path: "/deploymentId", value: textIn(properties, "DeploymentId") },
        ...variables.map(([name, value]) => ({ op: "replace", path: `/variables/${name}`, value })),
      ],
    });
    return { physicalId: stageName, attributes };
  },
  remove: async ({ properties, stack }, { physicalId: stageName }) => {
    const input = { restApiId: textIn(properties, "RestApiId"), stageName };
    await ifThere(() => actions.call(stack, REST_APIS, "DeleteStage", input));
  },
});

const PLAN = ["ApiStages", "Description", "Quota", "Throttle"];

/** Made anew when it changes; its keys are types of their own and follow it by its identifier. */
const usagePlan: TypeOver = (actions) => ({
  name: "AWS::ApiGateway::UsagePlan",
  properties: [...PLAN, "Tags", "UsagePlanName"],
  createOnly: [...PLAN, "UsagePlanName"],
  create: async ({ properties, generatedName, stack }) => {
    const name = text(properties, "UsagePlanName") ?? generatedName;
    const tags = tagsOf(stack, properties);
    const made = await actions.call(stack, REST_APIS, "CreateUsagePlan", { name, ...lowered(properties, PLAN), tags });
    const id = said(made, "id");
    return { physicalId: id, attributes: { Id: id } };
  },
  update: async (_asked, before) => Promise.resolve(before),
  remove: async ({ stack }, { physicalId: usagePlanId }) => {
    await ifThere(() => actions.call(stack, REST_APIS, "DeleteUsagePlan", { usagePlanId }));
  },
});

export const apiGatewayTypes: readonly TypeOver[] = [
  restApi,
  resource,
  method,
  deployment,
  stage,
  usagePlan,
  restPart({
    part: "Authorizer",
    properties: [
      "AuthType",
      "AuthorizerCredentials",
      "AuthorizerResultTtlInSeconds",
      "AuthorizerUri",
      "IdentitySource",
      "IdentityValidationExpression",
      "Name",
      "RestApiId",
      "Type",
    ],
    id: "id",
    deleteBy: "authorizerId",
    of: ["RestApiId"],
    attributes: { AuthorizerId: "id" },
  }),
  restPart({
    part: "RequestValidator",
    properties: ["Name", "RestApiId", "ValidateRequestBody", "ValidateRequestParameters"],
    id: "id",
    deleteBy: "requestValidatorId",
    of: ["RestApiId"],
    attributes: { RequestValidatorId: "id" },
  }),
  restPart({
    part: "ApiKey",
    properties: ["Description", "Enabled", "Name", "StageKeys", "Value"],
    id: "id",
    deleteBy: "apiKey",
    attributes: { APIKeyId: "id" },
  }),
  restPart({
    part: "UsagePlanKey",
    properties: ["KeyId", "KeyType", "UsagePlanId"],
    id: "id",
    deleteBy: "keyId",
    of: ["UsagePlanId"],
    attributes: { Id: "id" },
  }),
];
