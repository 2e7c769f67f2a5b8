/** The built-in signers: which approved requests get a certificate of the instance's authority, and for how long. */
import { X509Certificate } from "node:crypto";
import type { Clock } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import type { Keeper } from "#deck/controller.ts";
import type { Objects } from "#deck/objects.ts";
import {
  type CertificateSigningRequest,
  certificateSigningRequestKind,
} from "#kinds/certificates/certificate-signing-request.ts";
import type { Kind } from "#kinds/kind.ts";
import { isTrueOf, withCondition } from "#kinds/conditions.ts";
import type { ObjectKey } from "#base/key.ts";
import { type CertificateRequest, issueCertificate, type Issued, readRequest } from "./certificate-requests.ts";
import type { KeyPair } from "./pki.ts";

const CLIENT = "kubernetes.io/kube-apiserver-client";

/** Null when the signer takes the request; else why not. */
type Judge = (request: CertificateRequest, usages: readonly string[]) => string | null;

const signers: ReadonlyMap<string, Judge> = new Map<string, Judge>([
  [CLIENT, (_request, usages) => clientFault(usages)],
  ["kubernetes.io/kube-apiserver-client-kubelet", nodeClientFault],
  ["kubernetes.io/kubelet-serving", nodeServingFault],
]);

// --cluster-signing-duration; clocks may differ by five minutes, which short lives do not pay for.
const YEAR_MS = 365 * 86_400_000;
const BACKDATE_MS = 5 * 60_000;
const SHORT_MS = 8 * 3_600_000;

/** Refuses what cannot be read, and who wants to become one of those who may do everything. */
export async function checkNewRequest({ metadata, spec }: CertificateSigningRequest): Promise<void> {
  const read = await readRequest(spec.request);
  if (spec.signerName === CLIENT && read.organizations.includes("system:masters"))
    throw new Fault(
      "Forbidden",
      `certificatesigningrequests.certificates.k8s.io "${metadata.name}" is forbidden: use of ${CLIENT} signer with system:masters group is not allowed`,
    );
}

export interface SignerParts {
  readonly objects: Objects;
  readonly authority: KeyPair;
  readonly clock: Clock;
}

/** Issues once for each request that is approved; why it did not stands in the condition Failed. */
export class SignerKeeper implements Keeper<CertificateSigningRequest> {
  readonly name = "certificate-signer";
  readonly kind: Kind<CertificateSigningRequest> = certificateSigningRequestKind;
  readonly #parts: SignerParts;

  constructor(parts: SignerParts) {
    this.#parts = parts;
  }

  async keep(key: ObjectKey, request: CertificateSigningRequest | undefined): Promise<undefined> {
    const judge = request && signers.get(request.spec.signerName);
    if (request === undefined || judge === undefined || !isDue(request)) return;
    const { spec } = request;
    const fault = judge(await readRequest(spec.request), spec.usages ?? []);
    const { objects, authority, clock } = this.#parts;
    const now = clock.now();
    const certificate =
      fault === null ? await issueCertificate(spec.request, authority, lifeOf(spec, authority, now)) : "";
    const told = { type: "Failed", status: "True" as const, reason: "SignerValidationFailure", message: fault ?? "" };
    const signed = (live: CertificateSigningRequest): CertificateSigningRequest => ({
      ...live,
      status:
        fault === null
          ? { ...live.status, certificate: Buffer.from(certificate).toString("base64") }
          : { ...live.status, conditions: withCondition(live.status?.conditions, told, now) },
    });
    const decide = (live: CertificateSigningRequest): CertificateSigningRequest | null =>
      live.metadata.uid === request.metadata.uid && isDue(live) ? signed(live) : null;
    await objects.change(certificateSigningRequestKind, key, decide, { subresource: "status" });
  }
}

function isDue({ status }: CertificateSigningRequest): boolean {
  const has = (type: string): boolean => isTrueOf(status?.conditions, type);
  return has("Approved") && !has("Denied") && !has("Failed") && (status?.certificate ?? "") === "";
}

/** Never longer than the authority's own. */
export function lifeOf(
  { usages = [], expirationSeconds }: CertificateSigningRequest["spec"],
  { cert }: KeyPair,
  now: number,
): Issued {
  const askedMs = expirationSeconds === undefined ? YEAR_MS : Math.min(YEAR_MS, expirationSeconds * 1_000);
  const endMs = now + askedMs - (askedMs < SHORT_MS ? 0 : BACKDATE_MS);
  const lastMs = Date.parse(new X509Certificate(cert).validTo);
  return { usages, notBeforeMs: now - BACKDATE_MS, notAfterMs: Math.min(endMs, lastMs) };
}

function clientFault(usages: readonly string[]): string | null {
  const strange = usages.find((usage) => !["digital signature", "key encipherment", "client auth"].includes(usage));
  if (strange !== undefined) return `invalid usage for client certificate: ${strange}`;
  return usages.includes("client auth") ? null : "missing required usage for client certificate: client auth";
}

/** ValidateKubeletClientCSR. */
function nodeClientFault(request: CertificateRequest, usages: readonly string[]): string | null {
  if (request.organizations.join() !== "system:nodes") return "subject organization is not system:nodes";
  if (request.dnsNames.length > 0) return "DNS subjectAltNames are not allowed";
  if (request.emails.length > 0) return "Email subjectAltNames are not allowed";
  if (request.ips.length > 0) return "IP subjectAltNames are not allowed";
  if (request.uris.length > 0) return "URI subjectAltNames are not allowed";
  if (!request.commonName.startsWith("system:node:")) return "subject common name does not begin with system:node:";
  return usagesFault(usages, "client auth");
}

/** ValidateKubeletServingCSR. */
function nodeServingFault(request: CertificateRequest, usages: readonly string[]): string | null {
  if (request.organizations.join() !== "system:nodes") return "subject organization is not system:nodes";
  if (request.dnsNames.length + request.ips.length === 0) return "DNS or IP subjectAltName is required";
  if (request.emails.length > 0) return "Email subjectAltNames are not allowed";
  if (request.uris.length > 0) return "URI subjectAltNames are not allowed";
  if (!request.commonName.startsWith("system:node:")) return "subject common name does not begin with system:node:";
  return usagesFault(usages, "server auth");
}

/** Keys that are not RSA encipher nothing. */
function usagesFault(usages: readonly string[], purpose: string): string | null {
  const most = ["digital signature", "key encipherment", purpose];
  const isFit =
    usages.every((usage) => most.includes(usage)) && usages.includes(purpose) && usages.includes(most[0] ?? "");
  return isFit ? null : `usages did not match [${most.toSorted().join(" ")}]`;
}
