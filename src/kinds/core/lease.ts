/** Lease: who holds something, and until when: node heartbeats and leader election. */
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, text } from "#kinds/columns.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import type { Kind } from "#kinds/kind.ts";
import { keptFromViewers } from "#kinds/roles.ts";
import type { KubeObject } from "#kinds/object.ts";

export type Lease = KubeObject & {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
};

export const leaseKind: Kind<Lease> = builtinKind<Lease>({
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  scope: "Namespaced",
  roles: keptFromViewers,
  isChurning: true,
  type: "io.k8s.api.coordination.v1.Lease",
  columns: [text("Holder", (lease) => lease.spec?.holderIdentity ?? ""), ageColumn],
  validate: ({ spec }) => {
    const faults = new FieldFaults();
    const { leaseDurationSeconds, leaseTransitions } = spec ?? {};
    if (leaseDurationSeconds !== undefined && leaseDurationSeconds <= 0)
      faults.invalid("spec.leaseDurationSeconds", leaseDurationSeconds, "must be greater than 0");
    if (leaseTransitions !== undefined && leaseTransitions < 0)
      faults.invalid("spec.leaseTransitions", leaseTransitions, "must be greater than or equal to 0");
    return faults.found;
  },
});
