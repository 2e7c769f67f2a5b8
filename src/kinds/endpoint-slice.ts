/** EndpointSlice: addresses behind a service. */
import { ageColumn, text } from "./columns.ts";
import { builtinKind } from "./builtin.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";
import type { ObjectReference } from "./object-reference.ts";
import type { Protocol } from "./pod-spec.ts";

export interface EndpointSlice extends KubeObject {
  readonly addressType: "IPv4" | "IPv6" | "FQDN";
  readonly endpoints: readonly Endpoint[];
  readonly ports?: readonly EndpointPort[];
}

export interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly zone?: string;
  readonly targetRef?: ObjectReference;
}

export interface EndpointPort {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: Protocol;
  readonly appProtocol?: string;
}

// kubectl prints so many addresses or ports, then "+ n more…".
const SHOWN = 3;

export const endpointSliceKind: Kind<EndpointSlice> = builtinKind<EndpointSlice>({
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  scope: "Namespaced",
  type: "io.k8s.api.discovery.v1.EndpointSlice",
  columns: [
    text("AddressType", (slice) => slice.addressType),
    text("Ports", (slice) => portsText(slice.ports ?? [])),
    text("Endpoints", (slice) => shorten(slice.endpoints.flatMap(({ addresses }) => addresses))),
    ageColumn,
  ],
});

function portsText(ports: readonly EndpointPort[]): string {
  if (ports.length === 0) return "<unset>";
  return shorten(ports.map(({ port, name }) => String(port ?? (name === undefined || name === "" ? "*" : name))));
}

function shorten(texts: readonly string[]): string {
  if (texts.length === 0) return "<unset>";
  const shown = texts.slice(0, SHOWN).join(",");
  return texts.length > SHOWN ? `${shown} + ${texts.length - SHOWN} more...` : shown;
}
