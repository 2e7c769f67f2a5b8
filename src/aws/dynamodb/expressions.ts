/** The expression parameters of an action: which it has, what excludes what, and their parse. */
import { given } from "#base/given.ts";
import { type Expressions, parseExpressions } from "#managed/table/expression.ts";
import type { Input } from "../untyped-action.ts";
import { invalid } from "./dynamodb-error.ts";

const TEXTS = {
  UpdateExpression: "update",
  ConditionExpression: "condition",
  KeyConditionExpression: "keyCondition",
  FilterExpression: "filter",
  ProjectionExpression: "projection",
} as const;
type ExpressionName = keyof typeof TEXTS;

/** The parameters that expressions replaced in 2014 are refused by name. */
export const LEGACY: readonly string[] = [
  "Expected",
  "AttributeUpdates",
  "KeyConditions",
  "QueryFilter",
  "ScanFilter",
  "AttributesToGet",
  "ConditionalOperator",
];

/** `allowed`: the expressions that the action has. */
export function expressionsOf(input: Input, allowed: readonly ExpressionName[]): Expressions {
  const used = allowed.filter((name) => input[name] !== undefined);
  refuseLegacy(input, used);
  if (input["ExpressionAttributeNames"] !== undefined && used.length === 0)
    throw invalid("ExpressionAttributeNames can only be specified when using expressions");
  const taking = allowed.filter((name) => name !== "ProjectionExpression");
  if (input["ExpressionAttributeValues"] !== undefined && !taking.some((name) => used.includes(name)))
    throw invalid(
      `ExpressionAttributeValues can only be specified when using expressions: ${taking.join(" and ")} ${taking.length > 1 ? "are" : "is"} null`,
    );
  for (const what of ["ExpressionAttributeNames", "ExpressionAttributeValues"])
    if (Object.keys(input[what] ?? { some: true }).length === 0) throw invalid(`${what} must not be empty`);
  const texts = Object.fromEntries(used.map((name) => [TEXTS[name], input[name] as string]));
  return parseExpressions(
    given({
      ...texts,
      names: input["ExpressionAttributeNames"] as Readonly<Record<string, string>> | undefined,
      values: input["ExpressionAttributeValues"] as Readonly<Record<string, unknown>> | undefined,
    }),
  );
}

function refuseLegacy(input: Input, used: readonly ExpressionName[]): void {
  const legacy = LEGACY.filter((name) => input[name] !== undefined);
  if (legacy.length === 0) return;
  // Key conditions of the old kind go with expressions for the rest.
  const others = used.includes("KeyConditionExpression") ? legacy : legacy.filter((name) => name !== "KeyConditions");
  if (used.length > 0 && others.length > 0)
    throw invalid(
      `Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {${others.join(", ")}} Expression parameters: {${used.join(", ")}}`,
    );
  throw invalid(`the legacy parameter ${legacy.join(", ")} is not supported by Catamaran; use expressions`);
}
