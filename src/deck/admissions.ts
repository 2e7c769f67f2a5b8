/** The built-in admissions, in the order in which they run. */
import type { Admission } from "./admission.ts";
import { immortalNamespaces, livingNamespace, namespaceMarks } from "./admit-namespace.ts";
import { podSecurity } from "./admit-pod-security.ts";
import { defaultIngressClass } from "./admit-ingress.ts";
import { limitRanger } from "./admit-limit-range.ts";
import { type AwsPlace, podIdentity } from "./admit-pod-identity.ts";
import { defaultTolerations, podAccount, podPriority } from "./admit-pod.ts";
import { runtimeClassOfPod } from "./admit-runtime-class.ts";
import { QuotaAdmission } from "./admit-quota.ts";
import { claimResize, defaultStorageClass, storageProtection } from "./admit-storage.ts";
import { definitionCleanup } from "./definitions.ts";
import { type Network, ServiceAddresses } from "./service-addresses.ts";

export function builtinAdmissions(network: Network, aws?: AwsPlace): readonly Admission[] {
  return [
    livingNamespace,
    immortalNamespaces,
    namespaceMarks,
    ...limitRanger,
    podAccount,
    ...(aws === undefined ? [] : [podIdentity(aws)]),
    defaultTolerations,
    podPriority,
    runtimeClassOfPod,
    defaultIngressClass,
    defaultStorageClass,
    ...storageProtection,
    claimResize,
    definitionCleanup,
    new ServiceAddresses(network),
    ...podSecurity,
    // What others refuse takes nothing.
    new QuotaAdmission(),
  ];
}
