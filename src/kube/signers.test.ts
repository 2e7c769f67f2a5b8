/** Certificate requests: what is refused at once, what each built-in signer takes, and what it issues. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { FakeClock } from "#deck/fake-clock.ts";
import { openSampleDeck } from "#deck/sample-deck.ts";
import {
  type CertificateSigningRequest,
  certificateSigningRequestKind as kind,
} from "#kinds/certificates/certificate-signing-request.ts";
import { MemoryJournal } from "#store/memory/journal.ts";
import { issueCertificate } from "./certificate-requests.ts";
import { ensurePki, type KeyPair } from "./pki.ts";
import { sampleRequest } from "./sample-request.ts";
import { checkNewRequest, lifeOf, SignerKeeper } from "./signers.ts";
import { x509Library } from "./x509.ts";

const clock = new FakeClock(Date.parse("2026-01-02T03:04:05Z"));
let folder: string;
let authority: KeyPair;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "ctm-signers-"));
  ({ authority } = await ensurePki(folder, { hosts: [], clients: {} }, clock));
});
after(() => rm(folder, { recursive: true }));

type Spec = CertificateSigningRequest["spec"];

const client: Omit<Spec, "request"> = { signerName: "kubernetes.io/kube-apiserver-client", usages: ["client auth"] };
const of = (spec: Spec): CertificateSigningRequest => ({ metadata: { name: "jane" }, spec });

/** What became of it once it was approved. */
async function kept(spec: Spec): Promise<CertificateSigningRequest> {
  const { deck } = await openSampleDeck(new MemoryJournal(clock));
  const objects = deck.objects("signer");
  await objects.create(kind, of(spec));
  const approved = { type: "Approved", status: "True" as const, reason: "ByTest" };
  await objects.change(kind, "/jane", (live) => ({ ...live, status: { conditions: [approved] } }), {
    subresource: "approval",
  });
  const keeper = new SignerKeeper({ objects, authority, clock });
  await keeper.keep("/jane", (await objects.get(kind, "/jane")) ?? undefined);
  const found = await objects.get(kind, "/jane");
  assert.ok(found);
  return found;
}

test("an approved client request becomes a certificate with its subject, its key and the asked for life", async () => {
  const { request } = await sampleRequest({ subject: "CN=jane,O=team-a" });
  const { status } = await kept({ ...client, request, expirationSeconds: 3_600 });
  const certificate = new X509Certificate(Buffer.from(status?.certificate ?? "", "base64"));
  assert.deepEqual(certificate.subject.split("\n"), ["CN=jane", "O=team-a"]);
  assert.ok(certificate.verify(new X509Certificate(authority.cert).publicKey));
  assert.equal(certificate.ca, false);
  assert.equal(Date.parse(certificate.validTo), clock.now() + 3_600_000);
});

const judged: readonly (readonly [
  title: string,
  subject: string,
  dnsNames: readonly string[],
  spec: Omit<Spec, "request">,
  failure: string | null,
])[] = [
  [
    "a client that wants to serve",
    "CN=jane",
    [],
    { ...client, usages: ["client auth", "server auth"] },
    "invalid usage for client certificate: server auth",
  ],
  [
    "a node's client",
    "CN=system:node:n1,O=system:nodes",
    [],
    { signerName: "kubernetes.io/kube-apiserver-client-kubelet", usages: ["client auth", "digital signature"] },
    null,
  ],
  [
    "a node's client of another group",
    "CN=system:node:n1,O=team",
    [],
    { signerName: "kubernetes.io/kube-apiserver-client-kubelet", usages: ["client auth", "digital signature"] },
    "subject organization is not system:nodes",
  ],
  [
    "a node's server",
    "CN=system:node:n1,O=system:nodes",
    ["n1"],
    { signerName: "kubernetes.io/kubelet-serving", usages: ["server auth", "digital signature"] },
    null,
  ],
  [
    "a node's server without a name",
    "CN=system:node:n1,O=system:nodes",
    [],
    { signerName: "kubernetes.io/kubelet-serving", usages: ["server auth", "digital signature"] },
    "DNS or IP subjectAltName is required",
  ],
];
for (const [title, subject, dnsNames, spec, failure] of judged)
  test(`signers: ${title}`, async () => {
    const { request } = await sampleRequest({ subject, dnsNames });
    const { status } = await kept({ ...spec, request });
    const failed = status?.conditions?.find(({ type }) => type === "Failed")?.message ?? null;
    assert.equal(failed, failure);
    assert.equal(status?.certificate !== undefined, failure === null);
  });

test("others' signers are left to them", async () => {
  const { request } = await sampleRequest({ subject: "CN=jane" });
  const { status } = await kept({ request, signerName: "example.com/mine", usages: ["any"] });
  assert.equal(status?.certificate, undefined);
});

// RFC 5280: the bits of 4.2.1.3 in their order, the purposes of 4.2.1.12.
const usages: readonly (readonly [usage: string, meaning: number | string])[] = [
  ["signing", 0],
  ["digital signature", 0],
  ["content commitment", 1],
  ["key encipherment", 2],
  ["data encipherment", 3],
  ["key agreement", 4],
  ["cert sign", 5],
  ["crl sign", 6],
  ["encipher only", 7],
  ["decipher only", 8],
  ["any", "2.5.29.37.0"],
  ["server auth", "1.3.6.1.5.5.7.3.1"],
  ["client auth", "1.3.6.1.5.5.7.3.2"],
  ["code signing", "1.3.6.1.5.5.7.3.3"],
  ["email protection", "1.3.6.1.5.5.7.3.4"],
  ["s/mime", "1.3.6.1.5.5.7.3.4"],
  ["ipsec end system", "1.3.6.1.5.5.7.3.5"],
  ["ipsec tunnel", "1.3.6.1.5.5.7.3.6"],
  ["ipsec user", "1.3.6.1.5.5.7.3.7"],
  ["timestamping", "1.3.6.1.5.5.7.3.8"],
  ["ocsp signing", "1.3.6.1.5.5.7.3.9"],
  ["microsoft sgc", "1.3.6.1.4.1.311.10.3.3"],
  ["netscape sgc", "2.16.840.1.113730.4.1"],
];

test("each of the usages becomes its bit or its purpose", async () => {
  const { request } = await sampleRequest({ subject: "CN=jane" });
  const x509 = await x509Library();
  const life = { notBeforeMs: clock.now(), notAfterMs: clock.now() + 1_000 };
  for (const [usage, meaning] of usages) {
    const issued = new x509.X509Certificate(await issueCertificate(request, authority, { ...life, usages: [usage] }));
    const bits = issued.getExtension(x509.KeyUsagesExtension)?.usages ?? 0;
    const purposes = issued.getExtension(x509.ExtendedKeyUsageExtension)?.usages ?? [];
    if (typeof meaning === "number") assert.equal(bits, 1 << meaning, usage);
    else assert.deepEqual([...purposes], [meaning], usage);
  }
});

test("what nobody signed is refused, and so is who wants to do everything", async () => {
  await assert.rejects(checkNewRequest(of({ ...client, request: Buffer.from("no").toString("base64") })), /x509/);
  const { request } = await sampleRequest({ subject: "CN=jane,O=system:masters" });
  await assert.rejects(checkNewRequest(of({ ...client, request })), /with system:masters group is not allowed/);
});

test("a year at most, and never longer than the authority", () => {
  const life = lifeOf({ ...client, request: "", expirationSeconds: 10 * 366 * 86_400 }, authority, clock.now());
  assert.equal(life.notAfterMs, clock.now() + 365 * 86_400_000 - 300_000);
  const last = Date.parse(new X509Certificate(authority.cert).validTo);
  assert.equal(lifeOf({ ...client, request: "" }, authority, last - 1_000).notAfterMs, last);
});

test("who asks is written down by the door, and decisions have a path of their own", async () => {
  const { deck } = await openSampleDeck(new MemoryJournal(clock));
  const { request } = await sampleRequest({ subject: "CN=jane" });
  const subject = { name: "jane", groups: ["team"], uid: "u-1", extra: { from: ["here"] } };
  const spec = { ...client, request, username: "somebody else", groups: ["system:masters"] };
  const { stored } = await deck.create(kind, of(spec), { manager: "test", subject });
  const { spec: told } = stored.object as CertificateSigningRequest;
  assert.deepEqual([told.username, told.groups, told.uid, told.extra], ["jane", ["team"], "u-1", { from: ["here"] }]);
  const approve = (live: object): CertificateSigningRequest =>
    ({
      ...live,
      status: { conditions: [{ type: "Approved", status: "True" }] },
    }) as unknown as CertificateSigningRequest;
  await assert.rejects(
    deck.update(kind, "/jane", approve, { manager: "test", subresource: "status" }),
    /may not add a condition of type "Approved"/,
  );
  await deck.update(kind, "/jane", approve, { manager: "test", subresource: "approval" });
  const withdraw = (live: object): CertificateSigningRequest => ({ ...live, status: {} }) as CertificateSigningRequest;
  await assert.rejects(
    deck.update(kind, "/jane", withdraw, { manager: "test", subresource: "approval" }),
    /may not remove a condition of type "Approved"/,
  );
});
