/** What methods lead to, and how the answers of that become theirs. */
import { member } from "#base/dictionary.ts";
import { given } from "#base/given.ts";
import type { RestIntegration, RestIntegrationResponse } from "#kinds/catamaran/rest-api-parts.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountRestApis,
  findApi,
  invalid,
  methodIn,
  type MethodPlace,
  missing,
  changeMethod,
} from "./account-rest-apis.ts";
import { type Integration, type IntegrationResponse, model } from "./model.gen.ts";
import { patched } from "./patch.ts";

const A_SERVICE = "name a Service instead: http://NAME.NAMESPACE.svc.cluster.local";

export const putIntegration: Action<AccountRestApis> = action(model, "PutIntegration", {
  serves: [
    "restApiId",
    "resourceId",
    "httpMethod",
    "type",
    "integrationHttpMethod",
    "uri",
    "connectionType",
    "requestParameters",
    "requestTemplates",
    "passthroughBehavior",
    "cacheNamespace",
    "cacheKeyParameters",
    "contentHandling",
    "timeoutInMillis",
  ],
  unserved: {
    "connectionType=VPC_LINK": A_SERVICE,
    connectionId: A_SERVICE,
    credentials: "leave it out: APIs may invoke the functions of their account",
    tlsConfig: A_SERVICE,
    "responseTransferMode=STREAM": "use BUFFERED",
    integrationTarget: A_SERVICE,
  },
  run: async (account: AccountRestApis, input) => {
    const { type, uri, integrationHttpMethod: httpMethod } = input;
    checkUri(type, uri);
    const { requestParameters, requestTemplates, cacheNamespace, cacheKeyParameters, contentHandling } = input;
    const { timeoutInMillis, passthroughBehavior } = input;
    const made = given({
      type,
      httpMethod,
      uri,
      requestParameters,
      requestTemplates,
      passthroughBehavior: passthroughBehavior?.toUpperCase(),
      cacheNamespace,
      cacheKeyParameters,
      contentHandling,
      timeoutInMillis,
    }) as RestIntegration;
    const method = await changeMethod(account, input, (live) => ({ ...live, methodIntegration: made }));
    return integrationAnswer(method.methodIntegration ?? made);
  },
});

function checkUri(type: string, uri: string | undefined): void {
  switch (type) {
    case "AWS":
    case "AWS_PROXY":
      if (!/:function:|\$\{stageVariables\./.test(uri ?? ""))
        throw invalid(
          /^arn:[^:]*:apigateway:/.test(uri ?? "")
            ? "Integrations of type AWS lead to functions here; call the service from a function"
            : "Invalid ARN specified in the request",
        );
      return;
    case "HTTP":
    case "HTTP_PROXY":
      if (!/^(https?:\/\/|\$\{stageVariables\.)/.test(uri ?? ""))
        throw invalid("Invalid HTTP endpoint specified for URI");
  }
}

export const getIntegration: Action<AccountRestApis> = action(model, "GetIntegration", {
  serves: ["restApiId", "resourceId", "httpMethod"],
  unserved: {},
  run: async (account: AccountRestApis, input) => integrationAnswer(await integrationAt(account, input)),
});

async function integrationAt(account: AccountRestApis, place: MethodPlace): Promise<RestIntegration> {
  return existing(methodIn((await findApi(account, place.restApiId)).spec, place));
}

function existing({ methodIntegration }: { readonly methodIntegration?: RestIntegration }): RestIntegration {
  if (methodIntegration === undefined) throw missing("Invalid Integration identifier specified");
  return methodIntegration;
}

export const updateIntegration: Action<AccountRestApis> = action(model, "UpdateIntegration", {
  serves: ["restApiId", "resourceId", "httpMethod", "patchOperations"],
  unserved: {},
  run: async (account: AccountRestApis, { patchOperations: operations, ...place }) => {
    const next = await changeIntegration(account, place, (live) =>
      patched(live, operations, {
        httpMethod: "text",
        uri: "text",
        requestParameters: "texts",
        requestTemplates: "texts",
        passthroughBehavior: "text",
        contentHandling: "text",
        timeoutInMillis: "number",
        cacheNamespace: "text",
        cacheKeyParameters: "list",
      }),
    );
    return integrationAnswer(next);
  },
});

async function changeIntegration(
  account: AccountRestApis,
  place: MethodPlace,
  decide: (live: RestIntegration) => RestIntegration,
): Promise<RestIntegration> {
  const method = await changeMethod(account, place, (live) => ({ ...live, methodIntegration: decide(existing(live)) }));
  return existing(method);
}

export const deleteIntegration: Action<AccountRestApis> = action(model, "DeleteIntegration", {
  serves: ["restApiId", "resourceId", "httpMethod"],
  unserved: {},
  run: async (account: AccountRestApis, place) => {
    await changeMethod(account, place, (live) => {
      existing(live);
      const { methodIntegration: _gone, ...method } = live;
      return method;
    });
    return {};
  },
});

export const putIntegrationResponse: Action<AccountRestApis> = action(model, "PutIntegrationResponse", {
  serves: [
    "restApiId",
    "resourceId",
    "httpMethod",
    "statusCode",
    "selectionPattern",
    "responseParameters",
    "responseTemplates",
    "contentHandling",
  ],
  unserved: {},
  run: async (account: AccountRestApis, input) => {
    const { statusCode, selectionPattern, responseParameters, responseTemplates, contentHandling } = input;
    const made = given({ selectionPattern, responseParameters, responseTemplates, contentHandling });
    await changeIntegration(account, input, (live) => withResponse(live, statusCode, made));
    return responseAnswer(statusCode, made);
  },
});

function withResponse(live: RestIntegration, statusCode: string, made: RestIntegrationResponse): RestIntegration {
  return { ...live, integrationResponses: { ...live.integrationResponses, [statusCode]: made } };
}

export const getIntegrationResponse: Action<AccountRestApis> = action(model, "GetIntegrationResponse", {
  serves: ["restApiId", "resourceId", "httpMethod", "statusCode"],
  unserved: {},
  run: async (account: AccountRestApis, input) =>
    responseAnswer(input.statusCode, responseIn(await integrationAt(account, input), input.statusCode)),
});

export const updateIntegrationResponse: Action<AccountRestApis> = action(model, "UpdateIntegrationResponse", {
  serves: ["restApiId", "resourceId", "httpMethod", "statusCode", "patchOperations"],
  unserved: {},
  run: async (account: AccountRestApis, { patchOperations: operations, ...input }) => {
    const { statusCode } = input;
    const next = await changeIntegration(account, input, (live) => {
      const response = patched(responseIn(live, statusCode), operations, {
        selectionPattern: "text",
        responseParameters: "texts",
        responseTemplates: "texts",
        contentHandling: "text",
      });
      return withResponse(live, statusCode, response);
    });
    return responseAnswer(statusCode, responseIn(next, statusCode));
  },
});

export const deleteIntegrationResponse: Action<AccountRestApis> = action(model, "DeleteIntegrationResponse", {
  serves: ["restApiId", "resourceId", "httpMethod", "statusCode"],
  unserved: {},
  run: async (account: AccountRestApis, input) => {
    await changeIntegration(account, input, (live) => {
      responseIn(live, input.statusCode);
      const { [input.statusCode]: _gone, ...integrationResponses } = live.integrationResponses ?? {};
      return { ...live, integrationResponses };
    });
    return {};
  },
});

function responseIn({ integrationResponses }: RestIntegration, statusCode: string): RestIntegrationResponse {
  const found = member(integrationResponses, statusCode);
  if (found === undefined) throw missing("Invalid Response status code specified");
  return found;
}

function responseAnswer(statusCode: string, response: RestIntegrationResponse): IntegrationResponse {
  return { statusCode, ...response };
}

export function integrationAnswer({ integrationResponses = {}, ...integration }: RestIntegration): Integration {
  const responses = Object.entries(integrationResponses).map(
    ([code, one]) => [code, responseAnswer(code, one)] as const,
  );
  return {
    connectionType: "INTERNET",
    passthroughBehavior: "WHEN_NO_MATCH",
    timeoutInMillis: 29_000,
    ...integration,
    ...(responses.length > 0 && { integrationResponses: Object.fromEntries(responses) }),
  };
}
