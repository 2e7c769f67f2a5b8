/** Errors in the XML protocols: the element with type, code, message and the members that the error's shape has. */
import type { AwsError } from "../aws-error.ts";
import { bindingsOf, type Operation } from "../operation.ts";
import { escapeXml } from "../xml.ts";
import { structureToXml } from "./xml-values.ts";

// They have older names for what front ends say (STS API Reference, "Common Error Types").
const CODES: ReadonlyMap<string, string> = new Map([
  ["AccessDeniedException", "AccessDenied"],
  ["ExpiredTokenException", "ExpiredToken"],
  ["IncompleteSignatureException", "IncompleteSignature"],
  ["InvalidSignatureException", "SignatureDoesNotMatch"],
  ["MissingAuthenticationTokenException", "MissingAuthenticationToken"],
  ["UnrecognizedClientException", "InvalidClientTokenId"],
  ["ValidationException", "ValidationError"],
]);

/** Of an error that came before anything was known of the operation. */
export function olderCode(code: string): string {
  return CODES.get(code) ?? code;
}

/** `requestId` stands inside where nothing stands around it. */
export function errorElement(error: AwsError, operation: Operation | null, requestId: string | null = null): string {
  const shape = operation?.errors.get(error.code);
  const code = shape === undefined ? olderCode(error.code) : (shape.error?.code ?? error.code);
  const type = requestId === null ? `<Type>${error.status < 500 ? "Sender" : "Receiver"}</Type>` : "";
  const members = shape === undefined ? "" : structureToXml(error.members, shape, bindingsOf(shape).bodyMembers);
  const message = error.message === "" ? "" : `<Message>${escapeXml(error.message)}</Message>`;
  const id = requestId === null ? "" : `<RequestId>${requestId}</RequestId>`;
  return `<Error>${type}<Code>${escapeXml(code)}</Code>${message}${members}${id}</Error>`;
}
