/** What the gateway serves of an HTTP API: its object, its deployments and its stages made into what a request asks for. Pure. */
import { member } from "#base/dictionary.ts";
import type { ApiDeployment } from "#kinds/catamaran/api-deployment.ts";
import type { Cors } from "#kinds/catamaran/cors.ts";
import { apiHostOf, apiIdOf, type HttpApi, type HttpApiSpec, type HttpRoute } from "#kinds/catamaran/http-api.ts";
import type { ApiAuthorizer, ApiIntegration, ApiRouteSettings, ApiStage } from "#kinds/catamaran/http-api-parts.ts";
import type { Pattern, ServiceTarget } from "../route.ts";
import type { Limit } from "./token-bucket.ts";

export interface ServedApi {
  readonly is: "http";
  readonly namespace: string;
  readonly name: string;
  readonly apiId: string;
  /** As API Gateway names it, also behind a domain of its own. */
  readonly host: string;
  readonly cors?: Cors;
  /** Its own address is closed: only its domains lead to it. */
  readonly isHostClosed: boolean;
  readonly stages: ReadonlyMap<string, ServedStage>;
}

/** An API whose clients stay connected. */
export interface ServedSocketApi extends Omit<ServedApi, "is" | "cors"> {
  readonly is: "socket";
  /** "$request.body.action" */
  readonly selection: string;
}

export interface ServedStage {
  readonly name: string;
  readonly routes: readonly ServedRoute[];
  readonly variables: Readonly<Record<string, string>>;
  readonly accessLog?: { readonly group: string; readonly format: string };
}

export interface ServedRoute extends Pattern {
  readonly routeKey: string;
  /** Null: the route leads nowhere. */
  readonly target: ApiTarget | null;
  readonly guard: Guard;
  readonly limit?: Limit;
  /** Of a WebSocket API: the answer goes back to the client. */
  readonly hasResponse: boolean;
}

export type ApiTarget =
  | {
      readonly is: "function";
      readonly name: string;
      readonly qualifier: string;
      readonly payload: "1.0" | "2.0";
      readonly timeoutMs: number;
      readonly mapping: Mapping;
    }
  | {
      readonly is: "http";
      readonly method: string | null;
      /** With "{name}" for path parameters; null: the path of the request. */
      readonly url: string | null;
      /** A Service of the cluster in the place of the address's host. */
      readonly service?: ServiceTarget;
      readonly serverName?: string;
      readonly timeoutMs: number;
      readonly mapping: Mapping;
    };

/** What is changed on the way there and back. */
export interface Mapping {
  readonly request: Readonly<Record<string, string>>;
  readonly response: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export type Guard =
  | { readonly is: "open" }
  | { readonly is: "iam" }
  | { readonly is: "authorizer"; readonly authorizer: ApiAuthorizer; readonly scopes: readonly string[] }
  /** What should guard it is not there: nobody passes. */
  | { readonly is: "closed" };

const TIMEOUT_MS = 30_000; // API Gateway's quota for the integration of an HTTP API.

export function servedApi(api: HttpApi, deployments: readonly ApiDeployment[]): ServedApi {
  const { namespace = "default", name } = api.metadata;
  const stages = (api.spec.stages ?? []).map((stage) => {
    const said = stage.autoDeploy === true ? api.spec : keptSpec(stage, deployments);
    return servedStage(said, stage, namespace);
  });
  return {
    is: "http",
    namespace,
    name,
    apiId: apiIdOf(api),
    host: apiHostOf(api),
    ...(api.spec.cors !== undefined && { cors: api.spec.cors }),
    isHostClosed: api.spec.disableExecuteApiEndpoint === true,
    stages: new Map(stages.map((stage) => [stage.name, stage])),
  };
}

export function servedSocketApi(api: HttpApi, deployments: readonly ApiDeployment[]): ServedSocketApi {
  const { is: _http, cors: _none, ...served } = servedApi(api, deployments);
  return { ...served, is: "socket", selection: api.spec.routeSelectionExpression ?? "$request.body.action" };
}

type Deployed = Pick<HttpApiSpec, "routes" | "integrations" | "authorizers">;

/** A stage without a deployment serves nothing. */
function keptSpec({ deploymentId }: ApiStage, deployments: readonly ApiDeployment[]): Deployed {
  const kept = deployments.find(({ spec }) => spec.deploymentId === deploymentId);
  // The door and the kind's rules have checked what is in a snapshot when it was the API's own.
  return kept === undefined ? { routes: [] } : (kept.spec.snapshot as Deployed);
}

function servedStage(said: Deployed, stage: ApiStage, namespace: string): ServedStage {
  const variables = stage.stageVariables ?? {};
  const { accessLogSettings: log } = stage;
  return {
    name: stage.stageName,
    routes: said.routes.map((route) => servedRoute(route, said, { stage, namespace, variables })),
    variables,
    ...(log !== undefined && { accessLog: { group: groupOf(log.destinationArn), format: log.format } }),
  };
}

interface Staged {
  readonly stage: ApiStage;
  readonly namespace: string;
  readonly variables: Readonly<Record<string, string>>;
}

function servedRoute(route: HttpRoute, said: Deployed, staged: Staged): ServedRoute {
  const [method = "ANY", path] = route.routeKey.split(" ");
  const isDefault = path === undefined;
  const { routeSettings, defaultRouteSettings } = staged.stage;
  const limit = limitOf(member(routeSettings, route.routeKey), defaultRouteSettings);
  return {
    routeKey: route.routeKey,
    path: path ?? "/",
    pathType: isDefault ? "Prefix" : "Template",
    methods: isDefault || method === "ANY" ? [] : [method],
    target: targetOf(route, said, staged),
    guard: guardOf(route, said),
    hasResponse: route.routeResponseSelectionExpression !== undefined,
    ...(limit !== undefined && { limit }),
  };
}

// What an account has where a stage says only one of the two (API Gateway quotas).
const ACCOUNT_LIMIT: Limit = { perSecond: 10_000, burst: 5_000 };

function limitOf(own: ApiRouteSettings | undefined, ofAll: ApiRouteSettings | undefined): Limit | undefined {
  const perSecond = own?.throttlingRateLimit ?? ofAll?.throttlingRateLimit;
  const burst = own?.throttlingBurstLimit ?? ofAll?.throttlingBurstLimit;
  if (perSecond === undefined && burst === undefined) return undefined;
  return { perSecond: perSecond ?? ACCOUNT_LIMIT.perSecond, burst: burst ?? ACCOUNT_LIMIT.burst };
}

function targetOf(route: HttpRoute, said: Deployed, staged: Staged): ApiTarget | null {
  const { target } = route;
  const mapping = { request: {}, response: {} };
  if (route.function !== undefined) {
    const payload = route.payloadFormatVersion ?? "2.0";
    return { is: "function", name: route.function, qualifier: "", payload, timeoutMs: TIMEOUT_MS, mapping };
  }
  if (route.service !== undefined) {
    const { name, port } = route.service;
    const service = { is: "service", namespace: staged.namespace, name, port, weight: 1 } as const;
    return { is: "http", method: null, url: null, service, timeoutMs: TIMEOUT_MS, mapping };
  }
  const found = (said.integrations ?? []).find((one) => `integrations/${one.integrationId}` === target);
  return found === undefined ? null : integrationTarget(found, staged.variables);
}

function integrationTarget(integration: ApiIntegration, variables: Readonly<Record<string, string>>): ApiTarget | null {
  const uri = withVariables(integration.integrationUri, variables);
  const mapping = { request: integration.requestParameters ?? {}, response: integration.responseParameters ?? {} };
  const timeoutMs = integration.timeoutInMillis ?? TIMEOUT_MS;
  if (integration.integrationType === "AWS_PROXY") {
    const fn = functionOf(uri);
    const payload = integration.payloadFormatVersion ?? "1.0";
    return fn === null ? null : { is: "function", ...fn, payload, timeoutMs, mapping };
  }
  const { integrationMethod: method = "ANY", tlsConfig } = integration;
  const service = serviceOf(uri);
  const serverName = tlsConfig?.serverNameToVerify;
  return {
    is: "http",
    method: method === "ANY" ? null : method,
    url: uri,
    ...(service !== null && { service }),
    ...(serverName !== undefined && { serverName }),
    timeoutMs,
    mapping,
  };
}

/** "${stageVariables.name}" in an address or an ARN (API Gateway, "Using stage variables for HTTP APIs"). */
export function withVariables(text: string, variables: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{stageVariables\.(\w+)\}/g, (_whole, name: string) => member(variables, name) ?? "");
}

/** The function of an ARN, or of the ARN in API Gateway's own form ("…:lambda:path/…/functions/ARN/invocations"). */
export function functionOf(uri: string): { readonly name: string; readonly qualifier: string } | null {
  const found = /:function:([\w-]+)(?::([\w$-]+))?(?:\/|$)/.exec(uri);
  return found === null ? null : { name: found[1] ?? "", qualifier: found[2] ?? "" };
}

/** http://NAME.NAMESPACE.svc.cluster.local[:PORT] is answered by the Service's pods. */
export function serviceOf(uri: string): ServiceTarget | null {
  const found = /^http:\/\/([\w-]+)\.([\w-]+)\.svc(?:\.cluster\.local)?(?::(\d+))?(?:[/?]|$)/.exec(uri);
  if (found === null) return null;
  const [, name = "", namespace = "", port = "80"] = found;
  return { is: "service", namespace, name, port: Number(port), weight: 1 };
}

function guardOf(route: HttpRoute, said: Deployed): Guard {
  const { authorizationType = "NONE", authorizerId, authorizationScopes: scopes = [] } = route;
  switch (authorizationType) {
    case "NONE":
      return { is: "open" };
    case "AWS_IAM":
      return { is: "iam" };
    case "JWT":
    case "CUSTOM": {
      const authorizer = (said.authorizers ?? []).find((one) => one.authorizerId === authorizerId);
      return authorizer === undefined ? { is: "closed" } : { is: "authorizer", authorizer, scopes };
    }
  }
}

/** arn:aws:logs:REGION:ACCOUNT:log-group:NAME, with or without ":*" behind. */
function groupOf(arn: string): string {
  return arn.replace(/^arn:[^:]*:logs:[^:]*:[^:]*:log-group:/, "").replace(/:\*$/, "");
}
