/** Ingress. */
import { ageColumn, NONE, text } from "./columns.ts";
import { builtinKind } from "./builtin.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

export interface Ingress extends KubeObject {
  readonly spec: IngressSpec;
  readonly status?: { readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] } };
}

export interface IngressSpec {
  readonly ingressClassName?: string;
  readonly defaultBackend?: IngressBackend;
  readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
  readonly rules?: readonly IngressRule[];
}

export interface IngressRule {
  readonly host?: string;
  readonly http?: { readonly paths: readonly IngressPath[] };
}

export interface IngressPath {
  readonly path?: string;
  readonly pathType: "Exact" | "Prefix" | "ImplementationSpecific";
  readonly backend: IngressBackend;
}

export interface IngressBackend {
  readonly service?: { readonly name: string; readonly port?: { readonly name?: string; readonly number?: number } };
  /** A Function: apiGroup catamaran.dev, kind Function. */
  readonly resource?: { readonly apiGroup?: string; readonly kind: string; readonly name: string };
}

export const ingressKind: Kind<Ingress> = builtinKind<Ingress>({
  group: "networking.k8s.io",
  version: "v1",
  kind: "Ingress",
  plural: "ingresses",
  shortNames: ["ing"],
  scope: "Namespaced",
  type: "io.k8s.api.networking.v1.Ingress",
  subresources: ["status"],
  columns: [
    text("Class", ({ spec }) => spec.ingressClassName ?? NONE),
    text("Hosts", hostsText),
    text("Address", ({ status }) => [...new Set((status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []))].join(",")),
    text("Ports", ({ spec }) => ((spec.tls ?? []).length > 0 ? "80, 443" : "80")),
    ageColumn,
  ],
});

// kubectl prints so many hosts, then "+ n more…".
const SHOWN = 3;

function hostsText(ingress: Ingress): string {
  const hosts = (ingress.spec.rules ?? []).flatMap(({ host }) => (host === undefined || host === "" ? [] : [host]));
  if (hosts.length === 0) return "*";
  const shown = hosts.slice(0, SHOWN).join(",");
  return hosts.length > SHOWN ? `${shown} + ${hosts.length - SHOWN} more...` : shown;
}
