/** Writes that are looked at before they are done: nobody hands out by a role what he does not have himself, no node steers work to itself. */
import { Fault } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import { keyOf } from "#base/key.ts";
import type { WriteRequest, Written } from "#deck/write-request.ts";
import {
  type CertificateSigningRequest,
  certificateSigningRequestKind,
} from "#kinds/certificates/certificate-signing-request.ts";
import { resourceOf } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import {
  clusterRoleKind,
  type ClusterRole,
  type PolicyRule,
  type Role,
  roleKind,
  type RoleRef,
} from "#kinds/rbac/rbac.ts";
import type { Attributes } from "./authorize.ts";
import type { Ask, Door } from "./door.ts";
import { found } from "./read-verbs.ts";
import { restrictsWrites, restrictWrite } from "./restrict-node.ts";

const GROUP = clusterRoleKind.group;
// Somebody else got through in between, each time.
const ROUNDS = 5;

/** Writes what may be written. What an edit makes of an object is known only after it, so it is tried dry first. */
export async function writeChecked(
  door: Door,
  ask: Ask,
  request: WriteRequest,
  write: (request: WriteRequest) => Promise<Written>,
): Promise<Written> {
  const { kind, namespace, name } = ask.path;
  const check = checkOf(door, ask);
  if (check === null) return write(request);
  for (let round = 1; ; round++) {
    const live = name === "" ? null : door.deck.read(kind, keyOf(namespace, name));
    const { stored } = await write({ ...request, dryRun: true });
    check(stored.object, live?.object);
    try {
      // Only on what was looked at; 0 is the revision of what is not there.
      return await write({ ...request, expected: live?.revision ?? 0 });
    } catch (thrown) {
      if (!(thrown instanceof Fault && thrown.code === "Conflict") || round === ROUNDS) throw thrown;
    }
  }
}

type Check = (next: KubeObject, live: KubeObject | undefined) => void;

/** Null for all writes but a few: those of roles and bindings, decisions about certificates, and those of nodes. */
function checkOf(door: Door, ask: Ask): Check | null {
  const { identity, path } = ask;
  if (path.kind.group === GROUP && !identity.groups.includes("system:masters"))
    return (next, live) => checkGrants(door, ask, next, live);
  if (path.kind === certificateSigningRequestKind && path.subresource !== undefined)
    return (next, live) => checkSigner(door, ask, next, live);
  if (path.name === "" || !restrictsWrites(identity, path)) return null;
  return (next, live) => {
    if (live !== undefined) restrictWrite(identity, path.kind, { live, next });
  };
}

function checkGrants(door: Door, ask: Ask, next: KubeObject, live: KubeObject | undefined): void {
  const { kind, namespace } = ask.path;
  if (kind.kind.endsWith("Binding")) return checkBinding(door, ask, next as KubeObject & { readonly roleRef: RoleRef });
  if (mayOnRole(door, ask, "escalate", { plural: kind.plural, namespace, name: next.metadata.name })) return;
  const rules = [...((next as Role).rules ?? [])];
  // An aggregated role has whatever others put into it later: only who may do everything may make one.
  if ([next, live].some((role) => (role as ClusterRole | undefined)?.aggregationRule !== undefined))
    rules.push(...EVERYTHING);
  checkHeld(door, ask, next, rules);
}

/** Upstream's plugins CertificateApproval and CertificateSigning: whoever decides or signs must be allowed to by the name of the signer. */
function checkSigner(door: Door, { identity, path }: Ask, next: KubeObject, live: KubeObject | undefined): void {
  const [request, before] = [next, live] as readonly (CertificateSigningRequest | undefined)[];
  const isApproval = path.subresource === "approval";
  if (!isApproval && sameJson(request?.status ?? {}, before?.status ?? {})) return;
  const signer = before?.spec.signerName ?? "";
  const verb = isApproval ? "approve" : "sign";
  const { group, plural } = certificateSigningRequestKind;
  const may = (name: string): boolean =>
    door.authorizer.isAllowed(identity, { is: "resource", verb, group, resource: "signers", namespace: "", name });
  if (may(signer) || may(`${signer.split("/")[0] ?? ""}/*`)) return;
  const why = `user not permitted to ${verb} requests with signerName ${JSON.stringify(signer)}`;
  throw new Fault("Forbidden", `${plural}.${group} "${next.metadata.name}" is forbidden: ${why}`, {
    group,
    kind: plural,
    name: next.metadata.name,
  });
}

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
  { verbs: ["*"], nonResourceURLs: ["*"] },
];

function checkBinding(door: Door, ask: Ask, next: KubeObject & { readonly roleRef: RoleRef }): void {
  const { roleRef } = next;
  const isOfCluster = roleRef.kind === "ClusterRole";
  const plural = isOfCluster ? "clusterroles" : "roles";
  if (mayOnRole(door, ask, "bind", { plural, namespace: ask.path.namespace, name: roleRef.name })) return;
  const role = isOfCluster
    ? found(door, clusterRoleKind, "", roleRef.name)
    : found(door, roleKind, ask.path.namespace, roleRef.name);
  checkHeld(door, ask, next, role.object.rules ?? []);
}

function mayOnRole(
  door: Door,
  { identity }: Ask,
  verb: "bind" | "escalate",
  { plural, namespace, name }: { readonly plural: string; readonly namespace: string; readonly name: string },
): boolean {
  const asked: Attributes = { is: "resource", verb, group: GROUP, resource: plural, namespace, name };
  return door.authorizer.isAllowed(identity, asked);
}

function checkHeld(door: Door, { identity, path }: Ask, next: KubeObject, rules: readonly PolicyRule[]): void {
  const missing = door.authorizer.missing(identity, rules, path.namespace);
  if (missing.length === 0) return;
  const groups = identity.groups.map((group) => JSON.stringify(group)).join(" ");
  const name = next.metadata.name;
  throw new Fault(
    "Forbidden",
    `${resourceOf(path.kind)} "${name}" is forbidden: user "${identity.name}" (groups=[${groups}]) is attempting to grant RBAC permissions not currently held:\n${missing.map(shown).join("\n")}`,
    { group: GROUP, kind: path.kind.plural, name },
  );
}

/** As Go prints a compact rule. */
function shown({ apiGroups, resources, resourceNames, nonResourceURLs, verbs }: PolicyRule): string {
  const parts = [
    ["APIGroups", apiGroups],
    ["Resources", resources],
    ["ResourceNames", resourceNames],
    ["NonResourceURLs", nonResourceURLs],
    ["Verbs", verbs],
  ] as const;
  const lists = parts.filter(([, list]) => list !== undefined && list.length > 0);
  return `{${lists.map(([title, list]) => `${title}:${JSON.stringify(list)}`).join(", ")}}`;
}
