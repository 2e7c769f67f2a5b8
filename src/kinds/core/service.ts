/** Service. */
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, formatLabels, NONE, text, wide } from "#kinds/columns.ts";
import { serviceCharges } from "./service-charges.ts";
import type { Kind } from "#kinds/kind.ts";
import { editedByMost, keptFromViewers } from "#kinds/roles.ts";
import { proxyPath, statusPath } from "#kinds/subresources.ts";
import { dns1035LabelFault } from "#kinds/rules/names.ts";
import { serviceFaults } from "./service-rules.ts";
import type { ServiceObject, ServicePort, ServiceSpec } from "./service-spec.ts";

export type Service = ServiceObject;

export const serviceKind: Kind<Service> = builtinKind<Service>({
  group: "",
  version: "v1",
  kind: "Service",
  plural: "services",
  shortNames: ["svc"],
  categories: ["all"],
  scope: "Namespaced",
  roles: editedByMost,
  countsGenerations: false,
  type: "io.k8s.api.core.v1.Service",
  charges: serviceCharges,
  subresources: [statusPath, proxyPath(keptFromViewers)],
  columns: [
    text("Type", ({ spec }) => spec.type ?? ""),
    text("Cluster-IP", ({ spec }) => spec.clusterIPs?.[0] ?? spec.clusterIP ?? NONE),
    text("External-IP", externalText),
    text("Port(s)", ({ spec }) => portsText(spec.ports ?? [])),
    ageColumn,
    wide("Selector", ({ spec }) => formatLabels(spec.selector)),
  ],
  selectableFields: {
    "spec.clusterIP": ({ spec }) => spec.clusterIP ?? "",
    "spec.type": ({ spec }) => spec.type ?? "",
  },
  checkName: dns1035LabelFault,
  defaults: defaultService,
  onUpdate: withoutLeftovers,
  validate: serviceFaults,
});

/** Three hours, the stickiness of sessionAffinity ClientIP. */
const AFFINITY_SECONDS = 10_800;

function defaultService(service: Service): Service {
  const { spec } = service;
  const type = spec.type ?? "ClusterIP";
  const { sessionAffinityConfig, ...others } = spec;
  const isExternal = isReachedFromOutside({ ...spec, type });
  const sticky =
    spec.sessionAffinity === "ClientIP"
      ? { clientIP: { timeoutSeconds: sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS } }
      : undefined;
  return {
    ...service,
    spec: {
      // SetDefaults_Service: with no affinity its configuration goes.
      ...others,
      type,
      sessionAffinity: spec.sessionAffinity ?? "None",
      ...(sticky !== undefined && { sessionAffinityConfig: sticky }),
      ...(spec.ports !== undefined && { ports: spec.ports.map(defaultPort) }),
      ...(type !== "ExternalName" && { internalTrafficPolicy: spec.internalTrafficPolicy ?? "Cluster" }),
      ...(isExternal && { externalTrafficPolicy: spec.externalTrafficPolicy ?? "Cluster" }),
      ...(type === "LoadBalancer" && { allocateLoadBalancerNodePorts: spec.allocateLoadBalancerNodePorts ?? true }),
    },
  };
}

/**
 * What only the type before had use for goes with it, unless the same write changed it: so that `kubectl patch` and
 * `apply` can turn a NodePort service into a ClusterIP one by its type alone.
 */
function withoutLeftovers(next: Service, live: Service): Service {
  const { externalTrafficPolicy, allocateLoadBalancerNodePorts, loadBalancerClass, ports, ...rest } = next.spec;
  const leavesNodePorts = hasNodePorts(live.spec) && !hasNodePorts(next.spec);
  const leavesOutside = isReachedFromOutside(live.spec) && !isReachedFromOutside(next.spec);
  const leavesBalancer = live.spec.type === "LoadBalancer" && next.spec.type !== "LoadBalancer";
  const isLeft = (leaves: boolean, name: keyof ServiceSpec): boolean => leaves && next.spec[name] === live.spec[name];
  const before = new Set(live.spec.ports?.map(({ nodePort }) => nodePort));
  const keepsPorts = !leavesNodePorts || ports?.some(({ nodePort }) => !before.has(nodePort)) === true;
  return {
    ...next,
    spec: {
      ...rest,
      ...(ports && { ports: keepsPorts ? ports : ports.map(({ nodePort: _left, ...port }) => port) }),
      ...(externalTrafficPolicy !== undefined &&
        !isLeft(leavesOutside, "externalTrafficPolicy") && { externalTrafficPolicy }),
      ...(allocateLoadBalancerNodePorts !== undefined &&
        !isLeft(leavesBalancer, "allocateLoadBalancerNodePorts") && { allocateLoadBalancerNodePorts }),
      ...(loadBalancerClass !== undefined && !isLeft(leavesBalancer, "loadBalancerClass") && { loadBalancerClass }),
    },
  };
}

/** Upstream's ExternallyAccessible: what externalTrafficPolicy is about. */
function isReachedFromOutside(spec: ServiceSpec): boolean {
  return hasNodePorts(spec) || (spec.type === "ClusterIP" && (spec.externalIPs ?? []).length > 0);
}

function hasNodePorts({ type }: ServiceSpec): boolean {
  return type === "NodePort" || type === "LoadBalancer";
}

function defaultPort(port: ServicePort): ServicePort {
  const hasTarget = port.targetPort !== undefined && port.targetPort !== 0 && port.targetPort !== "";
  return {
    ...port,
    protocol: port.protocol ?? "TCP",
    targetPort: hasTarget ? (port.targetPort ?? port.port) : port.port,
  };
}

function externalText(service: Service): string {
  const { type, externalIPs = [], externalName } = service.spec;
  if (type === "ExternalName") return externalName ?? "";
  if (type !== "LoadBalancer") return externalIPs.length > 0 ? externalIPs.join(",") : NONE;
  const given = (service.status?.loadBalancer?.ingress ?? []).flatMap(({ ip, hostname }) => ip ?? hostname ?? []);
  const all = [...new Set(given), ...externalIPs];
  return all.length > 0 ? all.join(",") : "<pending>";
}

function portsText(ports: readonly ServicePort[]): string {
  if (ports.length === 0) return NONE;
  return ports
    .map(
      ({ port, nodePort, protocol = "TCP" }) =>
        `${port}${nodePort === undefined || nodePort === 0 ? "" : `:${nodePort}`}/${protocol}`,
    )
    .join(",");
}
