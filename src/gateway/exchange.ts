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
