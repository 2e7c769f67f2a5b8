/** What names a function: its name, a part of its ARN or all of it, with or without a qualifier (Lambda API Reference, "FunctionName"). */
import type { Input } from "../untyped-action.ts";
import { AwsError } from "../aws-error.ts";
import type { Shape } from "../untyped-shape.ts";
import type { Place } from "../authorize.ts";

export interface FunctionReference {
  readonly name: string;
  readonly qualifier: string | undefined;
}

const PLACE =
  "(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:)?(\\d{12}:)?(function:)?";

/** Of actions that change a function. */
export const functionName: Shape = {
  is: "string",
  min: 1,
  max: 140,
  pattern: `${PLACE}([a-zA-Z0-9-_]+)(:(\\$LATEST|[a-zA-Z0-9-_]+))?`,
};

/** Of actions that read, invoke or delete one. */
export const namespacedFunctionName: Shape = {
  is: "string",
  min: 1,
  pattern: `${PLACE}([a-zA-Z0-9-_\\.]+)(:(\\$LATEST(\\.PUBLISHED)?|[a-zA-Z0-9-_]+))?`,
};

export const qualifier: Shape = {
  is: "string",
  min: 1,
  max: 128,
  pattern: "\\$(LATEST(\\.PUBLISHED)?)|[a-zA-Z0-9-_$]+",
};

/** Of function URLs: an alias, and no version. */
export const urlQualifier: Shape = { is: "string", min: 1, max: 128, pattern: "((?!^\\d+$)^[0-9a-zA-Z-_]+$)" };

export const functionResource: Shape = {
  is: "string",
  pattern:
    "arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\\d{1}:\\d{12}:(function:[a-zA-Z0-9-_]+(:(\\$LATEST|[a-zA-Z0-9-_]+))?|layer:([a-zA-Z0-9-_]+)|code-signing-config:csc-[a-z0-9]{17}|event-source-mapping:[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}|capacity-provider:[a-zA-Z0-9-_]+)",
};

const PARTS =
  /^(?:arn:[^:]*:lambda:)?(?:(?<region>[a-z-]+-\d):)?(?:(?<account>\d{12}):)?(?:function:)?(?<name>[a-zA-Z0-9-_.]+)(?::(?<qualifier>\$?[a-zA-Z0-9-_.]+))?$/;

/**
 * The function that an input names. Throws AwsError for one of another account or region, and for two qualifiers that differ.
 * `input` has passed the shapes above.
 */
export function referenceOf(here: Place, input: Input, member = "FunctionName"): FunctionReference {
  const text = input[member] as string;
  const parts = PARTS.exec(text)?.groups ?? {};
  const { region = here.region, account = here.accountId, name = text } = parts;
  if (account !== here.accountId) throw new AwsError("AccessDeniedException", 403, "");
  if (region !== here.region)
    throw new AwsError(
      "ResourceNotFoundException",
      404,
      `Functions from '${region}' are not reachable in this region ('${here.region}')`,
    );
  const derived = parts["qualifier"];
  const given = input["Qualifier"] as string | undefined;
  if (derived !== undefined && given !== undefined && derived !== given)
    throw new AwsError(
      "InvalidParameterValueException",
      400,
      "The derived qualifier from the function name does not match the specified qualifier.",
    );
  return { name, qualifier: given ?? derived };
}

/** Of actions on the function itself, which versions and aliases do not have. */
export function unqualifiedName(here: Place, input: Input): string {
  const { name, qualifier } = referenceOf(here, input);
  if (qualifier === undefined) return name;
  throw new AwsError(
    "InvalidParameterValueException",
    400,
    "This operation is permitted on Lambda functions only. Aliases and versions do not support this operation. Please specify either a function name or an unqualified function ARN.",
  );
}

export function arnOf(here: Place, name: string, version?: string): string {
  const arn = `arn:aws:lambda:${here.region}:${here.accountId}:function:${name}`;
  return version === undefined ? arn : `${arn}:${version}`;
}

export function notFound(here: Place, name: string, version?: string): AwsError {
  return new AwsError("ResourceNotFoundException", 404, `Function not found: ${arnOf(here, name, version)}`);
}
