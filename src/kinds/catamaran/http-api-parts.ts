/** What HTTP and WebSocket APIs are made of: integrations, authorizers and stages, with the members of API Gateway's own API (apigatewayv2). */
import { flag, type Infer, list, map, number, object, optional, text, whole } from "#kinds/schema/description.ts";

export const tlsConfig = object("ApiTlsConfig", { serverNameToVerify: optional(text()) });

export const integration = object("ApiIntegration", {
  integrationId: text(),
  integrationType: text({ enum: ["AWS_PROXY", "HTTP_PROXY"] }),
  /** The ARN of a function, or an address; http://NAME.NAMESPACE.svc.cluster.local is a Service of the cluster. */
  integrationUri: text(),
  /** Of what is sent on; absent or ANY: as it came. */
  integrationMethod: optional(text()),
  payloadFormatVersion: optional(text({ enum: ["1.0", "2.0"], default: "1.0" })),
  timeoutInMillis: optional(whole({ min: 50, max: 30_000, unit: "milliseconds", default: 30_000 })),
  /** "append:header.NAME": "$context.requestId", and so on: see src/gateway/apis/parameter-mapping.ts. */
  requestParameters: optional(map(text())),
  /** By status: "200": { "overwrite:statusCode": "202" }. */
  responseParameters: optional(map(map(text()))),
  tlsConfig: optional(tlsConfig),
  description: optional(text()),
});

const jwt = object("ApiJwtConfiguration", {
  issuer: text({ pattern: /^https?:\/\/\S+$/, says: "must be an address of http or https" }),
  audience: list(text(), { min: 1 }),
});

export const authorizer = object("ApiAuthorizer", {
  authorizerId: text(),
  name: text(),
  authorizerType: text({ enum: ["JWT", "REQUEST"] }),
  /** "$request.header.Authorization"; of a REQUEST authorizer also what its results are kept by. */
  identitySource: optional(list(text())),
  jwtConfiguration: optional(jwt),
  /** The ARN of a function. */
  authorizerUri: optional(text()),
  authorizerPayloadFormatVersion: optional(text({ enum: ["1.0", "2.0"] })),
  authorizerResultTtlInSeconds: optional(whole({ min: 0, max: 3_600, unit: "seconds" })),
  /** The function answers { isAuthorized, context } instead of a policy. */
  enableSimpleResponses: optional(flag()),
});

const routeSettings = object("ApiRouteSettings", {
  throttlingRateLimit: optional(number({ min: 0, unit: "requests a second" })),
  throttlingBurstLimit: optional(whole({ min: 0, unit: "requests" })),
});

const accessLog = object("ApiAccessLog", {
  /** Of a log group. */
  destinationArn: text(),
  format: text(),
});

export const stage = object("ApiStage", {
  stageName: text({
    pattern: /^(\$default|[\w-]{1,128})$/,
    says: 'must be "$default" or letters, digits, "-" and "_"',
  }),
  /** Serves what the API says now; absent: what its deployment kept. */
  autoDeploy: optional(flag()),
  /** The name of an ApiDeployment, without the API's. */
  deploymentId: optional(text()),
  description: optional(text()),
  stageVariables: optional(map(text())),
  /** Of each route that has none of its own. */
  defaultRouteSettings: optional(routeSettings),
  /** By route key. */
  routeSettings: optional(map(routeSettings)),
  accessLogSettings: optional(accessLog),
  createdDate: optional(text()),
  lastUpdatedDate: optional(text()),
  tags: optional(map(text())),
});

export type ApiIntegration = Infer<typeof integration>;
export type ApiAuthorizer = Infer<typeof authorizer>;
export type ApiStage = Infer<typeof stage>;
export type ApiRouteSettings = Infer<typeof routeSettings>;
