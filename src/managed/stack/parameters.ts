/** Values for a template's parameters: given, kept from before, or its defaults; checked in CloudFormation's words. Pure. */
import { Fault } from "#base/fault.ts";
import type { Json } from "#base/json.ts";
import { RE2JS } from "re2js";
import type { ParameterDeclaration, Template } from "./template.ts";

/** As texts, the way they were given. */
export type ParameterValues = ReadonlyMap<string, string>;

export interface GivenParameter {
  readonly key: string;
  readonly value?: string;
  readonly usePreviousValue?: boolean;
}

const SSM = "AWS::SSM::Parameter::Value<";
const SCALARS = new Set(["String", "Number", "List<Number>", "CommaDelimitedList", "AWS::SSM::Parameter::Name"]);

/** Faults: BadRequest. */
export function parameterValues(
  { parameters }: Template,
  given: readonly GivenParameter[],
  previous: ParameterValues,
): ParameterValues {
  const asked = new Map(given.map((one) => [one.key, one]));
  const unknown = [...asked.keys()].filter((key) => !parameters.has(key));
  if (unknown.length > 0) throw invalid(`Parameters: [${unknown.join(", ")}] do not exist in the template`);
  const values = new Map<string, string>();
  const missing: string[] = [];
  for (const [key, declaration] of parameters) {
    const one = asked.get(key);
    const value = one?.usePreviousValue === true ? previous.get(key) : (one?.value ?? declaration.default);
    if (value === undefined) missing.push(key);
    else values.set(key, value);
  }
  if (missing.length > 0) throw invalid(`Parameters: [${missing.join(", ")}] must have values`);
  for (const [key, value] of values) checkValue(key, parameters.get(key), value);
  return values;
}

function checkValue(key: string, declaration: ParameterDeclaration | undefined, value: string): void {
  if (declaration === undefined) return;
  const { type, allowedValues, allowedPattern, constraintDescription } = declaration;
  if (!SCALARS.has(type) && !type.startsWith("AWS::") && !type.startsWith("List<AWS::"))
    throw new Fault("BadRequest", `Template format error: Unrecognized parameter type: ${type}`);
  const fails = (rule: string): Fault =>
    invalid(
      `Parameter '${key}' ${constraintDescription === undefined ? rule : `failed to satisfy constraint: ${constraintDescription}`}`,
    );
  if (allowedValues !== undefined && !partsOf(type, value).every((part) => allowedValues.includes(part)))
    throw fails(`must be one of AllowedValues`);
  if (allowedPattern !== undefined && !RE2JS.compile(allowedPattern).matches(value))
    throw fails(`must match pattern ${allowedPattern}`);
  checkSize(declaration, value, fails);
  if (type === "Number" && !Number.isFinite(Number(value))) throw fails("must be a number.");
}

function checkSize(
  { type, minLength, maxLength, minValue, maxValue }: ParameterDeclaration,
  value: string,
  fails: (rule: string) => Fault,
): void {
  if (minLength !== undefined && value.length < minLength) throw fails(`must contain at least ${minLength} characters`);
  if (maxLength !== undefined && value.length > maxLength) throw fails(`must contain at most ${maxLength} characters`);
  if (type !== "Number") return;
  if (minValue !== undefined && Number(value) < minValue) throw fails(`must be a number not less than ${minValue}`);
  if (maxValue !== undefined && Number(value) > maxValue) throw fails(`must be a number not greater than ${maxValue}`);
}

function isList(type: string): boolean {
  return type === "CommaDelimitedList" || type.startsWith("List<");
}

function partsOf(type: string, value: string): readonly string[] {
  return isList(type) ? value.split(",").map((part) => part.trim()) : [value];
}

/** What Ref of it gives: a text, or a list of texts. */
export function parameterJson({ type }: ParameterDeclaration, value: string): Json {
  const plain = type.startsWith(SSM) ? type.slice(SSM.length, -1) : type;
  return isList(plain) ? partsOf(plain, value) : value;
}

/** The name of the parameter in the store whose value it takes; null for others. */
export function storeParameter({ type }: ParameterDeclaration, value: string): string | null {
  return type.startsWith(SSM) ? value : null;
}

function invalid(message: string): Fault {
  return new Fault("BadRequest", message);
}
