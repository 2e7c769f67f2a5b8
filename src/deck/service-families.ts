/** Which IP families a service gets in a cluster that has IPv4 alone, after upstream's initIPFamilyFields. */
import type { FieldFault } from "#base/fault.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import type { ServiceSpec } from "#kinds/core/service-spec.ts";

export type Families = Required<Pick<ServiceSpec, "ipFamilies" | "ipFamilyPolicy">>;

const POLICIES = ["PreferDualStack", "RequireDualStack", "SingleStack"];

/** `spec` has the address that it gets; `live` is the service before, whose choice stays where nothing is said. */
export function familiesOf(spec: ServiceSpec, live: ServiceSpec | null): Families {
  const isFree = isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0;
  const ipFamilyPolicy = spec.ipFamilyPolicy ?? live?.ipFamilyPolicy ?? (isFree ? "RequireDualStack" : "SingleStack");
  const asked = spec.ipFamilies ?? [];
  const first = asked[0] ?? "IPv4";
  if (isFree && asked.length < 2 && ipFamilyPolicy !== "SingleStack")
    return { ipFamilyPolicy, ipFamilies: [first, first === "IPv4" ? "IPv6" : "IPv4"] };
  return { ipFamilyPolicy, ipFamilies: asked.length === 0 ? [first] : asked };
}

export function familyFaults(spec: ServiceSpec): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { ipFamilies = [], ipFamilyPolicy } = spec;
  faults.oneOf("spec.ipFamilyPolicy", ipFamilyPolicy, POLICIES);
  for (const [index, family] of ipFamilies.entries())
    faults.oneOf(`spec.ipFamilies[${index}]`, family, ["IPv4", "IPv6"]);
  if (ipFamilyPolicy === "SingleStack" && ipFamilies.length === 2)
    faults.invalid(
      "spec.ipFamilyPolicy",
      ipFamilyPolicy,
      "must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
    );
  // A headless service without a selector may name families that its own endpoints have.
  if (isHeadless(spec) && Object.keys(spec.selector ?? {}).length === 0) return faults.found;
  if (ipFamilyPolicy === "RequireDualStack")
    faults.invalid("spec.ipFamilyPolicy", ipFamilyPolicy, "this cluster is not configured for dual-stack services");
  for (const [index, family] of ipFamilies.entries())
    if (family === "IPv6") faults.invalid(`spec.ipFamilies[${index}]`, family, "not configured on this cluster");
  return faults.found;
}

function isHeadless({ clusterIP, clusterIPs }: ServiceSpec): boolean {
  return (clusterIP || clusterIPs?.[0]) === "None";
}
