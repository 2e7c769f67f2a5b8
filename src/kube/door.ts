/** What every verb of the door may use. */
import type { Clock } from "#base/clock.ts";
import type { Log } from "#base/log.ts";
import type { Random } from "#base/random.ts";
import type { Deck } from "#deck/deck.ts";
import type { Identity, Living, Tokens } from "./authenticate.ts";
import type { Authorizer } from "./authorize.ts";
import type { Exchange } from "./exchange.ts";
import type { ApiPath } from "./api-path.ts";
import type { DecodeProtobuf } from "./asked.ts";
import type { NodeEndpoint } from "./node-endpoint.ts";
import type { StreamRoom } from "./stream-room.ts";
import type { WatchRoom } from "./watch-room.ts";

export interface Door {
  readonly deck: Deck;
  readonly authorizer: Authorizer;
  readonly tokens: Tokens;
  /** The pods are indexed by node. */
  readonly living: Living;
  readonly nodes: NodeEndpoint;
  readonly decodeProtobuf: DecodeProtobuf;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly watchRoom: WatchRoom;
  /** Ends a watch each; as many as watch now. */
  readonly watches: Set<() => void>;
  readonly streamRoom: StreamRoom;
}

/** One API request, found and allowed. */
export interface Ask {
  readonly exchange: Exchange;
  readonly identity: Identity;
  readonly path: ApiPath;
}

export type Verb = (door: Door, ask: Ask) => Promise<void>;

const JSON_TYPE = { "content-type": "application/json" } as const;

export function sendJson(
  exchange: Exchange,
  status: number,
  value: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  exchange.send(status, { ...JSON_TYPE, ...headers }, JSON.stringify(value));
}

export function sendBytes(
  exchange: Exchange,
  status: number,
  bytes: Uint8Array,
  warnings: readonly string[] = [],
): void {
  exchange.send(status, { ...JSON_TYPE, ...warningHeader(warnings) }, bytes);
}

/** RFC 7234 warnings, as kubectl prints them. */
export function warningHeader(warnings: readonly string[]): Readonly<Record<string, string>> {
  if (warnings.length === 0) return {};
  return {
    warning: warnings
      .map((text) => `299 - "${text.replace(/["\\]/g, "\\$&").replace(/[^\x20-\x7e]/g, "?")}"`)
      .join(", "),
  };
}
