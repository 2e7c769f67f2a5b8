/** Certificate requests go by themselves: a plan for each age. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { CertificateSigningRequest } from "#kinds/certificates/certificate-signing-request.ts";
import { certificateExpiryController as controller } from "./certificate-expiry.ts";
import { brief, planOf } from "./sample-plan.ts";

const CREATED = "2026-01-02T00:00:00Z";
const at = (hours: number): number => Date.parse(CREATED) + hours * 3_600_000;

function requestOf(
  conditions: NonNullable<CertificateSigningRequest["status"]>["conditions"] = [],
): CertificateSigningRequest {
  return {
    metadata: { name: "r", creationTimestamp: CREATED },
    spec: { request: "", signerName: "" },
    status: { conditions },
  };
}

const approved = requestOf([{ type: "Approved", status: "True", lastUpdateTime: "2026-01-02T05:00:00Z" }]);

test("a request that nobody decides stays a day, a decided one an hour", () => {
  assert.deepEqual(planOf(controller, requestOf(), { now: at(23) }), { changes: [], againAtMs: at(24) });
  assert.equal(brief(planOf(controller, requestOf(), { now: at(24) }).changes).length, 1);
  assert.deepEqual(planOf(controller, approved, { now: at(5.5) }), { changes: [], againAtMs: at(6) });
  assert.deepEqual(brief(planOf(controller, approved, { now: at(6) }).changes), [
    "remove certificatesigningrequests.certificates.k8s.io /r",
  ]);
});
