/** What the actions of the Parameter Store work on, how parameters are named outside, and the errors about them. */
import { parseArn } from "#base/arn.ts";
import { Fault } from "#base/fault.ts";
import { selectedVersion, type Parameter, type ParameterVersion } from "#managed/parameters/parameter.ts";
import type { Parameters } from "#managed/parameters/parameters.ts";
import { AwsError } from "../aws-error.ts";
import type { Place } from "../place.ts";
import { errorsOf } from "../service-error.ts";
import { model, type Parameter as ParameterAnswer } from "./model.gen.ts";

export interface ParameterWorld extends Place {
  readonly parameters: Parameters;
}

export const failure: ReturnType<typeof errorsOf<typeof model extends { readonly errors?: infer E } ? E : never>> =
  errorsOf(model);

export function invalid(message: string): AwsError {
  return new AwsError("ValidationException", 400, message);
}

/** "parameter/a/b" of the name "/a/b", and "parameter/a" of the name "a" (User Guide, "About requirements and constraints"). */
export function parameterArn({ region, accountId }: Place, name: string): string {
  return `arn:aws:ssm:${region}:${accountId}:parameter${name.startsWith("/") ? "" : "/"}${name}`;
}

/** ARNs of parameters by names that may have a selector. */
export function arnsOf(place: Place, names: readonly string[]): readonly string[] {
  return names.map((name) => parameterArn(place, nameAndSelector(name).name));
}

interface Named {
  readonly name: string;
  /** A version's number or label. */
  readonly selector?: string;
}

/** Of "NAME", "NAME:SELECTOR" or an ARN with the same. */
export function nameAndSelector(text: string): Named {
  const { resource } = parseArn(text) ?? {};
  const [name = "", selector] = (resource?.replace(/^parameter/, "") ?? text).split(":");
  return { name, ...(selector !== undefined && { selector }) };
}

export function notFound(name: string): AwsError {
  return failure("ParameterNotFound", `Parameter ${name} not found.`);
}

/** The parameter of a name without selector; one that an ARN names as "/a" may be called "a". */
export async function parameterAt({ parameters }: ParameterWorld, text: string): Promise<Parameter> {
  const { name } = nameAndSelector(text);
  const found = (await parameters.find(name)) ?? (parseArn(text) && (await parameters.find(name.slice(1))));
  if (!found) throw notFound(text);
  return found;
}

export interface Selected {
  readonly parameter: Parameter;
  readonly version: ParameterVersion;
  /** ":2", when it was asked. */
  readonly selector?: string;
}

export async function selectedAt(world: ParameterWorld, text: string): Promise<Selected> {
  const { selector } = nameAndSelector(text);
  const parameter = await parameterAt(world, text);
  if (selector === undefined) return { parameter, version: parameter.latest };
  const number = selectedVersion(parameter, selector);
  const version = number === null ? null : await world.parameters.version(parameter.name, number);
  if (version === null)
    throw failure(
      "ParameterVersionNotFound",
      `Systems Manager could not find version ${selector} of ${parameter.name}. Verify the version and try again.`,
    );
  return { parameter, version, selector: `:${selector}` };
}

export function parameterAnswer(place: Place, { parameter: { name }, version, selector }: Selected): ParameterAnswer {
  return {
    Name: name,
    Type: version.type,
    Value: version.value,
    Version: version.version,
    ...(selector !== undefined && { Selector: selector }),
    LastModifiedDate: version.modifiedMs,
    ARN: parameterArn(place, name),
    DataType: "text",
  };
}

/** What the engine says, in the words of the Parameter Store. */
export async function inParameterWords<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === "NotFound") throw notFound(thrown.message);
    if (thrown instanceof Fault && thrown.code === "Invalid") throw invalid(thrown.message);
    throw thrown;
  }
}

/** The token is the last name, or version, of the page before. */
export function tokenOf(last: string): string {
  return Buffer.from(last).toString("base64url");
}

export function readToken(token: string): string {
  const last = Buffer.from(token, "base64url").toString();
  if (last === "" || tokenOf(last) !== token)
    throw failure("InvalidNextToken", "The specified token is not valid: it is not of this service.");
  return last;
}
