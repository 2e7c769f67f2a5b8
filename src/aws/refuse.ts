/** Refuses by name what an input says and its action does not serve: nothing is accepted and then ignored. */
import type { BoundAction, ServiceOptions } from "./action.ts";
import { AwsError } from "./aws-error.ts";

/** Throws the service's refusal of every member, and value of a member, that `unserved` names and the input says. */
export function refuseUnserved(
  { unserved }: Pick<BoundAction, "unserved">,
  input: object,
  { refusal = refused }: ServiceOptions,
): void {
  const said = Object.keys(unserved).filter((path) => says(input, path));
  if (said.length === 0) return;
  const instead = [...new Set(said.map((path) => unserved[path]))].join("; ");
  throw refusal(`${said.join(", ")} is not supported by Catamaran; ${instead}`);
}

function refused(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", 400, message);
}

/** Whether the input says something at "A.B", or exactly the value at "A.B=value"; in lists and maps, whether any member does. */
function says(input: unknown, path: string): boolean {
  const equals = path.indexOf("=");
  const names = (equals < 0 ? path : path.slice(0, equals)).split(".");
  const wanted = equals < 0 ? null : path.slice(equals + 1);
  return valuesAt(input, names).some((value) => (wanted === null ? !isEmpty(value) : String(value) === wanted));
}

function valuesAt(value: unknown, names: readonly string[]): readonly unknown[] {
  if (Array.isArray(value)) return value.flatMap((one: unknown) => valuesAt(one, names));
  const [first, ...rest] = names;
  if (first === undefined) return [value];
  if (typeof value !== "object" || value === null) return [];
  const own = Object.entries(value).find(([name]) => name === first);
  if (own !== undefined) return valuesAt(own[1], rest);
  return [];
}

/** An empty list, map or text and a structure of such say nothing: tools send them for what their user left out. */
function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (value instanceof Uint8Array) return value.length === 0;
  return typeof value === "object" && Object.values(value).every(isEmpty);
}
