/** What the user-facing roles of every cluster may do with a kind (Kubernetes docs, "Using RBAC", "User-facing roles"). Data only. */

/** "edit" may do what "view" may, "admin" what "edit" may. */
export type RoleName = "view" | "edit" | "admin";

/** The verbs that each role adds. */
export type DefaultRoles = Readonly<Partial<Record<RoleName, readonly string[]>>>;

const READ = ["get", "list", "watch"] as const;
export const WRITE = ["create", "delete", "deletecollection", "patch", "update"] as const;

/** Seen by everybody in the namespace, changed by cluster administrators and by whoever it is granted to. */
export const seenByAll: DefaultRoles = { view: READ };
/** Seen by everybody in the namespace, changed by those who work in it. */
export const editedByMost: DefaultRoles = { view: READ, edit: WRITE };
/** Whoever reads a secret has it, and whoever executes in a pod is in it: neither is for viewers. */
export const keptFromViewers: DefaultRoles = { edit: [...READ, ...WRITE] };
/** For those who run the namespace: who may do what in it. */
export const forAdmins: DefaultRoles = { admin: [...READ, ...WRITE] };
