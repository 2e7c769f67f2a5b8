/** Which pods stand behind a service, at which addresses and ports, and in which state. Shared by slices and Endpoints. */
import { matches, selectorOf } from "#base/selector.ts";
import type { View } from "#deck/objects.ts";
import type { Node } from "#kinds/core/node.ts";
import type { ObjectReference } from "#kinds/object-reference.ts";
import type { Protocol } from "#kinds/core/pod-spec.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { Service } from "#kinds/core/service.ts";
import { hasEnded, isReady } from "./pod-facts.ts";

export interface Backend {
  readonly ip: string;
  readonly uid: string;
  readonly isServing: boolean;
  readonly isTerminating: boolean;
  readonly ports: readonly BackendPort[];
  readonly nodeName?: string;
  readonly zone?: string;
  readonly hostname?: string;
  readonly target: ObjectReference;
}

export interface BackendPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly appProtocol?: string;
}

/** Without a selector (or by name only) the endpoints are somebody else's. */
export function isManaged({ spec }: Service): boolean {
  return spec.type !== "ExternalName" && Object.keys(spec.selector ?? {}).length > 0;
}

/** Every pod that has an address and has not ended, sorted by name so that nothing moves without need. */
export function backendsOf(service: Service, pods: View<Pod>, nodes: View<Node>): readonly Backend[] {
  const selector = selectorOf(service.spec.selector ?? {});
  return pods
    .list(service.metadata.namespace)
    .filter((pod) => matches(selector, pod.metadata.labels) && !hasEnded(pod) && (pod.status?.podIP ?? "") !== "")
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    .map((pod) => backendOf(service, pod, nodes));
}

function backendOf(service: Service, pod: Pod, nodes: View<Node>): Backend {
  const { name, namespace = "", uid = "" } = pod.metadata;
  const { nodeName, hostname, subdomain } = pod.spec;
  const zone =
    nodeName === undefined ? undefined : nodes.get(`/${nodeName}`)?.metadata.labels?.["topology.kubernetes.io/zone"];
  const isNamed = hostname !== undefined && hostname !== "" && subdomain === service.metadata.name;
  return {
    ip: pod.status?.podIP ?? "",
    uid,
    isServing: isReady(pod),
    isTerminating: pod.metadata.deletionTimestamp !== undefined,
    ports: portsOf(service, pod),
    ...(nodeName !== undefined && { nodeName }),
    ...(zone !== undefined && { zone }),
    ...(isNamed && { hostname }),
    target: { kind: "Pod", namespace, name, uid },
  };
}

/** A named target port may be another number in each pod; a pod that lacks it lacks the port. */
function portsOf(service: Service, pod: Pod): readonly BackendPort[] {
  return (service.spec.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod);
    if (number === undefined) return [];
    return [
      {
        name: port.name ?? "",
        port: number,
        protocol: port.protocol ?? "TCP",
        ...(port.appProtocol !== undefined && { appProtocol: port.appProtocol }),
      },
    ];
  });
}

type ServicePort = NonNullable<Service["spec"]["ports"]>[number];

function targetPort({ targetPort: target, port, protocol = "TCP" }: ServicePort, pod: Pod): number | undefined {
  if (target === undefined || target === 0 || target === "") return port;
  if (typeof target === "number") return target;
  const sidecars = (pod.spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always");
  for (const container of [...pod.spec.containers, ...sidecars]) {
    const found = (container.ports ?? []).find(
      ({ name, protocol: own = "TCP" }) => name === target && own === protocol,
    );
    if (found !== undefined) return found.containerPort;
  }
  return undefined;
}
