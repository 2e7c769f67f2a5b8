/** Acting as somebody else: the Impersonate-* headers, each of which must be allowed. */
import { Fault } from "#base/fault.ts";
import { anonymous, type Identity } from "./authenticate.ts";
import type { Attributes, Authorizer } from "./authorize.ts";
import type { Exchange } from "./exchange.ts";

const SERVICE_ACCOUNT = /^system:serviceaccount:([^:]+):([^:]+)$/;
const EXTRA = "impersonate-extra-";
const AUTHENTICATION = "authentication.k8s.io";

/** Throws Forbidden when the identity may not act as the one it names. */
export function impersonated({ headers }: Exchange, identity: Identity, authorizer: Authorizer): Identity {
  const { "impersonate-user": user, "impersonate-group": group, "impersonate-uid": uid } = headers;
  const extra = extraOf(headers);
  if (user === undefined) {
    if (group === undefined && uid === undefined && extra === null) return identity;
    throw new Fault("BadRequest", "requested to impersonate a group, UID or extra without impersonating a user");
  }
  const groups = group?.split(",").map((part) => part.trim()) ?? [];
  const account = SERVICE_ACCOUNT.exec(user);
  const [, namespace = "", name = ""] = account ?? [];
  const asked = [
    account === null ? asking("users", { name: user }) : asking("serviceaccounts", { namespace, name }),
    ...groups.map((part) => asking("groups", { name: part })),
    ...(uid === undefined ? [] : [asking("uids", { group: AUTHENTICATION, name: uid })]),
    ...Object.entries(extra ?? {}).flatMap(([subresource, values]) =>
      values.map((value) => asking("userextras", { group: AUTHENTICATION, subresource, name: value })),
    ),
  ];
  for (const attributes of asked) authorizer.check(identity, attributes);
  const own = account === null ? [] : ["system:serviceaccounts", `system:serviceaccounts:${namespace}`];
  const everyone = user === anonymous.name ? anonymous.groups : ["system:authenticated"];
  return {
    name: user,
    groups: [...new Set([...(groups.length > 0 ? groups : own), ...everyone])],
    ...(uid !== undefined && { uid }),
    ...(extra !== null && { extra }),
  };
}

function extraOf(headers: Exchange["headers"]): Readonly<Record<string, readonly string[]>> | null {
  const found = Object.entries(headers).filter(([name]) => name.startsWith(EXTRA));
  if (found.length === 0) return null;
  return Object.fromEntries(
    found.map(([name, value = ""]) => [decoded(name.slice(EXTRA.length)), value.split(",").map((part) => part.trim())]),
  );
}

/** Keys are percent-encoded where a header name may not have the character. */
function decoded(key: string): string {
  try {
    return decodeURIComponent(key);
  } catch {
    return key;
  }
}

function asking(
  resource: string,
  {
    group = "",
    namespace = "",
    name,
    subresource,
  }: { readonly group?: string; readonly namespace?: string; readonly name: string; readonly subresource?: string },
): Attributes {
  const asked = { is: "resource" as const, verb: "impersonate", group, resource, namespace, name };
  return subresource === undefined ? asked : { ...asked, subresource };
}
