/** WebSockets and other upgrades: the head goes to the pod as it came, then client and pod speak as on one connection. */
import type { IncomingMessage } from "node:http";
import { connect, type Socket } from "node:net";
import type { Clock } from "#base/clock.ts";
import { join } from "#relay/join.ts";

export interface Upgrading {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What the client sent behind the head already. */
  readonly head: Buffer;
}

/** Without an address nobody takes upgrades there; a pod that cannot be reached is a bad gateway. */
export function passUpgrade(
  { request, socket, head }: Upgrading,
  address: { readonly host: string; readonly port: number } | undefined,
  clock: Clock,
): void {
  const refuse = (status: string): void =>
    void socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
  // The client may be gone at any time; `close` follows.
  socket.on("error", () => {});
  if (address === undefined) return refuse("404 Not Found");
  const pod = connect(address.port, address.host);
  const failed = (): void => refuse("502 Bad Gateway");
  pod.once("error", failed);
  pod.once("connect", () => {
    pod.off("error", failed);
    pod.write(headOf(request));
    pod.write(head);
    void join(socket, pod, clock);
  });
}

function headOf({ method, url, rawHeaders }: IncomingMessage): string {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  // Bytes of header values are read as latin1, and go on as they came.
  return `${lines.join("\r\n")}\r\n\r\n`;
}
