/** The finalizers that keep claims and volumes while they are used (k8s.io/kubernetes/pkg/volume/util). */

export const CLAIM_PROTECTION = "kubernetes.io/pvc-protection";
export const VOLUME_PROTECTION = "kubernetes.io/pv-protection";
