/** HTTP APIs from OpenAPI documents with API Gateway's extensions (API Gateway, "Working with OpenAPI definitions for HTTP APIs"). */
import { given } from "#base/given.ts";
import { isJsonObject } from "#base/json.ts";
import type { Cors } from "#kinds/catamaran/cors.ts";
import type { ApiAuthorizer, ApiIntegration } from "#kinds/catamaran/http-api-parts.ts";
import { httpApiKind, type HttpApiSpec, type HttpRoute } from "#kinds/catamaran/http-api.ts";
import { type Action, action } from "../action.ts";
import {
  BadDocument,
  type JsonObject,
  numberIn,
  objectIn,
  operationsOf,
  type PathOperation,
  readDocument,
  schemesOf,
  securityOf,
  textIn,
  textMap,
  textsIn,
} from "../openapi.ts";
import { type AccountApis, changeApi, invalid, newId } from "./account-apis.ts";
import { apiOf, createApiObject } from "./apis.ts";
import { model } from "./model.gen.ts";

const MAX_BYTES = 6 * 1024 * 1024; // API Gateway's quota for a definition.
const UNSERVED = {
  "Basepath=prepend": "say it in the paths",
  "Basepath=split": "say it in the paths",
  "FailOnWarnings=false": "what cannot be imported is always refused",
} as const;

export const importApi: Action<AccountApis> = action(model, "ImportApi", {
  serves: ["Body"],
  unserved: UNSERVED,
  maxBodyBytes: MAX_BYTES,
  run: async (account: AccountApis, { Body: text }) => {
    const spec = { ...specOf(account, text), stages: [] };
    return apiOf(account, { kind: httpApiKind, api: await createApiObject(account, httpApiKind, spec) });
  },
});

export const reimportApi: Action<AccountApis> = action(model, "ReimportApi", {
  serves: ["ApiId", "Body"],
  unserved: UNSERVED,
  maxBodyBytes: MAX_BYTES,
  run: async (account: AccountApis, { ApiId: id, Body: text }) => {
    const said = specOf(account, text);
    const api = await changeApi(account, id, ({ stages, tags }) => ({ ...said, ...given({ stages, tags }) }));
    return apiOf(account, { kind: httpApiKind, api });
  },
});

/** Throws BadRequestException for what is no document, or asks for what is not served. */
function specOf(account: AccountApis, text: string): HttpApiSpec {
  try {
    return specOfDocument(readDocument(text), (length) => newId(account, length));
  } catch (thrown) {
    if (thrown instanceof BadDocument) throw invalid(thrown.message);
    throw thrown;
  }
}

type NewId = (length: number) => string;

function specOfDocument(document: JsonObject, id: NewId): HttpApiSpec {
  const info = objectIn(document, "info");
  const authorizers = authorizersOf(document, id);
  const integrations: ApiIntegration[] = [];
  const routes = operationsOf(document).map((one) => {
    const { integration, route } = routeOf(one, { document, authorizers, id });
    integrations.push(integration);
    return route;
  });
  const cors = objectIn(document, "x-amazon-apigateway-cors");
  return {
    ...given({
      name: textIn(info, "title"),
      description: textIn(info, "description"),
      version: textIn(info, "version"),
    }),
    routes,
    integrations,
    authorizers: [...authorizers.values()],
    ...(Object.keys(cors).length > 0 && { cors: corsOf(cors) }),
  };
}

interface Known {
  readonly document: JsonObject;
  readonly authorizers: ReadonlyMap<string, ApiAuthorizer>;
  readonly id: NewId;
}

function routeOf(
  { path, method, operation }: PathOperation,
  { document, authorizers, id }: Known,
): { readonly integration: ApiIntegration; readonly route: HttpRoute } {
  const integration = integrationOf(integrationIn(document, operation), id(7));
  const [scheme, scopes = []] = securityOf(document, operation)[0] ?? [];
  const authorizer = authorizers.get(scheme ?? "");
  if (scheme !== undefined && authorizer === undefined)
    throw new BadDocument(`The security scheme ${scheme} is no authorizer`);
  const isDefault = path === "/$default";
  const guard = authorizer && {
    authorizationType: authorizer.authorizerType === "JWT" ? ("JWT" as const) : ("CUSTOM" as const),
    authorizerId: authorizer.authorizerId,
    ...(scopes.length > 0 && { authorizationScopes: scopes }),
  };
  return {
    integration,
    route: {
      routeKey: isDefault ? "$default" : `${method} ${path}`,
      routeId: id(7),
      target: `integrations/${integration.integrationId}`,
      ...given({ operationName: textIn(operation, "operationId") }),
      ...guard,
    },
  };
}

/** One that several operations share stands among the components. */
function integrationIn(document: JsonObject, operation: JsonObject): JsonObject {
  const said = objectIn(operation, "x-amazon-apigateway-integration");
  const name = textIn(said, "$ref")?.split("/").at(-1);
  if (name === undefined) return said;
  return objectIn(objectIn(objectIn(document, "components"), "x-amazon-apigateway-integrations"), name);
}

function integrationOf(said: JsonObject, integrationId: string): ApiIntegration {
  const type = (textIn(said, "type") ?? "").toUpperCase();
  if (type !== "AWS_PROXY" && type !== "HTTP_PROXY") throw new BadDocument(`Unsupported integration type ${type}`);
  const format = textIn(said, "payloadFormatVersion");
  const responses = Object.entries(objectIn(said, "responseParameters")).flatMap(([status, mapping]) =>
    isJsonObject(mapping) ? [[status, textMap(mapping)] as const] : [],
  );
  return {
    integrationId,
    integrationType: type,
    integrationUri: textIn(said, "uri") ?? "",
    ...given({ integrationMethod: textIn(said, "httpMethod"), timeoutInMillis: numberIn(said, "timeoutInMillis") }),
    ...((format === "1.0" || format === "2.0") && { payloadFormatVersion: format }),
    requestParameters: textMap(objectIn(said, "requestParameters")),
    responseParameters: Object.fromEntries(responses),
  };
}

function authorizersOf(document: JsonObject, id: NewId): ReadonlyMap<string, ApiAuthorizer> {
  const found = new Map<string, ApiAuthorizer>();
  for (const [name, scheme] of Object.entries(schemesOf(document))) {
    const said = isJsonObject(scheme) ? objectIn(scheme, "x-amazon-apigateway-authorizer") : {};
    const type = textIn(said, "type")?.toUpperCase();
    if (type === "JWT") found.set(name, jwtOf(said, { name, authorizerId: id(6) }));
    else if (type === "REQUEST") found.set(name, requestOf(said, { name, authorizerId: id(6) }));
    else if (type !== undefined) throw new BadDocument(`Authorizers of type ${type} are not of HTTP APIs`);
  }
  return found;
}

type Named = Pick<ApiAuthorizer, "name" | "authorizerId">;

function jwtOf(said: JsonObject, named: Named): ApiAuthorizer {
  const rules = objectIn(said, "jwtConfiguration");
  return {
    ...named,
    authorizerType: "JWT",
    identitySource: [textIn(said, "identitySource") ?? "$request.header.Authorization"],
    jwtConfiguration: { issuer: textIn(rules, "issuer") ?? "", audience: textsIn(rules["audience"]) },
  };
}

function requestOf(said: JsonObject, named: Named): ApiAuthorizer {
  const sources = (textIn(said, "identitySource") ?? "").split(",").map((one) => one.trim());
  return {
    ...named,
    authorizerType: "REQUEST",
    identitySource: sources.filter((one) => one !== ""),
    enableSimpleResponses: said["enableSimpleResponses"] === true,
    authorizerPayloadFormatVersion: textIn(said, "authorizerPayloadFormatVersion") === "1.0" ? "1.0" : "2.0",
    ...given({
      authorizerUri: textIn(said, "authorizerUri"),
      authorizerResultTtlInSeconds: numberIn(said, "authorizerResultTtlInSeconds"),
    }),
  };
}

function corsOf(said: JsonObject): Cors {
  return given({
    allowOrigins: textsIn(said["allowOrigins"]),
    allowMethods: textsIn(said["allowMethods"]),
    allowHeaders: textsIn(said["allowHeaders"]),
    exposeHeaders: textsIn(said["exposeHeaders"]),
    maxAge: numberIn(said, "maxAge"),
    allowCredentials: said["allowCredentials"] === true ? true : undefined,
  });
}
