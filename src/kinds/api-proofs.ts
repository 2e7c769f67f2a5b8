/** What shows that each member of the kinds of APIs has an effect; a part of proofs.ts. */
import type { TypeProofs } from "./core-proofs.ts";

export const apiProofs: TypeProofs = {
  "dev.catamaran.v1.HttpApi": {
    "src/controllers/upkeep.test.ts": "apiVersion kind",
    "src/kinds/catamaran/own-kinds.test.ts": "metadata spec",
  },
  "dev.catamaran.v1.WebSocketApi": {
    "src/gateway/sockets/sockets.test.ts": "metadata spec",
    "src/aws/apigatewayv2/service.test.ts": "apiVersion kind",
  },
  "dev.catamaran.v1.HttpApiSpec": {
    "src/gateway/sockets/sockets.test.ts": "routeSelectionExpression",
    "src/gateway/match.test.ts": "routes",
    "src/gateway/apis/http-api.test.ts": "cors integrations stages disableExecuteApiEndpoint",
    "src/gateway/authorizers/attacks.test.ts": "authorizers",
    "src/aws/apigatewayv2/service.test.ts": "name description version tags",
  },
  "dev.catamaran.v1.HttpRoute": {
    "src/gateway/sockets/sockets.test.ts": "routeResponseSelectionExpression",
    "src/gateway/http-event.test.ts": "routeKey",
    "src/gateway/routes.test.ts": "payloadFormatVersion function",
    "src/gateway/apis/http-api.test.ts": "target service",
    "src/gateway/authorizers/attacks.test.ts": "authorizationType authorizerId authorizationScopes",
    "src/aws/apigatewayv2/service.test.ts": "routeId operationName",
  },
  "dev.catamaran.v1.HttpRouteService": {
    "src/gateway/apis/http-api.test.ts": "name port",
  },
  "dev.catamaran.v1.ApiIntegration": {
    "src/gateway/apis/http-api.test.ts":
      "integrationId integrationType integrationUri integrationMethod timeoutInMillis requestParameters responseParameters tlsConfig",
    "src/aws/apigatewayv2/service.test.ts": "payloadFormatVersion description",
  },
  "dev.catamaran.v1.ApiTlsConfig": {
    "src/gateway/apis/http-api.test.ts": "serverNameToVerify",
  },
  "dev.catamaran.v1.ApiAuthorizer": {
    "src/gateway/authorizers/attacks.test.ts":
      "authorizerId name authorizerType identitySource jwtConfiguration authorizerUri authorizerPayloadFormatVersion authorizerResultTtlInSeconds enableSimpleResponses",
  },
  "dev.catamaran.v1.ApiJwtConfiguration": {
    "src/gateway/authorizers/attacks.test.ts": "issuer audience",
  },
  "dev.catamaran.v1.ApiStage": {
    "src/gateway/apis/http-api.test.ts":
      "stageName autoDeploy deploymentId stageVariables defaultRouteSettings routeSettings accessLogSettings",
    "src/aws/apigatewayv2/service.test.ts": "tags description createdDate lastUpdatedDate",
  },
  "dev.catamaran.v1.ApiRouteSettings": {
    "src/gateway/apis/http-api.test.ts": "throttlingRateLimit throttlingBurstLimit",
  },
  "dev.catamaran.v1.ApiAccessLog": {
    "src/gateway/apis/http-api.test.ts": "destinationArn format",
  },
  "dev.catamaran.v1.RestApi": {
    "src/gateway/rest/rest-api.test.ts": "metadata spec",
    "src/aws/apigateway/service.test.ts": "apiVersion kind",
  },
  "dev.catamaran.v1.RestApiSpec": {
    "src/gateway/rest/rest-api.test.ts":
      "resources authorizers models requestValidators gatewayResponses stages binaryMediaTypes minimumCompressionSize apiKeySource disableExecuteApiEndpoint",
    "src/aws/apigateway/service.test.ts": "name description version endpointType tags",
  },
  "dev.catamaran.v1.RestResource": {
    "src/gateway/rest/rest-api.test.ts": "id parentId pathPart resourceMethods",
  },
  "dev.catamaran.v1.RestMethod": {
    "src/gateway/rest/rest-api.test.ts":
      "authorizationType authorizerId apiKeyRequired requestParameters requestModels requestValidatorId methodIntegration",
    "src/aws/apigateway/service.test.ts": "operationName methodResponses",
  },
  "dev.catamaran.v1.RestMethodResponse": {
    "src/aws/apigateway/service.test.ts": "responseParameters responseModels",
  },
  "dev.catamaran.v1.RestIntegration": {
    "src/gateway/rest/rest-api.test.ts":
      "type httpMethod uri requestParameters requestTemplates passthroughBehavior cacheNamespace cacheKeyParameters integrationResponses timeoutInMillis contentHandling",
  },
  "dev.catamaran.v1.RestIntegrationResponse": {
    "src/gateway/rest/rest-api.test.ts": "selectionPattern responseParameters responseTemplates contentHandling",
  },
  "dev.catamaran.v1.RestAuthorizer": {
    "src/gateway/rest/rest-api.test.ts":
      "id name type authorizerUri identitySource identityValidationExpression authorizerResultTtlInSeconds",
  },
  "dev.catamaran.v1.RestModel": {
    "src/gateway/rest/rest-api.test.ts": "name contentType schema",
    "src/aws/apigateway/service.test.ts": "description",
  },
  "dev.catamaran.v1.RestRequestValidator": {
    "src/gateway/rest/rest-api.test.ts": "id name validateRequestBody validateRequestParameters",
  },
  "dev.catamaran.v1.RestGatewayResponse": {
    "src/gateway/rest/rest-api.test.ts": "statusCode responseParameters responseTemplates",
  },
  "dev.catamaran.v1.RestStage": {
    "src/gateway/rest/rest-api.test.ts":
      "stageName deploymentId variables methodSettings accessLogSettings canarySettings cacheClusterEnabled",
    "src/aws/apigateway/service.test.ts": "description cacheClusterSize createdDate lastUpdatedDate tags",
  },
  "dev.catamaran.v1.RestMethodSetting": {
    "src/gateway/rest/rest-api.test.ts":
      "throttlingBurstLimit throttlingRateLimit loggingLevel dataTraceEnabled cachingEnabled cacheTtlInSeconds",
  },
  "dev.catamaran.v1.RestAccessLog": {
    "src/gateway/rest/rest-api.test.ts": "destinationArn format",
  },
  "dev.catamaran.v1.RestCanary": {
    "src/gateway/rest/rest-api.test.ts": "percentTraffic deploymentId stageVariableOverrides",
  },
  "dev.catamaran.v1.ApiKey": {
    "src/gateway/rest/rest-api.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.ApiKeySpec": {
    "src/gateway/rest/rest-api.test.ts": "enabled value",
    "src/aws/apigateway/service.test.ts": "name description customerId stageKeys tags",
  },
  "dev.catamaran.v1.UsagePlan": {
    "src/gateway/rest/rest-api.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.UsagePlanSpec": {
    "src/gateway/rest/rest-api.test.ts": "apiStages throttle quota keys",
    "src/aws/apigateway/service.test.ts": "name description tags",
  },
  "dev.catamaran.v1.UsagePlanStage": {
    "src/gateway/rest/rest-api.test.ts": "apiId stage throttle",
  },
  "dev.catamaran.v1.UsagePlanThrottle": {
    "src/gateway/rest/rest-api.test.ts": "rateLimit burstLimit",
  },
  "dev.catamaran.v1.UsagePlanQuota": {
    "src/gateway/rest/rest-api.test.ts": "limit offset period",
  },
  "dev.catamaran.v1.ApiDeployment": {
    "src/aws/apigatewayv2/service.test.ts": "apiVersion kind",
    "src/gateway/apis/http-api.test.ts": "metadata spec",
  },
  "dev.catamaran.v1.ApiDeploymentSpec": {
    "src/gateway/apis/http-api.test.ts": "api deploymentId snapshot",
    "src/aws/apigatewayv2/service.test.ts": "description",
  },
};
