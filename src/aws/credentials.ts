/** Who may sign: the instance's root key, the keys of users, and session credentials. Stateless: a secret is made of its id, a token carries its own proof. */
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Principal } from "#policy/iam/principal.ts";
import { AwsError } from "./aws-error.ts";
import type { Caller, FindCaller, FunctionSession, RoleSession } from "./sign.ts";

export interface RootKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly accountId: string;
}

export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

// An environment is ended before its credentials are (functions/fleet.ts), as Lambda does within 12 hours.
const FUNCTION_SESSION_MS = 12 * 3_600_000;

/** What a token says; its proof is the root key's. */
export interface Session {
  readonly arn: string;
  readonly expiresMs: number;
  /** Absent: the root's. */
  readonly principal?: Principal;
  readonly functionOf?: FunctionSession;
  readonly role?: RoleSession;
}

/** Session credentials of a function for its role, valid for 12 hours. `roleArn` is arn:aws:iam::<account>:role/<name>. */
export function functionCredentials(
  root: RootKey,
  roleArn: string,
  functionOf: FunctionSession,
  now: number,
): SessionCredentials {
  const { accountId } = root;
  const roleName = roleArn.slice(roleArn.lastIndexOf("/") + 1);
  const arn = `arn:aws:sts::${accountId}:assumed-role/${roleName}/${functionOf.name}`;
  // Whichever role has that name: a function follows its configuration, not a role that was.
  const principal: Principal = { is: "session", accountId, arn, roleArn, roleId: "" };
  const role: RoleSession = { name: functionOf.name, issuedMs: now };
  return sessionCredentials(root, { arn, expiresMs: now + FUNCTION_SESSION_MS, principal, functionOf, role });
}

/** The token is "<session>.<proof>" in base64url; key id and secret are derived from it, so nothing is stored. */
export function sessionCredentials(root: RootKey, session: Session): SessionCredentials {
  const body = Buffer.from(JSON.stringify(session)).toString("base64url");
  return { ...derived(root, body), sessionToken: `${body}.${proof(root, `token:${body}`)}` };
}

function derived(root: RootKey, body: string): Omit<SessionCredentials, "sessionToken"> {
  return {
    accessKeyId: `ASIA${createHmac("sha256", root.secretAccessKey).update(`id:${body}`).digest("hex").slice(0, 16).toUpperCase()}`,
    secretAccessKey: proof(root, `secret:${body}`).slice(0, 40),
  };
}

/** Of a user's access key. */
export function secretOfKey(root: RootKey, accessKeyId: string): string {
  return proof(root, `key:${accessKeyId}`).slice(0, 40);
}

function proof(root: RootKey, text: string): string {
  return createHmac("sha256", root.secretAccessKey).update(text).digest("base64url");
}

/** Whose key it is, as long as it is active. */
export type FindUserKey = (accessKeyId: string) => Pick<Session, "arn" | "principal"> | null;

/** Looks callers up for verifySignature. A key that was given without a token has none: whoever sends one is refused. */
export function callers(root: RootKey, findUserKey: FindUserKey = () => null): FindCaller {
  const rootCaller: Caller = {
    accessKeyId: root.accessKeyId,
    secretAccessKey: root.secretAccessKey,
    arn: `arn:aws:iam::${root.accountId}:root`,
  };
  const tokens = new KnownTokens(root);
  return (accessKeyId, sessionToken, now) => {
    if (sessionToken !== undefined) return tokens.find(accessKeyId, sessionToken, now);
    if (accessKeyId === root.accessKeyId) return rootCaller;
    const user = findUserKey(accessKeyId);
    return user === null ? null : { ...user, accessKeyId, secretAccessKey: secretOfKey(root, accessKeyId) };
  };
}

const MAX_KNOWN = 1_000;

/** Tokens that were proven lately: three HMACs and a parse take longer than the rest of a signature. */
class KnownTokens {
  readonly #root: RootKey;
  readonly #known = new Map<string, { readonly caller: Caller; readonly expiresMs: number }>();

  constructor(root: RootKey) {
    this.#root = root;
  }

  find(accessKeyId: string, sessionToken: string, now: number): Caller | null {
    const found = this.#known.get(sessionToken) ?? this.#prove(sessionToken);
    if (found === null) return null;
    if (now > found.expiresMs)
      throw new AwsError("ExpiredTokenException", 403, "The security token included in the request is expired");
    return found.caller.accessKeyId === accessKeyId ? found.caller : null;
  }

  #prove(sessionToken: string): { readonly caller: Caller; readonly expiresMs: number } | null {
    const [body = "", given = "", ...rest] = sessionToken.split(".");
    const expected = Buffer.from(proof(this.#root, `token:${body}`));
    const isProven = expected.length === Buffer.byteLength(given) && timingSafeEqual(expected, Buffer.from(given));
    if (!isProven || rest.length > 0) return null;
    // Only what we wrote ourselves is proven, so it has the shape that we gave it.
    const { expiresMs, ...session } = JSON.parse(Buffer.from(body, "base64url").toString()) as Session;
    const { accessKeyId, secretAccessKey } = derived(this.#root, body);
    const found = { caller: { ...session, accessKeyId, secretAccessKey, sessionToken }, expiresMs };
    if (this.#known.size >= MAX_KNOWN) this.#known.clear();
    this.#known.set(sessionToken, found);
    return found;
  }
}
