/** EndpointSlice controller: the addresses behind each service with a selector, in slices of up to 100. */
import { matches, selectorOf } from "#base/selector.ts";
import { keyOf, type ObjectKey } from "#base/key.ts";
import type { Controller, Plan, Seen } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { type Endpoint, type EndpointSlice, endpointSliceKind } from "#kinds/networking/endpoint-slice.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { type Service, serviceKind } from "#kinds/core/service.ts";
import { controllerReference } from "#kinds/owners.ts";
import { create, freshNames, patchTo, remove } from "./changes.ts";
import { type Backend, type BackendPort, backendsOf, isManaged } from "./service-backends.ts";

const SERVICE_NAME = "kubernetes.io/service-name";
const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
const MANAGER = "endpointslice-controller.k8s.io";
const HEADLESS = "service.kubernetes.io/headless";
// Upstream's --max-endpoints-per-slice.
const SLICE_SIZE = 100;

export const endpointSliceController: Controller<Service> = {
  name: "endpointslice-controller",
  kind: serviceKind,
  watches: [
    { kind: podKind, wakes: servicesOfPod },
    {
      kind: endpointSliceKind,
      indexes: { service: serviceOfSlice },
      wakes: (slice: EndpointSlice) => serviceOfSlice(slice),
    },
    { kind: nodeKind, wakes: () => [] },
  ],
  plan,
};

/** Every service of the namespace that selects the pod. */
export function servicesOfPod(pod: Pod, seen: Seen): readonly ObjectKey[] {
  const namespace = pod.metadata.namespace ?? "";
  return seen
    .view(serviceKind)
    .list(namespace)
    .filter((service) => isManaged(service) && matches(selectorOf(service.spec.selector ?? {}), pod.metadata.labels))
    .map(({ metadata }) => keyOf(namespace, metadata.name));
}

function serviceOfSlice({ metadata }: EndpointSlice): readonly string[] {
  const service = metadata.labels?.[SERVICE_NAME];
  return service === undefined || metadata.labels?.[MANAGED_BY] !== MANAGER
    ? []
    : [keyOf(metadata.namespace ?? "", service)];
}

function plan(key: ObjectKey, service: Service | undefined, seen: Seen, _memory: undefined, now: number): Plan {
  const slices = seen.view(endpointSliceKind).by("service", key);
  if (service === undefined) return { changes: slices.map((slice) => remove(endpointSliceKind, slice)) };
  if (!isManaged(service) || service.metadata.deletionTimestamp !== undefined) return { changes: [] };
  const backends = backendsOf(service, seen.view(podKind), seen.view(nodeKind));
  const groups = groupByPorts(backends);
  // Even a service without pods has one, empty, slice.
  if (groups.size === 0) groups.set("[]", { ports: [], backends: [] });
  const seed = `${service.metadata.uid} ${now}`;
  const changes = [...groups].flatMap(([portsKey, group]) => {
    const existing = slices.filter((slice) => JSON.stringify(portsOfSlice(slice)) === portsKey);
    return fill(service, group, existing, `${seed} ${portsKey}`);
  });
  const strays = slices.filter((slice) => !groups.has(JSON.stringify(portsOfSlice(slice))));
  return { changes: [...changes, ...strays.map((slice) => remove(endpointSliceKind, slice))] };
}

interface Group {
  readonly ports: readonly BackendPort[];
  readonly backends: Backend[];
}

function groupByPorts(backends: readonly Backend[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  for (const backend of backends) {
    const key = JSON.stringify(backend.ports);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ports: backend.ports, backends: [backend] });
    else group.backends.push(backend);
  }
  return groups;
}

/** In the same order of members as BackendPort is made, so that the JSON texts compare. */
function portsOfSlice({ ports = [] }: EndpointSlice): readonly BackendPort[] {
  return ports.map(({ name = "", port = 0, protocol = "TCP", appProtocol }) => ({
    name,
    port,
    protocol,
    ...(appProtocol !== undefined && { appProtocol }),
  }));
}

/** Keeps every endpoint in the slice where it is, fills the gaps, and makes or removes slices only where it must. */
function fill(
  service: Service,
  { ports, backends }: Group,
  existing: readonly EndpointSlice[],
  seed: string,
): readonly Change[] {
  const wanted = new Map(backends.map((backend) => [backend.uid, backend]));
  const kept = existing.map((slice) => {
    const uids = (slice.endpoints ?? [])
      .flatMap(({ targetRef }) => targetRef?.uid ?? [])
      .filter((uid) => wanted.has(uid));
    const here = uids
      .slice(0, SLICE_SIZE)
      .map((uid) => wanted.get(uid))
      .filter((backend) => backend !== undefined);
    for (const { uid } of here) wanted.delete(uid);
    return { slice, here };
  });
  const homeless = [...wanted.values()];
  for (const { here } of kept) here.push(...homeless.splice(0, SLICE_SIZE - here.length));
  const chunks = Array.from({ length: Math.ceil(homeless.length / SLICE_SIZE) }, (_, at) =>
    homeless.slice(at * SLICE_SIZE, (at + 1) * SLICE_SIZE),
  );
  if (kept.length === 0 && chunks.length === 0) chunks.push([]);
  const names = freshNames(`${service.metadata.name}-`, chunks.length, seed);
  const hasOther = (at: number): boolean =>
    chunks.length > 0 || kept.some(({ here }, other) => here.length > 0 || other < at);
  const changed = kept.flatMap(({ slice, here }, at) => {
    if (here.length === 0 && hasOther(at)) return [remove(endpointSliceKind, slice)];
    return patchTo(endpointSliceKind, slice, {
      ...slice,
      ...contentOf(service, ports, here),
      metadata: { ...slice.metadata, labels: labelsOf(service) },
    });
  });
  return [
    ...changed,
    ...chunks.map((chunk, at) =>
      create(endpointSliceKind, sliceOf(service, names[at] ?? "", contentOf(service, ports, chunk))),
    ),
  ];
}

type Content = Pick<EndpointSlice, "endpoints" | "ports">;

function contentOf(service: Service, ports: readonly BackendPort[], backends: readonly Backend[]): Content {
  return { endpoints: backends.map((backend) => endpointOf(service, backend)), ports };
}

function sliceOf(service: Service, name: string, content: Content): EndpointSlice {
  const generateName = `${service.metadata.name}-`;
  return {
    metadata: {
      name,
      generateName,
      namespace: service.metadata.namespace ?? "",
      labels: labelsOf(service),
      ownerReferences: [controllerReference(serviceKind, service)],
    },
    addressType: "IPv4",
    ...content,
  };
}

/**
 * The service's own labels and no others, and those by which everybody finds its slices, which are said here alone
 * (k8s.io/endpointslice, setEndpointSliceLabels): a label that the service loses is lost by its slices, too.
 */
function labelsOf({ metadata, spec }: Service): Readonly<Record<string, string>> {
  const { [HEADLESS]: _headless, ...labels } = metadata.labels ?? {};
  return {
    ...labels,
    ...(spec.clusterIP === "None" && { [HEADLESS]: "" }),
    [SERVICE_NAME]: metadata.name,
    [MANAGED_BY]: MANAGER,
  };
}

function endpointOf(
  service: Service,
  { ip, isServing, isTerminating, nodeName, zone, hostname, target }: Backend,
): Endpoint {
  const isPublished = service.spec.publishNotReadyAddresses === true;
  return {
    addresses: [ip],
    // A pod that ends is no longer ready, even while it still serves.
    conditions: { ready: isPublished || (isServing && !isTerminating), serving: isServing, terminating: isTerminating },
    ...(hostname !== undefined && { hostname }),
    ...(nodeName !== undefined && { nodeName }),
    ...(zone !== undefined && { zone }),
    targetRef: target,
  };
}
