/** What a parsed expression is: values and resolved paths, no placeholders. */
import type { Attribute, AttributeType } from "./attribute.ts";
import type { Path, PathNode } from "./document-path.ts";

export type Operand =
  | { readonly is: "path"; readonly path: Path }
  | { readonly is: "value"; readonly value: Attribute }
  | { readonly is: "size"; readonly of: Operand };

export type Comparator = "=" | "<>" | "<" | "<=" | ">" | ">=";

export type Condition =
  | { readonly is: "compare"; readonly left: Operand; readonly comparator: Comparator; readonly right: Operand }
  | { readonly is: "between"; readonly of: Operand; readonly low: Operand; readonly high: Operand }
  | { readonly is: "in"; readonly of: Operand; readonly options: readonly Operand[] }
  | { readonly is: "and" | "or"; readonly left: Condition; readonly right: Condition }
  | { readonly is: "not"; readonly of: Condition }
  | { readonly is: "exists" | "notExists"; readonly path: Path }
  | { readonly is: "type"; readonly of: Operand; readonly type: AttributeType }
  | { readonly is: "beginsWith" | "contains"; readonly of: Operand; readonly with: Operand };

export type SetValue =
  | Operand
  | { readonly is: "ifNotExists"; readonly path: Path; readonly otherwise: SetValue }
  | { readonly is: "listAppend"; readonly left: SetValue; readonly right: SetValue }
  | { readonly is: "plus" | "minus"; readonly left: SetValue; readonly right: SetValue };

/** `paths` and `tree` are everything that it writes to. */
export interface Update {
  readonly set: readonly { readonly path: Path; readonly value: SetValue }[];
  readonly remove: readonly Path[];
  readonly add: readonly { readonly path: Path; readonly value: Attribute }[];
  readonly delete: readonly { readonly path: Path; readonly value: Attribute }[];
  readonly paths: readonly Path[];
  readonly tree: PathNode;
  /** What is said of an operand of another type; default is what expressions say. */
  readonly mismatch?: string;
}

/** Every path that a condition reads. */
export function conditionPaths(condition: Condition): readonly Path[] {
  switch (condition.is) {
    case "compare":
      return [condition.left, condition.right].flatMap(operandPaths);
    case "between":
      return [condition.of, condition.low, condition.high].flatMap(operandPaths);
    case "in":
      return [condition.of, ...condition.options].flatMap(operandPaths);
    case "and":
    case "or":
      return [...conditionPaths(condition.left), ...conditionPaths(condition.right)];
    case "not":
      return conditionPaths(condition.of);
    case "exists":
    case "notExists":
      return [condition.path];
    case "type":
      return operandPaths(condition.of);
    case "beginsWith":
    case "contains":
      return [condition.of, condition.with].flatMap(operandPaths);
  }
}

function operandPaths(operand: Operand): readonly Path[] {
  if (operand.is === "size") return operandPaths(operand.of);
  return operand.is === "path" ? [operand.path] : [];
}
