/** Errors of the services that do not stand on their models yet. */
import type { AwsError } from "./aws-error.ts";
import type { Reply } from "./reply.ts";
import type { Service } from "./untyped-action.ts";

export function writeUntypedError(error: AwsError, service: Service, contentType: string): Reply {
  return {
    status: error.status,
    headers: { "x-amzn-ErrorType": error.code, "content-type": contentType },
    body: jsonError(error, service),
  };
}

function jsonError(error: AwsError, service: Service): string {
  return JSON.stringify({
    __type: typeOf(error, service),
    ...(error.type !== null && { Type: error.type }),
    message: error.message,
    Message: error.message,
    ...error.members,
  });
}

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

function typeOf({ code }: AwsError, service: Service): string {
  const namespace = "errorNamespace" in service ? (service.errorNamespace ?? null) : null;
  if (namespace === null) return code;
  if (code === "ValidationException") return `com.amazon.coral.validate#${code}`;
  return FRONT_END.has(code) ? `com.amazon.coral.service#${code}` : `${namespace}#${code}`;
}
