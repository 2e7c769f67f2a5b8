/** What REST APIs are made of, with the members of API Gateway's own API (apigateway, 2015-07-09). */
import { flag, type Infer, list, map, number, object, optional, text, whole } from "#kinds/schema/description.ts";

const contentHandling = text({ enum: ["CONVERT_TO_BINARY", "CONVERT_TO_TEXT"] });

const integrationResponse = object("RestIntegrationResponse", {
  /** Of the status of an answer, or of the error of a function; absent: of all that no other one takes. */
  selectionPattern: optional(text()),
  /** "method.response.header.NAME": "integration.response.body.PATH", and so on. */
  responseParameters: optional(map(text())),
  /** By media type; in Velocity's language. */
  responseTemplates: optional(map(text())),
  contentHandling: optional(contentHandling),
});

const integration = object("RestIntegration", {
  type: text({ enum: ["AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"] }),
  httpMethod: optional(text()),
  /** The ARN of a function, or an address; http://NAME.NAMESPACE.svc.cluster.local is a Service of the cluster. */
  uri: optional(text()),
  requestParameters: optional(map(text())),
  requestTemplates: optional(map(text())),
  passthroughBehavior: optional(
    text({ enum: ["WHEN_NO_MATCH", "WHEN_NO_TEMPLATES", "NEVER"], default: "WHEN_NO_MATCH" }),
  ),
  contentHandling: optional(contentHandling),
  timeoutInMillis: optional(whole({ min: 50, max: 29_000, unit: "milliseconds", default: 29_000 })),
  cacheNamespace: optional(text()),
  cacheKeyParameters: optional(list(text())),
  /** By the status that the client is told. */
  integrationResponses: optional(map(integrationResponse)),
});

const methodResponse = object("RestMethodResponse", {
  responseParameters: optional(map(flag())),
  responseModels: optional(map(text())),
});

const method = object("RestMethod", {
  authorizationType: optional(text({ enum: ["NONE", "AWS_IAM", "CUSTOM"], default: "NONE" })),
  authorizerId: optional(text()),
  apiKeyRequired: optional(flag()),
  operationName: optional(text()),
  /** "method.request.header.NAME": whether it must be there. */
  requestParameters: optional(map(flag())),
  /** By media type the name of a model. */
  requestModels: optional(map(text())),
  requestValidatorId: optional(text()),
  /** By status. */
  methodResponses: optional(map(methodResponse)),
  methodIntegration: optional(integration),
});

export const resource = object("RestResource", {
  id: text(),
  /** Absent of the root. */
  parentId: optional(text()),
  /** "users", "{id}" or "{proxy+}". */
  pathPart: optional(text()),
  /** By method, "ANY" for those that have none of their own. */
  resourceMethods: optional(map(method)),
});

export const restAuthorizer = object("RestAuthorizer", {
  id: text(),
  name: text(),
  type: text({ enum: ["TOKEN", "REQUEST"] }),
  /** The ARN of a function. */
  authorizerUri: text(),
  /** "method.request.header.Authorization"; several with commas between. */
  identitySource: optional(text()),
  /** What a token must look like before the function is asked. */
  identityValidationExpression: optional(text()),
  authorizerResultTtlInSeconds: optional(whole({ min: 0, max: 3_600, unit: "seconds", default: 300 })),
});

export const restModel = object("RestModel", {
  name: text(),
  description: optional(text()),
  contentType: optional(text()),
  /** A JSON schema of draft 4, as text. */
  schema: optional(text()),
});

export const requestValidator = object("RestRequestValidator", {
  id: text(),
  name: optional(text()),
  validateRequestBody: optional(flag()),
  validateRequestParameters: optional(flag()),
});

export const gatewayResponse = object("RestGatewayResponse", {
  statusCode: optional(text({ pattern: /^[1-5]\d\d$/, says: "must be a status of HTTP" })),
  /** "gatewayresponse.header.NAME": "'text'" or "method.request.header.NAME". */
  responseParameters: optional(map(text())),
  responseTemplates: optional(map(text())),
});

const methodSetting = object("RestMethodSetting", {
  throttlingBurstLimit: optional(whole({ min: -1 })),
  throttlingRateLimit: optional(number({ min: -1 })),
  loggingLevel: optional(text({ enum: ["OFF", "ERROR", "INFO"] })),
  /** Whole requests and answers stand in the execution log, too. */
  dataTraceEnabled: optional(flag()),
  cachingEnabled: optional(flag()),
  cacheTtlInSeconds: optional(whole({ min: 0, max: 3_600, unit: "seconds" })),
});

const canary = object("RestCanary", {
  percentTraffic: optional(number({ min: 0, max: 100 })),
  deploymentId: text(),
  stageVariableOverrides: optional(map(text())),
});

const accessLog = object("RestAccessLog", { destinationArn: optional(text()), format: optional(text()) });

export const restStage = object("RestStage", {
  stageName: text({ pattern: /^[\w-]{1,128}$/, says: 'must be letters, digits, "-" and "_"' }),
  /** The name of an ApiDeployment, without the API's; absent: what the API says now. */
  deploymentId: optional(text()),
  description: optional(text()),
  variables: optional(map(text())),
  /** By "PATH/METHOD" with "~1" for slashes, or for all methods by "*\/*". */
  methodSettings: optional(map(methodSetting)),
  accessLogSettings: optional(accessLog),
  canarySettings: optional(canary),
  cacheClusterEnabled: optional(flag()),
  cacheClusterSize: optional(text()),
  createdDate: optional(text()),
  lastUpdatedDate: optional(text()),
  tags: optional(map(text())),
});

export type RestResource = Infer<typeof resource>;
export type RestMethod = Infer<typeof method>;
export type RestIntegration = Infer<typeof integration>;
export type RestIntegrationResponse = Infer<typeof integrationResponse>;
export type RestAuthorizer = Infer<typeof restAuthorizer>;
export type RestModel = Infer<typeof restModel>;
export type RestRequestValidator = Infer<typeof requestValidator>;
export type RestGatewayResponse = Infer<typeof gatewayResponse>;
export type RestStage = Infer<typeof restStage>;
export type RestMethodSetting = Infer<typeof methodSetting>;
