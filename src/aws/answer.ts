/** Writes a reply to the socket, and an error to who asks for no service that we have. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Clock } from "#base/clock.ts";
import { drain } from "#http/read-stream.ts";
import { encodeUtf8 } from "#base/utf8.ts";
import type { AwsError } from "./aws-error.ts";
import { olderCode } from "./protocols/xml-error.ts";
import type { Reply } from "./reply.ts";
import { escapeXml } from "./xml.ts";

// RFC 9110 8.6 and 15.4.5: no content follows, so no length may be told; who believes one waits for it.
const WITHOUT_CONTENT: ReadonlySet<number> = new Set([204, 304]);
// One write more is nothing beside copying so much.
const LARGE_BYTES = 64 * 1024;

/** Resolves at once but for a body that comes piece by piece. */
export async function writeReply(response: ServerResponse, reply: Reply, requestId: string): Promise<void> {
  const { body = "" } = reply;
  const headers: Record<string, string | number> = { "x-amzn-RequestId": requestId, ...reply.headers };
  if (WITHOUT_CONTENT.has(reply.status)) return void response.writeHead(reply.status, headers).end();
  if (typeof body !== "string" && !(body instanceof Uint8Array)) {
    response.writeHead(reply.status, headers);
    return pipeline(Readable.from(body), response);
  }
  const whole = body instanceof Uint8Array && body.length > LARGE_BYTES ? body : latinText(body);
  // An answer to HEAD says the length of what GET would give (RFC 9110 9.3.2).
  if (response.req.method !== "HEAD" || headers["Content-Length"] === undefined)
    headers["content-length"] = whole.length;
  response.writeHead(reply.status, headers);
  if (typeof whole === "string") response.end(whole, "latin1");
  else response.end(whole);
}

/** One character for each byte: Node then writes head and body together, where bytes would be a second piece of a slower write. */
function latinText(body: string | Uint8Array): string {
  const bytes = typeof body === "string" ? encodeUtf8(body) : body;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

export function writeErrorReply(
  request: IncomingMessage,
  response: ServerResponse,
  reply: Reply,
  requestId: string,
): void {
  if (response.headersSent || response.destroyed) return void response.destroy();
  // The rest of an unread body is not worth receiving.
  const headers = { ...reply.headers, ...(request.complete ? {} : { connection: "close" }) };
  void writeReply(response, { ...reply, headers }, requestId);
}

// Whoever sends on reads the answer only once it is through: so much and so long its body is taken and thrown away.
const DRAINED = { maxBytes: 256 * 1024 * 1024, ms: 20_000 };

/** Of a large body that is still on its way: a connection that is closed with bytes unread may lose the answer (RFC 9112 9.6). */
export async function writeErrorAndDrain(
  { request, response }: { readonly request: IncomingMessage; readonly response: ServerResponse },
  reply: Reply,
  requestId: string,
  clock: Pick<Clock, "after">,
): Promise<void> {
  if (response.headersSent || response.destroyed) return void response.destroy();
  const body = typeof reply.body === "string" ? Buffer.from(reply.body) : Buffer.alloc(0);
  const headers = { "x-amzn-RequestId": requestId, ...reply.headers, connection: "close" };
  response.writeHead(reply.status, { ...headers, "content-length": body.length });
  // The last byte waits, since the connection is closed behind it.
  response.write(body);
  await drain(request, { ...DRAINED, clock });
  response.end();
}

/** Before it is known which service is asked, in the form that the request's own type suggests. */
export function serviceless(error: AwsError, contentType: string | undefined, requestId: string): Reply {
  const { code, status, message } = error;
  if (contentType?.startsWith("application/x-www-form-urlencoded") === true) {
    const inner = `<Type>Sender</Type><Code>${olderCode(code)}</Code><Message>${escapeXml(message)}</Message>`;
    const body = `<ErrorResponse><Error>${inner}</Error><RequestId>${requestId}</RequestId></ErrorResponse>`;
    return { status, headers: { "content-type": "text/xml", "x-amzn-ErrorType": code }, body };
  }
  const headers = { "content-type": "application/json", "x-amzn-ErrorType": code };
  return { status, headers, body: JSON.stringify({ __type: code, message, Message: message }) };
}
