/** Ingress addresses: the status of what the gateway serves says where. Routes are the gateway's own. */
import { sameJson } from "#base/json.ts";
import type { Controller } from "#deck/controller.ts";
import { type Ingress, ingressKind, isServedByGateway } from "#kinds/networking/ingress.ts";
import type { IngressAddress } from "#kinds/networking/ingress-spec.ts";
import { patchTo } from "./changes.ts";
import type { Edge } from "./edge.ts";

export function ingressAddressController({ ip, port }: Edge): Controller<Ingress> {
  const ours: readonly IngressAddress[] = [{ ip, ports: [{ port, protocol: "TCP" }] }];
  return {
    name: "ingress-address",
    kind: ingressKind,
    watches: [],
    plan: (_key, ingress) => {
      if (ingress === undefined || ingress.metadata.deletionTimestamp !== undefined) return { changes: [] };
      const before = ingress.status?.loadBalancer?.ingress ?? [];
      // What somebody else says of it, a balancer before the gateway perhaps, is left as it is.
      const isOurs = before.every((address) => address.ip === ip);
      if (isServedByGateway(ingress) && isOurs)
        return { changes: patchTo(ingressKind, ingress, withAddress(ingress, ours), "status") };
      // Of another class by now: its own controller says where it is, but not before we have taken back what we said.
      return {
        changes: sameJson(before, ours) ? patchTo(ingressKind, ingress, withAddress(ingress, []), "status") : [],
      };
    },
  };
}

function withAddress(ingress: Ingress, addresses: readonly IngressAddress[]): Ingress {
  return {
    ...ingress,
    status: { ...ingress.status, loadBalancer: addresses.length === 0 ? {} : { ingress: addresses } },
  };
}
