/** Lease: who holds something, and until when: node heartbeats and leader election. */
import { ageColumn, text } from "./columns.ts";
import { builtinKind } from "./builtin.ts";
import type { Kind } from "./kind.ts";
import type { KubeObject } from "./object.ts";

export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

export const leaseKind: Kind<Lease> = builtinKind<Lease>({
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  scope: "Namespaced",
  type: "io.k8s.api.coordination.v1.Lease",
  columns: [text("Holder", (lease) => lease.spec?.holderIdentity ?? ""), ageColumn],
});
