/** Input shapes as data, in the vocabulary of AWS's service models, and the check of an input against one. */
import { AwsError, validationError } from "./aws-error.ts";

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
// What a sentence repeats of a value that does not fit.
const MAX_SHOWN = 1_024;

/**
 * Throws a SerializationException at the first member of another type, else a ValidationException that names every member at
 * fault, in AWS's wording and in its order: a request is read before it is judged. Unknown members are refused by name.
 */
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
      if (typeof value !== "boolean") throw wrongType(value, "Boolean");
      return;
    case "blob":
      if (typeof value !== "string" && !(value instanceof Uint8Array)) throw wrongType(value, "Blob");
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
  if (typeof value !== "string") throw wrongType(value, "String");
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
  if (typeof value !== "number" || (shape.is === "integer" && !Number.isSafeInteger(value)))
    throw wrongType(value, shape.is === "integer" ? "Integer" : "Double");
  if (shape.min !== undefined && value < shape.min)
    problems.push(constraint(value, path, `Member must have value greater than or equal to ${shape.min}`));
  if (shape.max !== undefined && value > shape.max)
    problems.push(constraint(value, path, `Member must have value less than or equal to ${shape.max}`));
}

function checkList(value: unknown, shape: Shape & { is: "list" }, path: string, problems: string[]): void {
  if (!Array.isArray(value)) throw wrongType(value, "List");
  checkSize(value, shape, path, problems);
  if (shape.of.is === "string" && shape.of.enum !== undefined) return checkEnums(value, shape.of.enum, path, problems);
  for (const [index, member] of value.entries()) checkMember(member, shape.of, `${path}.${index + 1}.member`, problems);
}

/** AWS says once of a list that its members are not in the set. */
function checkEnums(value: readonly unknown[], values: readonly string[], path: string, problems: string[]): void {
  const wrong = value.find((member) => typeof member !== "string" && member !== null);
  if (wrong !== undefined) throw wrongType(wrong, "String");
  if (value.every((member) => values.includes(member as string))) return;
  const set = `Member must satisfy enum value set: [${values.join(", ")}]`;
  problems.push(constraint(value, path, `Member must satisfy constraint: [${set}, Member must not be null]`));
}

function checkMap(value: unknown, shape: Shape & { is: "map" }, path: string, problems: string[]): void {
  if (!isRecord(value)) throw wrongType(value, "Map");
  checkSize(value, shape, path, problems);
  for (const [key, member] of Object.entries(value)) checkMember(member, shape.of, `${path}.${key}.member`, problems);
}

/** Null stands for absent in a structure, and is no member of a list or map. */
function checkMember(value: unknown, shape: Shape, path: string, problems: string[]): void {
  if (value === null) problems.push(constraint(null, path, "Member must not be null"));
  else check(value, shape, path, problems);
}

function checkSize(
  value: object,
  { min = 0, max = Infinity }: { readonly min?: number; readonly max?: number },
  path: string,
  problems: string[],
): void {
  const size = Object.keys(value).length;
  if (size < min) problems.push(constraint(value, path, `Member must have length greater than or equal to ${min}`));
  if (size > max) problems.push(constraint(value, path, `Member must have length less than or equal to ${max}`));
}

function checkStructure(value: unknown, shape: Shape & { is: "structure" }, path: string, problems: string[]): void {
  if (!isRecord(value)) throw wrongType(value, "Structure");
  const at = (name: string): string => (path === "" ? lowerFirst(name) : `${path}.${lowerFirst(name)}`);
  for (const name of shape.required ?? []) {
    if (value[name] === undefined || value[name] === null)
      problems.push(constraint(null, at(name), "Member must not be null"));
  }
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined || member === null) continue;
    const memberShape = Object.hasOwn(shape.members, name) ? shape.members[name] : undefined;
    if (memberShape === undefined) problems.push(`Member '${at(name)}' is not known to Catamaran; leave it out`);
    else check(member, memberShape, at(name), problems);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function lowerFirst(name: string): string {
  return name.slice(0, 1).toLowerCase() + name.slice(1);
}

function constraint(value: unknown, path: string, what: string): string {
  const shown = value === null ? "null" : `'${shownValue(value).slice(0, MAX_SHOWN)}'`;
  return `Value ${shown} at '${path}' failed to satisfy constraint: ${what}`;
}

/** As Java prints it: [a, b] and {a=b}. */
function shownValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.slice(0, MAX_SHOWN).map(shownValue).join(", ")}]`;
  if (!isRecord(value)) return String(value);
  const entries = Object.entries(value).slice(0, MAX_SHOWN);
  return `{${entries.map(([key, inner]) => `${key}=${shownValue(inner)}`).join(", ")}}`;
}

/** In the words of AWS's JSON readers. */
function wrongType(value: unknown, wanted: string): AwsError {
  return new AwsError("SerializationException", 400, wrongTypeText(value, wanted));
}

function wrongTypeText(value: unknown, wanted: string): string {
  if (Array.isArray(value)) return "Start of list found where not expected";
  if (typeof value === "object" && value !== null) return "Start of structure or map found where not expected.";
  if (wanted === "List" || wanted === "Map" || wanted === "Structure") return "Unexpected field type";
  const given = typeof value === "string" ? "STRING" : typeof value === "number" ? "NUMBER" : "TRUE";
  return `${value === false ? "FALSE" : given}_VALUE cannot be converted to ${wanted}`;
}
