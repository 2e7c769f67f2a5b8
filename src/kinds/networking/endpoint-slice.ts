/** EndpointSlice: addresses behind a service. */
import type { FieldFault } from "#base/fault.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, text } from "#kinds/columns.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import type { Kind } from "#kinds/kind.ts";
import { seenByAll } from "#kinds/roles.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { ObjectReference } from "#kinds/object-reference.ts";
import { portNameFaults } from "#kinds/rules/names.ts";
import { isAddress } from "#kinds/core/pod-rules.ts";
import type { Protocol } from "#kinds/core/pod-spec.ts";

export type EndpointSlice = KubeObject & {
  readonly addressType: "IPv4" | "IPv6" | "FQDN";
  readonly endpoints: readonly Endpoint[];
  readonly ports?: readonly EndpointPort[];
};

export type Endpoint = {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  readonly hostname?: string;
  readonly nodeName?: string;
  readonly zone?: string;
  readonly targetRef?: ObjectReference;
};

export type EndpointPort = {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: Protocol;
  readonly appProtocol?: string;
};

// kubectl prints so many addresses or ports, then "+ n more…".
const SHOWN = 3;

export const endpointSliceKind: Kind<EndpointSlice> = builtinKind<EndpointSlice>({
  group: "discovery.k8s.io",
  version: "v1",
  kind: "EndpointSlice",
  plural: "endpointslices",
  scope: "Namespaced",
  roles: seenByAll,
  type: "io.k8s.api.discovery.v1.EndpointSlice",
  columns: [
    text("AddressType", (slice) => slice.addressType),
    text("Ports", (slice) => portsText(slice.ports ?? [])),
    text("Endpoints", (slice) => shorten(slice.endpoints.flatMap(({ addresses }) => addresses))),
    ageColumn,
  ],
  defaults: (slice) => {
    if (slice.ports === undefined) return slice;
    return {
      ...slice,
      ports: slice.ports.map((port) => ({ ...port, name: port.name ?? "", protocol: port.protocol ?? "TCP" })),
    };
  },
  validate: endpointSliceFaults,
});

const MAX_ENDPOINTS = 1000;
const MAX_ADDRESSES = 100;

function endpointSliceFaults(next: EndpointSlice, live: EndpointSlice | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  faults.oneOf("addressType", next.addressType, ["FQDN", "IPv4", "IPv6"]);
  if (live !== null && next.addressType !== live.addressType) faults.immutable("addressType", next.addressType);
  if (next.endpoints.length > MAX_ENDPOINTS) faults.tooMany("endpoints", next.endpoints.length, MAX_ENDPOINTS);
  for (const [index, { addresses }] of next.endpoints.entries()) {
    const at = `endpoints[${index}].addresses`;
    if (addresses.length === 0) faults.required(at, "must contain at least 1 address");
    if (addresses.length > MAX_ADDRESSES) faults.tooMany(at, addresses.length, MAX_ADDRESSES);
    if (next.addressType === "FQDN") continue;
    for (const [position, address] of addresses.entries()) {
      if (!isAddress(address))
        faults.invalid(`${at}[${position}]`, address, "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)");
    }
  }
  const names = new Set<string>();
  for (const [index, { name = "", protocol }] of (next.ports ?? []).entries()) {
    const at = `ports[${index}]`;
    if (name !== "") faults.invalidEach(`${at}.name`, name, portNameFaults(name));
    if (names.has(name)) faults.duplicate(`${at}.name`, name);
    names.add(name);
    faults.oneOf(`${at}.protocol`, protocol, ["SCTP", "TCP", "UDP"]);
  }
  return faults.found;
}

function portsText(ports: readonly EndpointPort[]): string {
  if (ports.length === 0) return "<unset>";
  return shorten(ports.map(({ port, name }) => String(port ?? (name === undefined || name === "" ? "*" : name))));
}

function shorten(texts: readonly string[]): string {
  if (texts.length === 0) return "<unset>";
  const shown = texts.slice(0, SHOWN).join(",");
  return texts.length > SHOWN ? `${shown} + ${texts.length - SHOWN} more...` : shown;
}
