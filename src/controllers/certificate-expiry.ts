/** Certificate request expiry: removes requests that were decided an hour ago, or that nobody decided for a day (upstream's csrcleaner). */
import type { Controller, Plan } from "#deck/controller.ts";
import {
  type CertificateSigningRequest,
  certificateSigningRequestKind,
} from "#kinds/certificates/certificate-signing-request.ts";
import { remove } from "./changes.ts";

const DECIDED_MS = 3_600_000;
const PENDING_MS = 24 * 3_600_000;

export const certificateExpiryController: Controller<CertificateSigningRequest> = {
  name: "csrcleaner-controller",
  kind: certificateSigningRequestKind,
  plan: (_key, request, _seen, _memory, now) => (request === undefined ? { changes: [] } : plan(request, now)),
};

function plan(request: CertificateSigningRequest, now: number): Plan {
  const overAtMs = endOf(request);
  if (overAtMs > now) return { changes: [], againAtMs: overAtMs };
  return { changes: [remove(certificateSigningRequestKind, request)] };
}

function endOf({ metadata, status }: CertificateSigningRequest): number {
  const created = Date.parse(metadata.creationTimestamp ?? "");
  const decisions = status?.conditions ?? [];
  if (decisions.length === 0) return created + PENDING_MS;
  const times = decisions.map(({ lastUpdateTime, lastTransitionTime }) =>
    Date.parse(lastUpdateTime ?? lastTransitionTime ?? metadata.creationTimestamp ?? ""),
  );
  return Math.min(...times) + DECIDED_MS;
}
