/** Who asks: a client certificate or a service account token. Never what they may do. */
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { Fault } from "#base/fault.ts";
import { keyOf, type ObjectKey } from "#base/key.ts";
import type { View } from "#deck/objects.ts";
import type { Pod } from "#kinds/core/pod.ts";
import type { ServiceAccount } from "#kinds/core/service-account.ts";
import type { Exchange } from "./exchange.ts";

export interface Identity {
  readonly name: string;
  readonly groups: readonly string[];
  readonly uid?: string;
  readonly extra?: Readonly<Record<string, readonly string[]>>;
}

/** What a token speaks for: it dies with either. */
export interface Living {
  readonly accounts: View<ServiceAccount>;
  readonly pods: View<Pod>;
  /** The uid of a Secret that is there. */
  readonly secretUid: (key: ObjectKey) => string | undefined;
}

export const anonymous: Identity = { name: "system:anonymous", groups: ["system:unauthenticated"] };

/** Issues and checks service account tokens (JWT, ES256) with one key. */
export class Tokens {
  readonly #privateKey: KeyObject;
  readonly #publicKey: KeyObject;
  /** What was verified lately: a signature takes longer than a GET. */
  readonly #verified = new Map<string, TokenClaims>();
  readonly issuer = "https://kubernetes.default.svc.cluster.local";

  constructor(pem: string) {
    this.#privateKey = createPrivateKey(pem);
    this.#publicKey = createPublicKey(this.#privateKey);
  }

  issue(
    account: { readonly namespace: string; readonly name: string; readonly uid: string },
    options: {
      readonly now: number;
      /** Absent: as long as what it is bound to. */
      readonly seconds?: number;
      readonly audiences: readonly string[];
      readonly pod?: { readonly name: string; readonly uid: string };
      /** The Secret that it is kept in. */
      readonly secret?: { readonly name: string; readonly uid: string };
    },
  ): string {
    const nowSeconds = Math.floor(options.now / 1000);
    const claims = {
      iss: this.issuer,
      sub: `system:serviceaccount:${account.namespace}:${account.name}`,
      aud: options.audiences.length === 0 ? [this.issuer] : options.audiences,
      iat: nowSeconds,
      nbf: nowSeconds,
      ...(options.seconds !== undefined && { exp: nowSeconds + options.seconds }),
      "kubernetes.io": {
        namespace: account.namespace,
        serviceaccount: { name: account.name, uid: account.uid },
        ...(options.pod !== undefined && { pod: options.pod }),
        ...(options.secret !== undefined && { secret: options.secret }),
      },
    };
    const unsigned = `${base64Url({ alg: "ES256", kid: "catamaran" })}.${base64Url(claims)}`;
    const signature = sign("sha256", Buffer.from(unsigned), { key: this.#privateKey, dsaEncoding: "ieee-p1363" });
    return `${unsigned}.${signature.toString("base64url")}`;
  }

  /** Null for a token that is not ours, forged, expired or for none of the audiences; without audiences, ours. */
  check(token: string, now: number, audiences: readonly string[] = [this.issuer]): TokenClaims | null {
    const claims = this.proven(token);
    if (claims === null || (claims.exp !== undefined && claims.exp * 1000 <= now)) return null;
    return claims.aud.some((audience) => audiences.includes(audience)) ? claims : null;
  }

  /** What a token of ours says, for whomever it was made, and also when its time is over. */
  proven(token: string): TokenClaims | null {
    return this.#verified.get(token) ?? this.#verify(token);
  }

  #verify(token: string): TokenClaims | null {
    const [header = "", body = "", signature = "", ...rest] = token.split(".");
    if (rest.length > 0 || signature === "") return null;
    const isOurs = verify(
      "sha256",
      Buffer.from(`${header}.${body}`),
      { key: this.#publicKey, dsaEncoding: "ieee-p1363" },
      Buffer.from(signature, "base64url"),
    );
    if (!isOurs) return null;
    const claims = JSON.parse(Buffer.from(body, "base64url").toString("utf8")) as TokenClaims;
    if (this.#verified.size >= MAX_VERIFIED) this.#verified.clear();
    this.#verified.set(token, claims);
    return claims;
  }

  jwks(): object {
    return { keys: [{ ...this.#publicKey.export({ format: "jwk" }), use: "sig", alg: "ES256", kid: "catamaran" }] };
  }
}

const MAX_VERIFIED = 1_000;

export interface TokenClaims {
  readonly sub: string;
  readonly exp?: number;
  readonly aud: readonly string[];
  readonly "kubernetes.io": {
    readonly namespace: string;
    readonly serviceaccount: { readonly name: string; readonly uid: string };
    readonly pod?: { readonly name: string; readonly uid: string };
    readonly secret?: { readonly name: string; readonly uid: string };
  };
}

function base64Url(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** Throws Unauthorized for credentials that are wrong; no credentials at all are the anonymous user. */
export function authenticate(exchange: Exchange, tokens: Tokens, living: Living, now: number): Identity {
  const authorization = exchange.headers["authorization"];
  if (authorization === undefined) return certificateIdentity(exchange.socket) ?? anonymous;
  const [scheme, token = ""] = authorization.split(" ");
  const claims = scheme?.toLowerCase() === "bearer" ? tokens.check(token, now) : null;
  const identity = claims === null ? null : tokenIdentity(claims, living);
  if (identity === null) throw new Fault("Unauthorized", "Unauthorized");
  return identity;
}

/** Null when what the token speaks for is gone, also when something of the same name came after it. */
export function tokenIdentity(claims: TokenClaims, { accounts, pods, secretUid }: Living): Identity | null {
  const { namespace, serviceaccount, pod, secret } = claims["kubernetes.io"];
  if (accounts.get(keyOf(namespace, serviceaccount.name))?.metadata.uid !== serviceaccount.uid) return null;
  if (secret !== undefined && secretUid(keyOf(namespace, secret.name)) !== secret.uid) return null;
  if (pod !== undefined && pods.get(keyOf(namespace, pod.name))?.metadata.uid !== pod.uid) return null;
  return {
    name: claims.sub,
    uid: serviceaccount.uid,
    groups: ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"],
    ...(pod !== undefined && {
      extra: {
        "authentication.kubernetes.io/pod-name": [pod.name],
        "authentication.kubernetes.io/pod-uid": [pod.uid],
      },
    }),
  };
}

// A connection's certificate does not change; reading it takes longer than a GET.
const known = new WeakMap<TLSSocket, Identity | null>();

function certificateIdentity(socket: TLSSocket): Identity | null {
  const cached = known.get(socket);
  if (cached !== undefined) return cached;
  const identity = readCertificate(socket);
  known.set(socket, identity);
  return identity;
}

function readCertificate(socket: TLSSocket): Identity | null {
  if (!socket.authorized) {
    // A certificate of another authority is a wrong credential, not a missing one.
    if (Object.keys(socket.getPeerCertificate()).length > 0) throw new Fault("Unauthorized", "Unauthorized");
    return null;
  }
  const { subject } = socket.getPeerCertificate();
  if (subject === undefined) return null;
  const organizations = subject.O === undefined ? [] : [subject.O].flat();
  return { name: String(subject.CN), groups: [...organizations, "system:authenticated"] };
}
