/** Refuses by name what an input says and its action does not serve: nothing is accepted and then ignored. */
import { AwsError } from "./aws-error.ts";
import type { Shape, Structure } from "./shape.ts";

/** A path of `unserved`, ready to be looked up. */
export interface Refusal {
  readonly path: string;
  /** Names of members; EACH for all of a list or map. */
  readonly steps: readonly string[];
  /** The value that is refused; null: any that says something. */
  readonly value: string | null;
  readonly instead: string;
}

const EACH = "*";

/** "A.B" is any value of B in A, "A.B=x" the value x alone; lists and maps on the way are walked through. */
export function refusalsOf(unserved: Readonly<Record<string, string>>, input: Structure): readonly Refusal[] {
  return Object.entries(unserved).map(([path, instead]) => {
    const equals = path.indexOf("=");
    const names = (equals < 0 ? path : path.slice(0, equals)).split(".");
    return { path, steps: stepsOf(input, names), value: equals < 0 ? null : path.slice(equals + 1), instead };
  });
}

function stepsOf(shape: Shape, names: readonly string[]): readonly string[] {
  const [first, ...rest] = names;
  if (first === undefined) return [];
  if (shape.is === "list") return [EACH, ...stepsOf(shape.of.shape, names)];
  if (shape.is === "map") return [EACH, ...stepsOf(shape.value.shape, names)];
  const member = shape.is === "structure" ? shape.members.get(first) : undefined;
  if (member === undefined) throw new RangeError(`there is no member ${names.join(".")} to refuse`);
  return [first, ...stepsOf(member.shape, rest)];
}

/** Throws `refusal` of everything that the input says; it is how the service says no. */
export function refuseUnserved(
  refusals: readonly Refusal[],
  input: Readonly<Record<string, unknown>>,
  refusal: (message: string, input: Readonly<Record<string, unknown>>) => AwsError = refused,
): void {
  const said = refusals.filter(({ steps, value }) => says(input, steps, 0, value));
  if (said.length === 0) return;
  const paths = said.map(({ path }) => path).join(", ");
  const instead = [...new Set(said.map((one) => one.instead))].join("; ");
  throw refusal(`${paths} is not supported by Catamaran; ${instead}`, input);
}

function refused(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", 400, message);
}

function says(value: unknown, steps: readonly string[], at: number, wanted: string | null): boolean {
  const step = steps[at];
  if (step === undefined) return saysValue(value, wanted);
  if (typeof value !== "object" || value === null) return false;
  if (step === EACH) return Object.values(value).some((one: unknown) => says(one, steps, at + 1, wanted));
  return Object.hasOwn(value, step) && says((value as Readonly<Record<string, unknown>>)[step], steps, at + 1, wanted);
}

/** A list says each of its values. */
function saysValue(value: unknown, wanted: string | null): boolean {
  if (wanted === null) return !isEmpty(value);
  return Array.isArray(value) ? value.some((one) => String(one) === wanted) : String(value) === wanted;
}

/** An empty list, map or text and a structure of such say nothing: tools send them for what their user left out. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (value instanceof Uint8Array) return value.length === 0;
  return typeof value === "object" && Object.values(value).every(isEmpty);
}
