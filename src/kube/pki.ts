/** The instance's certificates: one CA, one server certificate, one client certificate a role. Made once, kept as PEM files. */
import { draft, put } from "#base/dictionary.ts";
import { createPrivateKey, generateKeyPairSync, webcrypto, X509Certificate } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { replaceFile } from "#machine/whole-file.ts";
import { ALGORITHM, type X509, x509Library } from "./x509.ts";

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Pki {
  readonly ca: string;
  /** Signs what approved requests ask for. */
  readonly authority: KeyPair;
  readonly server: KeyPair;
  /** Client certificates by name: "admin", "gateway", "kube-apiserver", "node-<name>". */
  readonly clients: Readonly<Record<string, KeyPair>>;
  /** PEM; signs service account tokens. */
  readonly tokenKey: string;
}

export interface PkiNames {
  /** DNS names and IP addresses of the server certificate. */
  readonly hosts: readonly string[];
  readonly clients: Readonly<Record<string, { readonly commonName: string; readonly organization: string }>>;
}

const TEN_YEARS_MS = 3_650 * 86_400_000;

/**
 * Makes what is missing and reads the rest. A certificate that is damaged, over, for somebody else or lacks a host is made anew; the
 * authority and the key of tokens, which others trust already, are never replaced in silence.
 */
export async function ensurePki(folder: string, names: PkiNames, clock: Clock): Promise<Pki> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const maker = new Maker(folder, clock);
  const ca = await maker.authority();
  const server = await maker.server(names.hosts);
  const clients = draft<KeyPair>();
  for (const [name, subject] of Object.entries(names.clients)) put(clients, name, await maker.client(name, subject));
  return { ca: ca.cert, authority: ca, server, clients, tokenKey: await tokenKey(folder) };
}

const RSA = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2_048,
  publicExponent: Uint8Array.of(1, 0, 1),
} as const;

/** An RSA key with a certificate that it signed itself, for signatures that others check by the certificate alone. */
export async function makeSigningPair(name: string, now: number): Promise<KeyPair> {
  const x509 = await x509Library();
  const keys = await webcrypto.subtle.generateKey(RSA, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name,
    notBefore: new Date(now - 86_400_000),
    notAfter: new Date(now + TEN_YEARS_MS),
    signingAlgorithm: RSA,
    keys,
  });
  return { cert: certificate.toString("pem"), key: await pemOf(keys.privateKey) };
}

async function tokenKey(folder: string): Promise<string> {
  const file = join(folder, "service-accounts.key");
  const known = await readIfThere(file);
  if (known !== null && isPrivateKey(known)) return known;
  if (known !== null) throw untrusted(folder, "service-accounts.key is damaged");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  await replaceFile(file, pem);
  return pem;
}

function untrusted(folder: string, what: string): Fault {
  return new Fault(
    "InternalError",
    `${folder}: ${what}. Put a sound copy back; or remove the whole folder, and the next start makes new ones: kubeconfigs that were handed out and pods' tokens must then be fetched again`,
  );
}

class Maker {
  readonly #folder: string;
  readonly #now: number;
  #authority: KeyPair | undefined;

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#now = clock.now();
  }

  async authority(): Promise<KeyPair> {
    const known = await this.#read("ca");
    if (known === null && (await isInUse(this.#folder))) throw untrusted(this.#folder, "ca.crt or ca.key is missing");
    if (known !== null && !isSound(known, known.cert, this.#now))
      throw untrusted(this.#folder, "ca.crt or ca.key is damaged, or they do not belong together");
    this.#authority = known ?? (await this.#write("ca", await this.#makeAuthority()));
    return this.#authority;
  }

  async server(hosts: readonly string[]): Promise<KeyPair> {
    const known = await this.#read("server");
    if (this.#isOurs(known) && hosts.every((host) => covers(known, host))) return known;
    const x509 = await x509Library();
    const names = hosts.map((value) => ({ type: isIP(value) === 0 ? ("dns" as const) : ("ip" as const), value }));
    const extensions = [
      new x509.SubjectAlternativeNameExtension(names),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    ];
    return this.#write("server", await this.#issue("CN=kube-apiserver", extensions));
  }

  async client(
    name: string,
    { commonName, organization }: { readonly commonName: string; readonly organization: string },
  ): Promise<KeyPair> {
    const known = await this.#read(name);
    if (this.#isOurs(known) && isFor(known, [`CN=${commonName}`, `O=${organization}`])) return known;
    const x509 = await x509Library();
    const extensions = [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth]),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    ];
    return this.#write(name, await this.#issue(`CN=${commonName},O=${organization}`, extensions));
  }

  async #makeAuthority(): Promise<KeyPair> {
    const x509 = await x509Library();
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serial(),
      name: "CN=catamaran-ca",
      ...this.#validity(),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, 0, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      ],
    });
    return { cert: certificate.toString("pem"), key: await pemOf(keys.privateKey) };
  }

  async #issue(subject: string, extensions: readonly InstanceType<X509["Extension"]>[]): Promise<KeyPair> {
    const x509 = await x509Library();
    const authority = this.#authority ?? (await this.authority());
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: serial(),
      subject,
      issuer: new x509.X509Certificate(authority.cert).subject,
      ...this.#validity(),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey: await importKey(authority.key),
      extensions: [new x509.BasicConstraintsExtension(false, undefined, true), ...extensions],
    });
    return { cert: certificate.toString("pem"), key: await pemOf(keys.privateKey) };
  }

  #validity(): { readonly notBefore: Date; readonly notAfter: Date } {
    // A day of slack for machines whose clocks differ.
    return { notBefore: new Date(this.#now - 86_400_000), notAfter: new Date(this.#now + TEN_YEARS_MS) };
  }

  #isOurs(pair: KeyPair | null): pair is KeyPair {
    return pair !== null && this.#authority !== undefined && isSound(pair, this.#authority.cert, this.#now);
  }

  /** Null when one of the two is not there. */
  async #read(name: string): Promise<KeyPair | null> {
    const [cert, key] = await Promise.all(
      ["crt", "key"].map((end) => readIfThere(join(this.#folder, `${name}.${end}`))),
    );
    return typeof cert === "string" && typeof key === "string" ? { cert, key } : null;
  }

  async #write(name: string, pair: KeyPair): Promise<KeyPair> {
    await replaceFile(join(this.#folder, `${name}.key`), pair.key);
    await replaceFile(join(this.#folder, `${name}.crt`), pair.cert);
    return pair;
  }
}

/** The key belongs to the certificate, and the authority signed it for now. */
function isSound({ cert, key }: KeyPair, authority: string, now: number): boolean {
  try {
    const certificate = new X509Certificate(cert);
    return (
      certificate.checkPrivateKey(createPrivateKey(key)) &&
      certificate.verify(new X509Certificate(authority).publicKey) &&
      Date.parse(certificate.validTo) > now
    );
  } catch {
    return false; // Not even PEM.
  }
}

function isFor({ cert }: KeyPair, names: readonly string[]): boolean {
  const lines = new X509Certificate(cert).subject.split("\n");
  return names.every((name) => lines.includes(name));
}

function isPrivateKey(pem: string): boolean {
  try {
    return createPrivateKey(pem).asymmetricKeyType === "ec";
  } catch {
    return false; // Not even PEM.
  }
}

/** Something that the authority signed is there, so the authority was. */
async function isInUse(folder: string): Promise<boolean> {
  return (await readdir(folder)).some((name) => name.endsWith(".crt") || name === "service-accounts.key");
}

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException;
    if (code === "ENOENT") return null;
    throw new Fault("Unavailable", `${file} cannot be read (${code ?? "?"})`, { cause: thrown });
  }
}

function covers({ cert }: KeyPair, host: string): boolean {
  const certificate = new X509Certificate(cert);
  return isIP(host) === 0 ? certificate.checkHost(host) !== undefined : certificate.checkIP(host) !== undefined;
}

function serial(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16));
  // A positive number: the first bit must be clear.
  bytes[0] = (bytes[0] ?? 0) & 0x7f;
  return Buffer.from(bytes).toString("hex");
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey("pkcs8", key));
  return `-----BEGIN PRIVATE KEY-----\n${der
    .toString("base64")
    .replace(/(.{64})/g, "$1\n")
    .trimEnd()}\n-----END PRIVATE KEY-----\n`;
}

function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = createPrivateKey(pem).export({ type: "pkcs8", format: "der" });
  return webcrypto.subtle.importKey("pkcs8", der, ALGORITHM, false, ["sign"]);
}

/** A kubeconfig with one context, everything inside. */
export function kubeconfigText(name: string, server: string, ca: string, client: KeyPair): string {
  const base64 = (text: string): string => Buffer.from(text).toString("base64");
  return `apiVersion: v1
kind: Config
clusters:
  - name: ${name}
    cluster:
      server: ${server}
      certificate-authority-data: ${base64(ca)}
users:
  - name: ${name}
    user:
      client-certificate-data: ${base64(client.cert)}
      client-key-data: ${base64(client.key)}
contexts:
  - name: ${name}
    context: { cluster: ${name}, user: ${name} }
current-context: ${name}
`;
}
