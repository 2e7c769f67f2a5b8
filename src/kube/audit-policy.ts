/** The policy of the audit log (audit.k8s.io/v1): read strictly, then asked of each request how much of it is written down. Pure. */
import { Fault } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject } from "#base/json.ts";

export type AuditLevel = "None" | "Metadata" | "Request" | "RequestResponse";
export type AuditStage = "RequestReceived" | "ResponseStarted" | "ResponseComplete" | "Panic";

export interface AuditPolicy {
  readonly rules: readonly AuditRule[];
  readonly omitStages: readonly string[];
  readonly omitManagedFields: boolean;
}

export interface AuditRule {
  readonly level: AuditLevel;
  readonly users: readonly string[];
  readonly userGroups: readonly string[];
  readonly verbs: readonly string[];
  readonly namespaces: readonly string[];
  readonly nonResourceURLs: readonly string[];
  readonly resources: readonly GroupResources[];
  readonly omitStages: readonly string[];
  readonly omitManagedFields?: boolean;
}

export interface GroupResources {
  readonly group: string;
  readonly resources: readonly string[];
  readonly resourceNames: readonly string[];
}

/** What a request is about, as the rules see it. */
export interface Audited {
  readonly user: string;
  readonly groups: readonly string[];
  readonly verb: string;
  readonly path: string;
  /** Absent for paths that are no objects'. */
  readonly resource?: {
    readonly group: string;
    readonly plural: string;
    readonly subresource: string;
    readonly namespace: string;
    readonly name: string;
  };
}

export interface Extent {
  readonly level: AuditLevel;
  readonly omitStages: readonly string[];
  readonly omitManagedFields: boolean;
}

/** The first rule that fits decides; what no rule speaks of is not written down. */
export function extentOf(policy: AuditPolicy, audited: Audited): Extent {
  const rule = policy.rules.find((one) => fits(one, audited));
  return {
    level: rule?.level ?? "None",
    omitStages: [...policy.omitStages, ...(rule?.omitStages ?? [])],
    omitManagedFields: rule?.omitManagedFields ?? policy.omitManagedFields,
  };
}

function fits(rule: AuditRule, { user, groups, verb, path, resource }: Audited): boolean {
  if (rule.users.length > 0 && !rule.users.includes(user)) return false;
  if (rule.userGroups.length > 0 && !rule.userGroups.some((group) => groups.includes(group))) return false;
  if (rule.verbs.length > 0 && !rule.verbs.includes(verb)) return false;
  if (rule.namespaces.length + rule.resources.length > 0) return resource !== undefined && fitsResource(rule, resource);
  if (rule.nonResourceURLs.length === 0) return true;
  return resource === undefined && rule.nonResourceURLs.some((pattern) => fitsPath(pattern, path));
}

function fitsResource({ namespaces, resources }: AuditRule, asked: NonNullable<Audited["resource"]>): boolean {
  if (namespaces.length > 0 && !namespaces.includes(asked.namespace)) return false;
  if (resources.length === 0) return true;
  const { plural, subresource } = asked;
  const full = subresource === "" ? plural : `${plural}/${subresource}`;
  return resources.some((one) => {
    if (one.group !== asked.group) return false;
    if (one.resources.length === 0) return true;
    if (one.resourceNames.length > 0 && !one.resourceNames.includes(asked.name)) return false;
    const patterns = ["*", full, ...(subresource === "" ? [] : [`*/${subresource}`, `${plural}/*`])];
    return one.resources.some((name) => patterns.includes(name));
  });
}

function fitsPath(pattern: string, path: string): boolean {
  return pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

const LEVELS: readonly AuditLevel[] = ["None", "Metadata", "Request", "RequestResponse"];
const STAGES: readonly AuditStage[] = ["RequestReceived", "ResponseStarted", "ResponseComplete", "Panic"];

/** Throws BadRequest with the place of what is wrong; an unknown member is wrong, too. */
export function readAuditPolicy(document: Json): AuditPolicy {
  const top = objectAt(document, "the policy", [
    "apiVersion",
    "kind",
    "metadata",
    "rules",
    "omitStages",
    "omitManagedFields",
  ]);
  if (top["apiVersion"] !== "audit.k8s.io/v1" || top["kind"] !== "Policy")
    throw wrong("the policy", "must be a Policy of audit.k8s.io/v1");
  const rules = listAt(top["rules"], "rules");
  if (rules.length === 0) throw wrong("rules", "at least one rule, else nothing is ever written down");
  return {
    rules: rules.map((rule, at) => readRule(rule, `rules[${at}]`)),
    omitStages: stagesAt(top["omitStages"], "omitStages"),
    omitManagedFields: flagAt(top["omitManagedFields"], "omitManagedFields") ?? false,
  };
}

const RULE = [
  "level",
  "users",
  "userGroups",
  "verbs",
  "resources",
  "namespaces",
  "nonResourceURLs",
  "omitStages",
  "omitManagedFields",
];

/** ValidatePolicy of upstream's pkg/apis/audit/validation. */
function readRule(document: Json, at: string): AuditRule {
  const rule = objectAt(document, at, RULE);
  const level = LEVELS.find((one) => one === rule["level"]);
  if (level === undefined) throw wrong(`${at}.level`, `one of ${LEVELS.join(", ")}`);
  const words = (name: string): readonly string[] => wordsAt(rule[name], `${at}.${name}`);
  const urls = words("nonResourceURLs");
  const resources = listAt(rule["resources"], `${at}.resources`);
  if (urls.length > 0 && resources.length + words("namespaces").length > 0)
    throw wrong(`${at}.nonResourceURLs`, "rules cannot apply to both regular resources and non-resource URLs");
  for (const url of urls)
    if (url !== "*" && (!url.startsWith("/") || url.slice(0, -1).includes("*")))
      throw wrong(`${at}.nonResourceURLs`, `"${url}" must begin with "/" and may have "*" at its end only`);
  const omit = flagAt(rule["omitManagedFields"], `${at}.omitManagedFields`);
  return {
    level,
    users: words("users"),
    userGroups: words("userGroups"),
    verbs: words("verbs"),
    namespaces: words("namespaces"),
    nonResourceURLs: urls,
    resources: resources.map((one, index) => readResources(one, `${at}.resources[${index}]`)),
    omitStages: stagesAt(rule["omitStages"], `${at}.omitStages`),
    ...(omit !== undefined && { omitManagedFields: omit }),
  };
}

function readResources(document: Json, at: string): GroupResources {
  const one = objectAt(document, at, ["group", "resources", "resourceNames"]);
  const group = one["group"] ?? "";
  if (typeof group !== "string" || group.includes("/")) throw wrong(`${at}.group`, "a group without its version");
  const resources = wordsAt(one["resources"], `${at}.resources`);
  const resourceNames = wordsAt(one["resourceNames"], `${at}.resourceNames`);
  if (resourceNames.length > 0 && resources.length === 0)
    throw wrong(`${at}.resourceNames`, "using resourceNames requires at least one resource");
  return { group, resources, resourceNames };
}

function objectAt(value: Json | undefined, at: string, members: readonly string[]): JsonObject {
  if (!isJsonObject(value)) throw wrong(at, "must be an object");
  const strange = Object.keys(value).find((name) => !members.includes(name));
  if (strange !== undefined) throw wrong(at, `unknown field "${strange}"`);
  return value;
}

function listAt(value: Json | undefined, at: string): readonly Json[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrong(at, "must be a list");
  return value;
}

function wordsAt(value: Json | undefined, at: string): readonly string[] {
  return listAt(value, at).map((word) => {
    if (typeof word !== "string") throw wrong(at, "must be a list of texts");
    return word;
  });
}

function stagesAt(value: Json | undefined, at: string): readonly string[] {
  const words = wordsAt(value, at);
  const strange = words.find((word) => !STAGES.some((stage) => stage === word));
  if (strange !== undefined) throw wrong(at, `"${strange}" is none of ${STAGES.join(", ")}`);
  return words;
}

function flagAt(value: Json | undefined, at: string): boolean | undefined {
  if (value === undefined || typeof value === "boolean") return value;
  throw wrong(at, "must be true or false");
}

function wrong(at: string, why: string): Fault {
  return new Fault("BadRequest", `audit policy: ${at}: ${why}`);
}
