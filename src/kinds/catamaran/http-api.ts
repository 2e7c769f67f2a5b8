/** HttpApi: routes of an HTTP API to functions. */
import type { FieldFault } from "#base/fault.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { catamaranTable } from "./catamaran-schema.ts";
import { ageColumn, integer, text } from "#kinds/columns.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { functionNameFault } from "#kinds/rules/names.ts";
import { type Cors, corsFaults } from "./cors.ts";
import type { Kind } from "#kinds/kind.ts";
import { editedByMost } from "#kinds/roles.ts";
import { statusPath } from "#kinds/subresources.ts";
import type { KubeObject } from "#kinds/object.ts";

export interface HttpApi extends KubeObject {
  readonly spec: {
    readonly routes: readonly HttpRoute[];
    readonly stage?: string;
    readonly cors?: Cors;
  };
  readonly status?: { readonly apiId?: string; readonly endpoint?: string };
}

export interface HttpRoute {
  /** "GET /users/{id}", "ANY /{proxy+}" or "$default". */
  readonly routeKey: string;
  readonly function: string;
  readonly payloadFormatVersion?: "1.0" | "2.0";
}

/** Hosts of HTTP APIs end so: *.localhost is loopback everywhere (RFC 6761 §6.3). */
export const API_HOST = ".execute-api.localhost";

export function apiIdOf({ metadata, status }: HttpApi): string {
  return status?.apiId ?? metadata.name;
}

/** Under which host the gateway serves it. */
export function apiHostOf(api: HttpApi): string {
  return `${apiIdOf(api)}${API_HOST}`.toLowerCase();
}

export const httpApiKind: Kind<HttpApi> = builtinKind<HttpApi>({
  group: "catamaran.dev",
  version: "v1",
  kind: "HttpApi",
  plural: "httpapis",
  shortNames: ["api"],
  categories: ["all", "catamaran"],
  scope: "Namespaced",
  roles: editedByMost,
  type: "dev.catamaran.v1.HttpApi",
  table: catamaranTable,
  statusKeeps: "all",
  subresources: [statusPath],
  checkName: functionNameFault,
  columns: [
    integer("Routes", ({ spec }) => spec.routes.length),
    text("Endpoint", ({ status }) => status?.endpoint ?? ""),
    ageColumn,
  ],
  validate: httpApiFaults,
});

const ROUTE_KEY = /^(\$default|(ANY|GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS) \/\S*)$/;

function httpApiFaults({ spec }: HttpApi): readonly FieldFault[] {
  const faults = new FieldFaults();
  const seen = new Set<string>();
  for (const [index, route] of (spec?.routes ?? []).entries()) {
    const at = `spec.routes[${index}]`;
    if (!ROUTE_KEY.test(route.routeKey ?? ""))
      faults.invalid(
        `${at}.routeKey`,
        route.routeKey,
        'must be "$default" or a method and a path, such as "GET /users/{id}"',
      );
    if (seen.has(route.routeKey)) faults.duplicate(`${at}.routeKey`, route.routeKey);
    seen.add(route.routeKey);
    if ((route.function ?? "") === "") faults.required(`${at}.function`);
    if (route.payloadFormatVersion !== undefined)
      faults.oneOf(`${at}.payloadFormatVersion`, route.payloadFormatVersion, ["1.0", "2.0"]);
  }
  corsFaults(faults, "spec.cors", spec?.cors);
  return faults.found;
}
