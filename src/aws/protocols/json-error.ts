/** Errors in the JSON protocols: the type with its namespace, the members that the error's shape has, the headers that SDKs read. */
import { member } from "#base/dictionary.ts";
import type { Members, Service } from "../action.ts";
import type { AwsError } from "../aws-error.ts";
import { bindingsOf, type Operation } from "../operation.ts";
import type { Structure } from "../shape.ts";
import { structureToJson } from "./json-values.ts";

// What AWS's own front end says carries its name and not the service's (DynamoDB Developer Guide, "Error messages and codes").
const FRONT_END = new Set([
  "AccessDeniedException",
  "ExpiredTokenException",
  "IncompleteSignatureException",
  "InvalidSignatureException",
  "MissingAuthenticationTokenException",
  "SerializationException",
  "UnknownOperationException",
  "UnrecognizedClientException",
]);

export function jsonError(error: AwsError, operation: Operation | null, service: Service): string {
  const shape = operation?.errors.get(error.code);
  const members = shape === undefined ? error.members : structureToJson(error.members, bindingsOf(shape).bodyMembers);
  return JSON.stringify({
    __type: errorType(error, service),
    ...typeMember(error, shape),
    ...messageOf(error, shape),
    ...members,
  });
}

/** "User" or "Service", where the error's shape has it. */
function typeMember({ status }: AwsError, shape: Structure | undefined): Members {
  return shape?.members.has("Type") === true ? { Type: status < 500 ? "User" : "Service" } : {};
}

/** As the shape calls it; of the front end in both ways, because services differ. */
function messageOf({ message }: AwsError, shape: Structure | undefined): Members {
  if (message === "") return {};
  if (shape === undefined) return { message, Message: message };
  const name = ["message", "Message"].find((one) => shape.members.has(one)) ?? "message";
  return { [shape.members.get(name)?.wireName ?? name]: message };
}

export function errorType({ code }: AwsError, { errorNamespace }: Service): string {
  if (errorNamespace === undefined) return code;
  if (code === "ValidationException") return `com.amazon.coral.validate#${code}`;
  return FRONT_END.has(code) ? `com.amazon.coral.service#${code}` : `${errorNamespace}#${code}`;
}

/** For SDKs that knew the service by the query protocol (Smithy, "awsQueryCompatible trait"). */
export function queryErrorHeader(
  error: AwsError,
  operation: Operation | null,
  { model, queryCodes = {} }: Service,
): Readonly<Record<string, string>> {
  if (model.isQueryCompatible !== true) return {};
  const code = member(queryCodes, error.code) ?? operation?.errors.get(error.code)?.error?.code ?? error.code;
  return { "x-amzn-query-error": `${code};${error.status < 500 ? "Sender" : "Receiver"}` };
}
