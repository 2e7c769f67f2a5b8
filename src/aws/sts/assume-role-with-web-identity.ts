/** AssumeRoleWithWebIdentity: a role lets somebody in whom an identity provider vouches for, as the pods of a service account (STS API Reference). */
import { providerArn } from "#managed/identity/arn.ts";
import { type Action, action } from "../action.ts";
import { model } from "./model.gen.ts";
import { assumed, checkDuration, narrowingOf } from "./role-session.ts";
import { accessDenied, failure, type StsWorld, type WebClaims } from "./world.ts";

export const assumeRoleWithWebIdentity: Action<StsWorld> = action(model, "AssumeRoleWithWebIdentity", {
  isOpen: true,
  serves: ["RoleArn", "RoleSessionName", "WebIdentityToken", "PolicyArns", "Policy", "DurationSeconds"],
  unserved: { ProviderId: "it is for tokens of OAuth 2.0; send one of OpenID Connect" },
  run: async (world: StsWorld, input, { now }) => {
    const { RoleArn: arn, RoleSessionName: name, WebIdentityToken: token, DurationSeconds: asked } = input;
    const { claims, audience, provider } = provenClaims(world, token, now);
    const role = world.identities.roleAt(arn);
    const host = claims.iss.replace(/^https:\/\//, "");
    const keys = {
      [`${host}:sub`]: claims.sub,
      [`${host}:aud`]: audience,
      "aws:FederatedProvider": provider,
      "sts:RoleSessionName": name,
    };
    const principal = { is: "federated", provider } as const;
    const permission = "sts:AssumeRoleWithWebIdentity";
    if (role === null || world.judge.trustsStranger(role, principal, permission, keys).is !== "allowed")
      throw accessDenied(`Not authorized to perform ${permission}`);
    const session = { name, issuedMs: now, provider, ...narrowingOf(world, input) };
    return {
      ...assumed(world, { arn, role }, session, checkDuration(role, asked)),
      SubjectFromWebIdentityToken: claims.sub,
      Provider: provider,
      Audience: audience,
    };
  },
});

interface Proven {
  readonly claims: WebClaims;
  readonly audience: string;
  readonly provider: string;
}

// Whom the tokens of pods are made for, unless the provider is registered with others.
const OWN_AUDIENCES = ["sts.amazonaws.com"];

function provenClaims({ identities, issuer }: StsWorld, token: string, now: number): Proven {
  const claimed = issuerIn(token);
  const registered = identities.providers.list().find(({ spec }) => withoutSlash(spec.url) === withoutSlash(claimed));
  const isOwn = issuer !== null && claimed === issuer.url;
  if (registered === undefined && !isOwn)
    throw failure("InvalidIdentityTokenException", `No OpenIDConnect provider found in your account for ${claimed}`);
  // DIFFERS: keys are not fetched from elsewhere; only tokens of our own issuer can be proven.
  const claims = isOwn ? issuer.claimsOf(token) : null;
  if (claims === null)
    throw failure(
      "InvalidIdentityTokenException",
      "Couldn't retrieve verification key from your identity provider, please reference AssumeRoleWithWebIdentity documentation for requirements",
    );
  if (claims.exp * 1000 <= now)
    throw failure(
      "ExpiredTokenException",
      `Token expired: current date/time ${Math.floor(now / 1000)} must be before the expiration date/time ${claims.exp}`,
    );
  const audiences = registered?.spec.clientIds ?? OWN_AUDIENCES;
  const audience = claims.aud.find((one) => audiences.includes(one));
  if (audience === undefined) throw failure("InvalidIdentityTokenException", "Incorrect token audience");
  return { claims, audience, provider: providerArn(identities.accountId, claims.iss) };
}

function withoutSlash(url: string): string {
  return url.replace(/\/$/, "");
}

/** What a token says of who issued it, before anything is proven. */
function issuerIn(token: string): string {
  try {
    const [, body = ""] = token.split(".");
    const { iss } = JSON.parse(Buffer.from(body, "base64url").toString()) as { readonly iss?: unknown };
    if (typeof iss === "string") return iss;
  } catch {
    // No token at all is said below.
  }
  throw failure("InvalidIdentityTokenException", "The ID Token provided is not a valid JWT.");
}
