/** What a claim takes of quotas: itself and its storage, also by its class (upstream's pkg/quota/v1/evaluator/core/persistent_volume_claims.go). */
import type { Nanos } from "#base/quantity.ts";
import { type Charges, ONE } from "#kinds/quota.ts";
import { OLD_CLASS } from "./claim-rules.ts";
import type { PersistentVolumeClaimSpec } from "./claim-spec.ts";
import { nanosOf } from "./pod-amounts.ts";

const CLAIMS = "persistentvolumeclaims";
const STORAGE = "requests.storage";
// "gold.storageclass.storage.k8s.io/requests.storage".
const OF_CLASS = ".storageclass.storage.k8s.io/";

type Claim = {
  readonly metadata: { readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: PersistentVolumeClaimSpec;
};

export const claimCharges: Charges<Claim> = {
  isAbout: (name) => {
    const of = name.slice(name.indexOf(OF_CLASS) + OF_CLASS.length);
    return name === CLAIMS || name === STORAGE || (name.includes(OF_CLASS) && (of === CLAIMS || of === STORAGE));
  },
  usage: ({ metadata, spec }) => {
    const storage = nanosOf(spec.resources?.requests).get("storage") ?? 0n;
    const storageClass = metadata.annotations?.[OLD_CLASS] ?? spec.storageClassName ?? "";
    const taken: readonly (readonly [string, Nanos])[] = [
      [CLAIMS, ONE],
      [STORAGE, storage],
    ];
    const byClass = taken.map(([name, amount]) => [storageClass + OF_CLASS + name, amount] as const);
    return new Map(storageClass === "" ? taken : [...taken, ...byClass]);
  },
  // No claim has a class of volume attributes here, so each is in the scopes of those that have none.
  isInScope: (_claim, { scopeName, operator }) =>
    scopeName === "VolumeAttributesClass" && (operator === "DoesNotExist" || operator === "NotIn"),
};
