/** The key of the instance that notifications are signed with, and its certificate: RSA, made when it is first needed. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { SigningKey } from "#aws/sns/signer.ts";
import type { Clock } from "#base/clock.ts";
import { makeSigningPair } from "#kube/pki.ts";
import { replaceFile } from "#machine/whole-file.ts";

/** One at a time: whoever asks while it is made gets the same. */
export function signingKeyIn(folder: string, clock: Clock): () => Promise<SigningKey> {
  let made: Promise<SigningKey> | null = null;
  return () => (made ??= readOrMake(join(folder, "notifications.pem"), clock));
}

/** One file, so that key and certificate never belong to different pairs. */
async function readOrMake(file: string, clock: Clock): Promise<SigningKey> {
  const known = await readFile(file, "utf8").catch(() => null);
  const pair = known === null ? null : split(known);
  if (pair !== null) return pair;
  const { key, cert } = await makeSigningPair("CN=sns.amazonaws.com,O=catamaran", clock.now());
  const fresh = { key: key.trim(), certificate: cert.trim() };
  await replaceFile(file, `${fresh.key}\n${fresh.certificate}\n`);
  return fresh;
}

function split(text: string): SigningKey | null {
  const [key] = /-----BEGIN PRIVATE KEY-----[^-]+-----END PRIVATE KEY-----/.exec(text) ?? [];
  const [certificate] = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(text) ?? [];
  return key === undefined || certificate === undefined ? null : { key, certificate };
}
