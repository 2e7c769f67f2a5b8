/** Endpoints: the older twin of EndpointSlice, still read by some clients. */
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, NONE, text } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import { editedByMost } from "#kinds/roles.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { ObjectReference } from "#kinds/object-reference.ts";
import type { Protocol } from "./pod-spec.ts";

export type Endpoints = KubeObject & {
  readonly subsets?: readonly EndpointSubset[];
};

export type EndpointSubset = {
  readonly addresses?: readonly EndpointAddress[];
  readonly notReadyAddresses?: readonly EndpointAddress[];
  readonly ports?: readonly {
    readonly name?: string;
    readonly port: number;
    readonly protocol?: Protocol;
    readonly appProtocol?: string;
  }[];
};

export type EndpointAddress = {
  readonly ip: string;
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly targetRef?: ObjectReference;
};

// kubectl prints so many addresses, then "+ n more…".
const SHOWN = 3;

export const endpointsKind: Kind<Endpoints> = builtinKind<Endpoints>({
  group: "",
  version: "v1",
  kind: "Endpoints",
  plural: "endpoints",
  shortNames: ["ep"],
  scope: "Namespaced",
  roles: editedByMost,
  type: "io.k8s.api.core.v1.Endpoints",
  columns: [text("Endpoints", endpointsText), ageColumn],
  defaults: (endpoints) => {
    if (endpoints.subsets === undefined) return endpoints;
    const withProtocols = ({ ports, ...subset }: EndpointSubset): EndpointSubset =>
      ports === undefined
        ? subset
        : { ...subset, ports: ports.map((port) => ({ ...port, protocol: port.protocol ?? "TCP" })) };
    return { ...endpoints, subsets: endpoints.subsets.map(withProtocols) };
  },
});

function endpointsText(endpoints: Endpoints): string {
  const all = (endpoints.subsets ?? []).flatMap(({ addresses = [], ports = [] }) => {
    if (ports.length === 0) return addresses.map(({ ip }) => ip);
    return ports.flatMap(({ port }) => addresses.map(({ ip }) => `${ip.includes(":") ? `[${ip}]` : ip}:${port}`));
  });
  if (all.length === 0) return NONE;
  const shown = all.slice(0, SHOWN).join(",");
  return all.length > SHOWN ? `${shown} + ${all.length - SHOWN} more...` : shown;
}
