/** One request at the edge and its answer: read whole and normalised, before anybody knows where it goes. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Client } from "./forward-headers.ts";
import type { RequestTarget } from "./request-target.ts";

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly target: RequestTarget;
  readonly client: Client;
  readonly body: Buffer;
}

/** What was said, for the meter. */
export interface Answered {
  readonly status: number;
  readonly bytesOut: number;
}

/** What the connection says of the client. The edge itself speaks plain HTTP. */
export function clientOf(request: IncomingMessage, { host }: RequestTarget): Client {
  const port = /:(\d+)$/.exec(request.headers.host ?? "")?.[1] ?? String(request.socket.localPort ?? 80);
  return {
    address: request.socket.remoteAddress ?? "",
    host: request.headers.host ?? host,
    port,
    proto: "http",
  };
}

// RFC 9110 8.6: no Content-Length with these, and nothing of a body either.
const BODILESS: ReadonlySet<number> = new Set([204, 304]);

/** Writes a whole answer at once. */
export function send(
  response: ServerResponse,
  { status, headers, body }: { readonly status: number; readonly headers: HeaderEntries; readonly body: Uint8Array },
): Answered {
  const entries = [...headers].filter(([name]) => name !== "content-length");
  const isBodiless = BODILESS.has(status);
  if (!isBodiless) entries.push(["content-length", [String(body.length)]]);
  response.writeHead(status, rawHeaders(entries));
  response.end(isBodiless ? undefined : body);
  return { status, bytesOut: isBodiless ? 0 : body.length };
}

/** Writes an answer as its pieces come, as fast as the client takes them; one that breaks off is cut, so that nobody takes it for whole. */
export async function sendPieces(
  response: ServerResponse,
  { status, headers }: { readonly status: number; readonly headers: HeaderEntries },
  pieces: AsyncIterable<Uint8Array>,
): Promise<Answered> {
  response.writeHead(status, rawHeaders([...headers].filter(([name]) => name !== "content-length")));
  response.flushHeaders();
  let bytesOut = 0;
  try {
    for await (const piece of pieces) {
      if (response.destroyed) break;
      bytesOut += piece.length;
      if (!response.write(piece)) await drained(response);
    }
    response.end();
  } catch {
    // The function's log says why. What was written before still arrives.
    response.socket?.destroySoon();
  }
  return { status, bytesOut };
}

/** Also when the client is gone: then nothing drains any more. */
function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once("drain", resolve);
    response.once("close", resolve);
  });
}

/** Names and values in turn, as Node takes what is not to be joined. */
export function rawHeaders(headers: HeaderEntries): string[] {
  return [...headers].flatMap(([name, values]) => values.flatMap((value) => [name, value]));
}

type HeaderEntries = Iterable<readonly [name: string, values: readonly string[]]>;

/** An answer of the edge itself, as JSON with one sentence. */
export function say(response: ServerResponse, status: number, message: string): Answered {
  const headers = [["content-type", ["application/json"]]] as const;
  return send(response, { status, headers, body: Buffer.from(`${JSON.stringify({ message })}\n`) });
}
