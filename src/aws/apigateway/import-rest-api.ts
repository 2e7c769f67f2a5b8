/** REST APIs from OpenAPI documents with API Gateway's extensions (API Gateway, "Develop REST APIs using OpenAPI"). */
import { given } from "#base/given.ts";
import { isJsonObject, type Json } from "#base/json.ts";
import { type RestApiSpec } from "#kinds/catamaran/rest-api.ts";
import type {
  RestAuthorizer,
  RestIntegration,
  RestMethod,
  RestModel,
  RestResource,
} from "#kinds/catamaran/rest-api-parts.ts";
import { type Action, action } from "../action.ts";
import {
  BadDocument,
  type JsonObject,
  numberIn,
  objectIn,
  operationsOf,
  type PathOperation,
  readDocument,
  schemasOf,
  schemesOf,
  securityOf,
  textIn,
  textMap,
  textsIn,
} from "../openapi.ts";
import { type AccountRestApis, changeApi, invalid, newId } from "./account-rest-apis.ts";
import { model } from "./model.gen.ts";
import { apiOf, createRestApiObject } from "./rest-apis.ts";

const MAX_BYTES = 6 * 1024 * 1024; // API Gateway's quota for a definition.
const ALWAYS = "what cannot be imported is always refused";
const UNSERVED = { "failOnWarnings=false": ALWAYS } as const;

export const importRestApi: Action<AccountRestApis> = action(model, "ImportRestApi", {
  serves: ["body", "parameters"],
  unserved: UNSERVED,
  maxBodyBytes: MAX_BYTES,
  run: async (account: AccountRestApis, { body, parameters }) => {
    const said = specOf(account, Buffer.from(body).toString("utf8"));
    return apiOf(await createRestApiObject(account, { ...said, ...askedBy(parameters) }));
  },
});

/** What the query says beside what the model knows of it: it is in the model's map, too. */
function askedBy(parameters: Readonly<Record<string, string>> = {}): Pick<RestApiSpec, "endpointType"> {
  const { endpointConfigurationTypes: type, ignore = "documentation", basepath = "ignore" } = parameters;
  if (ignore !== "documentation") throw invalid(`Invalid ignore specified: ${ignore}`);
  if (basepath !== "ignore") throw invalid(`basepath=${basepath} is not supported by Catamaran; say it in the paths`);
  if (type === undefined) return {};
  if (type === "EDGE" || type === "REGIONAL") return { endpointType: type };
  throw invalid(`endpointConfigurationTypes=${type} is not supported by Catamaran; use EDGE or REGIONAL`);
}

export const putRestApi: Action<AccountRestApis> = action(model, "PutRestApi", {
  serves: ["restApiId", "mode", "parameters", "body"],
  unserved: UNSERVED,
  maxBodyBytes: MAX_BYTES,
  run: async (account: AccountRestApis, { restApiId: id, mode = "merge", parameters, body }) => {
    const said = specOf(account, Buffer.from(body).toString("utf8"));
    if (mode === "merge") throw invalid("Mode merge is not supported by Catamaran; use overwrite");
    return apiOf(
      await changeApi(account, id, ({ stages, tags }) => ({
        ...said,
        ...askedBy(parameters),
        ...given({ stages, tags }),
      })),
    );
  },
});

/** Throws BadRequestException for what is no document, or asks for what is not served. */
function specOf(account: AccountRestApis, text: string): RestApiSpec {
  try {
    return specOfDocument(readDocument(text), (length) => newId(account, length));
  } catch (thrown) {
    if (thrown instanceof BadDocument) throw invalid(thrown.message);
    throw thrown;
  }
}

type NewId = (length: number) => string;

/** Pure but for the ids. */
function specOfDocument(document: JsonObject, id: NewId): RestApiSpec {
  const info = objectIn(document, "info");
  const authorizers = authorizersOf(document, id);
  const validators = Object.entries(objectIn(document, "x-amazon-apigateway-request-validators")).map(
    ([name, said]) => ({ id: id(6), name, ...(isJsonObject(said) ? flagsOf(said) : {}) }),
  );
  const known: Known = { document, authorizers, validators };
  return {
    ...given({
      name: textIn(info, "title"),
      description: textIn(info, "description"),
      version: textIn(info, "version"),
    }),
    resources: resourcesOf(operationsOf(document), known, id),
    authorizers: [...authorizers.values()],
    requestValidators: validators,
    models: modelsOf(document),
    gatewayResponses: gatewayResponsesOf(document),
    binaryMediaTypes: textsIn(document["x-amazon-apigateway-binary-media-types"]),
    ...given({
      minimumCompressionSize: numberIn(document, "x-amazon-apigateway-minimum-compression-size"),
      apiKeySource: textIn(document, "x-amazon-apigateway-api-key-source") as RestApiSpec["apiKeySource"],
    }),
  };
}

interface Known {
  readonly document: JsonObject;
  /** By the names of their schemes. */
  readonly authorizers: ReadonlyMap<string, RestAuthorizer>;
  readonly validators: readonly { readonly id: string; readonly name: string }[];
}

function flagsOf(said: JsonObject): {
  readonly validateRequestBody: boolean;
  readonly validateRequestParameters: boolean;
} {
  return {
    validateRequestBody: said["validateRequestBody"] === true,
    validateRequestParameters: said["validateRequestParameters"] === true,
  };
}

/** A resource for each segment of each path, each once. */
function resourcesOf(operations: readonly PathOperation[], known: Known, id: NewId): readonly RestResource[] {
  const byPath = new Map<string, RestResource>([["", { id: id(10) }]]);
  for (const { path, method, operation } of operations) {
    const at = path.replace(/\/$/, "");
    reach(byPath, at, id);
    const resource = byPath.get(at);
    if (resource === undefined) continue;
    const resourceMethods = { ...resource.resourceMethods, [method]: methodOf(operation, known) };
    byPath.set(at, { ...resource, resourceMethods });
  }
  return [...byPath.values()];
}

function reach(byPath: Map<string, RestResource>, path: string, id: NewId): void {
  let above = "";
  for (const pathPart of path.split("/").slice(1)) {
    const below = `${above}/${pathPart}`;
    const parentId = byPath.get(above)?.id;
    if (!byPath.has(below)) byPath.set(below, { id: id(6), pathPart, ...given({ parentId }) });
    above = below;
  }
}

function methodOf(operation: JsonObject, known: Known): RestMethod {
  const integration = objectIn(operation, "x-amazon-apigateway-integration");
  const validator =
    textIn(operation, "x-amazon-apigateway-request-validator") ??
    textIn(known.document, "x-amazon-apigateway-request-validator");
  return {
    ...guardOf(operation, known),
    ...given({
      operationName: textIn(operation, "operationId"),
      requestValidatorId: known.validators.find(({ name }) => name === validator)?.id,
    }),
    requestParameters: parametersOf(operation),
    requestModels: requestModelsOf(operation),
    methodResponses: Object.fromEntries(Object.keys(objectIn(operation, "responses")).map((status) => [status, {}])),
    ...(Object.keys(integration).length > 0 && { methodIntegration: integrationOf(integration) }),
  };
}

function guardOf(operation: JsonObject, { document, authorizers }: Known): RestMethod {
  const asked = securityOf(document, operation).map(([name]) => name);
  const schemes = schemesOf(document);
  const isKey = (name: string): boolean => {
    const scheme = objectIn(schemes, name);
    return textIn(scheme, "name")?.toLowerCase() === "x-api-key" && !authorizers.has(name);
  };
  const authorizer = asked.map((name) => authorizers.get(name)).find((one) => one !== undefined);
  const isSigned =
    asked.some((name) => textIn(objectIn(schemes, name), "x-amazon-apigateway-authtype") === "awsSigv4") ||
    textIn(objectIn(operation, "x-amazon-apigateway-auth"), "type")?.toUpperCase() === "AWS_IAM";
  return {
    authorizationType: isSigned ? "AWS_IAM" : authorizer === undefined ? "NONE" : "CUSTOM",
    ...given({ authorizerId: authorizer?.id }),
    apiKeyRequired: asked.some(isKey),
  };
}

function authorizersOf(document: JsonObject, id: NewId): ReadonlyMap<string, RestAuthorizer> {
  const found = new Map<string, RestAuthorizer>();
  for (const [name, scheme] of Object.entries(schemesOf(document))) {
    if (!isJsonObject(scheme)) continue;
    const said = objectIn(scheme, "x-amazon-apigateway-authorizer");
    const type = textIn(said, "type")?.toUpperCase();
    if (type === undefined) continue;
    if (type !== "TOKEN" && type !== "REQUEST")
      throw new BadDocument(`Authorizers of type ${type} are not supported by Catamaran: use token or request`);
    const header = textIn(scheme, "name");
    found.set(name, {
      id: id(6),
      name,
      type,
      authorizerUri: textIn(said, "authorizerUri") ?? "",
      ...given({
        identitySource:
          textIn(said, "identitySource") ??
          (type === "TOKEN" && header !== undefined ? `method.request.header.${header}` : undefined),
        identityValidationExpression: textIn(said, "identityValidationExpression"),
        authorizerResultTtlInSeconds: numberIn(said, "authorizerResultTtlInSeconds"),
      }),
    });
  }
  return found;
}

function parametersOf(operation: JsonObject): Readonly<Record<string, boolean>> {
  const { parameters } = operation;
  if (!Array.isArray(parameters)) return {};
  const places: Readonly<Record<string, string>> = { query: "querystring", header: "header", path: "path" };
  return Object.fromEntries(
    parameters.filter(isJsonObject).flatMap((one) => {
      const [name, place] = [textIn(one, "name"), places[textIn(one, "in") ?? ""]];
      return name === undefined || place === undefined
        ? []
        : [[`method.request.${place}.${name}`, one["required"] === true]];
    }),
  );
}

/** The body of version 2 stands among the parameters, that of version 3 by media type. */
function requestModelsOf(operation: JsonObject): Readonly<Record<string, string>> {
  const { parameters } = operation;
  const body = Array.isArray(parameters)
    ? parameters.filter(isJsonObject).find((one) => one["in"] === "body")
    : undefined;
  const named = body === undefined ? undefined : modelName(objectIn(body, "schema"));
  const content = Object.entries(objectIn(objectIn(operation, "requestBody"), "content")).flatMap(([type, said]) => {
    const name = isJsonObject(said) ? modelName(objectIn(said, "schema")) : undefined;
    return name === undefined ? [] : [[type, name] as const];
  });
  return { ...(named !== undefined && { "application/json": named }), ...Object.fromEntries(content) };
}

function modelName(schema: JsonObject): string | undefined {
  return textIn(schema, "$ref")?.split("/").at(-1);
}

/** References between schemas lead to the models that they become. */
function modelsOf(document: JsonObject): readonly RestModel[] {
  return Object.entries(schemasOf(document)).map(([name, schema]) => ({
    name,
    contentType: "application/json",
    schema: JSON.stringify(schema).replaceAll(/"#\/(?:definitions|components\/schemas)\/([^"]+)"/g, '"models/$1"'),
  }));
}

function integrationOf(said: JsonObject): RestIntegration {
  const type = (textIn(said, "type") ?? "").toUpperCase();
  const served = ["AWS", "AWS_PROXY", "HTTP", "HTTP_PROXY", "MOCK"] as const;
  const known = served.find((one) => one === type);
  if (known === undefined) throw new BadDocument(`Unsupported integration type ${type}`);
  for (const name of ["connectionId", "credentials", "tlsConfig"])
    if (Object.hasOwn(said, name)) throw new BadDocument(`${name} of integrations is not supported by Catamaran`);
  const responses = Object.entries(objectIn(said, "responses")).flatMap(([pattern, response]) =>
    isJsonObject(response) ? [responseOf(pattern, response)] : [],
  );
  return given({
    type: known,
    httpMethod: textIn(said, "httpMethod"),
    uri: textIn(said, "uri"),
    requestParameters: textMap(objectIn(said, "requestParameters")),
    requestTemplates: textMap(objectIn(said, "requestTemplates")),
    passthroughBehavior: textIn(said, "passthroughBehavior")?.toUpperCase() as RestIntegration["passthroughBehavior"],
    contentHandling: textIn(said, "contentHandling") as RestIntegration["contentHandling"],
    timeoutInMillis: numberIn(said, "timeoutInMillis"),
    cacheNamespace: textIn(said, "cacheNamespace"),
    cacheKeyParameters: textsIn(said["cacheKeyParameters"]),
    integrationResponses: Object.fromEntries(responses),
  });
}

function responseOf(
  pattern: string,
  said: JsonObject,
): readonly [string, NonNullable<RestIntegration["integrationResponses"]>[string]] {
  const response = {
    ...(pattern !== "default" && { selectionPattern: pattern }),
    responseParameters: textMap(objectIn(said, "responseParameters")),
    responseTemplates: textMap(objectIn(said, "responseTemplates")),
  };
  const status: Json = said["statusCode"] ?? "200";
  return [typeof status === "string" ? status : JSON.stringify(status), response];
}

function gatewayResponsesOf(document: JsonObject): NonNullable<RestApiSpec["gatewayResponses"]> {
  const all = Object.entries(objectIn(document, "x-amazon-apigateway-gateway-responses"));
  return Object.fromEntries(
    all.flatMap(([type, said]) => {
      if (!isJsonObject(said)) return [];
      const status = said["statusCode"];
      const statusCode =
        status === undefined || status === null ? undefined : String(typeof status === "object" ? "" : status);
      const parameters = textMap(objectIn(said, "responseParameters"));
      const templates = textMap(objectIn(said, "responseTemplates"));
      return [[type, { ...given({ statusCode }), responseParameters: parameters, responseTemplates: templates }]];
    }),
  );
}
