/** WebSocketApi: a WebSocket API of API Gateway: what runs when a client comes, says something and goes. */
import { ageColumn, integer as integerColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { functionNameFault } from "#kinds/rules/names.ts";
import { apiRules, apiSpec, apiStatus, type HttpApi } from "./http-api.ts";
import { ownKind } from "./own-kind.ts";

/** Its members are those of an HTTP API; what only one of them has, the rules of the other refuse. */
export type WebSocketApi = HttpApi;

export const webSocketApiKind: Kind<WebSocketApi> = ownKind({
  kind: "WebSocketApi",
  plural: "websocketapis",
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
    if (desired.cors !== undefined) faults.forbidden("spec.cors", "WebSockets know no cross-origin rules");
    for (const [index, { routeKey, service, authorizationType }] of desired.routes.entries()) {
      const at = `spec.routes[${index}]`;
      if (service !== undefined) faults.forbidden(`${at}.service`, "routes of WebSocket APIs lead to functions");
      if (authorizationType === "JWT")
        faults.forbidden(`${at}.authorizationType`, "WebSocket APIs have none of that type");
      if ((authorizationType ?? "NONE") !== "NONE" && routeKey !== "$connect")
        faults.forbidden(`${at}.authorizationType`, "who may come is asked at $connect alone");
    }
    for (const [index, { integrationType }] of (desired.integrations ?? []).entries())
      if (integrationType !== "AWS_PROXY")
        faults.forbidden(`spec.integrations[${index}].integrationType`, "routes of WebSocket APIs lead to functions");
    apiRules(desired, faults);
  },
});
