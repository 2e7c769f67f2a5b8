/** CertificateSigningRequest: somebody wants a certificate; one approves, a signer issues. What is in the request is read by kube/. */
import type { FieldFault } from "#base/fault.ts";
import { sameJson } from "#base/json.ts";
import { decodeUtf8 } from "#base/utf8.ts";
import { ageOf, humanDuration } from "#kinds/age.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { NONE, text } from "#kinds/columns.ts";
import { conditionOf } from "#kinds/conditions.ts";
import type { Kind, Subresource, SubresourceName } from "#kinds/kind.ts";
import type { Condition, KubeObject } from "#kinds/object.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { dnsLabelFaults, dnsSubdomainFaults } from "#kinds/rules/names.ts";
import { fromBase64 } from "#kinds/schema/base64.ts";
import { statusPath } from "#kinds/subresources.ts";

export type CertificateSigningRequest = KubeObject & {
  readonly spec: {
    /** Base64 of PEM of a PKCS #10 request (RFC 2986). */
    readonly request: string;
    readonly signerName: string;
    readonly expirationSeconds?: number;
    readonly usages?: readonly string[];
    /** Who asked, as the API server knew him. */
    readonly username?: string;
    readonly uid?: string;
    readonly groups?: readonly string[];
    readonly extra?: Readonly<Record<string, readonly string[]>>;
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    /** Base64 of PEM. */
    readonly certificate?: string;
  };
};

/** The decision of a person or of an approver. */
export const approvalPath: Subresource = { ...statusPath, name: "approval" };

const DECISIONS: readonly string[] = ["Approved", "Denied"];

export const certificateSigningRequestKind: Kind<CertificateSigningRequest> = builtinKind<CertificateSigningRequest>({
  group: "certificates.k8s.io",
  version: "v1",
  kind: "CertificateSigningRequest",
  plural: "certificatesigningrequests",
  shortNames: ["csr"],
  scope: "Cluster",
  type: "io.k8s.api.certificates.v1.CertificateSigningRequest",
  subresources: [statusPath, approvalPath],
  columns: [
    text("Age", ({ metadata }, now) => ageOf(metadata.creationTimestamp, now)),
    text("SignerName", ({ spec }) => spec.signerName),
    text("Requestor", ({ spec }) => spec.username ?? ""),
    text("RequestedDuration", ({ spec }) =>
      spec.expirationSeconds === undefined ? NONE : humanDuration(spec.expirationSeconds * 1_000),
    ),
    text("Condition", stateText),
  ],
  onCreate: ({ status: _status, ...request }, asker) => ({ ...request, spec: askedBy(request.spec, asker) }),
  onUpdate: (next, live) => ({ ...next, spec: live.spec }),
  selectableFields: { "spec.signerName": ({ spec }) => spec.signerName },
  // "We don't care what you call your certificate requests": ValidateCertificateRequestName.
  checkName: () => null,
  validate: faultsOf,
});

/** Who asks cannot say that he is somebody else. */
function askedBy(
  { username: _name, uid: _uid, groups: _groups, extra: _extra, ...spec }: CertificateSigningRequest["spec"],
  asker: Parameters<NonNullable<Kind["onCreate"]>>[1],
): CertificateSigningRequest["spec"] {
  if (asker === undefined) return spec;
  const { name, uid, groups, extra } = asker;
  return { ...spec, username: name, ...(uid !== undefined && { uid }), groups, ...(extra && { extra }) };
}

function stateText({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => conditionOf(status?.conditions, type) !== undefined;
  const decision = has("Denied") ? "Denied" : has("Approved") ? "Approved" : "Pending";
  const isIssued = (status?.certificate ?? "") !== "";
  return `${decision}${has("Failed") ? ",Failed" : ""}${isIssued ? ",Issued" : ""}`;
}

const USAGES: readonly string[] = [
  "any",
  "cert sign",
  "client auth",
  "code signing",
  "content commitment",
  "crl sign",
  "data encipherment",
  "decipher only",
  "digital signature",
  "email protection",
  "encipher only",
  "ipsec end system",
  "ipsec tunnel",
  "ipsec user",
  "key agreement",
  "key encipherment",
  "microsoft sgc",
  "netscape sgc",
  "ocsp signing",
  "s/mime",
  "server auth",
  "signing",
  "timestamping",
];

const LEAST_SECONDS = 600;
const LEGACY_SIGNER = "kubernetes.io/legacy-unknown";

/** ValidateCertificateSigningRequestCreate and its updates; the signature of the request is checked at the door. */
function faultsOf(
  next: CertificateSigningRequest,
  live: CertificateSigningRequest | null,
  part?: SubresourceName,
): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { request, usages = [], signerName, expirationSeconds } = next.spec;
  if (!isPem(request, "CERTIFICATE REQUEST"))
    faults.invalid("spec.request", request, "PEM block type must be CERTIFICATE REQUEST");
  if (usages.length === 0) faults.required("spec.usages");
  for (const [at, usage] of usages.entries()) {
    if (!USAGES.includes(usage)) faults.notSupported(`spec.usages[${at}]`, usage, USAGES);
    if (usages.indexOf(usage) < at) faults.duplicate(`spec.usages[${at}]`, usage);
  }
  if (signerName === LEGACY_SIGNER && live === null)
    faults.invalid("spec.signerName", signerName, "the legacy signerName is not allowed via this API version");
  else checkSignerName(signerName, faults);
  if (expirationSeconds !== undefined && expirationSeconds < LEAST_SECONDS)
    faults.invalid(
      "spec.expirationSeconds",
      expirationSeconds,
      "may not specify a duration less than 600 seconds (10 minutes)",
    );
  checkConditions(next, live, faults);
  checkCertificate(next, live, faults);
  if (live !== null) checkPart({ next, live }, part, faults);
  return faults.found;
}

function isPem(base64: string, label: string): boolean {
  return decodeUtf8(fromBase64(base64)).includes(`-----BEGIN ${label}-----`);
}

function checkSignerName(name: string, faults: FieldFaults): void {
  const path = "spec.signerName";
  if (name === "") return faults.required(path);
  const [domain = "", signer, ...others] = name.split("/");
  if (signer === undefined || others.length > 0)
    return faults.invalid(
      path,
      name,
      "must be a fully qualified domain and path of the form 'example.com/signer-name'",
    );
  const labels = domain.split(".");
  for (const label of labels) faults.invalidEach(path, domain, dnsLabelFaults(label));
  if (labels.length < 2)
    faults.invalid(path, domain, "should be a domain with at least two segments separated by dots");
  for (const part of signer.split(".")) faults.invalidEach(path, signer, dnsSubdomainFaults(part));
}

const ALWAYS_TRUE = ["Approved", "Denied", "Failed"];

function checkConditions(
  next: CertificateSigningRequest,
  live: CertificateSigningRequest | null,
  faults: FieldFaults,
): void {
  const path = "status.conditions";
  const conditions = next.status?.conditions ?? [];
  const has = (type: string): boolean => conditionOf(conditions, type) !== undefined;
  for (const [at, { type, status }] of conditions.entries()) {
    if (type === "") faults.required(`${path}[${at}].type`);
    const allowed = ALWAYS_TRUE.includes(type) ? ["True"] : ["False", "True", "Unknown"];
    faults.oneOf(`${path}[${at}].status`, status, allowed);
    if (conditions.findIndex((other) => other.type === type) < at) faults.duplicate(`${path}[${at}].type`, type);
  }
  if (has("Approved") && has("Denied"))
    faults.invalid(path, "Denied", "Approved and Denied conditions are mutually exclusive");
  for (const type of ALWAYS_TRUE)
    if (!has(type) && conditionOf(live?.status?.conditions, type) !== undefined)
      faults.forbidden(path, `updates may not remove a condition of type "${type}"`);
}

function checkCertificate(
  next: CertificateSigningRequest,
  live: CertificateSigningRequest | null,
  faults: FieldFaults,
): void {
  const { certificate = "" } = next.status ?? {};
  const before = live?.status?.certificate ?? "";
  if (certificate === before) return;
  if (before !== "") faults.forbidden("status.certificate", "updates may not modify existing certificate content");
  if (!isPem(certificate, "CERTIFICATE"))
    faults.invalid("status.certificate", "<certificate data>", "must contain at least one CERTIFICATE PEM block");
}

/** Who decides does not sign, and who signs does not decide. */
function checkPart({ next, live }: Change, part: SubresourceName | undefined, faults: FieldFaults): void {
  const isSame = sameJson(next.status?.certificate ?? "", live.status?.certificate ?? "");
  if (part === "approval" && !isSame) faults.forbidden("status.certificate", "updates may not set certificate content");
  if (part !== "status") return;
  for (const type of DECISIONS) {
    const [before, after] = [live, next].map(({ status }) => conditionOf(status?.conditions, type));
    if (after === undefined || sameJson(before ?? null, after)) continue;
    const verb = before === undefined ? "add" : "modify";
    faults.forbidden("status.conditions", `updates may not ${verb} a condition of type "${type}"`);
  }
}

interface Change {
  readonly next: CertificateSigningRequest;
  readonly live: CertificateSigningRequest;
}
