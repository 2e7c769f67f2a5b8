/** Ingress. */
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, NONE, text } from "#kinds/columns.ts";
import { ingressFaults } from "./ingress-rules.ts";
import type { IngressObject } from "./ingress-spec.ts";
import type { Kind } from "#kinds/kind.ts";
import { editedByMost } from "#kinds/roles.ts";
import { statusPath } from "#kinds/subresources.ts";

export type Ingress = IngressObject;

export const ingressKind: Kind<Ingress> = builtinKind<Ingress>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "Ingress",
  plural: "ingresses",
  shortNames: ["ing"],
  scope: "Namespaced",
  roles: editedByMost,
  type: "io.k8s.api.networking.v1.Ingress",
  subresources: [statusPath],
  columns: [
    text("Class", ({ spec }) => spec.ingressClassName ?? NONE),
    text("Hosts", hostsText),
    text("Address", ({ status }) =>
      [...new Set((status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []))].join(","),
    ),
    text("Ports", ({ spec }) => ((spec.tls ?? []).length > 0 ? "80, 443" : "80")),
    ageColumn,
  ],
  validate: ingressFaults,
});

/** The ingress class that the gateway serves. */
export const INGRESS_CLASS = "catamaran";

/** An Ingress without a class is served too. */
export function isServedByGateway({ metadata, spec }: Ingress): boolean {
  const name = spec.ingressClassName ?? metadata.annotations?.["kubernetes.io/ingress.class"];
  return name === undefined || name === INGRESS_CLASS;
}

// kubectl prints so many hosts, then "+ n more…".
const SHOWN = 3;

function hostsText(ingress: Ingress): string {
  const hosts = (ingress.spec.rules ?? []).flatMap(({ host }) => (host === undefined || host === "" ? [] : [host]));
  if (hosts.length === 0) return "*";
  const shown = hosts.slice(0, SHOWN).join(",");
  return hosts.length > SHOWN ? `${shown} + ${hosts.length - SHOWN} more...` : shown;
}
