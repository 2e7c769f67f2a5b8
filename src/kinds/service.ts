/** Service. */
import { ageColumn, formatLabels, NONE, text, wide } from "./columns.ts";
import { builtinKind } from "./builtin.ts";
import type { Kind } from "./kind.ts";
import type { Condition, KubeObject } from "./object.ts";
import type { IntOrString, Protocol } from "./pod-spec.ts";

export interface Service extends KubeObject {
  readonly spec: ServiceSpec;
  readonly status?: { readonly loadBalancer?: LoadBalancerStatus; readonly conditions?: readonly Condition[] };
}

export interface ServiceSpec {
  readonly type?: "ClusterIP" | "NodePort" | "LoadBalancer" | "ExternalName";
  readonly selector?: Readonly<Record<string, string>>;
  readonly ports?: readonly ServicePort[];
  readonly clusterIP?: string;
  readonly clusterIPs?: readonly string[];
  readonly ipFamilies?: readonly ("IPv4" | "IPv6")[];
  readonly ipFamilyPolicy?: "SingleStack" | "PreferDualStack" | "RequireDualStack";
  readonly externalIPs?: readonly string[];
  readonly externalName?: string;
  readonly sessionAffinity?: "None" | "ClientIP";
  readonly sessionAffinityConfig?: { readonly clientIP?: { readonly timeoutSeconds?: number } };
  readonly loadBalancerIP?: string;
  readonly loadBalancerSourceRanges?: readonly string[];
  readonly loadBalancerClass?: string;
  readonly allocateLoadBalancerNodePorts?: boolean;
  readonly externalTrafficPolicy?: "Cluster" | "Local";
  readonly internalTrafficPolicy?: "Cluster" | "Local";
  readonly healthCheckNodePort?: number;
  readonly publishNotReadyAddresses?: boolean;
  readonly trafficDistribution?: string;
}

export interface ServicePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol?: Protocol;
  readonly targetPort?: IntOrString;
  readonly nodePort?: number;
  readonly appProtocol?: string;
}

export interface LoadBalancerStatus {
  readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string; readonly ipMode?: string }[];
}

export const serviceKind: Kind<Service> = builtinKind<Service>({
  group: "",
  version: "v1",
  kind: "Service",
  plural: "services",
  shortNames: ["svc"],
  categories: ["all"],
  scope: "Namespaced",
  type: "io.k8s.api.core.v1.Service",
  subresources: ["status", "proxy"],
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
});

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
    .map(({ port, nodePort, protocol = "TCP" }) => `${port}${nodePort === undefined || nodePort === 0 ? "" : `:${nodePort}`}/${protocol}`)
    .join(",");
}
