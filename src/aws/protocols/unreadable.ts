/** What cannot be read, in the words of AWS's readers. */
import { AwsError } from "../aws-error.ts";

/** A value of another type than the model's. */
export function wrongType(value: unknown, wanted: string): AwsError {
  return unreadable(wrongTypeText(value, wanted));
}

export function unreadable(message: string): AwsError {
  return new AwsError("SerializationException", 400, message);
}

/** DIFFERS: AWS ignores members that its model does not have; here they are refused by name, as everything that would have no effect. */
export function unknownMember(name: string, owner: string): AwsError {
  return new AwsError(
    "ValidationException",
    400,
    `Member '${name}' of ${owner} is not known to Catamaran; leave it out`,
  );
}

function wrongTypeText(value: unknown, wanted: string): string {
  if (Array.isArray(value)) return "Start of list found where not expected";
  if (typeof value === "object" && value !== null) return "Start of structure or map found where not expected.";
  if (wanted === "List" || wanted === "Map" || wanted === "Structure") return "Unexpected field type";
  const given = typeof value === "string" ? "STRING" : typeof value === "number" ? "NUMBER" : "TRUE";
  return `${value === false ? "FALSE" : given}_VALUE cannot be converted to ${wanted}`;
}
