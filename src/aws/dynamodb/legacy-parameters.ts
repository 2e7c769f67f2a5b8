/** The parameters that expressions replaced in 2014, as the expressions that they stand for (Developer Guide, "Legacy conditional parameters"). */
import { given } from "#base/given.ts";
import { type AttributeUpdate, attributeUpdates } from "#managed/table/attribute-update.ts";
import { comparisonCondition, expectationCondition, joined, type Joint } from "#managed/table/comparison.ts";
import { pathTree } from "#managed/table/document-path.ts";
import type { Expressions } from "#managed/table/expression.ts";
import type { Condition } from "#managed/table/expression-syntax.ts";
import type { Projection } from "#managed/table/projection.ts";
import { invalid } from "./account-tables.ts";
import type { AttributeValueUpdate, Condition as ConditionInput, ExpectedAttributeValue } from "./model.gen.ts";

export interface LegacyParameters {
  readonly AttributesToGet?: readonly string[];
  readonly AttributeUpdates?: Readonly<Record<string, AttributeValueUpdate>>;
  readonly Expected?: Readonly<Record<string, ExpectedAttributeValue>>;
  readonly KeyConditions?: Readonly<Record<string, ConditionInput>>;
  readonly QueryFilter?: Readonly<Record<string, ConditionInput>>;
  readonly ScanFilter?: Readonly<Record<string, ConditionInput>>;
  readonly ConditionalOperator?: "AND" | "OR";
}

export function legacyExpressions(input: LegacyParameters): Expressions {
  const { AttributesToGet, AttributeUpdates, Expected, KeyConditions, QueryFilter, ScanFilter } = input;
  const joint = jointOf(input);
  return given({
    // Without any it is an update of nothing, which makes an item that is missing.
    update:
      Object.keys(AttributeUpdates ?? {}).length === 0
        ? undefined
        : attributeUpdates(mapped(AttributeUpdates ?? {}, updateOf)),
    condition:
      Expected &&
      joined(
        Object.entries(Expected).map(([name, expected]) => expectationCondition(name, expectationOf(expected))),
        joint,
      ),
    keyCondition: KeyConditions && keyConditionOf(KeyConditions),
    filter: filterOf(QueryFilter ?? ScanFilter, joint),
    projection: AttributesToGet && projectionOf(AttributesToGet),
  });
}

function jointOf({ ConditionalOperator, Expected, QueryFilter, ScanFilter }: LegacyParameters): Joint {
  if (ConditionalOperator === undefined) return "and";
  const conditions = Object.keys(Expected ?? QueryFilter ?? ScanFilter ?? {});
  if (conditions.length === 0) throw invalid(`ConditionalOperator cannot be used without Filter or Expected`);
  return ConditionalOperator === "OR" ? "or" : "and";
}

function mapped<A, B>(of: Readonly<Record<string, A>>, map: (one: A) => B): Readonly<Record<string, B>> {
  return Object.fromEntries(Object.entries(of).map(([name, one]) => [name, map(one)]));
}

function updateOf({ Action, Value }: AttributeValueUpdate): AttributeUpdate {
  return given({ action: Action, value: Value });
}

function expectationOf({ Value, Exists, ComparisonOperator, AttributeValueList }: ExpectedAttributeValue) {
  return given({ value: Value, exists: Exists, operator: ComparisonOperator, values: AttributeValueList });
}

function comparisons(conditions: Readonly<Record<string, ConditionInput>>): readonly Condition[] {
  return Object.entries(conditions).map(([name, { ComparisonOperator: operator, AttributeValueList: values = [] }]) =>
    comparisonCondition(name, { operator, values }),
  );
}

function filterOf(
  conditions: Readonly<Record<string, ConditionInput>> | undefined,
  joint: Joint,
): Condition | undefined {
  return conditions && joined(comparisons(conditions), joint);
}

const INDEXABLE: readonly string[] = ["EQ", "LE", "LT", "GE", "GT", "BEGINS_WITH", "BETWEEN"];

function keyConditionOf(conditions: Readonly<Record<string, ConditionInput>>): Condition | undefined {
  const found = comparisons(conditions);
  if (found.length < 1 || found.length > 2) throw invalid("Conditions can be of length 1 or 2 only");
  for (const { ComparisonOperator: operator } of Object.values(conditions))
    if (!INDEXABLE.includes(operator)) throw invalid("Attempted conditional constraint is not an indexable operation");
  return joined(found, "and");
}

/** Names, not paths: a dot in one is a dot. */
function projectionOf(names: readonly string[]): Projection {
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw invalid(`One or more parameter values were invalid: Duplicate value in attribute name: ${twice}`);
  if (names.includes("")) throw invalid("One or more parameter values were invalid: Empty attribute name");
  const paths = names.map((name) => [name]);
  const tree = pathTree(paths);
  if (typeof tree === "string") throw invalid(tree);
  return { paths, tree };
}
