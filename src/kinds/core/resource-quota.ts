/** ResourceQuota: how much of everything a namespace may have. What objects take is said by their kinds (kinds/quota.ts). */
import type { FieldFault } from "#base/fault.ts";
import { parseNanos } from "#base/quantity.ts";
import { builtinKind } from "#kinds/builtin.ts";
import { ageColumn, text } from "#kinds/columns.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import { chargedByName, ONE, type ScopeRequirement } from "#kinds/quota.ts";
import { seenByAll } from "#kinds/roles.ts";
import { FieldFaults } from "#kinds/rules/field-faults.ts";
import { qualifiedNameFaults } from "#kinds/rules/names.ts";
import { statusPath } from "#kinds/subresources.ts";
import type { ResourceList } from "./pod-spec.ts";

export type ResourceQuota = KubeObject & {
  readonly spec: {
    readonly hard?: ResourceList;
    readonly scopes?: readonly string[];
    readonly scopeSelector?: { readonly matchExpressions?: readonly ScopeRequirement[] };
  };
  readonly status?: { readonly hard?: ResourceList; readonly used?: ResourceList };
};

export const resourceQuotaKind: Kind<ResourceQuota> = builtinKind<ResourceQuota>({
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
  shortNames: ["quota"],
  scope: "Namespaced",
  roles: seenByAll,
  type: "io.k8s.api.core.v1.ResourceQuota",
  subresources: [statusPath],
  charges: chargedByName("resourcequotas"),
  columns: [
    text("Request", (quota) => usedText(quota, false)),
    text("Limit", (quota) => usedText(quota, true)),
    ageColumn,
  ],
  validate: faultsOf,
});

/** Every scope that an object must be in, however the quota says it. */
export function scopesOf({ spec }: ResourceQuota): readonly ScopeRequirement[] {
  const plain = (spec.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" }));
  return [...plain, ...(spec.scopeSelector?.matchExpressions ?? [])];
}

function usedText({ status }: ResourceQuota, isLimit: boolean): string {
  const { hard = {}, used = {} } = status ?? {};
  const shown = Object.entries(hard).filter(([name]) => name.startsWith("limits.") === isLimit);
  return shown
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, limit]) => `${name}: ${used[name] ?? "0"}/${limit}`)
    .join(", ");
}

const COMPUTE = ["cpu", "memory", "limits.cpu", "limits.memory", "requests.cpu", "requests.memory"];
const COUNTS = [
  "pods",
  "resourcequotas",
  "services",
  "replicationcontrollers",
  "secrets",
  "configmaps",
  "persistentvolumeclaims",
  "services.nodeports",
  "services.loadbalancers",
];
const STORAGE = ["ephemeral-storage", "limits.ephemeral-storage", "requests.ephemeral-storage", "requests.storage"];
const STANDARD: ReadonlySet<string> = new Set([...COMPUTE, ...COUNTS, ...STORAGE]);
const CLAIMS = ["persistentvolumeclaims", "requests.storage"];

/** Which standard limits each scope can be asked of (IsResourceQuotaScopeValidForResource). */
const SCOPES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    Terminating: ["pods", ...COMPUTE],
    NotTerminating: ["pods", ...COMPUTE],
    BestEffort: ["pods"],
    NotBestEffort: ["pods", ...COMPUTE],
    PriorityClass: ["pods", ...COMPUTE],
    CrossNamespacePodAffinity: ["pods", ...COMPUTE],
    VolumeAttributesClass: CLAIMS,
  }),
);

function isStandard(name: string): boolean {
  return STANDARD.has(name) || /^(requests\.)?hugepages-/.test(name);
}

/** ValidateResourceQuotaSpec and what an update may not change. */
function faultsOf(next: ResourceQuota, live: ResourceQuota | null): readonly FieldFault[] {
  const faults = new FieldFaults();
  const { spec, status } = next;
  checkLimits(spec.hard, "spec.hard", faults);
  checkScopes(spec, faults);
  checkSelector(next, faults);
  checkLimits(status?.hard, "status.hard", faults);
  checkLimits(status?.used, "status.used", faults);
  const before = new Set(live?.spec.scopes);
  const scopes = new Set(spec.scopes);
  if (live !== null && before.symmetricDifference(scopes).size > 0) faults.immutable("spec.scopes", spec.scopes);
  return faults.found;
}

function checkLimits(limits: ResourceList = {}, path: string, faults: FieldFaults): void {
  for (const [name, amount] of Object.entries(limits)) {
    const at = `${path}[${name}]`;
    const nameFaults = qualifiedNameFaults(name);
    faults.invalidEach(at, name, nameFaults);
    if (nameFaults.length === 0 && !name.includes("/") && !isStandard(name)) {
      faults.invalid(at, name, "must be a standard resource type or fully qualified");
      faults.invalid(at, name, "must be a standard resource for quota");
    }
    const nanos = parseNanos(amount) ?? 0n;
    if (nanos < 0n) faults.invalid(at, amount, "must be greater than or equal to 0");
    if (isCount(name) && nanos % ONE !== 0n) faults.invalid(at, amount, "must be an integer");
  }
}

function isCount(name: string): boolean {
  return COUNTS.includes(name) || (name.includes("/") && !/kubernetes\.io\/|^requests\./.test(name));
}

function checkScopes({ scopes = [], hard = {} }: ResourceQuota["spec"], faults: FieldFaults): void {
  for (const scope of scopes) {
    if (!SCOPES.has(scope)) faults.invalid("spec.scopes", scopes, "unsupported scope");
    for (const _name of unsuited(scope, hard))
      faults.invalid("spec.scopes", scopes, "unsupported scope applied to resource");
  }
  checkConflicts(scopes, scopes, faults);
}

function unsuited(scope: string, hard: ResourceList): readonly string[] {
  const suited = SCOPES.get(scope);
  return suited === undefined ? [] : Object.keys(hard).filter((name) => isStandard(name) && !suited.includes(name));
}

function checkConflicts(named: readonly string[], shown: readonly string[] | undefined, faults: FieldFaults): void {
  const has = (scope: string): boolean => named.includes(scope);
  for (const scope of ["BestEffort", "Terminating"])
    if (has(scope) && has(`Not${scope}`)) faults.invalid("spec.scopes", shown, "conflicting scopes");
}

const BARE_SCOPES = ["BestEffort", "NotBestEffort", "Terminating", "NotTerminating", "CrossNamespacePodAffinity"];

/** validateScopedResourceSelectorRequirement. */
function checkSelector({ spec }: ResourceQuota, faults: FieldFaults): void {
  const path = "spec.scopeSelector.matchExpressions";
  const terms = spec.scopeSelector?.matchExpressions ?? [];
  for (const { scopeName, operator, values = [] } of terms) {
    if (!SCOPES.has(scopeName)) faults.invalid(`${path}.scopeName`, scopeName, "unsupported scope");
    for (const _name of unsuited(scopeName, spec.hard ?? {}))
      faults.invalid(path, spec.scopeSelector, "unsupported scope applied to resource");
    if (BARE_SCOPES.includes(scopeName) && operator !== "Exists")
      faults.invalid(
        `${path}.operator`,
        operator,
        "must be 'Exists' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity",
      );
    checkOperator(operator, values, faults);
  }
  checkConflicts(
    terms.map(({ scopeName }) => scopeName),
    spec.scopes,
    faults,
  );
}

function checkOperator(operator: string, values: readonly string[], faults: FieldFaults): void {
  const path = "spec.scopeSelector.matchExpressions";
  if (operator === "In" || operator === "NotIn") {
    if (values.length === 0)
      faults.required(
        `${path}.values`,
        "must be at least one value when `operator` is 'In' or 'NotIn' for scope selector",
      );
  } else if (operator === "Exists" || operator === "DoesNotExist") {
    if (values.length > 0)
      faults.invalid(
        `${path}.values`,
        values,
        "must be no value when `operator` is 'Exist' or 'DoesNotExist' for scope selector",
      );
  } else faults.invalid(`${path}.operator`, operator, "not a valid selector operator");
}
