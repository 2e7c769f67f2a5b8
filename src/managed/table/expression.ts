/** The expressions of one request: parsed together, so that placeholders that nobody uses can be refused. */
import { Fault } from "#base/fault.ts";
import { type Attribute, checkAttribute } from "./attribute.ts";
import {
  type Condition,
  ExpressionParser,
  type Names,
  type Path,
  type Update,
  type Used,
} from "./expression-parser.ts";

/** The expression texts and placeholders of a request, each optional. */
export interface ExpressionTexts {
  readonly condition?: string;
  readonly filter?: string;
  readonly keyCondition?: string;
  readonly update?: string;
  readonly projection?: string;
  readonly names?: Names;
  /** As sent: not checked yet. */
  readonly values?: Readonly<Record<string, unknown>>;
}

export interface Expressions {
  readonly condition?: Condition;
  readonly filter?: Condition;
  readonly keyCondition?: Condition;
  readonly update?: Update;
  readonly projection?: readonly Path[];
  readonly values: Readonly<Record<string, Attribute>>;
}

export function parseExpressions(texts: ExpressionTexts): Expressions {
  const names = texts.names ?? {};
  const values = Object.fromEntries(
    Object.entries(texts.values ?? {}).map(([name, value]) => [name, checkAttribute(value)]),
  );
  const used: Used = { names: new Set(), values: new Set() };
  const parser = (kind: string, source: string): ExpressionParser => new ExpressionParser(kind, source, names, used);
  const expressions: Expressions = {
    values,
    ...(texts.condition === undefined ? {} : { condition: parser("ConditionExpression", texts.condition).condition() }),
    ...(texts.filter === undefined ? {} : { filter: parser("FilterExpression", texts.filter).condition() }),
    ...(texts.keyCondition === undefined
      ? {}
      : { keyCondition: parser("KeyConditionExpression", texts.keyCondition).condition() }),
    ...(texts.update === undefined ? {} : { update: parser("UpdateExpression", texts.update).update() }),
    ...(texts.projection === undefined
      ? {}
      : { projection: parser("ProjectionExpression", texts.projection).projection() }),
  };
  refuseUnused("ExpressionAttributeNames", Object.keys(names), used.names);
  refuseUnused("ExpressionAttributeValues", Object.keys(values), used.values);
  for (const name of used.values) {
    if (values[name] === undefined)
      throw new Fault(
        "BadRequest",
        `Invalid expression: An expression attribute value used in expression is not defined; attribute value: ${name}`,
      );
  }
  return expressions;
}

function refuseUnused(what: string, given: readonly string[], used: ReadonlySet<string>): void {
  const unused = given.filter((name) => !used.has(name));
  if (unused.length > 0)
    throw new Fault("BadRequest", `Value provided in ${what} unused in expressions: keys: {${unused.join(", ")}}`);
}
