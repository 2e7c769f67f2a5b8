/** PutEvents: each entry is answered for itself (Amazon EventBridge API Reference, PutEvents). */
import { isJsonObject, parseJson } from "#base/json.ts";
import type { BusEvent } from "#managed/bus/event.ts";
import { type Action, action } from "../action.ts";
import { model, type PutEventsResultEntry } from "./model.gen.ts";
import { busArn, busName, type BusWorld, invalid } from "./world.ts";

interface Asked {
  readonly Time?: number;
  readonly Source?: string;
  readonly Resources?: readonly string[];
  readonly DetailType?: string;
  readonly Detail?: string;
  readonly EventBusName?: string;
}

// PutEvents: the entries of a request, sizes as the guide counts them ("Calculating Amazon EventBridge event entry size").
const MAX_BYTES = 262_144;
const TIME_BYTES = 14;

export const putEvents: Action<BusWorld> = action(model, "PutEvents", {
  resources: ({ Entries }, place) => [
    ...new Set(Entries.map(({ EventBusName }) => busArn(place, busName(EventBusName)))),
  ],
  conditions: ({ Entries }) => ({
    "events:source": Entries.flatMap(({ Source }) => Source ?? []),
    "events:detail-type": Entries.flatMap(({ DetailType }) => DetailType ?? []),
  }),
  serves: [
    "Entries.Time",
    "Entries.Source",
    "Entries.Resources",
    "Entries.DetailType",
    "Entries.Detail",
    "Entries.EventBusName",
  ],
  unserved: {
    EndpointId: "there are no global endpoints here",
    "Entries.TraceHeader": "there are no traces of events",
  },
  run: async (world: BusWorld, { Entries: entries }, { now }) => {
    if (entries.reduce((sum, entry) => sum + sizeOf(entry), 0) > MAX_BYTES)
      throw invalid("Total size of the entries in the request is over the limit.");
    const read = entries.map((entry) => readEntry(entry, world, now));
    await Promise.all([...byBus(read)].map(([bus, events]) => put(world, bus, events)));
    return {
      FailedEntryCount: read.filter((one) => "failed" in one).length,
      Entries: read.map((one): PutEventsResultEntry => ("failed" in one ? one.failed : { EventId: one.event.id })),
    };
  },
});

/** As on AWS, an event for a bus that is not there is taken, and nobody sees it. */
async function put(world: BusWorld, name: string, events: readonly BusEvent[]): Promise<void> {
  const bus = await world.buses.find(world.namespace, name);
  if (bus !== null) await world.buses.put(bus, events);
}

type Read =
  | { readonly event: BusEvent; readonly bus: string }
  | { readonly failed: { readonly ErrorCode: string; readonly ErrorMessage: string } };

function byBus(read: readonly Read[]): ReadonlyMap<string, readonly BusEvent[]> {
  const good = read.flatMap((one) => ("event" in one ? [one] : []));
  return new Map([...Map.groupBy(good, ({ bus }) => bus)].map(([bus, all]) => [bus, all.map(({ event }) => event)]));
}

function readEntry(entry: Asked, { newId }: BusWorld, now: number): Read {
  const { Source: source = "", DetailType: type = "", Detail: detail = "", Time, Resources } = entry;
  for (const [name, value] of [
    ["Source", source],
    ["DetailType", type],
    ["Detail", detail],
  ] as const)
    if (value === "")
      return refused("InvalidArgument", `Parameter ${name} is not valid. Reason: ${name} is a required argument.`);
  if (source.startsWith("aws.")) return refused("NotAuthorizedForSourceException", "Not authorized for the source.");
  const parsed = detailIn(detail);
  if (parsed === null) return refused("MalformedDetail", "Detail is malformed.");
  const event = { id: newId(), source, type, timeMs: Time ?? now, resources: Resources ?? [], detail: parsed };
  return { event, bus: busName(entry.EventBusName) };
}

function detailIn(text: string): BusEvent["detail"] | null {
  try {
    const detail = parseJson(text);
    return isJsonObject(detail) ? detail : null;
  } catch {
    // Malformed: said of the entry.
    return null;
  }
}

function refused(ErrorCode: string, ErrorMessage: string): Read {
  return { failed: { ErrorCode, ErrorMessage } };
}

function sizeOf({ Time, Source = "", DetailType = "", Detail = "", Resources = [] }: Asked): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), Time === undefined ? 0 : TIME_BYTES);
}
