/** Input shapes as data, in the vocabulary of AWS's service models, and the check of an input against one. */
import { validationError } from "./aws-error.ts";

export type Shape =
  | {
      readonly is: "string";
      readonly min?: number;
      readonly max?: number;
      readonly pattern?: string;
      readonly enum?: readonly string[];
    }
  | { readonly is: "integer" | "number"; readonly min?: number; readonly max?: number }
  | { readonly is: "boolean" }
  /** Base64 text on the wire. */
  | { readonly is: "blob"; readonly max?: number }
  | { readonly is: "list"; readonly of: Shape; readonly min?: number; readonly max?: number }
  | { readonly is: "map"; readonly of: Shape; readonly min?: number; readonly max?: number }
  | {
      readonly is: "structure";
      readonly members: Readonly<Record<string, Shape>>;
      readonly required?: readonly string[];
    }
  /** Checked by the action itself. */
  | { readonly is: "any" };

const MAX_PROBLEMS = 10;

/** Throws a ValidationException that names every member at fault, in AWS's wording. Unknown members are refused by name. */
export function checkShape(input: unknown, shape: Shape): void {
  const problems: string[] = [];
  check(input, shape, "", problems);
  if (problems.length > 0) throw validationError(problems.slice(0, MAX_PROBLEMS));
}

function check(value: unknown, shape: Shape, path: string, problems: string[]): void {
  switch (shape.is) {
    case "string":
      return checkString(value, shape, path, problems);
    case "integer":
    case "number":
      return checkNumber(value, shape, path, problems);
    case "boolean":
      if (typeof value !== "boolean") problems.push(wrongType(value, path, "a boolean"));
      return;
    case "blob":
      if (typeof value !== "string" && !(value instanceof Uint8Array))
        problems.push(wrongType(value, path, "base64 text"));
      return;
    case "list":
      return checkList(value, shape, path, problems);
    case "map":
      return checkMap(value, shape, path, problems);
    case "structure":
      return checkStructure(value, shape, path, problems);
    case "any":
      return;
  }
}

function checkString(value: unknown, shape: Shape & { is: "string" }, path: string, problems: string[]): void {
  if (typeof value !== "string") return void problems.push(wrongType(value, path, "a string"));
  const { min = 0, max = Infinity, pattern, enum: values } = shape;
  if (value.length < min)
    problems.push(constraint(value, path, `Member must have length greater than or equal to ${min}`));
  if (value.length > max)
    problems.push(constraint(value, path, `Member must have length less than or equal to ${max}`));
  if (pattern !== undefined && !wholly(pattern).test(value)) {
    problems.push(constraint(value, path, `Member must satisfy regular expression pattern: ${pattern}`));
  }
  if (values !== undefined && !values.includes(value)) {
    problems.push(constraint(value, path, `Member must satisfy enum value set: [${values.join(", ")}]`));
  }
}

// The patterns are those of the shapes in this program, so there are only so many.
const compiled = new Map<string, RegExp>();

function wholly(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const made = new RegExp(`^(?:${pattern})$`);
  compiled.set(pattern, made);
  return made;
}

function checkNumber(
  value: unknown,
  shape: Shape & { is: "integer" | "number" },
  path: string,
  problems: string[],
): void {
  const isRight = typeof value === "number" && (shape.is === "number" || Number.isSafeInteger(value));
  if (!isRight) return void problems.push(wrongType(value, path, shape.is === "integer" ? "an integer" : "a number"));
  if (shape.min !== undefined && value < shape.min)
    problems.push(constraint(value, path, `Member must have value greater than or equal to ${shape.min}`));
  if (shape.max !== undefined && value > shape.max)
    problems.push(constraint(value, path, `Member must have value less than or equal to ${shape.max}`));
}

function checkList(value: unknown, shape: Shape & { is: "list" }, path: string, problems: string[]): void {
  if (!Array.isArray(value)) return void problems.push(wrongType(value, path, "a list"));
  checkSize(value.length, shape, path, problems);
  for (const [index, member] of value.entries()) check(member, shape.of, `${path}.${index + 1}.member`, problems);
}

function checkMap(value: unknown, shape: Shape & { is: "map" }, path: string, problems: string[]): void {
  if (!isRecord(value)) return void problems.push(wrongType(value, path, "a map"));
  checkSize(Object.keys(value).length, shape, path, problems);
  for (const [key, member] of Object.entries(value)) check(member, shape.of, `${path}.${key}`, problems);
}

function checkSize(
  size: number,
  { min = 0, max = Infinity }: { readonly min?: number; readonly max?: number },
  path: string,
  problems: string[],
): void {
  if (size < min)
    problems.push(constraint(`${size} members`, path, `Member must have length greater than or equal to ${min}`));
  if (size > max)
    problems.push(constraint(`${size} members`, path, `Member must have length less than or equal to ${max}`));
}

function checkStructure(value: unknown, shape: Shape & { is: "structure" }, path: string, problems: string[]): void {
  if (!isRecord(value)) return void problems.push(wrongType(value, path, "a structure"));
  const at = (name: string): string => (path === "" ? lowerFirst(name) : `${path}.${lowerFirst(name)}`);
  for (const name of shape.required ?? []) {
    if (value[name] === undefined || value[name] === null)
      problems.push(constraint(null, at(name), "Member must not be null"));
  }
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined || member === null) continue;
    const memberShape = shape.members[name];
    if (memberShape === undefined) problems.push(`Member '${at(name)}' is not known to Catamaran; leave it out`);
    else check(member, memberShape, at(name), problems);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

function constraint(value: unknown, path: string, what: string): string {
  const shown = value === null ? "null" : `'${shownText(value).slice(0, 200)}'`;
  return `Value ${value === null ? "null" : shown} at '${path}' failed to satisfy constraint: ${what}`;
}

function wrongType(value: unknown, path: string, wanted: string): string {
  return `Value '${JSON.stringify(value)?.slice(0, 200)}' at '${path}' failed to satisfy constraint: Member must be ${wanted}`;
}

function shownText(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}
