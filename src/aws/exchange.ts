/** One request on its way through the door, and what is known of it once its head is read. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { About } from "./condition-keys.ts";
import type { Claim, SignedHead } from "./sign.ts";
import type { Aim } from "./target.ts";

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly head: SignedHead;
  readonly claim: Claim;
  readonly requestId: string;
  readonly aim: Aim;
}

/** What policies may ask of it. */
export function aboutOf({ request, head }: Pick<Exchange, "request" | "head">, now: number): About {
  return { now, sourceIp: request.socket.remoteAddress ?? "", headers: head.headers };
}
