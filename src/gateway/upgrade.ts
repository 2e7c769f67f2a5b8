/**
 * WebSockets through the edge (RFC 9110 7.8, RFC 6455 4): the pod is asked with a request of its own, and client and pod become one
 * connection only once the pod has agreed. Any other answer is passed on like that of any request.
 */
import { type IncomingMessage, request as httpRequest } from "node:http";
import type { Socket } from "node:net";
import type { Clock } from "#base/clock.ts";
import { never } from "#base/stop.ts";
import { join } from "#relay/join.ts";
import { ask, type Headers, negotiation, plainResponse, switching } from "#relay/upgrade.ts";
import { clientOf, rawHeaders, say } from "./exchange.ts";
import { toClient } from "./forward-headers.ts";
import type { RequestTarget } from "./request-target.ts";
import { type Address, pass, sentTo } from "./service-backend.ts";

/** Other protocols are not switched to; who offers one (h2c, say) is served as if he had not. */
export function isWebSocket({ method, headers }: IncomingMessage): boolean {
  return method === "GET" && headers.upgrade?.toLowerCase() === "websocket";
}

export interface Upgrading {
  readonly request: IncomingMessage;
  readonly socket: Socket;
  /** What the client sent behind the head already. */
  readonly head: Buffer;
  readonly target: RequestTarget;
}

/** All that the pod says when it agrees: extensions of the protocol and cookies are end to end. */
function agreement(response: IncomingMessage): Headers {
  return { ...Object.fromEntries(toClient(response.headersDistinct)), ...negotiation(response) };
}

/** Without an address nobody takes upgrades there; a pod that cannot be reached is a bad gateway. Never rejects. */
export async function passUpgrade(
  { request, socket, head, target }: Upgrading,
  address: Address | undefined,
  clock: Clock,
): Promise<void> {
  // The client may be gone at any time; `close` follows.
  socket.on("error", () => {});
  const refuse = (status: number, message: string): void => void say(plainResponse(request, socket), status, message);
  if (address === undefined) return refuse(503, "no endpoint is ready for this path");
  const exchange = { request, target, client: clientOf(request, target), body: Buffer.alloc(0) };
  const { body: _none, ...sent } = sentTo(exchange);
  const negotiated = Object.entries(negotiation(request)).map(([name, values]) => [name, [values].flat()] as const);
  try {
    const asked = httpRequest({
      ...sent,
      ...address,
      setHost: false,
      headers: [...sent.headers, ...rawHeaders(negotiated)],
    });
    const answer = await ask(asked, { clock, stop: never, keep: agreement });
    if (answer.is === "refused") return void (await pass(answer.response, plainResponse(request, socket)));
    socket.write(switching(answer.headers));
    if (head.length > 0) socket.unshift(head);
    await join(socket, answer.socket, clock);
  } catch {
    // Refused, reset or silent: for the client it is one thing.
    if (!socket.destroyed) refuse(502, "the pod could not be reached");
  }
}
