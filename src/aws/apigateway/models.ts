/** Models, request validators and gateway responses of REST APIs. */
import { member } from "#base/dictionary.ts";
import { given } from "#base/given.ts";
import type { RestApiSpec } from "#kinds/catamaran/rest-api.ts";
import type { RestGatewayResponse, RestModel, RestRequestValidator } from "#kinds/catamaran/rest-api-parts.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountRestApis,
  changeApi,
  failure,
  findApi,
  invalid,
  newId,
  pageOf,
  partOf,
  replaced,
} from "./account-rest-apis.ts";
import { type GatewayResponse, type GatewayResponseType, model, type Model } from "./model.gen.ts";
import { patched } from "./patch.ts";

export const createModel: Action<AccountRestApis> = action(model, "CreateModel", {
  serves: ["restApiId", "name", "description", "schema", "contentType"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, ...made }) => {
    checkSchema(made.schema);
    await changeApi(account, id, (spec) => {
      if (spec.models?.some(({ name }) => name === made.name) === true)
        throw failure("ConflictException", "Model name already exists for this REST API");
      return { ...spec, models: [...(spec.models ?? []), made] };
    });
    return modelAnswer(made);
  },
});

function checkSchema(schema: string | undefined): void {
  if (schema === undefined) return;
  try {
    JSON.parse(schema);
  } catch {
    throw invalid("Invalid model schema specified. Model specified is not valid JSON");
  }
}

export const getModel: Action<AccountRestApis> = action(model, "GetModel", {
  serves: ["restApiId", "modelName"],
  unserved: { flatten: "read the models that it names" },
  run: async (account: AccountRestApis, { restApiId: id, modelName }) =>
    modelAnswer(modelIn((await findApi(account, id)).spec, modelName)),
});

export const getModels: Action<AccountRestApis> = action(model, "GetModels", {
  serves: ["restApiId", "position", "limit"],
  unserved: {},
  run: async (account: AccountRestApis, input) => {
    const { spec } = await findApi(account, input.restApiId);
    const page = pageOf(spec.models ?? [], input);
    return { ...page, items: page.items.map(modelAnswer) };
  },
});

export const updateModel: Action<AccountRestApis> = action(model, "UpdateModel", {
  serves: ["restApiId", "modelName", "patchOperations"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, modelName, patchOperations: operations }) => {
    const { spec } = await changeApi(account, id, (before) => {
      const live = modelIn(before, modelName);
      const next = patched(live, operations, { description: "text", schema: "text" });
      checkSchema(next.schema);
      return { ...before, models: replaced(before.models, live, next) };
    });
    return modelAnswer(modelIn(spec, modelName));
  },
});

export const deleteModel: Action<AccountRestApis> = action(model, "DeleteModel", {
  serves: ["restApiId", "modelName"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, modelName }) => {
    await changeApi(account, id, (spec) => ({
      ...spec,
      models: replaced(spec.models, modelIn(spec, modelName), null),
    }));
    return {};
  },
});

function modelIn({ models }: RestApiSpec, name: string): RestModel {
  return partOf(models, (one) => one.name === name, `Invalid Model Name specified: ${name}`);
}

/** Its id is its name here: both are unique in their API. */
function modelAnswer(stored: RestModel): Model {
  return { id: stored.name, ...stored };
}

export const createRequestValidator: Action<AccountRestApis> = action(model, "CreateRequestValidator", {
  serves: ["restApiId", "name", "validateRequestBody", "validateRequestParameters"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, ...input }) => {
    const made = { id: newId(account, 6), ...input };
    await changeApi(account, id, (spec) => ({ ...spec, requestValidators: [...(spec.requestValidators ?? []), made] }));
    return made;
  },
});

export const getRequestValidator: Action<AccountRestApis> = action(model, "GetRequestValidator", {
  serves: ["restApiId", "requestValidatorId"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, requestValidatorId }) =>
    validatorIn((await findApi(account, id)).spec, requestValidatorId),
});

export const getRequestValidators: Action<AccountRestApis> = action(model, "GetRequestValidators", {
  serves: ["restApiId", "position", "limit"],
  unserved: {},
  run: async (account: AccountRestApis, input) =>
    pageOf((await findApi(account, input.restApiId)).spec.requestValidators ?? [], input),
});

export const updateRequestValidator: Action<AccountRestApis> = action(model, "UpdateRequestValidator", {
  serves: ["restApiId", "requestValidatorId", "patchOperations"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, requestValidatorId, patchOperations: operations }) => {
    const { spec } = await changeApi(account, id, (before) => {
      const live = validatorIn(before, requestValidatorId);
      const shape = { name: "text", validateRequestBody: "flag", validateRequestParameters: "flag" } as const;
      return {
        ...before,
        requestValidators: replaced(before.requestValidators, live, patched(live, operations, shape)),
      };
    });
    return validatorIn(spec, requestValidatorId);
  },
});

export const deleteRequestValidator: Action<AccountRestApis> = action(model, "DeleteRequestValidator", {
  serves: ["restApiId", "requestValidatorId"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, requestValidatorId }) => {
    await changeApi(account, id, (spec) => ({
      ...spec,
      requestValidators: replaced(spec.requestValidators, validatorIn(spec, requestValidatorId), null),
    }));
    return {};
  },
});

function validatorIn({ requestValidators }: RestApiSpec, id: string): RestRequestValidator {
  return partOf(requestValidators, (one) => one.id === id, "Invalid Request Validator identifier specified");
}

export const putGatewayResponse: Action<AccountRestApis> = action(model, "PutGatewayResponse", {
  serves: ["restApiId", "responseType", "statusCode", "responseParameters", "responseTemplates"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, responseType, ...made }) => {
    await changeApi(account, id, (spec) => withResponse(spec, responseType, made));
    return responseAnswer(responseType, made);
  },
});

function withResponse(spec: RestApiSpec, type: string, made: RestGatewayResponse): RestApiSpec {
  return { ...spec, gatewayResponses: { ...spec.gatewayResponses, [type]: made } };
}

export const getGatewayResponse: Action<AccountRestApis> = action(model, "GetGatewayResponse", {
  serves: ["restApiId", "responseType"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, responseType }) =>
    responseAnswer(responseType, member((await findApi(account, id)).spec.gatewayResponses, responseType)),
});

export const getGatewayResponses: Action<AccountRestApis> = action(model, "GetGatewayResponses", {
  serves: ["restApiId", "position", "limit"],
  unserved: {},
  run: async (account: AccountRestApis, input) => {
    const { gatewayResponses = {} } = (await findApi(account, input.restApiId)).spec;
    return pageOf(
      TYPES.map((type) => responseAnswer(type, member(gatewayResponses, type))),
      { limit: TYPES.length, ...input },
    );
  },
});

export const updateGatewayResponse: Action<AccountRestApis> = action(model, "UpdateGatewayResponse", {
  serves: ["restApiId", "responseType", "patchOperations"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, responseType, patchOperations: operations }) => {
    const shape = { statusCode: "text", responseParameters: "texts", responseTemplates: "texts" } as const;
    const { spec } = await changeApi(account, id, (before) =>
      withResponse(
        before,
        responseType,
        patched(member(before.gatewayResponses, responseType) ?? {}, operations, shape),
      ),
    );
    return responseAnswer(responseType, member(spec.gatewayResponses, responseType));
  },
});

export const deleteGatewayResponse: Action<AccountRestApis> = action(model, "DeleteGatewayResponse", {
  serves: ["restApiId", "responseType"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, responseType }) => {
    await changeApi(account, id, (spec) => {
      const { [responseType]: _gone, ...gatewayResponses } = spec.gatewayResponses ?? {};
      return { ...spec, gatewayResponses };
    });
    return {};
  },
});

const TYPES: readonly GatewayResponseType[] = [
  "ACCESS_DENIED",
  "API_CONFIGURATION_ERROR",
  "AUTHORIZER_CONFIGURATION_ERROR",
  "AUTHORIZER_FAILURE",
  "BAD_REQUEST_BODY",
  "BAD_REQUEST_PARAMETERS",
  "DEFAULT_4XX",
  "DEFAULT_5XX",
  "EXPIRED_TOKEN",
  "INTEGRATION_FAILURE",
  "INTEGRATION_TIMEOUT",
  "INVALID_API_KEY",
  "INVALID_SIGNATURE",
  "MISSING_AUTHENTICATION_TOKEN",
  "QUOTA_EXCEEDED",
  "REQUEST_TOO_LARGE",
  "RESOURCE_NOT_FOUND",
  "THROTTLED",
  "UNAUTHORIZED",
  "UNSUPPORTED_MEDIA_TYPE",
  "WAF_FILTERED",
];

/** A type that nobody has said is answered as it is by default. */
function responseAnswer(responseType: GatewayResponseType, stored: RestGatewayResponse | undefined): GatewayResponse {
  const responseTemplates = { "application/json": '{"message":$context.error.messageString}' };
  return {
    responseType,
    defaultResponse: stored === undefined,
    responseParameters: {},
    responseTemplates,
    ...given(stored ?? {}),
  };
}
