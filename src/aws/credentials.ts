/** Who may sign: the instance's root key, and session credentials that functions get for their role. Stateless: tokens carry their own proof. */
import { createHmac, timingSafeEqual } from "node:crypto";
import { AwsError } from "./aws-error.ts";
import type { Caller, FindCaller } from "./sign.ts";

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

// A frozen environment may wake much later than it was made; its credentials live as long as environments may.
const SESSION_MS = 36 * 3_600_000;

/**
 * Session credentials for an assumed role, valid for 36 hours. `roleArn` is arn:aws:iam::<account>:role/<name>.
 * The token is "<expiry>.<arn>.<proof>" in base64url; key id and secret are derived from it, so nothing is stored.
 */
export function sessionCredentials(
  root: RootKey,
  roleArn: string,
  sessionName: string,
  now: number,
): SessionCredentials {
  const roleName = roleArn.slice(roleArn.lastIndexOf("/") + 1);
  const arn = `arn:aws:sts::${root.accountId}:assumed-role/${roleName}/${sessionName}`;
  const body = Buffer.from(JSON.stringify({ arn, expiresMs: now + SESSION_MS })).toString("base64url");
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

/** Looks callers up for verifySignature. */
export function callers(root: RootKey): FindCaller {
  const rootCaller: Caller = {
    accessKeyId: root.accessKeyId,
    secretAccessKey: root.secretAccessKey,
    arn: `arn:aws:iam::${root.accountId}:root`,
  };
  return (accessKeyId, sessionToken, now) => {
    if (sessionToken !== undefined && accessKeyId.startsWith("ASIA"))
      return sessionCaller(root, accessKeyId, sessionToken, now);
    return accessKeyId === root.accessKeyId ? rootCaller : null;
  };
}

function sessionCaller(root: RootKey, accessKeyId: string, token: string, now: number): Caller | null {
  const [body = "", given = ""] = token.split(".");
  const expected = Buffer.from(proof(root, `token:${body}`));
  if (expected.length !== Buffer.byteLength(given) || !timingSafeEqual(expected, Buffer.from(given))) return null;
  const { arn, expiresMs } = JSON.parse(Buffer.from(body, "base64url").toString()) as {
    readonly arn: string;
    readonly expiresMs: number;
  };
  if (now > expiresMs)
    throw new AwsError("ExpiredTokenException", 403, "The security token included in the request is expired");
  const credentials = derived(root, body);
  return credentials.accessKeyId === accessKeyId
    ? { accessKeyId, secretAccessKey: credentials.secretAccessKey, arn }
    : null;
}
