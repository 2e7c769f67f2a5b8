/** HttpApi: routes of an HTTP API to functions. */
import { ageColumn, integer as integerColumn, text as textColumn } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { functionNameFault } from "#kinds/rules/names.ts";
import { type Infer, list, object, optional, text } from "#kinds/schema/description.ts";
import { cors, corsRules } from "./cors.ts";
import { type Own, ownKind } from "./own-kind.ts";

const route = object("HttpRoute", {
  routeKey: text({
    pattern: /^(\$default|(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \/\S*)$/,
    says: 'must be "$default" or a method and a path, such as "GET /users/{id}"',
  }),
  function: text(),
  payloadFormatVersion: optional(text({ enum: ["1.0", "2.0"], default: "2.0" })),
});

const spec = object("HttpApiSpec", {
  routes: list(route, { key: "routeKey" }),
  stage: optional(text({ default: "$default" })),
  cors: optional(cors),
});

const status = object("HttpApiStatus", { apiId: optional(text()), endpoint: optional(text()) });

export type HttpApi = Own<Infer<typeof spec>, Infer<typeof status>>;

/** Hosts of HTTP APIs end so: *.localhost is loopback everywhere (RFC 6761 §6.3). */
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
  spec,
  status,
  checkName: functionNameFault,
  columns: [
    integerColumn("Routes", ({ spec: { routes } }) => routes.length),
    textColumn("Endpoint", (api) => api.status?.endpoint ?? ""),
    ageColumn,
  ],
  rules: (desired, faults) => corsRules(desired.cors, "spec.cors", faults),
});
