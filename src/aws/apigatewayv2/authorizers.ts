/** Authorizers of HTTP APIs: JWT and REQUEST. */
import type { ApiAuthorizer } from "#kinds/catamaran/http-api-parts.ts";
import { httpApiKind, type HttpApiSpec } from "#kinds/catamaran/http-api.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountApis,
  changeApi,
  failure,
  findApi,
  findWithKind,
  invalid,
  newId,
  pageOf,
  partOf,
  replaced,
} from "./account-apis.ts";
import { functionOf } from "./arns.ts";
import { stored, told } from "./members.ts";
import { type Authorizer, type JWTConfiguration, model } from "./model.gen.ts";

const UNSERVED = {
  AuthorizerCredentialsArn: "leave it out: APIs may invoke the functions of their account",
  IdentityValidationExpression: "HTTP APIs have none",
} as const;

interface GivenAuthorizer {
  readonly AuthorizerPayloadFormatVersion?: string;
  readonly AuthorizerResultTtlInSeconds?: number;
  readonly AuthorizerType?: "JWT" | "REQUEST";
  readonly AuthorizerUri?: string;
  readonly EnableSimpleResponses?: boolean;
  readonly IdentitySource?: readonly string[];
  readonly JwtConfiguration?: JWTConfiguration;
  readonly Name?: string;
}

export const createAuthorizer: Action<AccountApis> = action(model, "CreateAuthorizer", {
  serves: [
    "ApiId",
    "AuthorizerPayloadFormatVersion",
    "AuthorizerResultTtlInSeconds",
    "AuthorizerType",
    "AuthorizerUri",
    "EnableSimpleResponses",
    "IdentitySource",
    "JwtConfiguration",
    "Name",
  ],
  unserved: UNSERVED,
  run: async (account: AccountApis, input) => {
    const { kind } = await findWithKind(account, input.ApiId);
    if (
      kind === httpApiKind &&
      input.AuthorizerType === "REQUEST" &&
      input.AuthorizerPayloadFormatVersion === undefined
    )
      throw invalid("AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer");
    const made = checked(changedBy({ authorizerId: newId(account, 6) }, input));
    await changeApi(account, input.ApiId, (spec) => ({ ...spec, authorizers: [...(spec.authorizers ?? []), made] }));
    return authorizerOf(made);
  },
});

export const getAuthorizer: Action<AccountApis> = action(model, "GetAuthorizer", {
  serves: ["ApiId", "AuthorizerId"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id, AuthorizerId: authorizerId }) =>
    authorizerOf(authorizerIn((await findApi(account, id)).spec, authorizerId)),
});

export const getAuthorizers: Action<AccountApis> = action(model, "GetAuthorizers", {
  serves: ["ApiId", "MaxResults", "NextToken"],
  unserved: {},
  run: async (account: AccountApis, input) => {
    const { spec } = await findApi(account, input.ApiId);
    const page = pageOf(spec.authorizers ?? [], input);
    return { ...page, Items: page.Items.map(authorizerOf) };
  },
});

export const updateAuthorizer: Action<AccountApis> = action(model, "UpdateAuthorizer", {
  serves: [
    "ApiId",
    "AuthorizerId",
    "AuthorizerPayloadFormatVersion",
    "AuthorizerResultTtlInSeconds",
    "AuthorizerType",
    "AuthorizerUri",
    "EnableSimpleResponses",
    "IdentitySource",
    "JwtConfiguration",
    "Name",
  ],
  unserved: UNSERVED,
  run: async (account: AccountApis, input) => {
    const { ApiId: id, AuthorizerId: authorizerId } = input;
    const changed = await changeApi(account, id, (spec) => {
      const live = authorizerIn(spec, authorizerId);
      return { ...spec, authorizers: replaced(spec.authorizers ?? [], live, checked(changedBy(live, input))) };
    });
    return authorizerOf(authorizerIn(changed.spec, authorizerId));
  },
});

export const deleteAuthorizer: Action<AccountApis> = action(model, "DeleteAuthorizer", {
  serves: ["ApiId", "AuthorizerId"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id, AuthorizerId: authorizerId }) => {
    await changeApi(account, id, (spec) => {
      const live = authorizerIn(spec, authorizerId);
      const users = spec.routes.filter((route) => route.authorizerId === authorizerId);
      if (users.length > 0)
        throw failure(
          "ConflictException",
          `Cannot delete authorizer '${live.name}', is referenced in route: ${users.map(({ routeKey }) => routeKey).join(", ")}`,
        );
      return { ...spec, authorizers: replaced(spec.authorizers ?? [], live, null) };
    });
    return {};
  },
});

function authorizerIn({ authorizers }: HttpApiSpec, id: string): ApiAuthorizer {
  return partOf(authorizers, (one) => one.authorizerId === id, `Invalid Authorizer identifier specified ${id}`);
}

type Draft = Partial<ApiAuthorizer> & Pick<ApiAuthorizer, "authorizerId">;

function changedBy(before: Draft, input: GivenAuthorizer): Draft {
  const { JwtConfiguration: jwt, AuthorizerPayloadFormatVersion: format } = input;
  if (format !== undefined && format !== "1.0" && format !== "2.0")
    throw invalid("AuthorizerPayloadFormatVersion must be 1.0 or 2.0");
  return {
    ...before,
    ...stored(input, [
      "AuthorizerResultTtlInSeconds",
      "AuthorizerType",
      "AuthorizerUri",
      "EnableSimpleResponses",
      "IdentitySource",
      "Name",
    ]),
    ...(format !== undefined && { authorizerPayloadFormatVersion: format }),
    ...(jwt !== undefined && { jwtConfiguration: { issuer: jwt.Issuer ?? "", audience: jwt.Audience ?? [] } }),
  };
}

function checked(draft: Draft): ApiAuthorizer {
  const { authorizerType: type, name = "", identitySource: sources = [] } = draft;
  if (type === undefined) throw invalid("AuthorizerType is required");
  if (type === "JWT") checkTokens(draft);
  else checkFunction(draft);
  for (const source of sources)
    if (
      !/^(\$(request\.(header|querystring)|context|stageVariables)|route\.request\.(header|querystring))\.\S+$/.test(
        source,
      )
    )
      throw invalid(`Invalid identity source: ${source}`);
  return { ...draft, authorizerType: type, name };
}

function checkTokens({ jwtConfiguration, identitySource = [] }: Draft): void {
  const { issuer = "", audience = [] } = jwtConfiguration ?? {};
  if (!/^https?:\/\//.test(issuer) || audience.length === 0)
    throw invalid("JwtConfiguration of an authorizer of type JWT needs an Issuer with its address, and an Audience");
  if (identitySource.length > 1) throw invalid("An authorizer of type JWT has one identity source");
}

function checkFunction(draft: Draft): void {
  const { authorizerUri = "", authorizerPayloadFormatVersion: format, identitySource = [] } = draft;
  if (functionOf(authorizerUri) === null) throw invalid("Invalid Authorizer URI");
  if (draft.enableSimpleResponses === true && format === "1.0")
    throw invalid("EnableSimpleResponses is only supported with AuthorizerPayloadFormatVersion 2.0");
  if ((draft.authorizerResultTtlInSeconds ?? 0) > 0 && identitySource.length === 0)
    throw invalid("An authorizer whose results are kept needs an identity source");
}

export function authorizerOf({ jwtConfiguration: jwt, ...authorizer }: ApiAuthorizer): Authorizer {
  return { ...told(authorizer), ...(jwt !== undefined && { JwtConfiguration: told(jwt) }) };
}
