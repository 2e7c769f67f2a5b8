/** The kinds that are only asked: access reviews, token reviews, who am I. Each POST is answered, nothing is stored. */
import { unsupported } from "#base/fault.ts";
import type { JsonObject } from "#base/json.ts";
import type { AccessReview, TokenReview } from "#kinds/rbac/reviews.ts";
import { type Identity, tokenIdentity } from "./authenticate.ts";
import type { Attributes } from "./authorize.ts";
import { readBody } from "./bodies.ts";
import { type Ask, type Door, sendJson } from "./door.ts";

/** By kind name. */
export async function answerReview(door: Door, ask: Ask): Promise<void> {
  const { exchange, path } = ask;
  const document = await readBody(door, ask, path.kind);
  const answer = reviewed(door, ask, document);
  sendJson(exchange, 201, {
    ...document,
    kind: path.kind.kind,
    apiVersion: `${path.kind.group}/${path.kind.version}`,
    metadata: document["metadata"] ?? {},
    ...answer,
  });
}

function reviewed(door: Door, { identity, path }: Ask, document: JsonObject): JsonObject {
  switch (path.kind.kind) {
    case "SelfSubjectAccessReview":
      return accessStatus(door, identity, document as unknown as AccessReview);
    case "SubjectAccessReview":
    case "LocalSubjectAccessReview": {
      const { spec } = document as unknown as AccessReview;
      return accessStatus(
        door,
        { name: spec.user ?? "", groups: spec.groups ?? [] },
        document as unknown as AccessReview,
      );
    }
    case "SelfSubjectRulesReview":
      return rulesStatus(
        door,
        identity,
        (document["spec"] as { readonly namespace?: string } | undefined)?.namespace ?? "default",
      );
    case "SelfSubjectReview":
      return { status: { userInfo: userInfo(identity) } };
    case "TokenReview":
      return tokenStatus(door, document as unknown as TokenReview);
    default:
      throw unsupported(path.kind.kind);
  }
}

function accessStatus(door: Door, identity: Identity, { spec }: AccessReview): JsonObject {
  const attributes = attributesOf(spec ?? {});
  if (attributes === null)
    return {
      status: { allowed: false, reason: "", evaluationError: "spec needs resourceAttributes or nonResourceAttributes" },
    };
  const allowed = door.authorizer.isAllowed(identity, attributes);
  return { status: { allowed, ...(allowed && { reason: "RBAC: allowed" }) } };
}

function attributesOf({
  resourceAttributes: resource,
  nonResourceAttributes: path,
}: Partial<AccessReview["spec"]>): Attributes | null {
  if (path !== undefined) return { is: "path", verb: path.verb ?? "", path: path.path ?? "" };
  if (resource === undefined) return null;
  const { verb = "", group = "", resource: plural = "", subresource, namespace = "", name = "" } = resource;
  return {
    is: "resource",
    verb,
    group,
    resource: plural,
    namespace,
    name,
    ...(subresource !== undefined && subresource !== "" && { subresource }),
  };
}

function rulesStatus(door: Door, identity: Identity, namespace: string): JsonObject {
  const everything = [
    { verbs: ["*"], apiGroups: ["*"], resources: ["*"] },
    { verbs: ["*"], nonResourceURLs: ["*"] },
  ];
  const rules = identity.groups.includes("system:masters")
    ? everything
    : [...door.authorizer.rulesFor(identity, namespace)];
  return {
    status: {
      resourceRules: rules
        .filter((rule) => "resources" in rule && rule.resources !== undefined)
        .map((rule) => ({ ...rule })) as unknown as readonly JsonObject[],
      nonResourceRules: rules
        .filter((rule) => "nonResourceURLs" in rule && rule.nonResourceURLs !== undefined)
        .map((rule) => ({ ...rule })) as unknown as readonly JsonObject[],
      incomplete: false,
    },
  };
}

function tokenStatus(door: Door, { spec }: TokenReview): JsonObject {
  const { audiences: asked = [] } = spec;
  const wanted = asked.length > 0 ? asked : [door.tokens.issuer];
  const claims = door.tokens.check(spec.token ?? "", door.clock.now(), wanted);
  const identity = claims === null ? null : tokenIdentity(claims, door.living);
  if (claims === null || identity === null)
    return { status: { authenticated: false, error: "the token is not one of this cluster, or it has expired" } };
  const audiences = claims.aud.filter((audience) => wanted.includes(audience));
  return { status: { authenticated: true, user: userInfo(identity), audiences } };
}

function userInfo({ name, uid, groups, extra }: Identity): JsonObject {
  return {
    username: name,
    ...(uid !== undefined && { uid }),
    groups: [...groups],
    ...(extra !== undefined && { extra }),
  };
}
