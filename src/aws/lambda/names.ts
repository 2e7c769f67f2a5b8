/** What names a function: its name, a part of its ARN or all of it, with or without a qualifier (Lambda API Reference, "FunctionName"). */
import type { Place } from "../place.ts";
import { AwsError } from "../aws-error.ts";
import { errorsOf, type Failure } from "../service-error.ts";
import { model, type ModelErrors } from "./model.gen.ts";
import type { Need } from "../action.ts";

export const failure: Failure<ModelErrors> = errorsOf(model);

export function invalid(message: string): AwsError {
  return failure("InvalidParameterValueException", message);
}

export interface FunctionReference {
  readonly name: string;
  readonly qualifier: string | undefined;
}

const PARTS =
  /^(?:arn:[^:]*:lambda:)?(?:(?<region>[a-z-]+-\d):)?(?:(?<account>\d{12}):)?(?:function:)?(?<name>[a-zA-Z0-9-_.]+)(?::(?<qualifier>\$?[a-zA-Z0-9-_.]+))?$/;

interface Named {
  readonly FunctionName: string;
  readonly Qualifier?: string;
}

/**
 * The function that an input names. Throws AwsError for one of another account or region, and for two qualifiers that differ.
 * `FunctionName` has passed the model's pattern.
 */
export function referenceOf(here: Place, { FunctionName: text, Qualifier: given }: Named): FunctionReference {
  const parts = PARTS.exec(text)?.groups ?? {};
  const { region = here.region, account = here.accountId, name = text } = parts;
  if (account !== here.accountId) throw new AwsError("AccessDeniedException", 403, "");
  if (region !== here.region)
    throw failure(
      "ResourceNotFoundException",
      `Functions from '${region}' are not reachable in this region ('${here.region}')`,
    );
  const derived = parts["qualifier"];
  if (derived !== undefined && given !== undefined && derived !== given)
    throw invalid("The derived qualifier from the function name does not match the specified qualifier.");
  return { name, qualifier: given ?? derived };
}

/** Of actions on the function itself, which versions and aliases do not have. */
export function unqualifiedName(here: Place, input: Named): string {
  const { name, qualifier } = referenceOf(here, input);
  if (qualifier === undefined) return name;
  throw invalid(
    "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.",
  );
}

export function arnOf(here: Place, name: string, version?: string): string {
  const arn = `arn:aws:lambda:${here.region}:${here.accountId}:function:${name}`;
  return version === undefined ? arn : `${arn}:${version}`;
}

export function notFound(here: Place, name: string, version?: string): AwsError {
  return failure("ResourceNotFoundException", `Function not found: ${arnOf(here, name, version)}`);
}

/** What policies call the function that an input names: its ARN, with the version or alias if one is said. */
export function functionArns({ FunctionName: text, Qualifier: given }: Named, here: Place): readonly string[] {
  const {
    region = here.region,
    account: accountId = here.accountId,
    name = text,
    qualifier = given,
  } = PARTS.exec(text)?.groups ?? {};
  return [arnOf({ region, accountId }, name, qualifier)];
}

/** IAM User Guide, "Grant a user permissions to pass a role to an AWS service". */
export function rolePassed(role: string | undefined): readonly Need[] {
  if (role === undefined) return [];
  const conditions = { "iam:PassedToService": "lambda.amazonaws.com" };
  return [{ permission: "iam:PassRole", resource: role, conditions }];
}

export function staleRevision(): AwsError {
  return failure(
    "PreconditionFailedException",
    "The Revision Id provided does not match the latest Revision Id. Call the GetFunction/GetAlias API to retrieve the latest Revision Id",
  );
}
