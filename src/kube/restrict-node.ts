/** What a node may do although its role allows more: upstream's node authorizer and NodeRestriction. Pure. */
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import { parseFieldSelector } from "#base/selector.ts";
import type { View } from "#deck/objects.ts";
import { type Kind, resourceOf } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { Pod } from "#kinds/pod.ts";
import { referencesOf } from "#pods/references.ts";
import type { ApiPath } from "./api-path.ts";
import type { Identity } from "./authenticate.ts";

const NODES = "system:nodes";
const PREFIX = "system:node:";
const LEASES = "kube-node-lease";
// Every pod has it mounted, though no pod names it.
const PUBLIC_MAP = "kube-root-ca.crt";

/** The index of a view of pods by the node that they are bound to. */
export const byNode = {
  node: ({ spec }: Pod): readonly string[] => (spec.nodeName === undefined ? [] : [spec.nodeName]),
};

export interface NodeQuestion {
  readonly path: ApiPath;
  readonly verb: string;
  readonly query: URLSearchParams;
}

/** Throws Forbidden when a node goes beyond itself and its pods; others may pass. `pods` is indexed `byNode`. */
export function restrictNode(identity: Identity, { path, verb, query }: NodeQuestion, pods: View<Pod>): void {
  const node = nodeNameOf(identity);
  if (node === null) return;
  const { kind, namespace, name } = path;
  const isRead = verb === "get" || verb === "list" || verb === "watch";
  switch (`${kind.group}/${kind.plural}`) {
    case "/secrets":
    case "/configmaps":
      if (isRead) checkReferred(node, kind, { namespace, name: name || (namedBy(query) ?? "") }, pods);
      return;
    case "/pods":
      if (!isRead) checkOwnPod(node, { path, verb, query }, pods);
      return;
    case "/nodes":
      if (!isRead && verb !== "create") checkOwn(node, kind, { namespace, name });
      return;
    case "coordination.k8s.io/leases":
      if (verb !== "list" && verb !== "watch" && verb !== "create") checkOwn(node, kind, { namespace, name });
      return;
    default:
  }
}

/** The same for what a node creates, which has its name in the body. */
export function restrictCreation(identity: Identity, kind: Kind, { metadata }: KubeObject): void {
  const node = nodeNameOf(identity);
  if (node === null || !["/nodes", "coordination.k8s.io/leases"].includes(`${kind.group}/${kind.plural}`)) return;
  checkOwn(node, kind, { namespace: metadata.namespace ?? "", name: metadata.name });
}

/** A node gets tokens for its pods only. */
export function restrictToken(identity: Identity, kind: Kind, name: string, pod: Pod | null): void {
  const node = nodeNameOf(identity);
  if (node === null) return;
  if (pod === null) throw refused(kind, name, `node requested token not bound to a pod`);
  if (pod.spec.nodeName !== node)
    throw refused(kind, name, `node requested token bound to a pod scheduled on a different node`);
}

/** Null for whoever is no node; nobody's name for a member of the group that is none. */
function nodeNameOf({ name, groups }: Identity): string | null {
  if (!groups.includes(NODES)) return null;
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : "";
}

function checkOwnPod(node: string, { path, verb }: NodeQuestion, pods: View<Pod>): void {
  const { kind, namespace, name, subresource } = path;
  const isRemoval = verb === "delete" && subresource === undefined;
  if (!isRemoval && subresource !== "status")
    throw refused(kind, name, `node "${node}" can only update the status of pods`);
  if (pods.get(keyOf(namespace, name))?.spec.nodeName === node) return;
  const what = isRemoval ? "delete pods" : "update pod status for pods";
  throw refused(kind, name, `node "${node}" can only ${what} with spec.nodeName set to itself`);
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

function checkOwn(node: string, kind: Kind, { namespace, name }: Named): void {
  if (kind.plural === "leases") {
    if (namespace !== LEASES) throw refused(kind, name, `can only access leases in the "${LEASES}" system namespace`);
    if (name !== node)
      throw refused(kind, name, "can only access node lease with the same name as the requesting node");
  } else if (name !== node) throw refused(kind, name, `node "${node}" is not allowed to modify node "${name}"`);
}

function checkReferred(node: string, kind: Kind, { namespace, name }: Named, pods: View<Pod>): void {
  if (namespace === "" || name === "")
    throw refused(kind, name, `node "${node}" can only read ${kind.plural} one by one`);
  if (kind.plural === "configmaps" && name === PUBLIC_MAP) return;
  const isReferred = pods.by("node", node).some((pod) => {
    if (pod.metadata.namespace !== namespace) return false;
    const { configMaps, secrets } = referencesOf(pod);
    const pulls = pod.spec.imagePullSecrets?.some((pull) => pull.name === name) === true;
    return kind.plural === "configmaps" ? configMaps.includes(name) : secrets.includes(name) || pulls;
  });
  if (!isReferred) throw refused(kind, name, `no relationship found between node '${node}' and this object`);
}

/** The one name that a field selector asks for. */
function namedBy(query: URLSearchParams): string | undefined {
  const fields = parseFieldSelector(query.get("fieldSelector") ?? "");
  for (const field of fields)
    if (field.key === "metadata.name" && field.operator === "In" && field.values.length === 1) return field.values[0];
  return undefined;
}

function refused(kind: Kind, name: string, why: string): Fault {
  const what = resourceOf(kind);
  return new Fault("Forbidden", `${what}${name === "" ? "" : ` "${name}"`} is forbidden: ${why}`, {
    group: kind.group,
    kind: kind.plural,
    ...(name !== "" && { name }),
  });
}
