/** What the edge knows of the cluster: views of the objects that routes and addresses come from, and the table made of them. */
import { keyOf } from "#base/key.ts";
import type { Objects, View } from "#deck/objects.ts";
import { endpointSliceKind, type EndpointSlice } from "#kinds/networking/endpoint-slice.ts";
import { functionAliasKind, type FunctionAlias } from "#kinds/catamaran/function-alias.ts";
import { functionKind, type FunctionObject } from "#kinds/catamaran/function.ts";
import { apiDeploymentKind, type ApiDeployment } from "#kinds/catamaran/api-deployment.ts";
import { apiKeyKind, type ApiKey } from "#kinds/catamaran/api-key.ts";
import { restApiKind, type RestApi } from "#kinds/catamaran/rest-api.ts";
import { webSocketApiKind, type WebSocketApi } from "#kinds/catamaran/web-socket-api.ts";
import { usagePlanKind, type UsagePlan } from "#kinds/catamaran/usage-plan.ts";
import { httpApiKind, type HttpApi } from "#kinds/catamaran/http-api.ts";
import { ingressKind, type Ingress } from "#kinds/networking/ingress.ts";
import { serviceKind, type Service } from "#kinds/core/service.ts";
import { addressesOf } from "./endpoints.ts";
import type { ServiceTarget } from "./route.ts";
import type { RouteTable } from "./route-table.ts";
import { routesOf } from "./routes.ts";
import type { Address } from "./service-backend.ts";
import type { Place } from "./url-policy.ts";

export class EdgeViews implements Disposable {
  readonly #ingresses: View<Ingress>;
  readonly #apis: View<HttpApi>;
  readonly #restApis: View<RestApi>;
  readonly #webSocketApis: View<WebSocketApi>;
  readonly #deployments: View<ApiDeployment>;
  readonly #apiKeys: View<ApiKey>;
  readonly #usagePlans: View<UsagePlan>;
  readonly #functions: View<FunctionObject>;
  readonly #aliases: View<FunctionAlias>;
  readonly #services: View<Service>;
  readonly #slices: View<EndpointSlice>;
  readonly #place: Place;
  #routes: RouteTable | null = null;

  constructor(objects: Objects, place: Place) {
    this.#place = place;
    this.#ingresses = objects.view(ingressKind);
    this.#apis = objects.view(httpApiKind);
    this.#restApis = objects.view(restApiKind);
    this.#webSocketApis = objects.view(webSocketApiKind);
    this.#deployments = objects.view(apiDeploymentKind);
    this.#apiKeys = objects.view(apiKeyKind);
    this.#usagePlans = objects.view(usagePlanKind);
    this.#functions = objects.view(functionKind);
    this.#aliases = objects.view(functionAliasKind);
    this.#services = objects.view(serviceKind);
    this.#slices = objects.view(endpointSliceKind, { indexes: { service: serviceOfSlice } });
    const forget = (): void => {
      this.#routes = null;
    };
    this.#ingresses.onChange(forget);
    this.#apis.onChange(forget);
    this.#restApis.onChange(forget);
    this.#webSocketApis.onChange(forget);
    this.#deployments.onChange(forget);
    this.#apiKeys.onChange(forget);
    this.#usagePlans.onChange(forget);
    this.#functions.onChange(forget);
    this.#aliases.onChange(forget);
  }

  /** Resolves once everything that existed at the start is known. */
  get synced(): Promise<unknown> {
    return Promise.all(this.#all().map(({ synced }) => synced));
  }

  /** Made anew only after a change. */
  routes(): RouteTable {
    this.#routes ??= routesOf(
      {
        ingresses: this.#ingresses.list(),
        httpApis: this.#apis.list(),
        restApis: this.#restApis.list(),
        webSocketApis: this.#webSocketApis.list(),
        deployments: this.#deployments.list(),
        apiKeys: this.#apiKeys.list(),
        usagePlans: this.#usagePlans.list(),
        functions: this.#functions.list(),
        aliases: this.#aliases.list(),
      },
      this.#place,
    );
    return this.#routes;
  }

  /** Ready addresses of a Service's port; none when there is no such Service. */
  addresses({ namespace, name, port }: ServiceTarget): readonly Address[] {
    const key = keyOf(namespace, name);
    const service = this.#services.get(key);
    return service === undefined ? [] : addressesOf(service, this.#slices.by("service", key), port);
  }

  /** `heard` is told of each change of what stands behind Services. */
  onEndpoints(heard: () => void): void {
    this.#services.onChange(heard);
    this.#slices.onChange(heard);
  }

  #all(): readonly (Disposable & { readonly synced: Promise<void> })[] {
    return [
      this.#ingresses,
      this.#apis,
      this.#restApis,
      this.#webSocketApis,
      this.#deployments,
      this.#apiKeys,
      this.#usagePlans,
      this.#functions,
      this.#aliases,
      this.#services,
      this.#slices,
    ];
  }

  [Symbol.dispose](): void {
    for (const view of this.#all()) view[Symbol.dispose]();
  }
}

function serviceOfSlice(slice: EndpointSlice): readonly string[] {
  const name = slice.metadata.labels?.["kubernetes.io/service-name"];
  return name === undefined ? [] : [keyOf(slice.metadata.namespace ?? "", name)];
}
