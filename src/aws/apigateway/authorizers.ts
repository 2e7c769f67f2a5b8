/** Authorizers of REST APIs: functions that are given a token, or the request. */
import { given } from "#base/given.ts";
import type { RestApiSpec } from "#kinds/catamaran/rest-api.ts";
import type { RestAuthorizer } from "#kinds/catamaran/rest-api-parts.ts";
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
import { type Authorizer, model } from "./model.gen.ts";
import { patched } from "./patch.ts";

const NO_POOLS = "there are no user pools: use TOKEN or REQUEST";

export const createAuthorizer: Action<AccountRestApis> = action(model, "CreateAuthorizer", {
  serves: [
    "restApiId",
    "name",
    "type",
    "authorizerUri",
    "identitySource",
    "identityValidationExpression",
    "authorizerResultTtlInSeconds",
    "authType",
  ],
  unserved: {
    "type=COGNITO_USER_POOLS": NO_POOLS,
    providerARNs: NO_POOLS,
    authorizerCredentials: "leave it out: APIs may invoke the functions of their account",
    "authType=cognito_user_pools": NO_POOLS,
  },
  run: async (account: AccountRestApis, { restApiId: id, authType: _custom, ...input }) => {
    const { authorizerUri = "", type } = input;
    if (type === "COGNITO_USER_POOLS") throw invalid(NO_POOLS);
    const made = checked({ id: newId(account, 6), ...input, type, authorizerUri });
    await changeApi(account, id, (spec) => {
      if (spec.authorizers?.some(({ name }) => name === made.name) === true)
        throw failure(
          "ConflictException",
          "Authorizer name must be unique. Authorizer already exists in this RestApi.",
        );
      return { ...spec, authorizers: [...(spec.authorizers ?? []), made] };
    });
    return authorizerAnswer(made);
  },
});

export const getAuthorizer: Action<AccountRestApis> = action(model, "GetAuthorizer", {
  serves: ["restApiId", "authorizerId"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, authorizerId }) =>
    authorizerAnswer(authorizerIn((await findApi(account, id)).spec, authorizerId)),
});

export const getAuthorizers: Action<AccountRestApis> = action(model, "GetAuthorizers", {
  serves: ["restApiId", "position", "limit"],
  unserved: {},
  run: async (account: AccountRestApis, input) => {
    const { spec } = await findApi(account, input.restApiId);
    const page = pageOf(spec.authorizers ?? [], input);
    return { ...page, items: page.items.map(authorizerAnswer) };
  },
});

export const updateAuthorizer: Action<AccountRestApis> = action(model, "UpdateAuthorizer", {
  serves: ["restApiId", "authorizerId", "patchOperations"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, authorizerId, patchOperations: operations }) => {
    const { spec } = await changeApi(account, id, (before) => {
      const live = authorizerIn(before, authorizerId);
      const next = patched(live, operations, {
        name: "text",
        type: "text",
        authorizerUri: "text",
        identitySource: "text",
        identityValidationExpression: "text",
        authorizerResultTtlInSeconds: "number",
      });
      return { ...before, authorizers: replaced(before.authorizers, live, checked(next)) };
    });
    return authorizerAnswer(authorizerIn(spec, authorizerId));
  },
});

export const deleteAuthorizer: Action<AccountRestApis> = action(model, "DeleteAuthorizer", {
  serves: ["restApiId", "authorizerId"],
  unserved: {},
  run: async (account: AccountRestApis, { restApiId: id, authorizerId }) => {
    await changeApi(account, id, (spec) => {
      const live = authorizerIn(spec, authorizerId);
      const methods = spec.resources.flatMap(({ resourceMethods = {} }) => Object.values(resourceMethods));
      if (methods.some((method) => method.authorizerId === authorizerId))
        throw failure("ConflictException", `Cannot delete authorizer '${live.name}', is referenced in a method`);
      return { ...spec, authorizers: replaced(spec.authorizers, live, null) };
    });
    return {};
  },
});

function authorizerIn({ authorizers }: RestApiSpec, id: string): RestAuthorizer {
  return partOf(authorizers, (one) => one.id === id, "Invalid Authorizer identifier specified");
}

function checked(authorizer: RestAuthorizer): RestAuthorizer {
  const { authorizerUri, identitySource = "", type, authorizerResultTtlInSeconds: ttl = 300 } = authorizer;
  if (!/:function:/.test(authorizerUri)) throw invalid("Invalid Authorizer URI");
  const sources = identitySource.split(",").map((one) => one.trim());
  const isSource = (one: string): boolean =>
    /^(method\.request\.(header|querystring)|context|stageVariables)\.\S+$/.test(one);
  if (identitySource !== "" && !sources.every(isSource)) throw invalid(`Invalid identity source: ${identitySource}`);
  if (type === "REQUEST" && ttl > 0 && identitySource === "")
    throw invalid("Identity source cannot be empty when caching is enabled");
  return authorizer;
}

function authorizerAnswer(authorizer: RestAuthorizer): Authorizer {
  return { authType: "custom", authorizerResultTtlInSeconds: 300, ...given(authorizer) };
}
