/** A certificate request as openssl or a client would make one. For tests only. */
import { webcrypto } from "node:crypto";
import { ALGORITHM, x509Library } from "./x509.ts";

export interface Wanted {
  readonly subject: string;
  readonly dnsNames?: readonly string[];
}

/** Base64 of PEM, and the key that belongs to it. */
export async function sampleRequest({
  subject,
  dnsNames = [],
}: Wanted): Promise<{ readonly request: string; readonly key: string }> {
  const x509 = await x509Library();
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const names = dnsNames.map((value) => ({ type: "dns" as const, value }));
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subject,
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: names.length === 0 ? [] : [new x509.SubjectAlternativeNameExtension(names)],
  });
  const key = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey)).toString("base64");
  return {
    request: Buffer.from(made.toString("pem")).toString("base64"),
    key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  };
}
