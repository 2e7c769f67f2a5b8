/** Methods of resources, and what they say of their answers. */
import { member } from "#base/dictionary.ts";
import { given } from "#base/given.ts";
import type { RestMethod } from "#kinds/catamaran/rest-api-parts.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountRestApis,
  changeApi,
  failure,
  findApi,
  methodIn,
  missing,
  resourceIn,
  withMethod,
  changeMethod,
} from "./account-rest-apis.ts";
import { integrationAnswer } from "./integrations.ts";
import { type Method, type MethodResponse, model } from "./model.gen.ts";
import { patched } from "./patch.ts";

const NO_POOLS = "there are no user pools: use CUSTOM";
const UNSERVED = { authorizationScopes: NO_POOLS, "authorizationType=COGNITO_USER_POOLS": NO_POOLS } as const;

export const putMethod: Action<AccountRestApis> = action(model, "PutMethod", {
  serves: [
    "restApiId",
    "resourceId",
    "httpMethod",
    "authorizationType",
    "authorizerId",
    "apiKeyRequired",
    "operationName",
    "requestParameters",
    "requestModels",
    "requestValidatorId",
  ],
  unserved: UNSERVED,
  run: async (account: AccountRestApis, input) => {
    const { restApiId, resourceId, httpMethod, ...method } = input;
    const made = method as RestMethod;
    await changeApi(account, restApiId, (spec) => {
      if (member(resourceIn(spec, resourceId).resourceMethods, httpMethod) !== undefined)
        throw failure("ConflictException", "Method already exists for this resource");
      return withMethod(spec, input, made);
    });
    return methodAnswer(httpMethod, made);
  },
});

export const getMethod: Action<AccountRestApis> = action(model, "GetMethod", {
  serves: ["restApiId", "resourceId", "httpMethod"],
  unserved: {},
  run: async (account: AccountRestApis, input) =>
    methodAnswer(input.httpMethod, methodIn((await findApi(account, input.restApiId)).spec, input)),
});

export const updateMethod: Action<AccountRestApis> = action(model, "UpdateMethod", {
  serves: ["restApiId", "resourceId", "httpMethod", "patchOperations"],
  unserved: {},
  run: async (account: AccountRestApis, { patchOperations: operations, ...place }) => {
    const method = await changeMethod(account, place, (live) =>
      patched(live, operations, {
        authorizationType: "text",
        authorizerId: "text",
        apiKeyRequired: "flag",
        operationName: "text",
        requestParameters: "flags",
        requestModels: "texts",
        requestValidatorId: "text",
      }),
    );
    return methodAnswer(place.httpMethod, method);
  },
});

export const deleteMethod: Action<AccountRestApis> = action(model, "DeleteMethod", {
  serves: ["restApiId", "resourceId", "httpMethod"],
  unserved: {},
  run: async (account: AccountRestApis, place) => {
    await changeApi(account, place.restApiId, (spec) => {
      methodIn(spec, place);
      return withMethod(spec, place, null);
    });
    return {};
  },
});

type StoredResponse = NonNullable<RestMethod["methodResponses"]>[string];

export const putMethodResponse: Action<AccountRestApis> = action(model, "PutMethodResponse", {
  serves: ["restApiId", "resourceId", "httpMethod", "statusCode", "responseParameters", "responseModels"],
  unserved: {},
  run: async (account: AccountRestApis, input) => {
    const { statusCode, responseParameters, responseModels } = input;
    const made = given({ responseParameters, responseModels });
    await changeMethod(account, input, (live) => {
      if (member(live.methodResponses, statusCode) !== undefined)
        throw failure("ConflictException", "Response already exists for this resource");
      return { ...live, methodResponses: { ...live.methodResponses, [statusCode]: made } };
    });
    return responseAnswer(statusCode, made);
  },
});

export const getMethodResponse: Action<AccountRestApis> = action(model, "GetMethodResponse", {
  serves: ["restApiId", "resourceId", "httpMethod", "statusCode"],
  unserved: {},
  run: async (account: AccountRestApis, input) =>
    responseAnswer(
      input.statusCode,
      responseIn(methodIn((await findApi(account, input.restApiId)).spec, input), input.statusCode),
    ),
});

export const updateMethodResponse: Action<AccountRestApis> = action(model, "UpdateMethodResponse", {
  serves: ["restApiId", "resourceId", "httpMethod", "statusCode", "patchOperations"],
  unserved: {},
  run: async (account: AccountRestApis, { patchOperations: operations, ...input }) => {
    const { statusCode } = input;
    const method = await changeMethod(account, input, (live) => {
      const next = patched(responseIn(live, statusCode), operations, {
        responseParameters: "flags",
        responseModels: "texts",
      });
      return { ...live, methodResponses: { ...live.methodResponses, [statusCode]: next } };
    });
    return responseAnswer(statusCode, responseIn(method, statusCode));
  },
});

export const deleteMethodResponse: Action<AccountRestApis> = action(model, "DeleteMethodResponse", {
  serves: ["restApiId", "resourceId", "httpMethod", "statusCode"],
  unserved: {},
  run: async (account: AccountRestApis, input) => {
    await changeMethod(account, input, (live) => {
      responseIn(live, input.statusCode);
      const { [input.statusCode]: _gone, ...methodResponses } = live.methodResponses ?? {};
      return { ...live, methodResponses };
    });
    return {};
  },
});

function responseIn({ methodResponses }: RestMethod, statusCode: string): StoredResponse {
  const found = member(methodResponses, statusCode);
  if (found === undefined) throw missing("Invalid Response status code specified");
  return found;
}

function responseAnswer(statusCode: string, response: StoredResponse): MethodResponse {
  return { statusCode, ...response };
}

export function methodAnswer(httpMethod: string, method: RestMethod): Method {
  const { methodIntegration, methodResponses = {}, ...rest } = method;
  const responses = Object.entries(methodResponses).map(([code, one]) => [code, responseAnswer(code, one)] as const);
  return {
    httpMethod,
    authorizationType: "NONE",
    apiKeyRequired: false,
    ...rest,
    ...(responses.length > 0 && { methodResponses: Object.fromEntries(responses) }),
    ...(methodIntegration !== undefined && { methodIntegration: integrationAnswer(methodIntegration) }),
  };
}
