/** The policy of a form: until when it holds, and what the form may say (Amazon S3 API Reference, "POST Policy"). Pure. */
import { isJsonObject, type Json, parseJson } from "#base/json.ts";
import { AwsError } from "../aws-error.ts";

export interface PostPolicy {
  readonly expiresMs: number;
  readonly conditions: readonly PostCondition[];
}

export type PostCondition =
  | { readonly is: "equal" | "begins"; readonly field: string; readonly value: string }
  | { readonly is: "length"; readonly least: number; readonly most: number };

/** Throws AwsError. `text` is the policy's JSON. */
export function readPostPolicy(text: string): PostPolicy {
  const document = parsed(text);
  if (!isJsonObject(document)) throw invalid("Invalid JSON.");
  const { expiration, conditions } = document;
  const isTime = typeof expiration === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(expiration);
  const expiresMs = isTime ? Date.parse(expiration) : Number.NaN;
  if (Number.isNaN(expiresMs)) throw invalid("Policy missing expiration.");
  if (!Array.isArray(conditions) || conditions.length === 0) throw invalid("Policy missing conditions.");
  return { expiresMs, conditions: conditions.flatMap(conditionsOf) };
}

function parsed(text: string): Json {
  try {
    return parseJson(text);
  } catch {
    throw invalid("Invalid JSON.");
  }
}

function conditionsOf(given: Json): readonly PostCondition[] {
  if (isJsonObject(given))
    return Object.entries(given).map(([field, value]) => ({
      is: "equal",
      field: field.toLowerCase(),
      value: textOf(value),
    }));
  if (!Array.isArray(given) || given.length !== 3) throw invalid("Invalid Condition.");
  const [operator, first, second] = given;
  const name = typeof operator === "string" ? operator.toLowerCase() : "";
  if (name === "content-length-range") return [{ is: "length", least: numberOf(first), most: numberOf(second) }];
  if (name !== "eq" && name !== "starts-with") throw invalid("Invalid Condition.");
  const field = textOf(first);
  if (!field.startsWith("$")) throw invalid("Invalid Condition.");
  return [{ is: name === "eq" ? "equal" : "begins", field: field.slice(1).toLowerCase(), value: textOf(second) }];
}

function textOf(value: Json | undefined): string {
  if (typeof value !== "string") throw invalid("Invalid Condition.");
  return value;
}

function numberOf(value: Json | undefined): number {
  const number = typeof value === "string" ? Number(value) : value;
  if (typeof number !== "number" || !(number >= 0)) throw invalid("Invalid Condition.");
  return number;
}

function invalid(why: string): AwsError {
  return new AwsError("InvalidPolicyDocument", 400, `Invalid Policy: ${why}`);
}

// What proves the form is not covered by what it proves.
const FREE = /^(x-amz-signature|signature|awsaccesskeyid|file|policy|x-ignore-.*)$/;

/** Throws AccessDenied unless every condition holds and every field has one. */
export function checkForm(
  { expiresMs, conditions }: PostPolicy,
  fields: ReadonlyMap<string, string>,
  now: number,
): void {
  if (now > expiresMs) throw denied("Policy expired.");
  for (const condition of conditions) {
    if (condition.is === "length") continue;
    const value = fields.get(condition.field) ?? "";
    const holds = condition.is === "equal" ? value === condition.value : value.startsWith(condition.value);
    if (!holds)
      throw denied(
        `Policy Condition failed: ["${condition.is === "equal" ? "eq" : "starts-with"}", "$${condition.field}", "${condition.value}"]`,
      );
  }
  const covered = new Set(conditions.flatMap((one) => (one.is === "length" ? [] : [one.field])));
  const extra = [...fields.keys()].find((name) => !covered.has(name) && !FREE.test(name));
  if (extra !== undefined) throw denied(`Extra input fields: ${extra}`);
}

/** What the file may have. */
export function checkSize({ conditions }: PostPolicy, size: number): void {
  for (const condition of conditions) {
    if (condition.is !== "length") continue;
    if (size < condition.least)
      throw new AwsError("EntityTooSmall", 400, "Your proposed upload is smaller than the minimum allowed size");
    if (size > condition.most)
      throw new AwsError("EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed size");
  }
}

function denied(why: string): AwsError {
  return new AwsError("AccessDenied", 403, `Invalid according to Policy: ${why}`);
}
