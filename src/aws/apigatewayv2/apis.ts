/** Making, reading, changing and removing HTTP APIs. */
import { given } from "#base/given.ts";
import { keyOf } from "#base/key.ts";
import type { Cors } from "#kinds/catamaran/cors.ts";
import { type HttpApi, httpApiKind, type HttpApiSpec } from "#kinds/catamaran/http-api.ts";
import { webSocketApiKind } from "#kinds/catamaran/web-socket-api.ts";
import type { Kind } from "#kinds/kind.ts";
import { functionOf } from "./arns.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountApis,
  changeApi,
  failure,
  findWithKind,
  inApiWords,
  invalid,
  newId,
  pageOf,
} from "./account-apis.ts";
import { stored, told } from "./members.ts";
import { type Api, type Cors as GivenCors, model } from "./model.gen.ts";

const OF_WEBSOCKETS = "make an API of ProtocolType HTTP";
const UNSERVED = {
  ApiKeySelectionExpression: OF_WEBSOCKETS,
  CredentialsArn: "leave it out: APIs may invoke the functions of their account",
  DisableSchemaValidation: OF_WEBSOCKETS,
  "IpAddressType=dualstack": "leave it out",
} as const;
const SELECTION = "$request.method $request.path";

interface Described {
  readonly Name?: string;
  readonly Description?: string;
  readonly Version?: string;
  readonly DisableExecuteApiEndpoint?: boolean;
  readonly CorsConfiguration?: GivenCors;
  readonly RouteSelectionExpression?: string;
}

export const createApi: Action<AccountApis> = action(model, "CreateApi", {
  serves: [
    "Name",
    "ProtocolType",
    "Description",
    "Version",
    "CorsConfiguration",
    "DisableExecuteApiEndpoint",
    "RouteSelectionExpression",
    "IpAddressType",
    "Tags",
    "RouteKey",
    "Target",
  ],
  unserved: UNSERVED,
  run: async (account: AccountApis, input) => {
    const { Target: target, RouteKey: routeKey, Tags: tags, ProtocolType: protocol } = input;
    const kind = protocol === "WEBSOCKET" ? webSocketApiKind : httpApiKind;
    if (kind === webSocketApiKind && target !== undefined) throw invalid("Quick create makes HTTP APIs alone");
    const empty = { routes: [], stages: [] };
    const spec = { ...withDescribed(empty, input, kind), ...(tags !== undefined && { tags }) };
    const whole = target === undefined ? spec : quick(account, spec, { target, routeKey });
    return apiOf(account, { kind, api: await createApiObject(account, kind, whole) });
  },
});

/** Makes the object; its name is the id in its address. */
export function createApiObject(account: AccountApis, kind: Kind<HttpApi>, spec: HttpApiSpec): Promise<HttpApi> {
  return inApiWords(() =>
    account.objects.create(kind, {
      apiVersion: "catamaran.dev/v1",
      kind: kind.kind,
      metadata: { name: newId(account, 10), namespace: account.namespace },
      spec,
    }),
  );
}

/** One integration, one route to it, and a stage that serves whatever the API says (API Gateway, "Quick create"). */
function quick(
  account: AccountApis,
  spec: HttpApiSpec,
  { target, routeKey = "$default" }: { readonly target: string; readonly routeKey: string | undefined },
): HttpApiSpec {
  const integrationId = newId(account, 7);
  const isFunction = functionOf(target) !== null;
  const integration = isFunction
    ? ({ integrationType: "AWS_PROXY", integrationMethod: "POST", payloadFormatVersion: "2.0" } as const)
    : ({ integrationType: "HTTP_PROXY", integrationMethod: "ANY", payloadFormatVersion: "1.0" } as const);
  return {
    ...spec,
    integrations: [{ integrationId, integrationUri: target, ...integration }],
    routes: [{ routeId: newId(account, 7), routeKey, target: `integrations/${integrationId}` }],
    stages: [{ stageName: "$default", autoDeploy: true }],
  };
}

export const getApi: Action<AccountApis> = action(model, "GetApi", {
  serves: ["ApiId"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id }) => apiOf(account, await findWithKind(account, id)),
});

export const getApis: Action<AccountApis> = action(model, "GetApis", {
  serves: ["MaxResults", "NextToken"],
  unserved: {},
  run: async (account: AccountApis, input) => {
    const { apis, webSocketApis, namespace } = account;
    const all = [
      ...apis.list(namespace).map((api) => ({ kind: httpApiKind, api })),
      ...webSocketApis.list(namespace).map((api) => ({ kind: webSocketApiKind, api })),
    ];
    const page = pageOf(all.toSorted(byName), input);
    return { ...page, Items: page.Items.map((found) => apiOf(account, found)) };
  },
});

function byName({ api: a }: DescribedApi, { api: b }: DescribedApi): number {
  return a.metadata.name < b.metadata.name ? -1 : 1;
}

export const updateApi: Action<AccountApis> = action(model, "UpdateApi", {
  serves: [
    "ApiId",
    "Name",
    "Description",
    "Version",
    "CorsConfiguration",
    "DisableExecuteApiEndpoint",
    "RouteSelectionExpression",
    "IpAddressType",
    "RouteKey",
    "Target",
  ],
  unserved: UNSERVED,
  run: async (account: AccountApis, input) => {
    const { ApiId: id, RouteKey: routeKey, Target: target } = input;
    const { kind } = await findWithKind(account, id);
    const api = await changeApi(account, id, (spec) =>
      withQuickParts(withDescribed(spec, input, kind), { routeKey, target }),
    );
    return apiOf(account, { kind, api });
  },
});

/** What quick create made can be changed in the same words. */
function withQuickParts(
  spec: HttpApiSpec,
  { routeKey, target }: { readonly routeKey: string | undefined; readonly target: string | undefined },
): HttpApiSpec {
  if (routeKey === undefined && target === undefined) return spec;
  const [route, ...others] = spec.routes;
  const [integration, ...more] = spec.integrations ?? [];
  if (route === undefined || integration === undefined || others.length > 0 || more.length > 0)
    throw invalid("RouteKey and Target can be changed only of an API that was made with them");
  return {
    ...spec,
    routes: [{ ...route, ...(routeKey !== undefined && { routeKey }) }],
    integrations: [{ ...integration, ...(target !== undefined && { integrationUri: target }) }],
  };
}

export const deleteApi: Action<AccountApis> = action(model, "DeleteApi", {
  serves: ["ApiId"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id }) => {
    const { kind } = await findWithKind(account, id);
    await account.objects.remove(kind, keyOf(account.namespace, id));
    return {};
  },
});

export const deleteCorsConfiguration: Action<AccountApis> = action(model, "DeleteCorsConfiguration", {
  serves: ["ApiId"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id }) => {
    await changeApi(account, id, ({ cors: _gone, ...spec }) => spec);
    return {};
  },
});

function withDescribed(spec: HttpApiSpec, input: Described, kind: Kind<HttpApi>): HttpApiSpec {
  const { RouteSelectionExpression: selection, CorsConfiguration: cors } = input;
  const isSocket = kind === webSocketApiKind;
  if (!isSocket && selection !== undefined && selection !== SELECTION)
    throw invalid(`The route selection expression of an HTTP API is "${SELECTION}"`);
  if (isSocket && selection === undefined && spec.routeSelectionExpression === undefined)
    throw invalid("RouteSelectionExpression is required for a WEBSOCKET API");
  const described = stored(input, ["Name", "Description", "Version", "DisableExecuteApiEndpoint"]);
  return {
    ...spec,
    ...described,
    ...(cors !== undefined && { cors: corsOf(cors) }),
    ...(isSocket && selection !== undefined && { routeSelectionExpression: selection }),
  };
}

function corsOf(rules: GivenCors): Cors {
  const names = [
    "AllowCredentials",
    "AllowHeaders",
    "AllowMethods",
    "AllowOrigins",
    "ExposeHeaders",
    "MaxAge",
  ] as const;
  const cors = stored(rules, names);
  if (cors.allowCredentials === true && cors.allowOrigins?.includes("*") === true)
    throw failure(
      "BadRequestException",
      "Invalid CORS configuration: allowCredentials cannot be true if allowOrigins is *",
    );
  return cors;
}

interface DescribedApi {
  readonly kind: Kind<HttpApi>;
  readonly api: HttpApi;
}

export function apiOf(account: AccountApis, { kind, api: { metadata, spec } }: DescribedApi): Api {
  const isSocket = kind === webSocketApiKind;
  const { name = metadata.name, description, version, cors, disableExecuteApiEndpoint = false, tags = {} } = spec;
  return {
    ApiId: metadata.name,
    Name: name,
    ProtocolType: isSocket ? "WEBSOCKET" : "HTTP",
    RouteSelectionExpression: spec.routeSelectionExpression ?? SELECTION,
    ApiKeySelectionExpression: "$request.header.x-api-key",
    // The form that every client can resolve; the host form is in the object's columns.
    ApiEndpoint: `${isSocket ? account.gatewayUrl.replace(/^http/, "ws") : account.gatewayUrl}/_apis/${metadata.name}`,
    CreatedDate: Date.parse(metadata.creationTimestamp ?? ""),
    DisableExecuteApiEndpoint: disableExecuteApiEndpoint,
    IpAddressType: "ipv4",
    Tags: tags,
    ...given({
      Description: description,
      Version: version,
      CorsConfiguration: cors === undefined ? undefined : told(cors),
    }),
  };
}
