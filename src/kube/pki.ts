/** The instance's certificates: one CA, one server certificate, one client certificate a role. Made once, kept as PEM files. */
import "reflect-metadata";
import { createPrivateKey, generateKeyPairSync, webcrypto, X509Certificate } from "node:crypto";
import { access, mkdir, readFile, writeFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import type * as x509Types from "@peculiar/x509";
import type { Clock } from "#base/clock.ts";

export interface KeyPair {
  readonly cert: string;
  readonly key: string;
}

export interface Pki {
  readonly ca: string;
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
const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;

/** Makes what is missing and reads the rest; a server certificate that lacks a host is made anew. */
export async function ensurePki(folder: string, names: PkiNames, clock: Clock): Promise<Pki> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const maker = new Maker(folder, clock);
  const ca = await maker.authority();
  const server = await maker.server(names.hosts);
  const clients: Record<string, KeyPair> = {};
  for (const [name, subject] of Object.entries(names.clients)) clients[name] = await maker.client(name, subject);
  return { ca: ca.cert, server, clients, tokenKey: await tokenKey(folder) };
}

async function tokenKey(folder: string): Promise<string> {
  const file = join(folder, "service-accounts.key");
  const known = await readFile(file, "utf8").catch(() => null);
  if (known !== null) return known;
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const pem = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  await writeFile(file, pem, { mode: 0o600 });
  return pem;
}

type X509 = typeof x509Types;

class Maker {
  readonly #folder: string;
  readonly #now: number;
  #authority: KeyPair | undefined;
  #library: X509 | undefined;

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#now = clock.now();
  }

  async authority(): Promise<KeyPair> {
    this.#authority = (await this.#read("ca")) ?? (await this.#write("ca", await this.#makeAuthority()));
    return this.#authority;
  }

  async server(hosts: readonly string[]): Promise<KeyPair> {
    const known = await this.#read("server");
    if (known !== null && hosts.every((host) => covers(known, host))) return known;
    const x509 = await this.#x509();
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
    if (known !== null) return known;
    const x509 = await this.#x509();
    const extensions = [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.clientAuth, x509.ExtendedKeyUsage.serverAuth]),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
    ];
    return this.#write(name, await this.#issue(`CN=${commonName},O=${organization}`, extensions));
  }

  // The library costs a tenth of a second to load; a second start never needs it.
  async #x509(): Promise<X509> {
    if (this.#library === undefined) {
      this.#library = await import("@peculiar/x509");
      this.#library.cryptoProvider.set(webcrypto as unknown as Parameters<X509["cryptoProvider"]["set"]>[0]);
    }
    return this.#library;
  }

  async #makeAuthority(): Promise<KeyPair> {
    const x509 = await this.#x509();
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
    const x509 = await this.#x509();
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

  async #read(name: string): Promise<KeyPair | null> {
    const [cert, key] = [join(this.#folder, `${name}.crt`), join(this.#folder, `${name}.key`)];
    try {
      await access(key);
      return { cert: await readFile(cert, "utf8"), key: await readFile(key, "utf8") };
    } catch {
      // Not there yet: the caller makes it.
      return null;
    }
  }

  async #write(name: string, pair: KeyPair): Promise<KeyPair> {
    await writeFile(join(this.#folder, `${name}.key`), pair.key, { mode: 0o600 });
    await writeFile(join(this.#folder, `${name}.crt`), pair.cert, { mode: 0o600 });
    return pair;
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
