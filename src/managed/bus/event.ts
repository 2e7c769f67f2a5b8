/** An event of a bus and how it looks to rules and targets (Amazon EventBridge User Guide, "Events"). Pure. */
import type { Json } from "#base/json.ts";

export interface BusEvent {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly timeMs: number;
  readonly resources: readonly string[];
  readonly detail: Json;
  /** It came from another bus: it goes to no third one, and so in no circle (EventBridge User Guide, "Sending events between event buses"). */
  readonly isForwarded?: boolean;
  /** The name of the replay that puts it again. */
  readonly replay?: string;
}

/** Where events of this platform come from. */
export interface Origin {
  readonly account: string;
  readonly region: string;
}

/** The envelope, in the order in which EventBridge writes it. */
export type Envelope = {
  readonly version: "0";
  readonly id: string;
  readonly "detail-type": string;
  readonly source: string;
  readonly account: string;
  readonly time: string;
  readonly region: string;
  readonly resources: readonly string[];
  readonly detail: Json;
  readonly "replay-name"?: string;
};

export function envelopeOf(event: BusEvent, { account, region }: Origin): Envelope {
  return {
    version: "0",
    id: event.id,
    "detail-type": event.type,
    source: event.source,
    account,
    time: new Date(event.timeMs).toISOString().replace(/\.\d{3}Z$/, "Z"),
    region,
    resources: event.resources,
    detail: event.detail,
    ...(event.replay !== undefined && { "replay-name": event.replay }),
  };
}
