/** Reads PKCS #10 requests (RFC 2986) and issues certificates for them. What may be issued is said by signers.ts. */
import { createPrivateKey, webcrypto } from "node:crypto";
import { Fault, reasonOf } from "#base/fault.ts";
import type { KeyPair } from "./pki.ts";
import { ALGORITHM, type X509, x509Library } from "./x509.ts";

export interface CertificateRequest {
  readonly commonName: string;
  readonly organizations: readonly string[];
  readonly dnsNames: readonly string[];
  readonly ips: readonly string[];
  readonly emails: readonly string[];
  readonly uris: readonly string[];
}

export interface Issued {
  readonly usages: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

// A request with a key of 16,384 bits and a hundred names has 6 KB.
const MOST_BYTES = 64 * 1024;

/** Throws BadRequest for what is no request, or was not signed by the key in it. */
export async function readRequest(base64: string): Promise<CertificateRequest> {
  const x509 = await x509Library();
  const request = parse(x509, base64);
  const isSigned = await request.verify().catch(() => false); // An algorithm that nobody knows proves nothing either.
  if (!isSigned) throw new Fault("BadRequest", "x509: the request is not signed by its key");
  const subject = (field: string): readonly string[] => request.subjectName.getField(field);
  const names = namesOf(x509, request)?.names.toJSON() ?? [];
  const of = (type: string): readonly string[] =>
    names.filter((name) => name.type === type).map(({ value }) => String(value));
  return {
    commonName: subject("CN")[0] ?? "",
    organizations: subject("O"),
    dnsNames: of("dns"),
    ips: of("ip"),
    emails: of("email"),
    uris: of("url"),
  };
}

function parse(x509: X509, base64: string): InstanceType<X509["Pkcs10CertificateRequest"]> {
  if (base64.length > MOST_BYTES) throw new Fault("BadRequest", `the request has more than ${MOST_BYTES} bytes`);
  try {
    return new x509.Pkcs10CertificateRequest(Buffer.from(base64, "base64").toString("latin1"));
  } catch (cause) {
    throw new Fault("BadRequest", `x509: ${reasonOf(cause)}`, { cause });
  }
}

const SUBJECT_ALTERNATIVE_NAME = "2.5.29.17";

function namesOf(
  x509: X509,
  request: InstanceType<X509["Pkcs10CertificateRequest"]>,
): InstanceType<X509["SubjectAlternativeNameExtension"]> | undefined {
  const found = request.getExtension(SUBJECT_ALTERNATIVE_NAME);
  return found === null ? undefined : new x509.SubjectAlternativeNameExtension(found.rawData);
}

/** PEM. Subject, names and key are the request's; all else is the signer's (upstream's PermissiveSigningPolicy). */
export async function issueCertificate(base64: string, authority: KeyPair, issued: Issued): Promise<string> {
  const x509 = await x509Library();
  const request = parse(x509, base64);
  const names = namesOf(x509, request);
  const key = createPrivateKey(authority.key).export({ type: "pkcs8", format: "der" });
  const serial = webcrypto.getRandomValues(new Uint8Array(16));
  serial[0] = (serial[0] ?? 0) & 0x7f; // A positive number: the first bit must be clear.
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: Buffer.from(serial).toString("hex"),
    subject: request.subjectName,
    issuer: new x509.X509Certificate(authority.cert).subjectName,
    notBefore: new Date(issued.notBeforeMs),
    notAfter: new Date(issued.notAfterMs),
    signingAlgorithm: ALGORITHM,
    publicKey: request.publicKey,
    signingKey: await webcrypto.subtle.importKey("pkcs8", key, ALGORITHM, false, ["sign"]),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      ...usageExtensions(x509, issued.usages),
      ...(names === undefined ? [] : [names]),
    ],
  });
  return `${certificate.toString("pem")}\n`;
}

/** RFC 5280, 4.2.1.3 and 4.2.1.12, by the words of certificates.k8s.io. */
function usageExtensions(x509: X509, usages: readonly string[]): readonly InstanceType<X509["Extension"]>[] {
  const flags = x509.KeyUsageFlags;
  const keys: ReadonlyMap<string, number> = new Map([
    ["signing", flags.digitalSignature],
    ["digital signature", flags.digitalSignature],
    ["content commitment", flags.nonRepudiation],
    ["key encipherment", flags.keyEncipherment],
    ["key agreement", flags.keyAgreement],
    ["data encipherment", flags.dataEncipherment],
    ["cert sign", flags.keyCertSign],
    ["crl sign", flags.cRLSign],
    ["encipher only", flags.encipherOnly],
    ["decipher only", flags.decipherOnly],
  ]);
  const bits = usages.reduce((all, usage) => all | (keys.get(usage) ?? 0), 0);
  const extended = usages.flatMap((usage) => EXTENDED.get(usage) ?? []);
  return [
    ...(bits === 0 ? [] : [new x509.KeyUsagesExtension(bits, true)]),
    ...(extended.length === 0 ? [] : [new x509.ExtendedKeyUsageExtension(extended)]),
  ];
}

const PKIX = "1.3.6.1.5.5.7.3";
const EXTENDED: ReadonlyMap<string, string> = new Map([
  ["any", "2.5.29.37.0"],
  ["server auth", `${PKIX}.1`],
  ["client auth", `${PKIX}.2`],
  ["code signing", `${PKIX}.3`],
  ["email protection", `${PKIX}.4`],
  ["s/mime", `${PKIX}.4`],
  ["ipsec end system", `${PKIX}.5`],
  ["ipsec tunnel", `${PKIX}.6`],
  ["ipsec user", `${PKIX}.7`],
  ["timestamping", `${PKIX}.8`],
  ["ocsp signing", `${PKIX}.9`],
  ["microsoft sgc", "1.3.6.1.4.1.311.10.3.3"],
  ["netscape sgc", "2.16.840.1.113730.4.1"],
]);
