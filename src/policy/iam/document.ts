/** Policy documents, read and checked: what is wrong with one is said in IAM's words (IAM User Guide, "Grammar of the IAM JSON policy language"). */
import { isJsonObject, type Json, type JsonObject, parseJson } from "#base/json.ts";
import { type Condition, conditionOf } from "./condition.ts";
import { type Pattern, patternOf } from "./pattern.ts";
import type { Principals } from "./principal.ts";
import { timeOf } from "./values.ts";

/** An identity policy names no principal, a resource policy does, a trust policy names no resource. */
export type PolicyKind = "identity" | "resource" | "trust";

export interface Policy {
  readonly statements: readonly Statement[];
}

export interface Statement {
  /** "" when it has none. */
  readonly sid: string;
  readonly isAllowed: boolean;
  /** In lower case: names of actions know no case. */
  readonly actions: Named;
  readonly resources: Named;
  /** Null in identity policies: whoever has it. */
  readonly principals: Principals | null;
  readonly conditions: readonly Condition[];
}

export interface Named {
  /** NotAction, NotResource. */
  readonly isNot: boolean;
  readonly patterns: readonly Pattern[];
}

/** The message is IAM's. */
export class MalformedPolicy extends Error {
  override readonly name = "MalformedPolicy";
}

export interface ReadOptions {
  readonly kind: PolicyKind;
  /** The ids of the principals that a stored policy names, as they were when it was written. */
  readonly ids?: ReadonlyMap<string, string>;
}

/** Throws MalformedPolicy. */
export function readPolicy(text: string, { kind, ids = new Map() }: ReadOptions): Policy {
  const document = jsonOf(text);
  const version = document["Version"] ?? "2008-10-17";
  const hasVariables = version === "2012-10-17";
  if (kind === "identity" && !hasVariables)
    throw new MalformedPolicy("Policy document must be version 2012-10-17 or greater.");
  const statements = statementsOf(document);
  refuseTwins(statements);
  return { statements: statements.map((one) => statementOf(one, { kind, ids, hasVariables })) };
}

const SYNTAX = "Syntax errors in policy.";
const MEMBERS = new Set(["Version", "Id", "Statement"]);
const STATEMENT_MEMBERS = new Set(
  "Sid Effect Action NotAction Resource NotResource Principal NotPrincipal Condition".split(" "),
);

function jsonOf(text: string): JsonObject {
  const document = parsed(text);
  if (!isJsonObject(document) || Object.keys(document).some((name) => !MEMBERS.has(name)))
    throw new MalformedPolicy(SYNTAX);
  const { Version: version, Id: id } = document;
  if (version !== undefined && version !== "2008-10-17" && version !== "2012-10-17") throw new MalformedPolicy(SYNTAX);
  if (id !== undefined && typeof id !== "string") throw new MalformedPolicy(SYNTAX);
  return document;
}

function parsed(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    throw new MalformedPolicy(SYNTAX);
  }
}

function statementsOf({ Statement: given }: JsonObject): readonly JsonObject[] {
  const list: readonly Json[] = Array.isArray(given) ? given : [given ?? null];
  if (list.length === 0 || !list.every(isStatement)) throw new MalformedPolicy(SYNTAX);
  return list;
}

function isStatement(value: Json): value is JsonObject {
  return isJsonObject(value) && Object.keys(value).every((name) => STATEMENT_MEMBERS.has(name));
}

function refuseTwins(statements: readonly JsonObject[]): void {
  const sids = statements.map(({ Sid: sid }) => sid).filter((sid) => sid !== undefined && sid !== "");
  if (new Set(sids).size < sids.length)
    throw new MalformedPolicy("Statement IDs (SID) in a single policy must be unique.");
}

interface Reading {
  readonly kind: PolicyKind;
  readonly ids: ReadonlyMap<string, string>;
  readonly hasVariables: boolean;
}

function statementOf(statement: JsonObject, reading: Reading): Statement {
  const { Sid: sid = "", Effect: effect } = statement;
  if (typeof sid !== "string") throw new MalformedPolicy(SYNTAX);
  if (reading.kind === "identity" && !/^[0-9A-Za-z]*$/.test(sid))
    throw new MalformedPolicy(
      "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*",
    );
  if (effect !== "Allow" && effect !== "Deny") throw new MalformedPolicy(SYNTAX);
  return {
    sid,
    isAllowed: effect === "Allow",
    actions: actionsOf(statement, reading),
    resources: resourcesOf(statement, reading),
    principals: principalsOf(statement, reading),
    conditions: conditionsOf(statement, reading),
  };
}

/** A text or a list of texts under a name, or under its negation; null: neither. */
function namesIn(
  statement: JsonObject,
  name: string,
): { readonly isNot: boolean; readonly texts: readonly string[] } | null {
  const [yes, no] = [statement[name], statement[`Not${name}`]];
  if (yes !== undefined && no !== undefined) throw new MalformedPolicy(SYNTAX);
  const given = yes ?? no;
  return given === undefined ? null : { isNot: yes === undefined, texts: textsIn(given) };
}

function textsIn(given: Json): readonly string[] {
  const list: readonly Json[] = Array.isArray(given) ? given : [given];
  return list.map((one) => {
    if (typeof one !== "string") throw new MalformedPolicy(SYNTAX);
    return one;
  });
}

const TRUSTED_ACTIONS = /^sts:(\*|AssumeRole(WithSAML|WithWebIdentity|\*)?|TagSession|SetSourceIdentity|SetContext)$/i;

function actionsOf(statement: JsonObject, { kind }: Reading): Named {
  const { isNot = false, texts = [] } = namesIn(statement, "Action") ?? {};
  if (texts.length === 0) throw new MalformedPolicy("Policy statement must contain actions.");
  for (const action of texts) checkAction(action);
  if (kind === "trust" && (isNot || !texts.every((action) => TRUSTED_ACTIONS.test(action))))
    throw new MalformedPolicy("AssumeRole policy may only specify STS AssumeRole actions.");
  return {
    isNot,
    patterns: texts.map((text) => patternOf(text.toLowerCase(), { hasWildcards: true, hasVariables: false })),
  };
}

function checkAction(action: string): void {
  if (action === "*") return;
  const [vendor = "", name, ...rest] = action.split(":");
  if (name === undefined)
    throw new MalformedPolicy("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.");
  if (rest.length > 0) throw new MalformedPolicy("Actions/Condition can contain only one colon.");
  if (vendor !== "*" && !/^[a-zA-Z0-9.-]+$/.test(vendor)) throw new MalformedPolicy(`Vendor ${vendor} is not valid`);
}

function resourcesOf(statement: JsonObject, { kind, hasVariables }: Reading): Named {
  const named = namesIn(statement, "Resource");
  if (kind === "trust") {
    if (named !== null) throw new MalformedPolicy("Has prohibited field Resource.");
    return { isNot: false, patterns: [patternOf("*", { hasWildcards: true, hasVariables: false })] };
  }
  const { isNot = false, texts = [] } = named ?? {};
  if (texts.length === 0) throw new MalformedPolicy("Policy statement must contain resources.");
  for (const resource of texts) if (kind === "identity") checkResource(resource);
  return { isNot, patterns: texts.map((text) => patternOf(text, { hasWildcards: true, hasVariables })) };
}

function checkResource(resource: string): void {
  if (resource === "*") return;
  const [arn, partition = "", vendor, ...rest] = resource.split(":");
  if (arn !== "arn") throw new MalformedPolicy(`Resource ${resource} must be in ARN format or "*".`);
  if (partition !== "*" && !/^aws[a-z-]*$/.test(partition))
    throw new MalformedPolicy(`Partition "${partition}" is not valid for resource "${resource}".`);
  if (vendor === undefined || vendor === "")
    throw new MalformedPolicy("Resource vendor must be fully qualified and cannot contain regexes.");
  if (rest.length === 0 || (rest.length < 3 && !resource.includes("*")))
    throw new MalformedPolicy("The policy failed legacy parsing");
}

const PRINCIPAL_TYPES = new Set(["AWS", "Service", "Federated", "CanonicalUser"]);

function principalsOf(statement: JsonObject, { kind, ids }: Reading): Principals | null {
  const [yes, no] = [statement["Principal"], statement["NotPrincipal"]];
  const given = yes ?? no;
  if (kind === "identity") {
    if (given !== undefined) throw new MalformedPolicy("Policy document should not specify a principal.");
    return null;
  }
  if (given === undefined || (yes !== undefined && no !== undefined)) throw new MalformedPolicy(SYNTAX);
  if (kind === "trust" && yes === undefined) throw new MalformedPolicy("Has prohibited field NotPrincipal.");
  if (given !== "*" && !isJsonObject(given)) throw new MalformedPolicy(SYNTAX);
  const types: JsonObject = given === "*" ? { AWS: "*" } : given;
  const unknown = Object.keys(types).find((name) => !PRINCIPAL_TYPES.has(name));
  if (unknown !== undefined || Object.keys(types).length === 0) throw invalidPrincipal(unknown ?? "", "");
  const named = (type: string): readonly string[] => textsIn(types[type] ?? []);
  for (const one of named("AWS")) checkPrincipal(one);
  return {
    isNot: yes === undefined,
    isEverybody: named("AWS").includes("*"),
    aws: new Set(named("AWS")),
    services: new Set(named("Service")),
    federated: new Set(named("Federated")),
    ids,
  };
}

/** "*" stands for all or for nobody: a part of an ARN cannot be left open. */
function checkPrincipal(text: string): void {
  const isKnown =
    text === "*" ||
    /^\d{12}$/.test(text) ||
    /^arn:aws[a-z-]*:(iam|sts)::\d{12}:(root|user\/[^*?]+|role\/[^*?]+|assumed-role\/[^*?]+|federated-user\/[^*?]+)$/.test(
      text,
    ) ||
    /^A(IDA|ROA)[A-Z0-9]{10,}$/.test(text);
  if (!isKnown) throw invalidPrincipal("AWS", text);
}

function invalidPrincipal(type: string, text: string): MalformedPolicy {
  return new MalformedPolicy(`Invalid principal in policy: "${type}":"${text}"`);
}

function conditionsOf({ Condition: given = {} }: JsonObject, { hasVariables }: Reading): readonly Condition[] {
  if (!isJsonObject(given)) throw new MalformedPolicy(SYNTAX);
  return Object.entries(given).flatMap(([operator, keys]) => {
    if (!isJsonObject(keys)) throw new MalformedPolicy(SYNTAX);
    return Object.entries(keys).map(([key, value]) => {
      const values = conditionValues(value);
      const condition = conditionOf(operator, key, { values, hasVariables });
      if (condition === null) throw new MalformedPolicy(SYNTAX);
      if (/Date/i.test(operator) && values.some((one) => timeOf(one) === null))
        throw new MalformedPolicy("The policy failed legacy parsing");
      return condition;
    });
  });
}

/** A flag or a number may stand for its text. */
function conditionValues(value: Json): readonly string[] {
  const list: readonly Json[] = Array.isArray(value) ? value : [value];
  return list.map((one) => {
    if (typeof one !== "string" && typeof one !== "boolean" && typeof one !== "number")
      throw new MalformedPolicy(SYNTAX);
    return String(one);
  });
}
/** What a document says of principals by their ARNs: "AWS" alone, without accounts and "*". */
export function principalArns(text: string): readonly string[] {
  const given = statementsOf(jsonOf(text)).flatMap(({ Principal: yes, NotPrincipal: no }) => [yes, no]);
  return given
    .flatMap((one) => (isJsonObject(one) ? textsIn(one["AWS"] ?? []) : []))
    .filter((arn) => /:(user|role)\//.test(arn));
}
