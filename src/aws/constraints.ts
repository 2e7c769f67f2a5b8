/** Checks an input against what its model demands beyond types: required members, lengths, bounds, patterns and sets, in AWS's words. */
import { validationError } from "./aws-error.ts";
import type { Bounds } from "./model.ts";
import type { Dictionary, List, Member, Shape, Structure } from "./shape.ts";

type Text = Extract<Shape, { is: "string" }>;

const MAX_PROBLEMS = 10;
// What a sentence repeats of a value that does not fit.
const MAX_SHOWN = 1_024;

/** Throws a ValidationException that names every member at fault. `input` has the types of its structure: a protocol has read it. */
export function checkConstraints(input: object, structure: Structure): void {
  const problems: string[] = [];
  checkStructure(input, structure, "", problems);
  if (problems.length > 0) throw validationError(problems.slice(0, MAX_PROBLEMS));
}

function check(value: unknown, shape: Shape, path: string, problems: string[]): void {
  switch (shape.is) {
    case "string":
      if (typeof value === "string") checkText(value, shape, path, problems);
      return;
    case "integer":
    case "long":
    case "float":
    case "double":
      if (typeof value === "number") checkNumber(value, shape, path, problems);
      return;
    case "blob":
      // Of base64 that stays what it came as, the action knows the length.
      if (value instanceof Uint8Array && shape.encoded === undefined)
        checkLength(value.length, shape, { path, value }, problems);
      return;
    case "list":
      if (Array.isArray(value)) checkList(value, shape, path, problems);
      return;
    case "map":
      if (isStructure(value)) checkDictionary(value, shape, path, problems);
      return;
    case "structure":
      if (isStructure(value)) checkStructure(value, shape, path, problems);
      return;
    case "boolean":
    case "timestamp":
    case "json":
      return;
  }
}

function checkText(value: string, shape: Text, path: string, problems: string[]): void {
  checkLength(value.length, shape, { path, value }, problems);
  const { pattern, enum: values } = shape;
  if (pattern !== undefined && !wholly(pattern).test(value))
    problems.push(constraint(value, path, `Member must satisfy regular expression pattern: ${pattern}`));
  if (values !== undefined && !values.includes(value))
    problems.push(constraint(value, path, `Member must satisfy enum value set: [${values.join(", ")}]`));
}

// The patterns are those of the models in this program, so there are only so many.
const compiled = new Map<string, RegExp>();

/** A pattern of AWS's, which are Java's, against a whole text. */
export function wholly(pattern: string): RegExp {
  const known = compiled.get(pattern);
  if (known !== undefined) return known;
  const made = unicodePattern(`^(?:${pattern})$`);
  compiled.set(pattern, made);
  return made;
}

/** Java reads \p{L} and pairs of surrogates as JavaScript does with the flag "u", which in turn knows fewer escapes. */
function unicodePattern(source: string): RegExp {
  try {
    return new RegExp(
      source.replaceAll(/\\([-_:@='"#%&,;<>!~` ])/g, (whole, char) => (char === "-" ? whole : char)),
      "u",
    );
  } catch {
    return new RegExp(source);
  }
}

function checkNumber(value: number, { min, max }: Bounds, path: string, problems: string[]): void {
  if (min !== undefined && value < min)
    problems.push(constraint(value, path, `Member must have value greater than or equal to ${min}`));
  if (max !== undefined && value > max)
    problems.push(constraint(value, path, `Member must have value less than or equal to ${max}`));
}

function checkList(values: readonly unknown[], shape: List, path: string, problems: string[]): void {
  checkLength(values.length, shape, { path, value: values }, problems);
  const of = shape.of.shape;
  if (of.is === "string" && of.enum !== undefined) return checkEnums(values, of.enum, path, problems);
  for (const [index, value] of values.entries()) checkMember(value, shape.of, `${path}.${index + 1}.member`, problems);
}

/** AWS says once of a list that its members are not in the set. */
function checkEnums(values: readonly unknown[], allowed: readonly string[], path: string, problems: string[]): void {
  if (values.every((value) => typeof value === "string" && allowed.includes(value))) return;
  const set = `Member must satisfy enum value set: [${allowed.join(", ")}]`;
  problems.push(constraint(values, path, `Member must satisfy constraint: [${set}, Member must not be null]`));
}

function checkDictionary(value: Record<string, unknown>, shape: Dictionary, path: string, problems: string[]): void {
  const entries = Object.entries(value);
  checkLength(entries.length, shape, { path, value }, problems);
  const of = shape.value.shape;
  checkParts(shape.key.shape, Object.keys(value), { path, value: shownIn(value, of), what: "Map keys" }, problems);
  if (isFraction(of))
    return checkParts(of, Object.values(value), { path, value: shownIn(value, of), what: "Map value" }, problems);
  for (const [key, inner] of entries) checkMember(inner, shape.value, `${path}.${key}.member`, problems);
}

/** AWS says once of a map that its keys, or its numbers, do not fit, with all that their shape demands. */
function checkParts(
  shape: Shape,
  parts: readonly unknown[],
  { path, value, what }: Place & { readonly what: string },
  problems: string[],
): void {
  const found: string[] = [];
  for (const part of parts) check(part, shape, path, found);
  if (found.length > 0)
    problems.push(constraint(value, path, `${what} must satisfy constraint: [${demandsOf(shape).join(", ")}]`));
}

function demandsOf(shape: Shape): readonly string[] {
  if (shape.is === "string") {
    const { min, max, pattern, enum: values } = shape;
    return [
      ...(max === undefined ? [] : [`Member must have length less than or equal to ${max}`]),
      ...(min === undefined ? [] : [`Member must have length greater than or equal to ${min}`]),
      ...(pattern === undefined ? [] : [`Member must satisfy regular expression pattern: ${pattern}`]),
      ...(values === undefined ? [] : [`Member must satisfy enum value set: [${values.join(", ")}]`]),
    ];
  }
  if (shape.is !== "double" && shape.is !== "float") return [];
  const { min, max } = shape;
  return [
    ...(max === undefined ? [] : [`Member must have value less than or equal to ${fractionText(max)}`]),
    ...(min === undefined ? [] : [`Member must have value greater than or equal to ${fractionText(min)}`]),
    "Member must not be null",
  ];
}

function isFraction(shape: Shape): boolean {
  return shape.is === "double" || shape.is === "float";
}

/** Java's doubles have a point, also when they are whole. */
function fractionText(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function shownIn(value: Record<string, unknown>, of: Shape): unknown {
  if (!isFraction(of)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, typeof inner === "number" ? fractionText(inner) : inner]),
  );
}

/** Null stands for absent in a structure, where protocols leave it out; in a list or map it is no member. */
function checkMember(value: unknown, { shape }: Member, path: string, problems: string[]): void {
  if (value === null) problems.push(constraint(null, path, "Member must not be null"));
  else check(value, shape, path, problems);
}

interface Place {
  readonly path: string;
  readonly value: unknown;
}

function checkLength(
  length: number,
  { min = 0, max = Infinity }: Bounds,
  { path, value }: Place,
  problems: string[],
): void {
  if (length < min) problems.push(constraint(value, path, `Member must have length greater than or equal to ${min}`));
  if (length > max) problems.push(constraint(value, path, `Member must have length less than or equal to ${max}`));
}

function checkStructure(value: object, shape: Structure, path: string, problems: string[]): void {
  const members = value as Readonly<Record<string, unknown>>;
  for (const name of shape.required)
    if (members[name] === undefined) problems.push(constraint(null, pathOf(path, name), "Member must not be null"));
  for (const name in members) {
    const [inner, member] = [members[name], shape.members.get(name)];
    if (member !== undefined && inner !== undefined) check(inner, member.shape, pathOf(path, name), problems);
  }
}

function pathOf(parent: string, name: string): string {
  const own = name.slice(0, 1).toLowerCase() + name.slice(1);
  return parent === "" ? own : `${parent}.${own}`;
}

function isStructure(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}

function constraint(value: unknown, path: string, what: string): string {
  const shown = value === null ? "null" : `'${cut(shownValue(value))}'`;
  return `Value ${shown} at '${path}' failed to satisfy constraint: ${what}`;
}

/** As Java prints it: [a, b] and {a=b}; of bytes that they are some. */
/** A list or a structure that is cut still ends as one. */
function cut(text: string): string {
  if (text.length <= MAX_SHOWN) return text;
  const last = text.at(-1) ?? "";
  return `${text.slice(0, MAX_SHOWN)}${"]}".includes(last) ? last : ""}`;
}

function shownValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.slice(0, MAX_SHOWN).map(shownValue).join(", ")}]`;
  if (value instanceof Uint8Array) return `java.nio.HeapByteBuffer[pos=0 lim=${value.length} cap=${value.length}]`;
  if (!isStructure(value)) return String(value);
  const entries = Object.entries(value).slice(0, MAX_SHOWN);
  return `{${entries.map(([key, inner]) => `${key}=${shownValue(inner)}`).join(", ")}}`;
}
