/** What a node may write although its role allows more: upstream's NodeRestriction. Pure. */
import { Fault } from "#base/fault.ts";
import type { ApiPath } from "./api-path.ts";
import type { Identity } from "./authenticate.ts";

/** NodeRestriction: a node writes its own Node, Lease and the status of pods only. */
export function restrictNode(identity: Identity, { kind, name, subresource, namespace }: ApiPath, verb: string): void {
  if (["get", "list", "watch", "create"].includes(verb)) return;
  const node = identity.name.replace(/^system:node:/, "");
  const isOther =
    (kind.plural === "nodes" && name !== node) ||
    (kind.plural === "leases" && (namespace !== "kube-node-lease" || name !== node));
  if (isOther)
    throw new Fault(
      "Forbidden",
      `${kind.plural} "${name}" is forbidden: node "${node}" is not allowed to modify ${kind.plural} of others`,
      { kind: kind.plural, name },
    );
  if (kind.plural === "pods" && verb !== "delete" && subresource !== "status")
    throw new Fault("Forbidden", `pods "${name}" is forbidden: node "${node}" can only update the status of pods`, {
      kind: "pods",
      name,
    });
}
