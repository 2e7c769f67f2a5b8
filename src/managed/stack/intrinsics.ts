/** Intrinsic functions and conditions of templates, evaluated ("Intrinsic function reference"). Pure: what they refer to is asked of a scope. */
import { encodeUtf8 } from "#base/utf8.ts";
import { isJsonObject, type Json, type JsonObject } from "#base/json.ts";
import { base64 } from "./base64.ts";
import { cidrBlocks } from "./cidr.ts";
import { validationError } from "./template.ts";

/** Stands for what only comes to be while the stack is made: an identifier of a resource that is not there yet. */
export const UNKNOWN: Json = Object.freeze({ "Catamaran::Unknown": true });

/** What a template's references mean at one moment. */
export interface Scope {
  /** Of a parameter, a pseudo parameter or a resource; undefined when there is none of that name. */
  readonly ref: (name: string) => Json | undefined;
  /** Undefined when there is no such resource or attribute. */
  readonly attribute: (resource: string, name: string) => Json | undefined;
  readonly conditions: ReadonlyMap<string, Json>;
  readonly mappings: JsonObject;
  /** Undefined when nothing is exported under the name. */
  readonly imported: (name: string) => Json | undefined;
  readonly availabilityZones: readonly string[];
}

/** `AWS::NoValue`: the member that has it is not there. */
const NO_VALUE = Symbol("AWS::NoValue");
type Value = Json | typeof NO_VALUE;

// Conditions may name each other; a ring of them is found by its depth.
const MAX_DEPTH = 100;

/** The value with all its functions done; undefined for AWS::NoValue. Fault: BadRequest. */
export function evaluated(value: Json, scope: Scope): Json | undefined {
  const result = new Evaluation(scope).value(value);
  return result === NO_VALUE ? undefined : result;
}

/** Fault: BadRequest, also for a condition that there is not. */
export function holds(condition: string, scope: Scope): boolean {
  return new Evaluation(scope).condition({ Condition: condition }, 0);
}

type Run = (evaluation: Evaluation, argument: Json) => Value;

const functions: Readonly<Record<string, Run>> = {
  Ref: (evaluation, name) => evaluation.ref(textOf(name, "Ref")),
  "Fn::GetAtt": (evaluation, argument) => evaluation.getAtt(argument),
  "Fn::Sub": (evaluation, argument) => evaluation.sub(argument),
  "Fn::Join": (evaluation, argument) => {
    const [separator, list] = listOf(argument, "Fn::Join");
    const parts = evaluation.list(list ?? null, "Fn::Join");
    return parts.some(isUnknown)
      ? UNKNOWN
      : parts.map((part) => textOf(part, "Fn::Join")).join(textOf(separator, "Fn::Join"));
  },
  "Fn::Select": (evaluation, argument) => {
    const [index, list] = listOf(argument, "Fn::Select");
    const parts = evaluation.list(list ?? null, "Fn::Select");
    if (parts.some(isUnknown)) return UNKNOWN;
    const chosen = parts[Number(evaluation.json(index ?? null))];
    if (chosen === undefined)
      throw validationError("Fn::Select cannot select nonexistent value at index " + JSON.stringify(index));
    return chosen;
  },
  "Fn::Split": (evaluation, argument) => {
    const [separator, source] = listOf(argument, "Fn::Split");
    const text = evaluation.json(source ?? null);
    return isUnknown(text) ? UNKNOWN : textOf(text, "Fn::Split").split(textOf(separator, "Fn::Split"));
  },
  "Fn::If": (evaluation, argument) => {
    const [condition, yes, no] = listOf(argument, "Fn::If");
    const isTrue = evaluation.condition({ Condition: textOf(condition, "Fn::If") }, 0);
    return evaluation.value((isTrue ? yes : no) ?? null);
  },
  "Fn::FindInMap": (evaluation, argument) => evaluation.findInMap(argument),
  "Fn::ImportValue": (evaluation, argument) => {
    const name = evaluation.json(argument);
    return isUnknown(name) ? UNKNOWN : evaluation.imported(textOf(name, "Fn::ImportValue"));
  },
  "Fn::Base64": (evaluation, argument) => {
    const text = evaluation.json(argument);
    return isUnknown(text) ? UNKNOWN : base64(encodeUtf8(textOf(text, "Fn::Base64")));
  },
  "Fn::GetAZs": (evaluation) => evaluation.scope.availabilityZones,
  "Fn::Cidr": (evaluation, argument) => {
    const [block, count, bits = 8] = listOf(argument, "Fn::Cidr").map((part) => evaluation.json(part));
    return isUnknown(block) ? UNKNOWN : cidrBlocks(textOf(block, "Fn::Cidr"), Number(count), Number(bits));
  },
  "Fn::Length": (evaluation, argument) => evaluation.list(argument, "Fn::Length").length,
  "Fn::ToJsonString": (evaluation, argument) => {
    const value = evaluation.json(argument);
    return hasUnknown(value) ? UNKNOWN : JSON.stringify(value);
  },
};

// "Condition functions" may stand in values, too, where they are texts.
const LOGICAL = new Set(["Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals", "Condition"]);

class Evaluation {
  readonly scope: Scope;

  constructor(scope: Scope) {
    this.scope = scope;
  }

  value(value: Json): Value {
    if (Array.isArray(value))
      return (value as readonly Json[]).map((one) => this.value(one)).filter((one) => one !== NO_VALUE);
    if (!isJsonObject(value)) return value;
    const [name, ...others] = Object.keys(value);
    if (name !== undefined && others.length === 0) {
      const run = functions[name];
      if (run !== undefined) return run(this, value[name] ?? null);
      if (name.startsWith("Fn::") && !LOGICAL.has(name)) throw validationError(`the function ${name} is not supported`);
      if (name !== "Condition" && LOGICAL.has(name)) return this.condition(value, 0);
    }
    const members = Object.entries(value).map(([member, child]) => [member, this.value(child)] as const);
    return Object.fromEntries(members.filter((entry): entry is readonly [string, Json] => entry[1] !== NO_VALUE));
  }

  json(value: Json): Json {
    const result = this.value(value);
    return result === NO_VALUE ? "" : result;
  }

  list(value: Json, where: string): readonly Json[] {
    const list = this.json(value);
    if (isUnknown(list)) return [UNKNOWN];
    if (!Array.isArray(list)) throw validationError(`every ${where} object requires a list.`);
    return list as readonly Json[];
  }

  ref(name: string): Value {
    if (name === "AWS::NoValue") return NO_VALUE;
    const value = this.scope.ref(name);
    if (value === undefined)
      throw validationError(`Unresolved resource dependencies [${name}] in the Resources block of the template`);
    return value;
  }

  getAtt(argument: Json): Json {
    const path = typeof argument === "string" ? split(argument) : listOf(argument, "Fn::GetAtt");
    const [resource, attribute] = path.map((part) => this.json(part));
    const name = textOf(resource, "Fn::GetAtt");
    const value = this.scope.attribute(name, textOf(attribute, "Fn::GetAtt"));
    if (value !== undefined) return value;
    if (this.scope.ref(name) === undefined)
      throw validationError(`instance of Fn::GetAtt references undefined resource ${name}`);
    throw validationError(
      `resource ${name} does not support attribute type ${textOf(attribute, "Fn::GetAtt")} in Fn::GetAtt`,
    );
  }

  /** "${Name}" of references, "${Name.Attribute}" of attributes, "${!Literal}" of itself. */
  sub(argument: Json): Json {
    const [template, names = {}] = Array.isArray(argument) ? (argument as readonly Json[]) : [argument];
    const own = isJsonObject(names) ? names : {};
    let isWhole = true;
    const text = textOf(template, "Fn::Sub").replace(/\$\{([^}]*)\}/g, (whole, inside: string) => {
      if (inside.startsWith("!")) return `\${${inside.slice(1)}}`;
      const value = this.#named(inside.trim(), own);
      if (isUnknown(value)) isWhole = false;
      return typeof value === "object" ? whole : String(value);
    });
    return isWhole ? text : UNKNOWN;
  }

  #named(name: string, own: JsonObject): Json {
    const given = own[name];
    if (given !== undefined) return this.json(given);
    if (name.includes(".")) return this.getAtt(name);
    const value = this.ref(name);
    return value === NO_VALUE ? "" : value;
  }

  findInMap(argument: Json): Json {
    const [map, top, second, options] = listOf(argument, "Fn::FindInMap");
    const path = [map, top, second].map((part) => textOf(this.json(part ?? null), "Fn::FindInMap"));
    const found = path.reduce<Json | undefined>(
      (at, name) => (isJsonObject(at) ? at[name] : undefined),
      this.scope.mappings,
    );
    if (found !== undefined) return found;
    if (isJsonObject(options) && options["DefaultValue"] !== undefined) return this.json(options["DefaultValue"]);
    throw validationError(`Unable to get mapping for ${path.join("::")}`);
  }

  imported(name: string): Json {
    const value = this.scope.imported(name);
    if (value === undefined) throw validationError(`No export named ${name} found.`);
    return value;
  }

  condition(value: Json, depth: number): boolean {
    if (depth > MAX_DEPTH) throw validationError("Circular dependency between conditions");
    if (!isJsonObject(value)) throw validationError("every condition must be a condition function.");
    const [name = ""] = Object.keys(value);
    const argument = value[name] ?? null;
    if (name === "Condition") {
      const declared = this.scope.conditions.get(textOf(argument, "Condition"));
      if (declared === undefined)
        throw validationError(`Unresolved condition dependency ${textOf(argument, "Condition")}`);
      return this.condition(declared, depth + 1);
    }
    const parts = listOf(argument, name);
    switch (name) {
      case "Fn::And":
        return parts.every((part) => this.condition(part, depth + 1));
      case "Fn::Or":
        return parts.some((part) => this.condition(part, depth + 1));
      case "Fn::Not":
        return !this.condition(parts[0] ?? null, depth + 1);
      case "Fn::Equals":
        return (
          JSON.stringify(textLike(this.json(parts[0] ?? null))) ===
          JSON.stringify(textLike(this.json(parts[1] ?? null)))
        );
      default:
        throw validationError(`${name} is no condition function.`);
    }
  }
}

/** CloudFormation compares scalars as texts: true and "true" are equal. */
function textLike(value: Json): Json {
  return typeof value === "object" ? value : String(value);
}

function split(path: string): readonly string[] {
  const dot = path.indexOf(".");
  return [path.slice(0, dot), path.slice(dot + 1)];
}

function listOf(value: Json, where: string): readonly Json[] {
  if (!Array.isArray(value)) throw validationError(`every ${where} object requires a list of parameters.`);
  return value as readonly Json[];
}

function textOf(value: Json | undefined, where: string): string {
  if (value === undefined || typeof value === "object")
    throw validationError(`every value of a ${where} object must be a string.`);
  return String(value);
}

export function isUnknown(value: Json | undefined): boolean {
  return value === UNKNOWN;
}

/** Whether anything in it only comes to be later. */
export function hasUnknown(value: Json): boolean {
  if (isUnknown(value)) return true;
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some((child) => hasUnknown(child as Json));
}
