/** What a node may do although its role allows more: upstream's node authorizer and NodeRestriction. Pure. */
import { Fault } from "#base/fault.ts";
import { keyOf } from "#base/key.ts";
import type { View } from "#deck/objects.ts";
import { sameJson } from "#base/json.ts";
import { type Kind, resourceOf } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { configMapKind } from "#kinds/core/config-map.ts";
import { leaseKind } from "#kinds/core/lease.ts";
import { type Node, nodeKind } from "#kinds/core/node.ts";
import { type PersistentVolumeClaim, persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { type PersistentVolume, persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import { type Pod, podKind } from "#kinds/core/pod.ts";
import { secretKind } from "#kinds/core/secret.ts";
import { annotationOf, BUILTIN_PROVISIONER, PROVISIONED_BY } from "#kinds/storage/binding.ts";
import { referencesOf } from "#pods/references.ts";
import type { ApiPath } from "./api-path.ts";
import { selectedName } from "./asked.ts";
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
  switch (kind) {
    case secretKind:
    case configMapKind:
      if (isRead) checkReferred(node, kind, { namespace, name: name || (selectedName(query) ?? "") }, pods);
      return;
    case podKind:
      if (!isRead) checkOwnPod(node, { path, verb, query }, pods);
      return;
    case nodeKind:
      if (!isRead && verb !== "create") checkOwn(node, kind, { namespace, name });
      return;
    case leaseKind:
      if (verb !== "list" && verb !== "watch" && verb !== "create") checkOwn(node, kind, { namespace, name });
      return;
    default:
  }
}

/** The same for what a node creates, which has its name in the body. */
export function restrictCreation(identity: Identity, kind: Kind, object: KubeObject): void {
  const { metadata } = object;
  const node = nodeNameOf(identity);
  if (node === null) return;
  const { namespace = "", name } = metadata;
  if (kind === persistentVolumeKind) return checkOwnVolume(node, object as PersistentVolume);
  if (kind !== nodeKind && kind !== leaseKind) return;
  checkOwn(node, kind, { namespace, name });
  const forbidden = kind === nodeKind ? forbiddenLabels({}, metadata.labels ?? {}) : [];
  if (forbidden.length > 0)
    throw refused(kind, name, `node "${node}" is not allowed to set the following labels: ${forbidden.join(", ")}`);
}

/** Whether what a write makes of an object must be looked at: nodes steer no work to themselves by labels or taints. */
export function restrictsWrites(identity: Identity, { kind, subresource }: ApiPath): boolean {
  if (nodeNameOf(identity) === null) return false;
  if (kind === persistentVolumeClaimKind) return true;
  return kind === nodeKind || kind === persistentVolumeKind || (kind === podKind && subresource === "status");
}

/** Throws Forbidden when a node's write changes what is not its own to change. */
export function restrictWrite(identity: Identity, kind: Kind, { live, next }: Written): void {
  const node = nodeNameOf(identity) ?? "";
  const { name, labels = {} } = next.metadata;
  const before = live.metadata.labels ?? {};
  if (kind === podKind) {
    if (!sameJson(before, labels)) throw refused(kind, name, `node "${node}" cannot update labels through pod status`);
    return;
  }
  if (kind === persistentVolumeKind) return checkVolumeWrite(node, { live, next });
  if (kind === persistentVolumeClaimKind) return checkClaimWrite(node, { live, next });
  const [was, is] = [live, next].map((each) => (each as Node).spec?.taints ?? []);
  if (!sameJson(was, is)) throw refused(kind, name, `node "${node}" is not allowed to modify taints`);
  const forbidden = forbiddenLabels(before, labels);
  if (forbidden.length > 0) throw refused(kind, name, `is not allowed to modify labels: ${forbidden.join(", ")}`);
}

/** A node makes volumes of its own folders only, for whoever was sent to it. */
function checkOwnVolume(node: string, volume: PersistentVolume): void {
  const required = volume.spec.nodeAffinity?.required?.nodeSelectorTerms;
  const own = [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] }];
  const isOwn = volume.spec.local !== undefined && sameJson(required ?? [], own);
  if (isOwn && annotationOf(volume, PROVISIONED_BY) === BUILTIN_PROVISIONER) return;
  throw refused(persistentVolumeKind, volume.metadata.name, `node "${node}" can only make local volumes of its own`);
}

/** It lets go of what it has removed, and changes nothing else of a volume. */
function checkVolumeWrite(node: string, { live, next }: Written): void {
  checkOwnVolume(node, live as PersistentVolume);
  const rest = ({ metadata, ...others }: KubeObject): object => ({ ...others, annotations: metadata.annotations });
  if (!sameJson(rest(live), rest(next)))
    throw refused(
      persistentVolumeKind,
      next.metadata.name,
      `node "${node}" can only change the finalizers of a volume`,
    );
}

/** NodeRestriction, admitPVCStatus: what a node has made larger, and nothing else. */
function checkClaimWrite(node: string, { live, next }: Written): void {
  const rest = (claim: PersistentVolumeClaim): object => {
    const { capacity: _capacity, conditions: _conditions, ...status } = claim.status ?? {};
    return {
      spec: claim.spec,
      labels: claim.metadata.labels ?? {},
      annotations: claim.metadata.annotations ?? {},
      status,
    };
  };
  if (sameJson(rest(live as PersistentVolumeClaim), rest(next as PersistentVolumeClaim))) return;
  const why = `node "${node}" may only update fields status.capacity and status.conditions`;
  throw refused(persistentVolumeClaimKind, next.metadata.name, why);
}

interface Written {
  readonly live: KubeObject;
  readonly next: KubeObject;
}

type Labels = Readonly<Record<string, string>>;

// k8s.io/kubelet/pkg/apis: the labels in Kubernetes' own namespaces that a kubelet may set.
const OWN_LABELS: ReadonlySet<string> = new Set([
  "kubernetes.io/hostname",
  "kubernetes.io/os",
  "kubernetes.io/arch",
  "beta.kubernetes.io/os",
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/instance-type",
  "node.kubernetes.io/instance-type",
  "topology.kubernetes.io/zone",
  "topology.kubernetes.io/region",
  "failure-domain.beta.kubernetes.io/zone",
  "failure-domain.beta.kubernetes.io/region",
]);
const OWN_NAMESPACES = ["kubelet.kubernetes.io", "node.kubernetes.io"];
const RESTRICTED = "node-restriction.kubernetes.io";

/** Labels that are added, changed or removed and are not a node's to set (NodeRestriction, getForbiddenLabels). */
function forbiddenLabels(before: Labels, after: Labels): readonly string[] {
  const changed = [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (label) => before[label] !== after[label],
  );
  return changed.filter((label) => !isOwnLabel(label)).toSorted();
}

function isOwnLabel(label: string): boolean {
  const namespace = label.includes("/") ? label.slice(0, label.indexOf("/")) : "";
  const isIn = (parent: string): boolean => namespace === parent || namespace.endsWith(`.${parent}`);
  if (isIn(RESTRICTED)) return false;
  if (!isIn("kubernetes.io") && !isIn("k8s.io")) return true;
  return OWN_LABELS.has(label) || OWN_NAMESPACES.some(isIn);
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
  const pod = pods.get(keyOf(namespace, name));
  // As upstream: what is gone is not found, whoever asks.
  if (pod === undefined) throw new Fault("NotFound", `pods "${name}" not found`, { kind: "pods", name });
  if (pod.spec.nodeName === node) return;
  const what = isRemoval ? "delete pods" : "update pod status for pods";
  throw refused(kind, name, `node "${node}" can only ${what} with spec.nodeName set to itself`);
}

interface Named {
  readonly namespace: string;
  readonly name: string;
}

function checkOwn(node: string, kind: Kind, { namespace, name }: Named): void {
  if (kind === leaseKind) {
    if (namespace !== LEASES) throw refused(kind, name, `can only access leases in the "${LEASES}" system namespace`);
    if (name !== node)
      throw refused(kind, name, "can only access node lease with the same name as the requesting node");
  } else if (name !== node) throw refused(kind, name, `node "${node}" is not allowed to modify node "${name}"`);
}

function checkReferred(node: string, kind: Kind, { namespace, name }: Named, pods: View<Pod>): void {
  if (namespace === "" || name === "")
    throw refused(kind, name, `node "${node}" can only read ${kind.plural} one by one`);
  if (kind === configMapKind && name === PUBLIC_MAP) return;
  const isReferred = pods.by("node", node).some((pod) => {
    if (pod.metadata.namespace !== namespace) return false;
    const { configMaps, secrets } = referencesOf(pod);
    const pulls = pod.spec.imagePullSecrets?.some((pull) => pull.name === name) === true;
    return kind === configMapKind ? configMaps.includes(name) : secrets.includes(name) || pulls;
  });
  if (!isReferred) throw refused(kind, name, `no relationship found between node '${node}' and this object`);
}

function refused(kind: Kind, name: string, why: string): Fault {
  const what = resourceOf(kind);
  return new Fault("Forbidden", `${what}${name === "" ? "" : ` "${name}"`} is forbidden: ${why}`, {
    group: kind.group,
    kind: kind.plural,
    ...(name !== "" && { name }),
  });
}
