/** Parses condition, filter and key condition expressions. */
import { type Attribute, type AttributeType, compareAttributes, isAttributeType, typeOf } from "./attribute.ts";
import { isSamePath, shownPath } from "./document-path.ts";
import type { ExpressionReader } from "./expression-reader.ts";
import type { Comparator, Condition, Operand } from "./expression-syntax.ts";
import { CONDITION_FUNCTIONS, conditionFunctionProblem } from "./function-names.ts";

const COMPARATORS: readonly Comparator[] = ["=", "<>", "<", "<=", ">", ">="];
const MAX_OPTIONS = 100;
const ORDERED: readonly AttributeType[] = ["S", "N", "B"];
const SIZED: readonly AttributeType[] = ["S", "B", "SS", "NS", "BS", "L", "M"];

export function parseCondition(reader: ExpressionReader): Condition {
  return reader.done(or(reader));
}

function or(reader: ExpressionReader): Condition {
  let left = and(reader);
  while (reader.takeWord("OR")) {
    reader.operator();
    left = { is: "or", left, right: and(reader) };
  }
  return left;
}

function and(reader: ExpressionReader): Condition {
  let left = not(reader);
  while (reader.takeWord("AND")) {
    reader.operator();
    left = { is: "and", left, right: not(reader) };
  }
  return left;
}

function not(reader: ExpressionReader): Condition {
  if (!reader.takeWord("NOT")) return primary(reader);
  reader.operator();
  return { is: "not", of: not(reader) };
}

function primary(reader: ExpressionReader): Condition {
  const closing = reader.parenthesis();
  if (closing === undefined || isOperator(reader.textAfter(closing))) return comparison(reader);
  reader.expect("(");
  const inner = or(reader);
  reader.expect(")");
  return inner;
}

// A parenthesis before an operator of comparison holds an operand, any other a condition.
function isOperator(text: string | undefined): boolean {
  return text === "BETWEEN" || text === "IN" || COMPARATORS.some((comparator) => comparator === text);
}

function comparison(reader: ExpressionReader): Condition {
  const call = reader.call();
  if (call !== null && call !== "size") return compared(reader, call, functionCondition(reader, call));
  const left = call === null ? operand(reader) : sizeOperand(reader);
  const operator = reader.takeAny([...COMPARATORS, "BETWEEN", "IN"]);
  if (operator === undefined) {
    if (left.is !== "size") throw reader.unexpected();
    reader.note("misuse", misused("size"));
    return { is: "exists", path: [] };
  }
  reader.operator();
  if (operator === "BETWEEN") return between(reader, left);
  if (operator === "IN") return options(reader, left);
  const right = operand(reader);
  checkDistinct(reader, operator, [left, right]);
  if (operator !== "=" && operator !== "<>")
    for (const side of [left, right]) checkType(reader, operator, side, ORDERED);
  return { is: "compare", left, comparator: operator, right };
}

// Functions other than size give no value; syntax allows to compare them.
function compared(reader: ExpressionReader, call: string, condition: Condition): Condition {
  if (reader.takeAny(COMPARATORS) === undefined) return condition;
  reader.note("misuse", misused(call));
  operand(reader);
  return condition;
}

function between(reader: ExpressionReader, of: Operand): Condition {
  const low = operand(reader);
  if (!reader.takeWord("AND")) throw reader.unexpected();
  const high = operand(reader);
  for (const side of [of, low, high]) checkType(reader, "BETWEEN", side, ORDERED);
  if (low.is === "value" && high.is === "value") checkBounds(reader, low.value, high.value);
  return { is: "between", of, low, high };
}

function checkBounds(reader: ExpressionReader, low: Attribute, high: Attribute): void {
  const problem =
    typeOf(low) !== typeOf(high)
      ? "same data type for lower and upper bounds"
      : (compareAttributes(low, high) ?? 0) > 0
        ? "upper bound to be greater than or equal to lower bound"
        : null;
  if (problem === null) return;
  reader.note(
    "type",
    `The BETWEEN operator requires ${problem}; lower bound operand: AttributeValue: ${shown(low)}, upper bound operand: AttributeValue: ${shown(high)}`,
  );
}

function shown(value: Attribute): string {
  const [[type, inner] = []] = Object.entries(value);
  return `{${type}:${typeof inner === "string" ? inner.slice(0, 255) : "…"}}`;
}

function options(reader: ExpressionReader, of: Operand): Condition {
  reader.expect("(");
  const listed = operands(reader);
  if (listed.length > MAX_OPTIONS)
    reader.note(
      "count",
      `Invalid number of operands for operator or function; operator or function: IN, number of operands: ${listed.length + 1}`,
    );
  return { is: "in", of, options: listed };
}

/** Up to the closing parenthesis, which is taken. */
function operands(reader: ExpressionReader): readonly Operand[] {
  const listed = [operand(reader)];
  while (reader.take(",")) listed.push(operand(reader));
  reader.expect(")");
  return listed;
}

function operand(reader: ExpressionReader): Operand {
  if (reader.parenthesis() !== undefined) {
    reader.expect("(");
    const inner = operand(reader);
    reader.expect(")");
    return inner;
  }
  const value = reader.value();
  if (value !== undefined) return { is: "value", value };
  const call = reader.call();
  if (call === "size") return sizeOperand(reader);
  if (call === null) return { is: "path", path: reader.path() };
  // A condition where a value should stand; read on, so that what is wrong with the syntax is told first.
  const problem = conditionFunctionProblem(call);
  if (problem !== null) reader.note("function", problem);
  reader.note("misuse", misused(call));
  reader.operator();
  operands(reader);
  return { is: "path", path: [call] };
}

function sizeOperand(reader: ExpressionReader): Operand {
  reader.operator();
  const given = operands(reader);
  checkCount(reader, "size", given);
  const [of = { is: "path", path: [] }] = given;
  checkType(reader, "size", of, SIZED);
  return { is: "size", of };
}

function functionCondition(reader: ExpressionReader, name: string): Condition {
  reader.operator();
  const given = operands(reader);
  const [of, second] = given;
  const problem = conditionFunctionProblem(name);
  if (problem !== null) reader.note("function", problem);
  else checkCount(reader, name, given);
  if (of === undefined) return { is: "exists", path: [] };
  if (second === undefined) return existence(reader, name, of);
  checkDistinct(reader, name, [of, second]);
  if (name === "attribute_type") return { is: "type", of, type: wantedType(reader, second) };
  if (name !== "begins_with") return { is: "contains", of, with: second };
  for (const side of [of, second]) checkType(reader, name, side, ["S", "B"]);
  return { is: "beginsWith", of, with: second };
}

function existence(reader: ExpressionReader, name: string, of: Operand): Condition {
  if (of.is !== "path")
    reader.note("type", `Operator or function requires a document path; operator or function: ${name}`);
  const path = of.is === "path" ? of.path : [];
  return { is: name === "attribute_exists" ? "exists" : "notExists", path };
}

function wantedType(reader: ExpressionReader, wanted: Operand): AttributeType {
  const type = staticType(wanted);
  if (wanted.is !== "value" || !("S" in wanted.value)) {
    reader.note("type", wrongType("attribute_type", type ?? "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"));
    return "S";
  }
  const name = wanted.value.S;
  if (isAttributeType(name)) return name;
  reader.note(
    "type",
    `Invalid attribute type name found; type: ${name.slice(0, 255)}, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}`,
  );
  return "S";
}

function checkCount(reader: ExpressionReader, name: string, given: readonly Operand[]): void {
  if (given.length !== CONDITION_FUNCTIONS[name])
    reader.note(
      "count",
      `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${given.length}`,
    );
}

function checkDistinct(reader: ExpressionReader, name: string, [left, right]: readonly [Operand, Operand]): void {
  if (left.is === "path" && right.is === "path" && isSamePath(left.path, right.path))
    reader.note(
      "distinct",
      `The first operand must be distinct from the remaining operands for this operator or function; operator: ${name}, first operand: ${shownPath(left.path)}`,
    );
}

function checkType(reader: ExpressionReader, name: string, given: Operand, allowed: readonly AttributeType[]): void {
  const type = staticType(given);
  if (type !== null && !allowed.includes(type)) reader.note("type", wrongType(name, type));
}

/** The type that an operand has whatever the item is. */
function staticType(given: Operand): AttributeType | null {
  if (given.is === "size") return "N";
  return given.is === "value" ? typeOf(given.value) : null;
}

function wrongType(name: string, type: string): string {
  return `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`;
}

function misused(name: string): string {
  return `The function is not allowed to be used this way in an expression; function: ${name}`;
}
