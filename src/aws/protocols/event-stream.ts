/** Event streams: the framing of application/vnd.amazon.eventstream, and a union's events as its messages (Smithy, "Amazon Event Stream"). */
import { crc32 } from "node:zlib";
import type { Members } from "../action.ts";
import { awsErrorOf } from "../aws-error.ts";
import type { Member, Shape, Structure } from "../shape.ts";
import { structureToJson } from "./json-values.ts";

export const EVENT_STREAM_TYPE = "application/vnd.amazon.eventstream";

/** Numbers go as four bytes, texts and bytes with their length before them. */
export type EventHeaders = Readonly<Record<string, string | number | boolean | Uint8Array>>;

// Lengths of the whole message and of its headers, and the checksum of both.
const PRELUDE_BYTES = 12;
const CHECKSUM_BYTES = 4;
// Types of header values.
const [TRUE, FALSE, INTEGER, BYTES, TEXT] = [0, 1, 4, 6, 7];

/** One message, with CRC32 of its prelude and of itself. */
export function eventMessage(headers: EventHeaders, payload: Uint8Array): Uint8Array {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => headerBytes(name, value)));
  const total = PRELUDE_BYTES + head.length + payload.length + CHECKSUM_BYTES;
  const message = Buffer.allocUnsafe(total);
  message.writeUInt32BE(total, 0);
  message.writeUInt32BE(head.length, 4);
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8);
  message.set(head, PRELUDE_BYTES);
  message.set(payload, PRELUDE_BYTES + head.length);
  message.writeUInt32BE(crc32(message.subarray(0, total - CHECKSUM_BYTES)), total - CHECKSUM_BYTES);
  return message;
}

function headerBytes(name: string, value: string | number | boolean | Uint8Array): Uint8Array {
  const key = Buffer.from(name);
  return Buffer.concat([Uint8Array.of(key.length), key, valueBytes(value)]);
}

function valueBytes(value: string | number | boolean | Uint8Array): Uint8Array {
  if (typeof value === "boolean") return Uint8Array.of(value ? TRUE : FALSE);
  if (typeof value === "number") {
    const bytes = Buffer.alloc(5);
    bytes[0] = INTEGER;
    bytes.writeInt32BE(value, 1);
    return bytes;
  }
  const content = typeof value === "string" ? Buffer.from(value) : value;
  const head = Buffer.alloc(3);
  head[0] = typeof value === "string" ? TEXT : BYTES;
  head.writeUInt16BE(content.length, 1);
  return Buffer.concat([head, content]);
}

/** The member whose events come one after the other; null of an output that has none. */
export function eventMember(structure: Structure): Member | null {
  for (const member of structure.members.values()) if (isEvents(member.shape)) return member;
  return null;
}

export function isEvents(shape: Shape): shape is Structure {
  return shape.is === "structure" && shape.eventstream === true;
}

/** Each of `events` has one member of the union. What they throw ends the stream as an exception. */
export async function* eventMessages(events: AsyncIterable<Members>, union: Structure): AsyncIterable<Uint8Array> {
  try {
    for await (const event of events)
      for (const [name, value] of Object.entries(event)) {
        const member = union.members.get(name);
        if (member?.shape.is === "structure") yield messageOf(name, value as Members, member.shape);
      }
  } catch (thrown) {
    const { code, message } = awsErrorOf(thrown);
    const headers = { ":message-type": "exception", ":exception-type": code, ":content-type": "application/json" };
    yield eventMessage(headers, Buffer.from(JSON.stringify({ message })));
  }
}

/** In JSON, but for a member that is the payload or a header by itself. */
function messageOf(name: string, value: Members, { members }: Structure): Uint8Array {
  const own = [...members.values()].find(({ event }) => event === "payload");
  const inBody = new Map([...members].filter(([, { event }]) => event === undefined));
  const payload = own === undefined ? JSON.stringify(structureToJson(value, inBody)) : value[own.name];
  const headers = {
    ":message-type": "event",
    ":event-type": name,
    ":content-type": own === undefined ? "application/json" : typeOf(own.shape),
    ...headersOf(value, members),
  };
  return eventMessage(headers, typeof payload === "string" ? Buffer.from(payload) : (payload as Uint8Array));
}

function headersOf(value: Members, members: Structure["members"]): EventHeaders {
  const named = [...members.values()].filter((member) => member.event === "header" && value[member.name] !== undefined);
  return Object.fromEntries(named.map(({ name }) => [name, value[name] as EventHeaders[string]]));
}

function typeOf({ is }: Shape): string {
  return is === "blob" ? "application/octet-stream" : "text/plain";
}

/** Of protocols without a place for the other members: they are the first message (Smithy, "initial-response messages"). */
export async function* withInitial(
  first: Members,
  rest: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  const headers = { ":message-type": "event", ":event-type": "initial-response", ":content-type": "application/json" };
  yield eventMessage(headers, Buffer.from(JSON.stringify(first)));
  yield* rest;
}
