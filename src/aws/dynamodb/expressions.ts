/** The expression parameters of an action: which it has, what excludes what, and their parse. */
import { given } from "#base/given.ts";
import { type Expressions, type ExpressionTexts, parseExpressions } from "#managed/table/expression.ts";
import { invalid } from "./account-tables.ts";
import { legacyExpressions, type LegacyParameters } from "./legacy-parameters.ts";

const TEXTS = {
  UpdateExpression: "update",
  ConditionExpression: "condition",
  KeyConditionExpression: "keyCondition",
  FilterExpression: "filter",
  ProjectionExpression: "projection",
} as const;
type ExpressionName = keyof typeof TEXTS;
const EXPRESSION_NAMES = Object.keys(TEXTS) as readonly ExpressionName[];

/** The parameters that expressions replaced in 2014. */
const LEGACY = [
  "Expected",
  "AttributeUpdates",
  "KeyConditions",
  "QueryFilter",
  "ScanFilter",
  "AttributesToGet",
  "ConditionalOperator",
] as const;

type Parameters = { readonly [Name in ExpressionName]?: string } & LegacyParameters & {
    readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
    readonly ExpressionAttributeValues?: Readonly<Record<string, unknown>>;
  };

/** `allowed`: the expressions that the action has. */
export function expressionsOf(input: Parameters, allowed: readonly ExpressionName[]): Expressions {
  const used = allowed.filter((name) => input[name] !== undefined);
  const legacy = LEGACY.filter((name) => input[name] !== undefined);
  refuseMixture(input, legacy);
  const { ExpressionAttributeNames: names, ExpressionAttributeValues: values } = input;
  if (names !== undefined && used.length === 0)
    throw invalid("ExpressionAttributeNames can only be specified when using expressions");
  const taking = allowed.filter((name) => name !== "ProjectionExpression");
  if (values !== undefined && !taking.some((name) => used.includes(name)))
    throw invalid(
      `ExpressionAttributeValues can only be specified when using expressions: ${taking.join(" and ")} ${taking.length > 1 ? "are" : "is"} null`,
    );
  for (const [what, placeholders] of Object.entries({
    ExpressionAttributeNames: names,
    ExpressionAttributeValues: values,
  }))
    if (placeholders !== undefined && Object.keys(placeholders).length === 0)
      throw invalid(`${what} must not be empty`);
  const older = legacy.length === 0 ? {} : legacyExpressions(input);
  if (used.length === 0) return older;
  const texts: ExpressionTexts = Object.fromEntries(used.map((name) => [TEXTS[name], input[name]]));
  return { ...older, ...parseExpressions(given({ ...texts, names, values })) };
}

/** Key conditions of the old kind go with expressions for the rest; nothing else goes together. */
function refuseMixture(input: Parameters, legacy: readonly string[]): void {
  const used = EXPRESSION_NAMES.filter((name) => input[name] !== undefined);
  const others = used.includes("KeyConditionExpression") ? legacy : legacy.filter((name) => name !== "KeyConditions");
  if (used.length > 0 && others.length > 0)
    throw invalid(
      `Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {${others.join(", ")}} Expression parameters: {${used.join(", ")}}`,
    );
}
