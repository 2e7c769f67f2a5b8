/** How results and errors are written in each protocol. Never what they say. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { encodeUtf8 } from "#base/utf8.ts";
import type { Reply } from "./action.ts";
import type { AwsError } from "./aws-error.ts";
import type { ServiceDoor } from "./target.ts";
import { escapeXml } from "./xml.ts";

export function writeReply(
  response: ServerResponse,
  reply: Reply,
  { status, contentType }: { readonly status: number; readonly contentType: string },
  requestId: string,
): void {
  const body = isLarge(reply.body) ? reply.body : bodyText(reply.body);
  const headers: Record<string, string | number> = {
    "x-amzn-RequestId": requestId,
    ...reply.headers,
    "content-length": body.length,
  };
  if (reply.body !== undefined) headers["content-type"] ??= contentType;
  response.writeHead(reply.status ?? status, headers);
  if (typeof body === "string") response.end(body, "latin1");
  else response.end(body);
}

// One write more is nothing beside copying so much.
const LARGE_BYTES = 64 * 1024;

function isLarge(body: unknown): body is Uint8Array {
  return body instanceof Uint8Array && body.length > LARGE_BYTES;
}

/** One character for each byte: Node then writes head and body together, where bytes would be a second piece of a slower write. */
function bodyText(body: unknown): string {
  if (body === undefined) return "";
  const bytes = body instanceof Uint8Array ? body : encodeUtf8(typeof body === "string" ? body : JSON.stringify(body));
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** `door` is null for a request of no service that we have. */
export function writeError(
  request: IncomingMessage,
  response: ServerResponse,
  error: AwsError,
  { door, requestId }: { readonly door: ServiceDoor | null; readonly requestId: string },
): void {
  if (response.headersSent) return void response.destroy();
  const isQuery =
    door === null
      ? request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") === true
      : door.service.protocol === "query";
  const body = isQuery ? xmlError(error, requestId) : jsonError(error, door);
  response.writeHead(error.status, {
    "x-amzn-RequestId": requestId,
    "x-amzn-ErrorType": error.code,
    "content-type": isQuery ? "text/xml" : (door?.contentType ?? "application/json"),
    "content-length": Buffer.byteLength(body),
    // The rest of an unread body is not worth receiving.
    ...(request.complete ? {} : { connection: "close" }),
  });
  response.end(body);
}

function jsonError(error: AwsError, door: ServiceDoor | null): string {
  return JSON.stringify({
    __type: typeOf(error, door),
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

function typeOf({ code }: AwsError, door: ServiceDoor | null): string {
  const namespace = door !== null && "errorNamespace" in door.service ? (door.service.errorNamespace ?? null) : null;
  if (namespace === null) return code;
  if (code === "ValidationException") return `com.amazon.coral.validate#${code}`;
  return FRONT_END.has(code) ? `com.amazon.coral.service#${code}` : `${namespace}#${code}`;
}

// The query protocol has older names for the same (STS API Reference, "Common Error Types").
const QUERY_CODES: ReadonlyMap<string, string> = new Map([
  ["AccessDeniedException", "AccessDenied"],
  ["ExpiredTokenException", "ExpiredToken"],
  ["IncompleteSignatureException", "IncompleteSignature"],
  ["InvalidSignatureException", "SignatureDoesNotMatch"],
  ["MissingAuthenticationTokenException", "MissingAuthenticationToken"],
  ["UnrecognizedClientException", "InvalidClientTokenId"],
]);

function xmlError(error: AwsError, requestId: string): string {
  const type = error.status < 500 ? "Sender" : "Receiver";
  const code = QUERY_CODES.get(error.code) ?? error.code;
  return `<ErrorResponse><Error><Type>${type}</Type><Code>${code}</Code><Message>${escapeXml(error.message)}</Message></Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
}
