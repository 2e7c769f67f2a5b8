/** The paths below an object's own: which verbs they take, what goes over them, who may use them, and what they write. Pure. */
import { scaleKind, evictionKind, tokenRequestKind, bindingKind } from "#kinds/rbac/reviews.ts";
import { type DefaultRoles, editedByMost, keptFromViewers, seenByAll } from "./roles.ts";
import type { Kind, Subresource } from "./kind.ts";
import type { KubeObject } from "./object.ts";

const DOCUMENT = ["get", "patch", "update"];
const CONNECT = ["create", "get"];

export const statusPath: Subresource = {
  name: "status",
  verbs: DOCUMENT,
  roles: seenByAll,
  writes: (kind, { live, next }) => ({
    ...withStatusOf(live, next),
    metadata: statusMetadata(kind, next.metadata, live.metadata),
  }),
};

export const scalePath: Subresource = {
  name: "scale",
  verbs: DOCUMENT,
  body: scaleKind,
  roles: editedByMost,
  writes: (_kind, { live, next }) => withStatusOf(next, live),
};

export const logPath: Subresource = { name: "log", verbs: ["get"], roles: seenByAll };

export const execPath: Subresource = { name: "exec", verbs: CONNECT, options: "ExecOptions", roles: keptFromViewers };

export const attachPath: Subresource = {
  name: "attach",
  verbs: CONNECT,
  options: "AttachOptions",
  roles: keptFromViewers,
};

export const portForwardPath: Subresource = {
  name: "portforward",
  verbs: CONNECT,
  options: "PortForwardOptions",
  roles: keptFromViewers,
};

export const evictionPath: Subresource = {
  name: "eviction",
  verbs: ["create"],
  body: evictionKind,
  roles: { edit: ["create"] },
};

/** Puts a pod on a node: the scheduler's alone. */
export const bindingPath: Subresource = {
  name: "binding",
  verbs: ["create"],
  body: bindingKind,
  writes: (_kind, { live, next }) =>
    withStatusOf(withSpec(live, { ...specOf(live), nodeName: specOf(next)["nodeName"] }), next),
};

export const tokenPath: Subresource = {
  name: "token",
  verbs: ["create"],
  body: tokenRequestKind,
  roles: { edit: ["create"] },
};

/** Adds containers to a living pod, for looking into it: `kubectl debug`. */
export const ephemeralContainersPath: Subresource = {
  name: "ephemeralcontainers",
  verbs: DOCUMENT,
  writes: (_kind, { live, next }) => ({
    ...withSpec(live, { ...specOf(live), ephemeralContainers: specOf(next)["ephemeralContainers"] ?? [] }),
    metadata: next.metadata,
  }),
};

/** A namespace's finalizers, which stand in its spec: the namespace controller's alone. */
export const finalizePath: Subresource = {
  name: "finalize",
  verbs: ["update"],
  writes: (_kind, { live, next }) => withSpec(live, { ...specOf(live), finalizers: specOf(next)["finalizers"] ?? [] }),
};

/** `roles` differ: a node's proxy reaches every pod on it. */
export function proxyPath(roles?: DefaultRoles): Subresource {
  const verbs = ["create", "delete", "get", "patch", "update"];
  return { name: "proxy", verbs, options: "ProxyOptions", ...(roles && { roles }) };
}

export function subresourceOf(kind: Kind, name: string): Subresource | undefined {
  return kind.subresources.find((subresource) => subresource.name === name);
}

/** Whether the status has a path of its own, so that the main one leaves it alone. */
export function hasStatus(kind: Kind): boolean {
  return subresourceOf(kind, "status") !== undefined;
}

type Loose = KubeObject & { readonly spec?: Readonly<Record<string, unknown>>; readonly status?: unknown };

/** `object` with the status of `from`; without one where that has none. */
export function withStatusOf(object: KubeObject, from: KubeObject): KubeObject {
  const { status: _status, ...rest }: Loose = object;
  const { status: kept }: Loose = from;
  const next: Loose = kept === undefined ? rest : { ...rest, status: kept };
  return next;
}

function specOf({ spec = {} }: Loose): Readonly<Record<string, unknown>> {
  return spec;
}

function withSpec(object: KubeObject, spec: Readonly<Record<string, unknown>>): KubeObject {
  const next: Loose = { ...object, spec };
  return next;
}

/** What upstream's status strategies call PrepareForUpdate: most reset spec alone, some a part of metadata too. */
function statusMetadata(
  { statusKeeps = [] }: Kind,
  next: KubeObject["metadata"],
  live: KubeObject["metadata"],
): KubeObject["metadata"] {
  if (statusKeeps === "all") return live;
  const { labels: _labels, ownerReferences: _owners, ...rest } = next;
  const from = (field: (typeof statusKeeps)[number]): KubeObject["metadata"] =>
    statusKeeps.includes(field) ? live : next;
  const kept = { labels: from("labels").labels, ownerReferences: from("ownerReferences").ownerReferences };
  return {
    ...rest,
    ...(kept.labels && { labels: kept.labels }),
    ...(kept.ownerReferences && { ownerReferences: kept.ownerReferences }),
  };
}
