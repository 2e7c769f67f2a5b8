/** HttpApi: an HTTP API of API Gateway: routes to functions, Services and addresses, who may use them, and how much. */
import { ageColumn, integer as integerColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { FieldFaults } from "#kinds/rules/field-faults.ts";
import { functionNameFault } from "#kinds/rules/names.ts";
import { flag, type Infer, list, map, object, optional, text, whole } from "#kinds/schema/description.ts";
import { cors, corsRules } from "./cors.ts";
import { type ApiAuthorizer, authorizer, integration, stage } from "./http-api-parts.ts";
import { type Own, ownKind } from "./own-kind.ts";

const service = object("HttpRouteService", { name: text(), port: whole({ min: 1, max: 65_535 }) });

const route = object("HttpRoute", {
  /** "GET /users/{id}" or "$default"; of a WebSocket API "$connect", "$disconnect", "$default" or what its selection finds. */
  routeKey: text(),
  routeId: optional(text()),
  /** "integrations/ID"; or the short forms: a function, or a Service, of the same namespace. */
  target: optional(text({ pattern: /^integrations\/\S+$/, says: 'must be "integrations/" and an id' })),
  function: optional(text()),
  service: optional(service),
  /** Of a function that stands in the route. */
  payloadFormatVersion: optional(text({ enum: ["1.0", "2.0"], default: "2.0" })),
  authorizationType: optional(text({ enum: ["NONE", "AWS_IAM", "JWT", "CUSTOM"], default: "NONE" })),
  authorizerId: optional(text()),
  /** A token needs one of them. */
  authorizationScopes: optional(list(text(), { max: 10 })),
  operationName: optional(text()),
  /** Of a WebSocket API: the answer of the function goes back to the client. */
  routeResponseSelectionExpression: optional(text({ pattern: /^\$default$/, says: "must be $default" })),
});

export const apiSpec = object("HttpApiSpec", {
  /** As people call it; its own name is the id that stands in its address. */
  name: optional(text()),
  description: optional(text()),
  version: optional(text()),
  routes: list(route, { key: "routeKey", max: 300 }),
  integrations: optional(list(integration, { key: "integrationId", max: 300 })),
  authorizers: optional(list(authorizer, { key: "authorizerId", max: 10 })),
  stages: optional(list(stage, { key: "stageName", max: 10, default: [{ stageName: "$default", autoDeploy: true }] })),
  cors: optional(cors),
  /** Of a WebSocket API: where a message says its route. */
  routeSelectionExpression: optional(
    text({ pattern: /^\$request\.body\.[\w.-]+$/, says: 'must be "$request.body." and a name' }),
  ),
  /** Only its custom domains lead to it. */
  disableExecuteApiEndpoint: optional(flag()),
  tags: optional(map(text())),
});

export const apiStatus = object("HttpApiStatus", { apiId: optional(text()), endpoint: optional(text()) });

export type HttpApiSpec = Infer<typeof apiSpec>;
export type HttpApi = Own<HttpApiSpec, Infer<typeof apiStatus>>;
export type HttpRoute = HttpApiSpec["routes"][number];

/** Hosts of APIs end so: *.localhost is loopback everywhere (RFC 6761 §6.3). */
export const API_HOST = ".execute-api.localhost";

export function apiIdOf(api: HttpApi): string {
  return api.status?.apiId ?? api.metadata.name;
}

/** Under which host the gateway serves it. */
export function apiHostOf(api: HttpApi): string {
  return `${apiIdOf(api)}${API_HOST}`.toLowerCase();
}

export const httpApiKind: Kind<HttpApi> = ownKind({
  kind: "HttpApi",
  plural: "httpapis",
  shortNames: ["api"],
  spec: apiSpec,
  status: apiStatus,
  checkName: functionNameFault,
  columns: [
    integerColumn("Routes", ({ spec: { routes } }) => routes.length),
    textColumn("Stages", ({ spec: { stages = [] } }) => stages.map(({ stageName }) => stageName).join(",")),
    textColumn("Endpoint", (api) => api.status?.endpoint ?? ""),
    ageColumn,
  ],
  rules: (desired, faults) => {
    corsRules(desired.cors, "spec.cors", faults);
    const { routeSelectionExpression: selection } = desired;
    if (selection !== undefined)
      faults.forbidden("spec.routeSelectionExpression", "HTTP APIs have routes by method and path");
    for (const [index, one] of desired.routes.entries()) httpRules(one, { at: `spec.routes[${index}]`, faults });
    apiRules(desired, faults);
  },
});

/** What holds for APIs of both kinds. */
export function apiRules(desired: HttpApiSpec, faults: FieldFaults): void {
  for (const [index, one] of desired.routes.entries())
    routeRules(one, desired, { at: `spec.routes[${index}]`, faults });
  for (const [index, one] of (desired.authorizers ?? []).entries())
    authorizerRules(one, `spec.authorizers[${index}]`, faults);
}

const HTTP_KEY = /^(\$default|(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \/\S*)$/;

function httpRules({ routeKey, routeResponseSelectionExpression: response }: HttpRoute, { at, faults }: Place): void {
  if (!HTTP_KEY.test(routeKey))
    faults.invalid(`${at}.routeKey`, routeKey, 'must be "$default" or a method and a path, such as "GET /users/{id}"');
  if (response !== undefined)
    faults.forbidden(`${at}.routeResponseSelectionExpression`, "HTTP APIs answer by themselves");
}

interface Place {
  readonly at: string;
  readonly faults: FieldFaults;
}

function routeRules(route: HttpRoute, api: HttpApiSpec, { at, faults }: Place): void {
  const { target, authorizationType = "NONE", authorizerId } = route;
  const targets = [target, route.function, route.service].filter((one) => one !== undefined);
  if (targets.length > 1) faults.invalid(`${at}.target`, target ?? "", "only one of target, function and service");
  const integrations = (api.integrations ?? []).map((one) => `integrations/${one.integrationId}`);
  if (target !== undefined && !integrations.includes(target))
    faults.invalid(`${at}.target`, target, "must name an integration of this API");
  if (authorizationType !== "JWT" && authorizationType !== "CUSTOM") return;
  const wanted = authorizationType === "JWT" ? "JWT" : "REQUEST";
  const found = (api.authorizers ?? []).find((one) => one.authorizerId === authorizerId);
  if (found?.authorizerType !== wanted)
    faults.invalid(`${at}.authorizerId`, authorizerId ?? "", `must name an authorizer of type ${wanted} of this API`);
}

function authorizerRules(given: ApiAuthorizer, at: string, faults: FieldFaults): void {
  if (given.authorizerType === "JWT" && given.jwtConfiguration === undefined) faults.required(`${at}.jwtConfiguration`);
  if (given.authorizerType === "REQUEST" && given.authorizerUri === undefined) faults.required(`${at}.authorizerUri`);
}
