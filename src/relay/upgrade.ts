/** HTTP/1.1 upgrades (RFC 9110, 7.8) passed from hop to hop: what is asked of the next, and what it answered. */
import { draft, put } from "#base/dictionary.ts";
import { type ClientRequest, type IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Clock } from "#base/clock.ts";
import { type Stop, whenStopped } from "#base/stop.ts";

/** A client's wish to go on with another protocol on its connection. */
export interface Upgrade {
  readonly headers: Headers;
  /** Says yes and hands the connection over; what was answered before is nothing. */
  accept(headers: Headers): Duplex;
}

export type Headers = Readonly<Record<string, string | string[]>>;

/** The next hop switched protocols, or it answered like to any request. */
export type Answer =
  | { readonly is: "switched"; readonly headers: Headers; readonly socket: Duplex }
  | { readonly is: "refused"; readonly response: IncomingMessage };

// All that SPDY's and WebSocket's negotiations need; credentials and cookies end at the door.
const NEGOTIATION = [
  "upgrade",
  "connection",
  "x-stream-protocol-version",
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-protocol",
  "sec-websocket-accept",
];
// From asking until the answer; what is switched may be silent for ever.
const ANSWER_MS = 30_000;
// Whoever was answered and does not go away is cut off.
const LEAVE_MS = 5_000;

/** What of a message's headers is about the upgrade. Repeated ones stay apart: some servers do not split at commas. */
export function negotiation({ headersDistinct }: IncomingMessage): Headers {
  const found = draft<string[]>();
  for (const name of NEGOTIATION) {
    const values = headersDistinct[name];
    if (values !== undefined) put(found, name, values);
  }
  return found;
}

export interface AskOptions {
  readonly clock: Clock;
  readonly stop: Stop;
  /** Which headers of an answer that agrees are kept; by default those of the upgrade. */
  readonly keep?: (response: IncomingMessage) => Headers;
}

/** Sends a request that carries the headers of an upgrade. Rejects when there is no answer in time, or `stop` fires before. */
export function ask(request: ClientRequest, { clock, stop, keep = negotiation }: AskOptions): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const leave = (): void => void request.destroy(new Error("nobody waits for the answer"));
  const late = clock.after(ANSWER_MS, () => void request.destroy(new Error("no answer in time")));
  request.on("upgrade", (response, socket, head) => {
    if (head.length > 0) socket.unshift(head);
    resolve({ is: "switched", headers: keep(response), socket });
  });
  request.on("response", (response) => resolve({ is: "refused", response }));
  request.on("error", reject);
  const leaving = whenStopped(stop, leave);
  request.on("close", () => {
    late[Symbol.dispose]();
    leaving[Symbol.dispose]();
  });
  request.end();
  return promise;
}

/** The head of the answer that agrees to switch. */
export function switching(headers: Headers): string {
  const lines = Object.entries(headers).flatMap(([name, values]) =>
    [values].flat().map((value) => `${name}: ${String(value)}`),
  );
  return `HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`;
}

/** Node lets go of a connection when an upgrade is asked for; this answers there as to any other request, and closes it. */
export function plainResponse(request: IncomingMessage, socket: Duplex): ServerResponse {
  // Node's own listener is gone; whoever waits for the connection is told by `close`.
  const connection = socket as Socket;
  connection.on("error", () => {});
  const response = new ServerResponse(request);
  response.shouldKeepAlive = false;
  response.assignSocket(connection);
  response.once("finish", () => {
    connection.end();
    // The server's own time-outs do not see this connection any more.
    connection.setTimeout(LEAVE_MS, () => void connection.destroy());
    connection.resume();
  });
  return response;
}
