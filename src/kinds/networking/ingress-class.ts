/** IngressClass. */
import type { FieldFault } from "#base/fault.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, NONE, text } from "#kinds/columns.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";

export type IngressClass = KubeObject & {
  readonly spec?: {
    readonly controller?: string;
    readonly parameters?: {
      readonly apiGroup?: string;
      readonly kind: string;
      readonly name: string;
      readonly namespace?: string;
      readonly scope?: string;
    };
  };
};

export const ingressClassKind: Kind<IngressClass> = builtinKind<IngressClass>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "IngressClass",
  plural: "ingressclasses",
  scope: "Cluster",
  type: "io.k8s.api.networking.v1.IngressClass",
  defaults: (ingressClass) => {
    const parameters = ingressClass.spec?.parameters;
    if (parameters === undefined) return ingressClass;
    return {
      ...ingressClass,
      spec: { ...ingressClass.spec, parameters: { ...parameters, scope: parameters.scope ?? "Cluster" } },
    };
  },
  validate: ingressClassFaults,
  columns: [text("Controller", ({ spec }) => spec?.controller ?? ""), text("Parameters", parametersText), ageColumn],
});

function ingressClassFaults(next: IngressClass, live: IngressClass | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  const controller = next.spec?.controller ?? "";
  if (controller !== "" && !/^[^/]+\/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(controller)) {
    faults.invalid("spec.controller", controller, 'must be a domain-prefixed path (such as "acme.io/foo")');
  }
  if (live !== null && controller !== (live.spec?.controller ?? "")) faults.immutable("spec.controller", controller);
  return faults.found;
}

function parametersText({ spec }: IngressClass): string {
  const parameters = spec?.parameters;
  if (parameters === undefined) return NONE;
  const kind = parameters.apiGroup === undefined ? parameters.kind : `${parameters.kind}.${parameters.apiGroup}`;
  return `${kind}/${parameters.name}`;
}
