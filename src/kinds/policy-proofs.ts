/** The part of proofs.ts that is about policy: disruption budgets, runtime classes, certificate requests. */
import type { TypeProofs } from "./core-proofs.ts";

export const policyProofs: TypeProofs = {
  "io.k8s.api.certificates.v1.CertificateSigningRequest": {
    "tests/policy.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.certificates.v1.CertificateSigningRequestSpec": {
    "src/kube/signers.test.ts": "request signerName expirationSeconds usages username groups uid extra",
  },
  "io.k8s.api.node.v1.RuntimeClass": {
    "tests/policy.test.ts": "kind apiVersion metadata",
    "src/deck/admit-runtime-class.test.ts": "handler overhead scheduling",
  },
  "io.k8s.api.node.v1.Overhead": { "src/deck/admit-runtime-class.test.ts": "podFixed" },
  "io.k8s.api.node.v1.Scheduling": { "src/deck/admit-runtime-class.test.ts": "nodeSelector tolerations" },
  "io.k8s.api.policy.v1.PodDisruptionBudget": { "src/controllers/disruption.test.ts": "kind apiVersion metadata spec" },
  "io.k8s.api.policy.v1.PodDisruptionBudgetSpec": {
    "src/controllers/disruption.test.ts": "minAvailable maxUnavailable selector",
    "src/kinds/policy/pod-disruption-budget.test.ts": "unhealthyPodEvictionPolicy",
  },
};
