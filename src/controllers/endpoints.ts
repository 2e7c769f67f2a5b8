/** Endpoints controller: the older form of the same addresses, one object per service, for clients that still read it. */
import { keyOf, nameOf, type ObjectKey } from "#base/key.ts";
import type { Controller, Plan, Seen } from "#deck/controller.ts";
import { type EndpointAddress, type Endpoints, endpointsKind, type EndpointSubset } from "#kinds/core/endpoints.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { podKind } from "#kinds/core/pod.ts";
import { type Service, serviceKind } from "#kinds/core/service.ts";
import { create, patchTo, remove } from "./changes.ts";
import { servicesOfPod } from "./endpoint-slice.ts";
import { type Backend, type BackendPort, backendsOf, isManaged } from "./service-backends.ts";

const MANAGED_BY = "endpoints.kubernetes.io/managed-by";
const MANAGER = "endpoint-controller";
// Above so many addresses upstream cuts them off and says so.
const MOST_ADDRESSES = 1_000;
const OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity";

export const endpointsController: Controller<Service> = {
  name: "endpoint-controller",
  kind: serviceKind,
  watches: [
    { kind: podKind, wakes: servicesOfPod },
    { kind: endpointsKind, wakes: ({ metadata }: Endpoints) => [keyOf(metadata.namespace ?? "", metadata.name)] },
    { kind: nodeKind, wakes: () => [] },
  ],
  plan,
};

function plan(key: ObjectKey, service: Service | undefined, seen: Seen): Plan {
  const live = seen.view(endpointsKind).get(key);
  if (service === undefined)
    return { changes: live?.metadata.labels?.[MANAGED_BY] === MANAGER ? [remove(endpointsKind, live)] : [] };
  if (!isManaged(service) || service.metadata.deletionTimestamp !== undefined) return { changes: [] };
  const backends = backendsOf(service, seen.view(podKind), seen.view(nodeKind)).filter(
    ({ isTerminating }) => !isTerminating || service.spec.publishNotReadyAddresses === true,
  );
  const wanted = endpointsOf(key, service, backends);
  if (live === undefined) return { changes: [create(endpointsKind, wanted)] };
  const { subsets: _before, ...rest } = live;
  const next: Endpoints = {
    ...rest,
    metadata: { ...live.metadata, labels: wanted.metadata.labels ?? {} },
    ...(wanted.subsets && { subsets: wanted.subsets }),
  };
  return { changes: patchTo(endpointsKind, live, next) };
}

function endpointsOf(key: ObjectKey, service: Service, backends: readonly Backend[]): Endpoints {
  const subsets = subsetsOf(service, backends.slice(0, MOST_ADDRESSES));
  const isCut = backends.length > MOST_ADDRESSES;
  return {
    metadata: {
      ...nameOf(key),
      labels: { ...service.metadata.labels, [MANAGED_BY]: MANAGER },
      ...(isCut && { annotations: { [OVER_CAPACITY]: "truncated" } }),
    },
    ...(subsets.length > 0 && { subsets }),
  };
}

/** Addresses with the same ports share a subset, ready and unready ones apart. */
function subsetsOf(service: Service, backends: readonly Backend[]): readonly EndpointSubset[] {
  const groups = new Map<
    string,
    { readonly ports: readonly BackendPort[]; readonly ready: EndpointAddress[]; readonly unready: EndpointAddress[] }
  >();
  for (const backend of backends) {
    const key = JSON.stringify(backend.ports);
    const group = groups.get(key) ?? { ports: backend.ports, ready: [], unready: [] };
    groups.set(key, group);
    const isReady = backend.isServing || service.spec.publishNotReadyAddresses === true;
    (isReady ? group.ready : group.unready).push(addressOf(backend));
  }
  return [...groups.values()].map(({ ports, ready, unready }) => ({
    ...(ready.length > 0 && { addresses: ready }),
    ...(unready.length > 0 && { notReadyAddresses: unready }),
    ...(ports.length > 0 && { ports: ports.map(({ name, ...port }) => ({ ...(name !== "" && { name }), ...port })) }),
  }));
}

function addressOf({ ip, hostname, nodeName, target }: Backend): EndpointAddress {
  return {
    ip,
    ...(hostname !== undefined && { hostname }),
    ...(nodeName !== undefined && { nodeName }),
    targetRef: target,
  };
}
