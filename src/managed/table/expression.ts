/** The expressions of one request: parsed together, so that placeholders that nobody uses can be refused. */
import { Fault } from "#base/fault.ts";
import { given } from "#base/given.ts";
import { parseCondition } from "./condition-parser.ts";
import { ExpressionReader } from "./expression-reader.ts";
import { type Condition, conditionPaths, type Update } from "./expression-syntax.ts";
import type { KeySchema } from "./item-key.ts";
import { Placeholders } from "./placeholders.ts";
import { parseProjection, type Projection } from "./projection.ts";
import { parseUpdate } from "./update-parser.ts";

/** The expression texts and placeholders of a request, each optional. */
export interface ExpressionTexts {
  readonly condition?: string;
  readonly filter?: string;
  readonly keyCondition?: string;
  readonly update?: string;
  readonly projection?: string;
  readonly names?: Readonly<Record<string, string>>;
  /** As sent: not checked yet. */
  readonly values?: Readonly<Record<string, unknown>>;
}

export interface Expressions {
  readonly condition?: Condition;
  readonly filter?: Condition;
  readonly keyCondition?: Condition;
  readonly update?: Update;
  readonly projection?: Projection;
}

export function parseExpressions(texts: ExpressionTexts): Expressions {
  const placeholders = new Placeholders(texts.names, texts.values);
  const parsed = <T>(name: string, source: string | undefined, parse: (reader: ExpressionReader) => T): T | undefined =>
    source === undefined ? undefined : parse(new ExpressionReader(name, source, placeholders));
  const expressions = {
    update: parsed("UpdateExpression", texts.update, parseUpdate),
    condition: parsed("ConditionExpression", texts.condition, parseCondition),
    keyCondition: parsed("KeyConditionExpression", texts.keyCondition, parseCondition),
    filter: parsed("FilterExpression", texts.filter, parseCondition),
    projection: parsed("ProjectionExpression", texts.projection, parseProjection),
  };
  placeholders.refuseUnused();
  return given(expressions);
}

/** What expressions must not do with the key attributes of a table. */
export function checkKeyUse({ condition, filter, projection, update }: Expressions, schema: KeySchema): void {
  const keys = [schema.partition, ...(schema.sort === undefined ? [] : [schema.sort])].map(({ name }) => name);
  const read = [condition, filter].flatMap((each) => (each === undefined ? [] : conditionPaths(each)));
  const nested = [...read, ...(projection?.paths ?? []), ...(update?.paths ?? [])].filter(({ length }) => length > 1);
  for (const key of keys) {
    if (nested.some(([name]) => name === key))
      throw new Fault(
        "BadRequest",
        `Key attributes must be scalars; list random access '[]' and map lookup '.' are not allowed: Key: ${key}`,
      );
    if (update?.paths.some(([name]) => name === key) === true)
      throw new Fault(
        "BadRequest",
        `One or more parameter values were invalid: Cannot update attribute ${key}. This attribute is part of the key`,
      );
  }
}

/** A query's filter may not look at the keys that its key condition is for. */
export function checkFilterKeys({ filter }: Expressions, schema: KeySchema): void {
  const names = new Set((filter === undefined ? [] : conditionPaths(filter)).map(([name]) => name));
  const key = [schema.partition.name, schema.sort?.name].find((name) => name !== undefined && names.has(name));
  if (key !== undefined)
    throw new Fault(
      "BadRequest",
      `Filter Expression can only contain non-primary key attributes: Primary key attribute: ${key}`,
    );
}
