/** Addresses of APIs: the status says under which URL the gateway serves them. */
import type { Controller } from "#deck/controller.ts";
import { apiHostOf, type HttpApi, httpApiKind } from "#kinds/catamaran/http-api.ts";
import { type RestApi, restApiKind, restHostOf } from "#kinds/catamaran/rest-api.ts";
import { type WebSocketApi, webSocketApiKind } from "#kinds/catamaran/web-socket-api.ts";
import type { Kind } from "#kinds/kind.ts";
import { patchTo } from "./changes.ts";
import type { Edge } from "./edge.ts";

export function httpApiAddressController(edge: Edge): Controller<HttpApi> {
  return addressController("http-api-address", httpApiKind, { ...edge, scheme: "http" });
}

export function webSocketApiAddressController(edge: Edge): Controller<WebSocketApi> {
  return addressController("web-socket-api-address", webSocketApiKind, { ...edge, scheme: "ws" });
}

function addressController(
  name: string,
  kind: Kind<HttpApi>,
  { port, scheme }: Edge & { readonly scheme: "http" | "ws" },
): Controller<HttpApi> {
  return {
    name,
    kind,
    watches: [],
    plan: (_key, api) => {
      if (api === undefined || api.metadata.deletionTimestamp !== undefined) return { changes: [] };
      const status = { ...api.status, endpoint: `${scheme}://${apiHostOf(api)}:${port}` };
      return { changes: patchTo(kind, api, { ...api, status }, "status") };
    },
  };
}

export function restApiAddressController({ port }: Edge): Controller<RestApi> {
  return {
    name: "rest-api-address",
    kind: restApiKind,
    watches: [],
    plan: (_key, api) => {
      if (api === undefined || api.metadata.deletionTimestamp !== undefined) return { changes: [] };
      const status = { ...api.status, endpoint: `http://${restHostOf(api)}:${port}` };
      return { changes: patchTo(restApiKind, api, { ...api, status }, "status") };
    },
  };
}
