/** From objects to the route table: Ingress and function URLs become Routes, APIs what is served under their hosts. Pure. */
import type { FunctionAlias } from "#kinds/catamaran/function-alias.ts";
import type { FunctionObject } from "#kinds/catamaran/function.ts";
import type { ApiDeployment } from "#kinds/catamaran/api-deployment.ts";
import { API_HOST, type HttpApi } from "#kinds/catamaran/http-api.ts";
import type { ApiKey } from "#kinds/catamaran/api-key.ts";
import type { RestApi } from "#kinds/catamaran/rest-api.ts";
import type { WebSocketApi } from "#kinds/catamaran/web-socket-api.ts";
import type { UsagePlan } from "#kinds/catamaran/usage-plan.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { IngressBackend } from "#kinds/networking/ingress-spec.ts";
import { type Ingress, isServedByGateway } from "#kinds/networking/ingress.ts";
import type { Cors } from "#kinds/catamaran/cors.ts";
import { servedApi, servedSocketApi } from "./apis/served-api.ts";
import type { Backend, Route } from "./route.ts";
import { keysAndPlans } from "./rest/keys-and-plans.ts";
import { servedRestApi } from "./rest/served-rest.ts";
import type { RouteTable } from "./route-table.ts";
import { isOpen, type Place } from "./url-policy.ts";

export interface RouteSources {
  readonly ingresses: readonly Ingress[];
  readonly httpApis: readonly HttpApi[];
  readonly restApis: readonly RestApi[];
  readonly webSocketApis: readonly WebSocketApi[];
  readonly deployments: readonly ApiDeployment[];
  readonly apiKeys: readonly ApiKey[];
  readonly usagePlans: readonly UsagePlan[];
  readonly functions: readonly FunctionObject[];
  readonly aliases: readonly FunctionAlias[];
}

/** What a function URL leads to: a function, or an alias of one. */
type UrlOwner = FunctionObject | FunctionAlias;

/** Hosts of function URLs end so. */
export const URL_HOST = ".lambda-url.localhost";

export function routesOf(sources: RouteSources, place: Place): RouteTable {
  const { ingresses, functions, aliases, apiKeys, usagePlans } = sources;
  const owners: readonly UrlOwner[] = [...functions, ...aliases];
  const routes = [
    ...ingresses.filter(isServedByGateway).flatMap(ingressRoutes),
    ...owners.flatMap((owner) => urlRoutes(owner, place)),
  ];
  return {
    byHost: Map.groupBy(routes, ({ host }) => host),
    cors: corsOf(owners),
    apis: apisOf(sources),
    keys: keysAndPlans(apiKeys, usagePlans),
  };
}

/** Reached as http://<apiId>.execute-api.localhost/… and under /_apis/<apiId>/…, see `stripPrefix`. */
function apisOf({ httpApis, restApis, webSocketApis, deployments }: RouteSources): RouteTable["apis"] {
  const ofApi = Map.groupBy(deployments, ({ metadata, spec }) => `${metadata.namespace}/${spec.api}`);
  const deploymentsOf = ({ metadata }: KubeObject): readonly ApiDeployment[] =>
    ofApi.get(`${metadata.namespace}/${metadata.name}`) ?? [];
  const served = [
    ...httpApis.map((api) => servedApi(api, deploymentsOf(api))),
    ...restApis.map((api) => servedRestApi(api, deploymentsOf(api))),
    ...webSocketApis.map((api) => servedSocketApi(api, deploymentsOf(api))),
  ];
  return new Map(served.map((api) => [api.host, api]));
}

function corsOf(owners: readonly UrlOwner[]): ReadonlyMap<string, Cors> {
  const found = new Map<string, Cors>();
  for (const owner of owners) if (owner.spec.url?.cors !== undefined) found.set(urlHost(owner), owner.spec.url.cors);
  return found;
}

function ingressRoutes(ingress: Ingress): readonly Route[] {
  const namespace = ingress.metadata.namespace ?? "default";
  const from = `Ingress/${namespace}/${ingress.metadata.name}`;
  const rules = (ingress.spec.rules ?? []).flatMap((rule) =>
    (rule.http?.paths ?? []).map((path): Route => ({
      host: (rule.host ?? "").toLowerCase(),
      path: path.path ?? "/",
      // ImplementationSpecific is a prefix here.
      pathType: path.pathType === "Exact" ? "Exact" : "Prefix",
      methods: [],
      backends: ingressBackends(path.backend, namespace),
      from,
    })),
  );
  const fallback = ingress.spec.defaultBackend;
  if (fallback === undefined) return rules;
  return [
    ...rules,
    { host: "", path: "/", pathType: "Prefix", methods: [], backends: ingressBackends(fallback, namespace), from },
  ];
}

/** A backend is a Service port, or a Function by `resource` (apiGroup catamaran.dev). */
function ingressBackends(backend: IngressBackend, namespace: string): readonly Backend[] {
  const { service, resource } = backend;
  if (service !== undefined) {
    const port = service.port?.number ?? service.port?.name;
    return port === undefined ? [] : [{ is: "service", namespace, name: service.name, port, weight: 1 }];
  }
  if (resource?.kind !== "Function") return [];
  return [
    {
      is: "function",
      namespace,
      name: resource.name,
      qualifier: "",
      weight: 1,
      payload: "2.0",
      front: "http-api",
      auth: "NONE",
    },
  ];
}

function urlHost({ metadata }: UrlOwner): string {
  return `${metadata.name}.${metadata.namespace ?? "default"}${URL_HOST}`.toLowerCase();
}

/** Reached as http://<name>.<namespace>.lambda-url.localhost/… and under /_functions/<namespace>/<name>/…; of an alias the name is <function>.<alias>. */
function urlRoutes(owner: UrlOwner, place: Place): readonly Route[] {
  const { url } = owner.spec;
  if (url === undefined) return [];
  const namespace = owner.metadata.namespace ?? "default";
  const { function: name = owner.metadata.name, alias = "" } =
    "alias" in owner.spec ? owner.spec : { function: owner.metadata.name };
  return [
    {
      host: urlHost(owner),
      path: "/",
      pathType: "Prefix",
      methods: [],
      backends: [
        {
          is: "function",
          namespace,
          name,
          qualifier: alias,
          weight: 1,
          payload: "2.0",
          front: "function-url",
          auth: url.authType === "NONE" && !isOpen(owner, place) ? "CLOSED" : url.authType,
          ...(url.invokeMode === "RESPONSE_STREAM" && { isStreamed: true }),
          apiId: owner.metadata.name,
        },
      ],
      from: `FunctionUrl/${namespace}/${owner.metadata.name}`,
    },
  ];
}

/** The path forms of the virtual hosts, for clients that cannot resolve *.localhost: host and path as the route table knows them. */
export function stripPrefix(host: string, path: string): { readonly host: string; readonly path: string } {
  const api = /^\/_apis\/([^/]+)(\/.*)?$/.exec(path);
  if (api !== null) return { host: `${api[1]}${API_HOST}`.toLowerCase(), path: api[2] ?? "/" };
  const fn = /^\/_functions\/([^/]+)\/([^/]+)(\/.*)?$/.exec(path);
  if (fn !== null) return { host: `${fn[2]}.${fn[1]}${URL_HOST}`.toLowerCase(), path: fn[3] ?? "/" };
  return { host: host.replace(OF_REGION, API_HOST), path };
}

// As AWS writes it: tools put the address of an API together themselves, with the region and a suffix.
const OF_REGION = /\.execute-api\.[a-z0-9-]+\.(?:localhost|amazonaws\.com)$/;
