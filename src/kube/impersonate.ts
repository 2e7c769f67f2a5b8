/** Acting as somebody else: the Impersonate-* headers, each of which must be allowed. */
import type { Identity } from "./authenticate.ts";
import type { Attributes, Authorizer } from "./authorize.ts";
import type { Exchange } from "./exchange.ts";

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;

/** Throws Forbidden when the identity may not act as the one it names. */
export function impersonated({ headers }: Exchange, identity: Identity, authorizer: Authorizer): Identity {
  const user = headers["impersonate-user"];
  if (user === undefined) return identity;
  const groups = headers["impersonate-group"]?.split(",").map((group) => group.trim()) ?? [];
  const account = SERVICE_ACCOUNT.exec(user);
  const [, namespace = "", name = ""] = account ?? [];
  authorizer.check(identity, account === null ? asking("users", "", user) : asking("serviceaccounts", namespace, name));
  for (const group of groups) authorizer.check(identity, asking("groups", "", group));
  const own = account === null ? [] : ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
  return { name: user, groups: [...(groups.length > 0 ? groups : own), "system:authenticated"] };
}

function asking(resource: string, namespace: string, name: string): Attributes {
  return { is: "resource", verb: "impersonate", group: "", resource, namespace, name };
}
