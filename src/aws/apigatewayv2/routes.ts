/** Routes of HTTP APIs: which requests go where, and who may send them. */
import type { HttpApiSpec, HttpRoute } from "#kinds/catamaran/http-api.ts";
import { type Action, action } from "../action.ts";
import {
  type AccountApis,
  changeApi,
  failure,
  findApi,
  newId,
  pageOf,
  partOf,
  replaced,
  invalid,
} from "./account-apis.ts";
import { stored, told } from "./members.ts";
import { model, type Route } from "./model.gen.ts";

const OF_WEBSOCKETS = "leave it out";
const UNSERVED = {
  "ApiKeyRequired=true": "API keys are of REST APIs",
  ModelSelectionExpression: OF_WEBSOCKETS,
  RequestModels: OF_WEBSOCKETS,
  RequestParameters: OF_WEBSOCKETS,
} as const;

interface GivenRoute {
  readonly AuthorizationScopes?: readonly string[];
  readonly AuthorizationType?: "NONE" | "AWS_IAM" | "CUSTOM" | "JWT";
  readonly AuthorizerId?: string;
  readonly OperationName?: string;
  readonly RouteKey?: string;
  readonly Target?: string;
}

const MEMBERS: readonly (keyof GivenRoute)[] = [
  "AuthorizationScopes",
  "AuthorizationType",
  "AuthorizerId",
  "OperationName",
  "RouteKey",
  "Target",
];

export const createRoute: Action<AccountApis> = action(model, "CreateRoute", {
  serves: [
    "ApiId",
    "AuthorizationScopes",
    "AuthorizationType",
    "AuthorizerId",
    "OperationName",
    "RouteKey",
    "RouteResponseSelectionExpression",
    "Target",
  ],
  unserved: UNSERVED,
  run: async (account: AccountApis, input) => {
    const { ApiId: id, RouteKey: routeKey } = input;
    const route: HttpRoute = {
      ...stored<GivenRoute, keyof GivenRoute>(input, MEMBERS),
      ...responseOf(input.RouteResponseSelectionExpression),
      routeKey,
      routeId: newId(account, 7),
    };
    await changeApi(account, id, (spec) => ({ ...spec, routes: [...withoutTwin(spec, routeKey), route] }));
    return routeOf(route);
  },
});

function responseOf(expression: string | undefined): Pick<HttpRoute, "routeResponseSelectionExpression"> {
  if (expression === undefined) return {};
  if (expression !== "$default") throw invalid("RouteResponseSelectionExpression must be $default");
  return { routeResponseSelectionExpression: "$default" };
}

function withoutTwin({ routes }: HttpApiSpec, routeKey: string): HttpApiSpec["routes"] {
  if (routes.some((one) => one.routeKey === routeKey))
    throw failure("ConflictException", `Route with key ${routeKey} already exists for this API`);
  return routes;
}

export const getRoute: Action<AccountApis> = action(model, "GetRoute", {
  serves: ["ApiId", "RouteId"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id, RouteId: routeId }) =>
    routeOf(routeIn((await findApi(account, id)).spec, routeId)),
});

export const getRoutes: Action<AccountApis> = action(model, "GetRoutes", {
  serves: ["ApiId", "MaxResults", "NextToken"],
  unserved: {},
  run: async (account: AccountApis, input) => {
    const { spec } = await findApi(account, input.ApiId);
    const page = pageOf(spec.routes, input);
    return { ...page, Items: page.Items.map(routeOf) };
  },
});

export const updateRoute: Action<AccountApis> = action(model, "UpdateRoute", {
  serves: [
    "ApiId",
    "RouteId",
    "AuthorizationScopes",
    "AuthorizationType",
    "AuthorizerId",
    "OperationName",
    "RouteKey",
    "RouteResponseSelectionExpression",
    "Target",
  ],
  unserved: UNSERVED,
  run: async (account: AccountApis, input) => {
    const { ApiId: id, RouteId: routeId, RouteKey: key } = input;
    const changed = await changeApi(account, id, (spec) => {
      const live = routeIn(spec, routeId);
      if (key !== undefined && key !== live.routeKey) withoutTwin(spec, key);
      // A route that stood for itself now has an integration.
      const { function: _function, service: _service, payloadFormatVersion: _format, ...rest } = live;
      const base = input.Target === undefined ? live : rest;
      const next = {
        ...base,
        ...stored<GivenRoute, keyof GivenRoute>(input, MEMBERS),
        ...responseOf(input.RouteResponseSelectionExpression),
        routeId,
      };
      return { ...spec, routes: replaced(spec.routes, live, { ...next, routeKey: key ?? live.routeKey }) };
    });
    return routeOf(routeIn(changed.spec, routeId));
  },
});

export const deleteRoute: Action<AccountApis> = action(model, "DeleteRoute", {
  serves: ["ApiId", "RouteId"],
  unserved: {},
  run: async (account: AccountApis, { ApiId: id, RouteId: routeId }) => {
    await changeApi(account, id, (spec) => ({
      ...spec,
      routes: replaced(spec.routes, routeIn(spec, routeId), null),
    }));
    return {};
  },
});

/** Routes that were declared without an id are found by their key. */
function routeIn({ routes }: HttpApiSpec, id: string): HttpRoute {
  return partOf(routes, (one) => idOf(one) === id, `Invalid Route identifier specified ${id}`);
}

function idOf({ routeId, routeKey }: HttpRoute): string {
  return routeId ?? Buffer.from(routeKey).toString("base64url");
}

export function routeOf(route: HttpRoute): Route {
  const { function: fn, service, payloadFormatVersion: _format, routeKey, ...rest } = route;
  const short = fn === undefined ? service && `services/${service.name}:${service.port}` : `functions/${fn}`;
  return {
    ApiKeyRequired: false,
    AuthorizationType: "NONE",
    ...(short !== undefined && { Target: short }),
    ...told(rest),
    RouteKey: routeKey,
    RouteId: idOf(route),
  };
}
