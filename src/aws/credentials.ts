/** Who may sign: the instance's root key, and the session credentials of functions. Stateless: a token carries its own proof. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { AwsError } from "./aws-error.ts";
import type { Caller, FindCaller, FunctionSession } from "./sign.ts";

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
const SESSION_MS = 12 * 3_600_000;

/** What a token says; its proof is the root key's. */
interface Session {
  readonly arn: string;
  readonly expiresMs: number;
  readonly of: FunctionSession;
}

/**
 * Session credentials of a function for its role, valid for 12 hours. `roleArn` is arn:aws:iam::<account>:role/<name>.
 * The token is "<session>.<proof>" in base64url; key id and secret are derived from it, so nothing is stored.
 */
export function sessionCredentials(
  root: RootKey,
  roleArn: string,
  of: FunctionSession,
  now: number,
): SessionCredentials {
  const roleName = roleArn.slice(roleArn.lastIndexOf("/") + 1);
  const arn = `arn:aws:sts::${root.accountId}:assumed-role/${roleName}/${of.name}`;
  const session: Session = { arn, expiresMs: now + SESSION_MS, of };
  const body = Buffer.from(JSON.stringify(session)).toString("base64url");
  const sessionToken = `${body}.${proof(root, `token:${body}`)}`;
  return { ...derived(root, body), sessionToken };
}

function derived(root: RootKey, body: string): Omit<SessionCredentials, "sessionToken"> {
  return {
    accessKeyId: `ASIA${createHmac("sha256", root.secretAccessKey).update(`id:${body}`).digest("hex").slice(0, 16).toUpperCase()}`,
    secretAccessKey: proof(root, `secret:${body}`).slice(0, 40),
  };
}

function proof(root: RootKey, text: string): string {
  return createHmac("sha256", root.secretAccessKey).update(text).digest("base64url");
}

/** Looks callers up for verifySignature. A key that was given without a token has none: whoever sends one is refused. */
export function callers(root: RootKey): FindCaller {
  const rootCaller: Caller = {
    accessKeyId: root.accessKeyId,
    secretAccessKey: root.secretAccessKey,
    arn: `arn:aws:iam::${root.accountId}:root`,
  };
  return (accessKeyId, sessionToken, now) => {
    if (sessionToken !== undefined) return sessionCaller(root, accessKeyId, sessionToken, now);
    return accessKeyId === root.accessKeyId ? rootCaller : null;
  };
}

function sessionCaller(root: RootKey, accessKeyId: string, sessionToken: string, now: number): Caller | null {
  const [body = "", given = "", ...rest] = sessionToken.split(".");
  const expected = Buffer.from(proof(root, `token:${body}`));
  const isProven = expected.length === Buffer.byteLength(given) && timingSafeEqual(expected, Buffer.from(given));
  if (!isProven || rest.length > 0) return null;
  // Only what we wrote ourselves is proven, so it has the shape that we gave it.
  const { arn, expiresMs, of } = JSON.parse(Buffer.from(body, "base64url").toString()) as Session;
  if (now > expiresMs)
    throw new AwsError("ExpiredTokenException", 403, "The security token included in the request is expired");
  const credentials = derived(root, body);
  if (credentials.accessKeyId !== accessKeyId) return null;
  return { accessKeyId, secretAccessKey: credentials.secretAccessKey, arn, sessionToken, functionOf: of };
}
