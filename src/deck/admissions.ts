/** The built-in admissions, in the order in which they run. */
import type { Admission } from "./admission.ts";
import { admitNamespaced, admitNamespace } from "./admit-namespace.ts";
import { reviewPodSecurity } from "./admit-pod-security.ts";
import { admitIngress } from "./admit-ingress.ts";
import { admitPod } from "./admit-pod.ts";
import { admitDefinition } from "./definitions.ts";
import { type Network, ServiceAddresses } from "./service-addresses.ts";

export function builtinAdmissions(network: Network): readonly Admission[] {
  return [
    { admit: admitNamespaced },
    { admit: admitNamespace },
    { admit: admitPod },
    { admit: admitIngress },
    { admit: admitDefinition },
    new ServiceAddresses(network),
    { review: reviewPodSecurity },
  ];
}
