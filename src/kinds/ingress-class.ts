/** IngressClass. */
import { ageColumn, NONE, text } from "./columns.ts";
import { builtinKind } from "./builtin.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

export interface IngressClass extends KubeObject {
  readonly spec?: {
    readonly controller?: string;
    readonly parameters?: { readonly apiGroup?: string; readonly kind: string; readonly name: string; readonly namespace?: string; readonly scope?: string };
  };
}

export const ingressClassKind: Kind<IngressClass> = builtinKind<IngressClass>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "IngressClass",
  plural: "ingressclasses",
  scope: "Cluster",
  type: "io.k8s.api.networking.v1.IngressClass",
  columns: [text("Controller", ({ spec }) => spec?.controller ?? ""), text("Parameters", parametersText), ageColumn],
});

function parametersText({ spec }: IngressClass): string {
  const parameters = spec?.parameters;
  if (parameters === undefined) return NONE;
  const kind = parameters.apiGroup === undefined ? parameters.kind : `${parameters.kind}.${parameters.apiGroup}`;
  return `${kind}/${parameters.name}`;
}
