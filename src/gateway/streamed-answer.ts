/**
 * The answer of a function URL that streams: a head, and what the function writes while it still writes (Lambda Developer Guide, "Response
 * streaming for Lambda functions"; the head of application/vnd.awslambda.http-integration-response is JSON, then eight zeros).
 */
import type { Streamed } from "#control/contract.ts";
import { headOf, type EdgeAnswer } from "./http-answer.ts";

export type StreamedAnswer = Omit<EdgeAnswer, "body"> & { readonly pieces: AsyncIterable<Uint8Array> };

const HTTP_TYPE = "application/vnd.awslambda.http-integration-response";
const DELIMITER = Buffer.alloc(8);
// As much as Node takes of headers; a function that writes more before its zeros writes no head.
const MAX_HEAD_BYTES = 64 * 1024;

/** "malformed" when the head is none. */
export async function streamedAnswer({ contentType, pieces }: Streamed): Promise<StreamedAnswer | "malformed"> {
  // A function that does not stream answers with JSON, and here nobody looks into it.
  if (contentType !== HTTP_TYPE) return { ...plain(contentType ?? "application/json"), pieces };
  const reader = pieces[Symbol.asyncIterator]();
  let held = Buffer.alloc(0);
  while (held.indexOf(DELIMITER) < 0) {
    const next = await reader.next();
    if (next.done === true || held.length > MAX_HEAD_BYTES) return "malformed";
    held = Buffer.concat([held, next.value]);
  }
  const end = held.indexOf(DELIMITER);
  const head = headIn(held.toString("utf8", 0, end));
  if (head === "malformed") return head;
  return { ...head, pieces: rest(held.subarray(end + DELIMITER.length), reader) };
}

function plain(contentType: string): Omit<EdgeAnswer, "body"> {
  return { status: 200, headers: new Map([["content-type", [contentType]]]) };
}

function headIn(text: string): Omit<EdgeAnswer, "body"> | "malformed" {
  try {
    const said: unknown = JSON.parse(text);
    if (typeof said !== "object" || said === null) return "malformed";
    return headOf({ statusCode: 200, ...said }, "application/octet-stream");
  } catch {
    return "malformed";
  }
}

async function* rest(first: Uint8Array, reader: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first;
  for (;;) {
    const next = await reader.next();
    if (next.done === true) return;
    yield next.value;
  }
}
