/** What a service takes of quotas: itself, ports of the nodes, a load balancer (upstream's pkg/quota/v1/evaluator/core/services.go). */
import { type Charges, ONE } from "#kinds/quota.ts";
import type { ServiceSpec } from "./service-spec.ts";

const NAMES = ["services", "services.nodeports", "services.loadbalancers"];

export const serviceCharges: Charges<{ readonly spec: ServiceSpec }> = {
  isAbout: (name) => NAMES.includes(name),
  usage: ({ spec }) =>
    new Map([
      ["services", ONE],
      ["services.nodeports", BigInt(nodePortsOf(spec)) * ONE],
      ["services.loadbalancers", spec.type === "LoadBalancer" ? ONE : 0n],
    ]),
};

function nodePortsOf({ type, ports = [], allocateLoadBalancerNodePorts: isGiven = true }: ServiceSpec): number {
  if (type === "NodePort") return ports.length;
  if (type !== "LoadBalancer") return 0;
  return isGiven ? ports.length : ports.filter(({ nodePort = 0 }) => nodePort !== 0).length;
}
