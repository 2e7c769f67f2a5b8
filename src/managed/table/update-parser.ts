/** Parses update expressions. */
import { type Attribute, type AttributeType, typeOf } from "./attribute.ts";
import { type Path, pathTree } from "./document-path.ts";
import type { ExpressionReader } from "./expression-reader.ts";
import type { SetValue, Update } from "./expression-syntax.ts";
import { updateFunctionProblem } from "./function-names.ts";

const SECTIONS = ["SET", "REMOVE", "ADD", "DELETE"] as const;
type Section = (typeof SECTIONS)[number];

interface Draft {
  readonly set: Update["set"][number][];
  readonly remove: Path[];
  readonly add: Update["add"][number][];
  readonly delete: Update["delete"][number][];
}

export function parseUpdate(reader: ExpressionReader): Update {
  const update: Draft = { set: [], remove: [], add: [], delete: [] };
  const seen = new Set<Section>();
  while (!reader.isAtEnd) {
    const section = reader.takeAny(SECTIONS);
    if (section === undefined) throw reader.unexpected();
    if (seen.has(section))
      reader.note("section", `The "${section}" section can only be used once in an update expression;`);
    seen.add(section);
    do action(reader, section, update);
    while (reader.take(","));
  }
  const paths = [...update.set, ...update.add, ...update.delete].map(({ path }) => path).concat(update.remove);
  const tree = pathTree(paths);
  if (typeof tree === "string") throw reader.wrongPaths(tree);
  return reader.done({ ...update, paths, tree });
}

function action(reader: ExpressionReader, section: Section, update: Draft): void {
  const path = reader.path();
  reader.operator();
  switch (section) {
    case "SET":
      reader.expect("=");
      update.set.push({ path, value: setValue(reader) });
      return;
    case "REMOVE":
      update.remove.push(path);
      return;
    case "ADD":
      update.add.push({ path, value: changeValue(reader, section, ["N", "SS", "NS", "BS"]) });
      return;
    case "DELETE":
      update.delete.push({ path, value: changeValue(reader, section, ["SS", "NS", "BS"]) });
      return;
  }
}

const TYPE_NAMES: Readonly<Record<AttributeType, string>> = {
  S: "STRING",
  N: "NUMBER",
  B: "BINARY",
  BOOL: "BOOLEAN",
  NULL: "NULL",
  SS: "STRING_SET",
  NS: "NUMBER_SET",
  BS: "BINARY_SET",
  L: "LIST",
  M: "MAP",
};

function changeValue(reader: ExpressionReader, section: Section, allowed: readonly AttributeType[]): Attribute {
  const value = reader.value();
  if (value === undefined) throw reader.unexpected();
  if (!allowed.includes(typeOf(value)))
    reader.note(
      "type",
      `Incorrect operand type for operator or function; operator: ${section}, operand type: ${TYPE_NAMES[typeOf(value)]}, typeSet: ALLOWED_FOR_${section}_OPERAND`,
    );
  return value;
}

function setValue(reader: ExpressionReader): SetValue {
  const left = operand(reader);
  const operator = reader.takeAny(["+", "-"]);
  if (operator === undefined) return left;
  reader.operator();
  const right = operand(reader);
  for (const side of [left, right]) checkType(reader, operator, side, "N");
  return { is: operator === "+" ? "plus" : "minus", left, right };
}

function operand(reader: ExpressionReader): SetValue {
  if (reader.parenthesis() !== undefined) {
    reader.expect("(");
    const inner = setValue(reader);
    reader.expect(")");
    return inner;
  }
  const value = reader.value();
  if (value !== undefined) return { is: "value", value };
  const call = reader.call();
  return call === null ? { is: "path", path: reader.path() } : functionValue(reader, call);
}

function functionValue(reader: ExpressionReader, name: string): SetValue {
  reader.operator();
  const given = [argument(reader)];
  while (reader.take(",")) given.push(argument(reader));
  reader.expect(")");
  const [first, second] = given;
  const problem = updateFunctionProblem(name);
  if (problem !== null) reader.note("function", problem);
  else if (given.length !== 2)
    reader.note(
      "count",
      `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${given.length}`,
    );
  if (first === undefined || second === undefined) return { is: "path", path: [name] };
  if (name === "if_not_exists") {
    if (first.is !== "path")
      reader.note("type", `Operator or function requires a document path; operator or function: ${name}`);
    return { is: "ifNotExists", path: first.is === "path" ? first.path : [], otherwise: second };
  }
  for (const side of [first, second]) {
    if (side.is === "listAppend")
      reader.note("misuse", `The function is not allowed to be used this way in an expression; function: ${name}`);
    checkType(reader, name, side, "L");
  }
  return { is: "listAppend", left: first, right: second };
}

// Sums stand outside of functions only.
function argument(reader: ExpressionReader): SetValue {
  if (reader.parenthesis() !== undefined) {
    reader.expect("(");
    const inner = argument(reader);
    reader.expect(")");
    return inner;
  }
  return operand(reader);
}

function checkType(reader: ExpressionReader, name: string, given: SetValue, wanted: AttributeType): void {
  if (given.is !== "value" || typeOf(given.value) === wanted) return;
  reader.note(
    "type",
    `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${typeOf(given.value)}`,
  );
}
