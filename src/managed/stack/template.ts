/** A template as a value: its sections, read and checked in CloudFormation's words ("Template anatomy"). Pure. */
import { Fault } from "#base/fault.ts";
import { isJsonObject, type Json, type JsonObject } from "#base/json.ts";
import { readTemplateText } from "./template-text.ts";

export interface Template {
  readonly description: string;
  readonly metadata: JsonObject;
  readonly transforms: readonly string[];
  readonly parameters: ReadonlyMap<string, ParameterDeclaration>;
  readonly mappings: JsonObject;
  /** Not evaluated. */
  readonly conditions: ReadonlyMap<string, Json>;
  readonly resources: ReadonlyMap<string, ResourceDeclaration>;
  readonly outputs: ReadonlyMap<string, OutputDeclaration>;
}

export interface ParameterDeclaration {
  readonly type: string;
  readonly default?: string;
  readonly description?: string;
  readonly isNoEcho: boolean;
  readonly allowedValues?: readonly string[];
  readonly allowedPattern?: string;
  readonly constraintDescription?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minValue?: number;
  readonly maxValue?: number;
}

export type DeletionPolicy = "Delete" | "Retain" | "RetainExceptOnCreate" | "Snapshot";

export interface ResourceDeclaration {
  readonly type: string;
  readonly properties: JsonObject;
  readonly dependsOn: readonly string[];
  readonly condition?: string;
  readonly deletionPolicy: DeletionPolicy;
  readonly updateReplacePolicy: DeletionPolicy;
  readonly metadata: JsonObject;
}

export interface OutputDeclaration {
  readonly value: Json;
  readonly description?: string;
  readonly condition?: string;
  readonly exportName?: Json;
}

const SECTIONS = new Set([
  "AWSTemplateFormatVersion",
  "Conditions",
  "Description",
  "Globals",
  "Mappings",
  "Metadata",
  "Outputs",
  "Parameters",
  "Resources",
  "Transform",
]);
const RESOURCE_MEMBERS = new Set([
  "Condition",
  "DeletionPolicy",
  "DependsOn",
  "Metadata",
  "Properties",
  "Type",
  "UpdateReplacePolicy",
]);
const PARAMETER_MEMBERS = new Set([
  "AllowedPattern",
  "AllowedValues",
  "ConstraintDescription",
  "Default",
  "Description",
  "MaxLength",
  "MaxValue",
  "MinLength",
  "MinValue",
  "NoEcho",
  "Type",
]);
const POLICIES: readonly DeletionPolicy[] = ["Delete", "Retain", "RetainExceptOnCreate", "Snapshot"];
/** "CloudFormation quotas". */
const MOST = { Parameters: 200, Resources: 500, Outputs: 200, Mappings: 200 };

/** Fault: BadRequest, in CloudFormation's words. */
export function readTemplate(text: string): Template {
  return templateOf(readTemplateText(text));
}

export function templateOf(value: Json): Template {
  if (!isJsonObject(value)) throw formatError("unsupported structure.");
  const unknown = Object.keys(value).filter((name) => !SECTIONS.has(name));
  if (unknown.length > 0)
    throw new Fault("BadRequest", `Invalid template property or properties [${unknown.join(", ")}]`);
  const { AWSTemplateFormatVersion: version = "2010-09-09" } = value;
  if (version !== "2010-09-09") throw formatError(`unsupported value for AWSTemplateFormatVersion.`);
  const resources = sectionOf(value, "Resources");
  if (resources.length === 0) throw formatError("At least one Resources member must be defined.");
  for (const [name, resource] of resources) checkNulls(resource, `/Resources/${name}`);
  return {
    description: textOr(value["Description"], ""),
    metadata: objectOr(value["Metadata"]),
    transforms: transformsOf(value["Transform"]),
    parameters: new Map(sectionOf(value, "Parameters").map(([name, one]) => [name, parameterOf(name, one)])),
    mappings: Object.fromEntries(sectionOf(value, "Mappings")),
    conditions: new Map(sectionOf(value, "Conditions")),
    resources: new Map(resources.map(([name, one]) => [name, resourceOf(name, one)])),
    outputs: new Map(sectionOf(value, "Outputs").map(([name, one]) => [name, outputOf(name, one)])),
  };
}

function sectionOf(template: JsonObject, name: string): readonly (readonly [string, Json])[] {
  const section = template[name];
  if (section === undefined || section === null) return [];
  if (!isJsonObject(section)) throw formatError(`unsupported structure.`);
  const entries = Object.entries(section);
  for (const [member] of entries)
    if (name !== "Mappings" && !/^[A-Za-z0-9]{1,255}$/.test(member))
      throw formatError(`${name} name ${member} is non alphanumeric.`);
  const most = (MOST as Readonly<Record<string, number>>)[name] ?? Infinity;
  if (entries.length > most)
    throw formatError(`Number of ${name.toLowerCase()}, ${entries.length}, is greater than maximum allowed, ${most}`);
  return entries;
}

function parameterOf(name: string, value: Json): ParameterDeclaration {
  if (!isJsonObject(value)) throw formatError(`Every Parameters object must contain a Type member.`);
  checkMembers(value, PARAMETER_MEMBERS, `parameter ${name}`);
  const { Type: type, Default: fallback, AllowedValues: allowed } = value;
  if (typeof type !== "string") throw formatError(`Every Parameters object must contain a Type member.`);
  if (allowed !== undefined && !Array.isArray(allowed)) throw formatError(`AllowedValues of ${name} is no list.`);
  const list = allowed as readonly Json[] | undefined;
  return {
    type,
    ...(fallback !== undefined && { default: plainText(fallback, `Default of parameter ${name}`) }),
    ...textIn(value, "Description", "description"),
    isNoEcho: value["NoEcho"] === true || value["NoEcho"] === "true",
    ...(list !== undefined && { allowedValues: list.map((one) => plainText(one, `AllowedValues of ${name}`)) }),
    ...textIn(value, "AllowedPattern", "allowedPattern"),
    ...textIn(value, "ConstraintDescription", "constraintDescription"),
    ...numberIn(value, "MinLength", "minLength"),
    ...numberIn(value, "MaxLength", "maxLength"),
    ...numberIn(value, "MinValue", "minValue"),
    ...numberIn(value, "MaxValue", "maxValue"),
  };
}

function resourceOf(name: string, value: Json): ResourceDeclaration {
  if (!isJsonObject(value)) throw formatError(`[/Resources/${name}] resource definition is malformed`);
  for (const member of ["CreationPolicy", "UpdatePolicy"])
    if (value[member] !== undefined) throw unsupportedHere(`${member} of the resource ${name}`);
  checkMembers(value, RESOURCE_MEMBERS, `resource ${name}`);
  const { Type: type, Properties: properties, DependsOn: dependsOn = [], Condition: condition } = value;
  if (typeof type !== "string")
    throw formatError(`[/Resources/${name}] Every Resources object must contain a Type member.`);
  if (properties !== undefined && !isJsonObject(properties))
    throw formatError(`[/Resources/${name}/Properties] 'Expecting an object' is not satisfied`);
  const needs = typeof dependsOn === "string" ? [dependsOn] : dependsOn;
  if (!Array.isArray(needs) || needs.some((one) => typeof one !== "string"))
    throw formatError(`[/Resources/${name}/DependsOn] Every DependsOn value must be a string.`);
  if (condition !== undefined && typeof condition !== "string")
    throw formatError(`[/Resources/${name}/Condition] Every Condition member must be a string.`);
  const deletionPolicy = policyOf(value, "DeletionPolicy", name);
  return {
    type,
    properties: objectOr(properties),
    dependsOn: needs as readonly string[],
    ...(condition !== undefined && { condition }),
    deletionPolicy,
    updateReplacePolicy: policyOf(value, "UpdateReplacePolicy", name),
    metadata: objectOr(value["Metadata"]),
  };
}

function policyOf(value: JsonObject, member: string, name: string): DeletionPolicy {
  const { [member]: asked = "Delete" } = value;
  const policy = POLICIES.find((one) => one === asked);
  if (policy === undefined) throw formatError(`Unrecognized ${member} ${JSON.stringify(asked)} for resource ${name}`);
  if (policy === "Snapshot") throw unsupportedHere(`${member} Snapshot of the resource ${name}`);
  return policy;
}

function outputOf(name: string, value: Json): OutputDeclaration {
  if (!isJsonObject(value) || value["Value"] === undefined)
    throw formatError(`[/Outputs/${name}] Every Outputs member must contain a Value object`);
  const { Value: output, Description: description, Condition: condition, Export: exported } = value;
  const exportName = isJsonObject(exported) ? exported["Name"] : undefined;
  return {
    value: output ?? null,
    ...(typeof description === "string" && { description }),
    ...(typeof condition === "string" && { condition }),
    ...(exportName !== undefined && { exportName }),
  };
}

function transformsOf(value: Json | undefined): readonly string[] {
  const list = value === undefined || value === null ? [] : Array.isArray(value) ? (value as readonly Json[]) : [value];
  return list.map((one) => {
    if (typeof one === "string") return one;
    throw unsupportedHere("a transform with parameters at the top of a template");
  });
}

/** CloudFormation takes no null anywhere in a resource. */
function checkNulls(value: Json, path: string): void {
  if (value === null) throw formatError(`[${path}] 'null' values are not allowed in templates`);
  if (typeof value !== "object") return;
  for (const [name, child] of Object.entries(value)) checkNulls(child as Json, `${path}/${name}`);
}

function checkMembers(value: JsonObject, known: ReadonlySet<string>, what: string): void {
  const unknown = Object.keys(value).filter((name) => !known.has(name));
  if (unknown.length > 0) throw new Fault("BadRequest", `Invalid template ${what} property '${unknown[0] ?? ""}'`);
}

function plainText(value: Json, what: string): string {
  if (typeof value === "object") throw formatError(`Every ${what} must be a string.`);
  return String(value);
}

function textIn<K extends string>(value: JsonObject, member: string, name: K): { readonly [N in K]?: string } {
  const text = value[member];
  // oxlint-disable-next-line typescript/consistent-type-assertions -- the compiler forgets the name of a computed member
  return text === undefined ? {} : ({ [name]: plainText(text, member) } as { readonly [N in K]: string });
}

function numberIn<K extends string>(value: JsonObject, member: string, name: K): { readonly [N in K]?: number } {
  const number = value[member];
  if (number === undefined) return {};
  if (!Number.isFinite(Number(number))) throw formatError(`Every ${member} must be a number.`);
  return { [name]: Number(number) } as { readonly [N in K]: number };
}

function textOr(value: Json | undefined, fallback: string): string {
  return typeof value === "string" ? value : fallback;
}

function objectOr(value: Json | undefined): JsonObject {
  return isJsonObject(value) ? value : {};
}

export function formatError(what: string): Fault {
  return new Fault("BadRequest", `Template format error: ${what}`);
}

export function validationError(what: string): Fault {
  return new Fault("BadRequest", `Template error: ${what}`);
}

function unsupportedHere(what: string): Fault {
  return new Fault("BadRequest", `${what} is not supported`);
}
