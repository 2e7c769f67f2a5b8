/** EndpointSlice mirroring: the hand-made Endpoints of a service without a selector, as slices, which is what routes look at. */
import { keyOf, type ObjectKey } from "#base/key.ts";
import { type Controller, type Plan, type Seen, watching } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import {
  type Endpoint,
  type EndpointPort,
  type EndpointSlice,
  endpointSliceKind,
} from "#kinds/networking/endpoint-slice.ts";
import { type EndpointAddress, type Endpoints, endpointsKind, type EndpointSubset } from "#kinds/core/endpoints.ts";
import { isAddress } from "#kinds/core/pod-rules.ts";
import { serviceKind } from "#kinds/core/service.ts";
import { controllerReference } from "#kinds/owners.ts";
import { create, freshNames, patchTo, remove, warningEvent } from "./changes.ts";

const SERVICE_NAME = "kubernetes.io/service-name";
const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
const MANAGER = "endpointslicemirroring-controller.k8s.io";
const SKIP = "endpointslice.kubernetes.io/skip-mirror";
// Endpoints that only hold a lock, as leader election did before there were leases.
const LEADER = "control-plane.alpha.kubernetes.io/leader";
const NOT_MIRRORED: ReadonlySet<string> = new Set([
  "endpoints.kubernetes.io/last-change-trigger-time",
  "kubectl.kubernetes.io/last-applied-configuration",
]);
// Upstream's --mirroring-max-endpoints-per-subset.
const MOST_ADDRESSES = 1_000;

export const endpointSliceMirroringController: Controller<Endpoints> = {
  name: "endpointslicemirroring-controller",
  kind: endpointsKind,
  watches: [
    watching({ kind: serviceKind, wakes: ({ metadata }) => [keyOf(metadata.namespace ?? "", metadata.name)] }),
    watching({ kind: endpointSliceKind, indexes: { mirrorOf }, wakes: mirrorOf }),
  ],
  plan,
};

/** The key of the Endpoints that the slice mirrors. */
function mirrorOf({ metadata }: EndpointSlice): readonly ObjectKey[] {
  const name = metadata.labels?.[SERVICE_NAME];
  return name === undefined || metadata.labels?.[MANAGED_BY] !== MANAGER ? [] : [keyOf(metadata.namespace ?? "", name)];
}

function plan(key: ObjectKey, endpoints: Endpoints | undefined, seen: Seen, _memory: undefined, now: number): Plan {
  const slices = seen.view(endpointSliceKind).by("mirrorOf", key);
  if (endpoints === undefined || !isMirrored(key, endpoints, seen))
    return { changes: slices.map((slice) => remove(endpointSliceKind, slice)) };
  if (endpoints.metadata.deletionTimestamp !== undefined) return { changes: [] };
  const groups = groupsOf(endpoints.subsets ?? []);
  const strays = slices.filter((slice) => !groups.has(groupKey(slice.addressType, slice.ports ?? [])));
  const changes = [...groups].flatMap(([name, group]) => {
    const [first, ...others] = slices.filter(({ addressType, ports = [] }) => groupKey(addressType, ports) === name);
    const seed = `${endpoints.metadata.uid} ${name} ${now}`;
    const kept =
      first === undefined
        ? [create(endpointSliceKind, sliceOf(endpoints, group, seed))]
        : patchTo(endpointSliceKind, first, mirrored(endpoints, group, first));
    return [...kept, ...others.map((slice) => remove(endpointSliceKind, slice))];
  });
  return {
    changes: [...warnings(endpoints), ...changes, ...strays.map((slice) => remove(endpointSliceKind, slice))],
  };
}

function isMirrored(key: ObjectKey, { metadata }: Endpoints, seen: Seen): boolean {
  const service = seen.view(serviceKind).get(key);
  return (
    service !== undefined &&
    Object.keys(service.spec.selector ?? {}).length === 0 &&
    metadata.labels?.[SKIP] !== "true" &&
    metadata.annotations?.[LEADER] === undefined
  );
}

type AddressType = Exclude<EndpointSlice["addressType"], "FQDN">;

/** What becomes one slice: the same ports, and addresses of one family. */
interface Group {
  readonly addressType: AddressType;
  readonly ports: readonly EndpointPort[];
  /** By what makes an address another one; the ready ones come first and count. */
  readonly endpoints: Map<string, Endpoint>;
}

function groupsOf(subsets: readonly EndpointSubset[]): ReadonlyMap<string, Group> {
  const groups = new Map<string, Group>();
  for (const subset of subsets) {
    const ports = (subset.ports ?? []).map(portOf);
    for (const { address, isReady } of mirrorable(subset).slice(0, MOST_ADDRESSES)) {
      const addressType = address.ip.includes(":") ? "IPv6" : "IPv4";
      const key = groupKey(addressType, ports);
      const group = groups.get(key) ?? { addressType, ports, endpoints: new Map<string, Endpoint>() };
      groups.set(key, group);
      const identity = JSON.stringify([address.ip, address.targetRef?.uid]);
      if (!group.endpoints.has(identity) && group.endpoints.size < MOST_ADDRESSES)
        group.endpoints.set(identity, endpointOf(address, isReady));
    }
  }
  return groups;
}

/** In one order of members, so that the texts of what we wrote and of what we want compare. */
function groupKey(addressType: string, ports: readonly EndpointPort[]): string {
  return JSON.stringify([addressType, ports.map(portOf)]);
}

function portOf({ name = "", port, protocol = "TCP", appProtocol }: EndpointPort): EndpointPort {
  return {
    name,
    ...(port !== undefined && { port }),
    protocol,
    ...(appProtocol !== undefined && { appProtocol }),
  };
}

function allOf({ addresses = [], notReadyAddresses = [] }: EndpointSubset): readonly {
  readonly address: EndpointAddress;
  readonly isReady: boolean;
}[] {
  return [
    ...addresses.map((address) => ({ address, isReady: true })),
    ...notReadyAddresses.map((address) => ({ address, isReady: false })),
  ];
}

function mirrorable(subset: EndpointSubset): ReturnType<typeof allOf> {
  return allOf(subset).filter(({ address }) => isAddress(address.ip));
}

function endpointOf({ ip, hostname, nodeName, targetRef }: EndpointAddress, isReady: boolean): Endpoint {
  return {
    addresses: [ip],
    conditions: { ready: isReady },
    ...(hostname !== undefined && hostname !== "" && { hostname }),
    ...(nodeName !== undefined && { nodeName }),
    ...(targetRef !== undefined && { targetRef }),
  };
}

function sliceOf(endpoints: Endpoints, group: Group, seed: string): EndpointSlice {
  const { name, namespace = "" } = endpoints.metadata;
  const generateName = `${name}-`;
  const [fresh = ""] = freshNames(generateName, 1, seed);
  const born = {
    metadata: {
      name: fresh,
      generateName,
      namespace,
      ownerReferences: [controllerReference(endpointsKind, endpoints)],
    },
    addressType: group.addressType,
    endpoints: [],
  };
  return mirrored(endpoints, group, born);
}

/** The slice with what the Endpoints say now. */
function mirrored(
  { metadata: { name, labels, annotations = {} } }: Endpoints,
  group: Group,
  slice: EndpointSlice,
): EndpointSlice {
  const copied = Object.entries(annotations).filter(([annotation]) => !NOT_MIRRORED.has(annotation));
  const { annotations: _before, ...metadata } = slice.metadata;
  return {
    ...slice,
    metadata: {
      ...metadata,
      labels: { ...labels, [SERVICE_NAME]: name, [MANAGED_BY]: MANAGER },
      ...(copied.length > 0 && { annotations: Object.fromEntries(copied) }),
    },
    endpoints: [...group.endpoints.values()],
    ports: group.ports,
  };
}

function warnings(endpoints: Endpoints): readonly Change[] {
  const subsets = endpoints.subsets ?? [];
  const count = (of: (subset: EndpointSubset) => number): number =>
    subsets.reduce((sum, subset) => sum + of(subset), 0);
  const invalid = count((subset) => allOf(subset).length - mirrorable(subset).length);
  const skipped = invalid + count((subset) => Math.max(0, mirrorable(subset).length - MOST_ADDRESSES));
  return [
    ...(invalid > 0
      ? [
          warningEvent(
            endpoints,
            "InvalidIPAddress",
            `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`,
          ),
        ]
      : []),
    ...(skipped > invalid
      ? [
          warningEvent(
            endpoints,
            "TooManyAddressesToMirror",
            `A max of ${MOST_ADDRESSES} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`,
          ),
        ]
      : []),
  ];
}
