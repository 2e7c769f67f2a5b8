/** events.k8s.io/v1's Event: the same stored objects under newer field names. */
import { builtinKind } from "#kinds/builtin.ts";
import { type Event, eventKind } from "./event.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";
import type { ObjectReference } from "#kinds/object-reference.ts";

export type EventV1 = KubeObject & {
  readonly regarding?: ObjectReference;
  readonly note?: string;
  readonly reason?: string;
  readonly type?: string;
  readonly action?: string;
  readonly related?: ObjectReference;
  readonly eventTime?: string | null;
  readonly series?: { readonly count: number; readonly lastObservedTime: string };
  readonly reportingController?: string;
  readonly reportingInstance?: string;
  readonly deprecatedSource?: Event["source"];
  readonly deprecatedFirstTimestamp?: string | null;
  readonly deprecatedLastTimestamp?: string | null;
  readonly deprecatedCount?: number;
};

export const eventV1Kind: Kind<EventV1> = builtinKind<EventV1>({
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  plural: "events",
  shortNames: ["ev"],
  scope: "Namespaced",
  type: "io.k8s.api.events.v1.Event",
  hasOwnNameColumn: true,
  columns: eventKind.columns.map((column) => ({
    ...column,
    cell: (event: EventV1, now: number) => column.cell(toStored(event), now),
  })),
  selectableFields: {
    "regarding.kind": (event) => event.regarding?.kind ?? "",
    "regarding.namespace": (event) => event.regarding?.namespace ?? "",
    "regarding.name": (event) => event.regarding?.name ?? "",
    "regarding.uid": (event) => event.regarding?.uid ?? "",
    reason: (event) => event.reason ?? "",
    reportingController: (event) => event.reportingController ?? "",
    type: (event) => event.type ?? "",
  },
  storedAs: { kind: eventKind, toStored, fromStored },
});

/** New name to stored name. */
const NAMES = [
  ["regarding", "involvedObject"],
  ["note", "message"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
] as const;

function toStored(event: EventV1): Event {
  const stored: Record<string, unknown> = { ...event, apiVersion: "v1", involvedObject: {} };
  for (const [name, old] of NAMES) {
    delete stored[name];
    if (event[name] !== undefined) stored[old] = event[name];
  }
  return stored as unknown as Event;
}

function fromStored(object: KubeObject): EventV1 {
  const stored = object as unknown as Record<string, unknown>;
  const event: Record<string, unknown> = { ...stored, apiVersion: "events.k8s.io/v1" };
  for (const [name, old] of NAMES) {
    delete event[old];
    if (stored[old] !== undefined) event[name] = stored[old];
  }
  return event as unknown as EventV1;
}
