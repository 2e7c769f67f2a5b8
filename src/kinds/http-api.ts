/** HttpApi: routes of an HTTP API to functions. */
import { ageColumn, integer, text } from "./columns.ts";
import { builtinKind } from "./builtin.ts";
import { catamaranTable } from "./catamaran-schema.ts";
import { functionNameFault } from "./names.ts";
import type { Cors } from "./function.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

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

export const httpApiKind: Kind<HttpApi> = builtinKind<HttpApi>({
  group: "catamaran.dev",
  version: "v1",
  kind: "HttpApi",
  plural: "httpapis",
  shortNames: ["api"],
  categories: ["all", "catamaran"],
  scope: "Namespaced",
  type: "dev.catamaran.v1.HttpApi",
  table: catamaranTable,
  subresources: ["status"],
  checkName: functionNameFault,
  columns: [
    integer("Routes", ({ spec }) => spec.routes.length),
    text("Endpoint", ({ status }) => status?.endpoint ?? ""),
    ageColumn,
  ],
});
