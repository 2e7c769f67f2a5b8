/** The types of an ingress. */
import type { KubeObject } from "#kinds/object.ts";

export type IngressAddress = {
  readonly ip?: string;
  readonly hostname?: string;
  readonly ports?: readonly { readonly port: number; readonly protocol: "TCP" | "UDP" | "SCTP" }[];
};

export type IngressObject = KubeObject & {
  readonly spec: IngressSpec;
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly IngressAddress[] };
  };
};

export type IngressSpec = {
  readonly ingressClassName?: string;
  readonly defaultBackend?: IngressBackend;
  readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
  readonly rules?: readonly IngressRule[];
};

export type IngressRule = {
  readonly host?: string;
  readonly http?: { readonly paths: readonly IngressPath[] };
};

export type IngressPath = {
  readonly path?: string;
  readonly pathType: "Exact" | "Prefix" | "ImplementationSpecific";
  readonly backend: IngressBackend;
};

export type IngressBackend = {
  readonly service?: { readonly name: string; readonly port?: { readonly name?: string; readonly number?: number } };
  /** A Function: apiGroup catamaran.dev, kind Function. */
  readonly resource?: { readonly apiGroup?: string; readonly kind: string; readonly name: string };
};
