/** Addresses of APIs: the status says under which URL the gateway serves them. */
import type { Controller } from "#deck/controller.ts";
import { apiHostOf, type HttpApi, httpApiKind } from "#kinds/catamaran/http-api.ts";
import { type RestApi, restApiKind, restHostOf } from "#kinds/catamaran/rest-api.ts";
import { patchTo } from "./changes.ts";
import type { Edge } from "./edge.ts";

export function httpApiAddressController({ port }: Edge): Controller<HttpApi> {
  return {
    name: "http-api-address",
    kind: httpApiKind,
    watches: [],
    plan: (_key, api) => {
      if (api === undefined || api.metadata.deletionTimestamp !== undefined) return { changes: [] };
      const status = { ...api.status, endpoint: `http://${apiHostOf(api)}:${port}` };
      return { changes: patchTo(httpApiKind, api, { ...api, status }, "status") };
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
