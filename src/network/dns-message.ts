/** DNS messages as bytes and as values (RFC 1035, RFC 2782, RFC 6891). Pure; knows no zone. */
import { Fault } from "#base/fault.ts";

export const recordType = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  OPT: 41,
  ANY: 255,
} as const;
export const responseCode = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
} as const;
const CLASS_IN = 1;

export interface Question {
  /** As asked, without the final dot; upper and lower case are kept. */
  readonly name: string;
  readonly type: number;
}

export type DnsRecord = { readonly name: string; readonly ttl: number } & (
  | { readonly type: "A"; readonly address: string }
  | { readonly type: "CNAME" | "PTR" | "NS"; readonly target: string }
  | {
      readonly type: "SRV";
      readonly priority: number;
      readonly weight: number;
      readonly port: number;
      readonly target: string;
    }
  | { readonly type: "TXT"; readonly text: string }
  | {
      readonly type: "SOA";
      readonly primary: string;
      readonly mailbox: string;
      readonly serial: number;
      readonly minimum: number;
    }
);

export interface Query {
  readonly id: number;
  readonly opcode: number;
  readonly wantsRecursion: boolean;
  readonly question: Question;
  /** What the asker can take over UDP; null when it did not say (then 512). */
  readonly udpSize: number | null;
}

export interface Reply {
  readonly code: number;
  readonly isAuthoritative: boolean;
  readonly canRecurse: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authority?: readonly DnsRecord[];
  readonly additional?: readonly DnsRecord[];
}

const HEADER_BYTES = 12;
const MAX_POINTERS = 32; // More is a loop.
const POINTER = 0xc0;

/** Throws a Fault for what is not a query with exactly one question. */
export function decodeQuery(bytes: Uint8Array): Query {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < HEADER_BYTES) throw malformed("shorter than a header");
  const flags = view.getUint16(2);
  if ((flags & 0x8000) !== 0) throw malformed("a response, not a query");
  if (view.getUint16(4) !== 1) throw malformed(`${view.getUint16(4)} questions`);
  const [name, afterName] = readName(bytes, HEADER_BYTES);
  if (afterName + 4 > bytes.length) throw malformed("the question is cut off");
  const question = { name, type: view.getUint16(afterName) };
  const others = view.getUint16(6) + view.getUint16(8) + view.getUint16(10);
  return {
    id: view.getUint16(0),
    opcode: (flags >> 11) & 15,
    wantsRecursion: (flags & 0x0100) !== 0,
    question,
    udpSize: udpSizeOf(bytes, afterName + 4, others),
  };
}

/** The class of the OPT record is the asker's buffer size. */
function udpSizeOf(bytes: Uint8Array, start: number, records: number): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  for (let record = 0; record < records; record++) {
    const [, afterName] = readName(bytes, at);
    if (afterName + 10 > bytes.length) throw malformed("a record is cut off");
    if (view.getUint16(afterName) === recordType.OPT) return view.getUint16(afterName + 2);
    at = afterName + 10 + view.getUint16(afterName + 8);
  }
  return null;
}

function readName(bytes: Uint8Array, start: number): readonly [name: string, end: number] {
  const labels: string[] = [];
  let at = start;
  let end: number | null = null;
  for (let pointers = 0; ;) {
    const length = bytes[at];
    if (length === undefined) throw malformed("a name is cut off");
    if (length === 0) break;
    if ((length & POINTER) === POINTER) {
      if (++pointers > MAX_POINTERS) throw malformed("a name points to itself");
      end ??= at + 2;
      at = ((length & 0x3f) << 8) | (bytes[at + 1] ?? 0);
      continue;
    }
    if (length > 63 || at + 1 + length > bytes.length) throw malformed("a label is too long");
    labels.push(String.fromCharCode(...bytes.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return [labels.join("."), end ?? at + 1];
}

function malformed(what: string): Fault {
  return new Fault("BadRequest", `not a DNS query: ${what}`);
}

/** The reply as bytes, cut (with the truncation mark) when longer than `limit`. */
export function encodeReply(query: Query, reply: Reply, limit: number): Uint8Array {
  const whole = writeReply(query, reply, false);
  if (whole.length <= limit) return whole;
  return writeReply(query, { ...reply, answers: [], authority: [], additional: [] }, true);
}

function writeReply(
  { id, opcode, wantsRecursion, question, udpSize }: Query,
  reply: Reply,
  isCut: boolean,
): Uint8Array {
  const { answers, authority = [], additional = [] } = reply;
  const out = new Bytes();
  out.uint16(id);
  const bits = [
    [0x8000, true],
    [0x0400, reply.isAuthoritative],
    [0x0200, isCut],
    [0x0100, wantsRecursion],
    [0x0080, reply.canRecurse],
  ] as const;
  out.uint16(bits.reduce((flags, [bit, isSet]) => (isSet ? flags | bit : flags), (opcode << 11) | reply.code));
  for (const count of [1, answers.length, authority.length, additional.length + (udpSize === null ? 0 : 1)])
    out.uint16(count);
  out.name(question.name);
  out.uint16(question.type);
  out.uint16(CLASS_IN);
  for (const record of [...answers, ...authority, ...additional]) writeRecord(out, record);
  if (udpSize !== null) out.raw([0, 0, recordType.OPT, UDP_BYTES >> 8, UDP_BYTES & 255, 0, 0, 0, 0, 0, 0]);
  return out.bytes();
}

/** What we take over UDP: the size that passes every link unfragmented. */
export const UDP_BYTES = 1_232;

function writeRecord(out: Bytes, record: DnsRecord): void {
  out.name(record.name);
  out.uint16(recordType[record.type]);
  out.uint16(CLASS_IN);
  out.uint32(record.ttl);
  const data = new Bytes();
  switch (record.type) {
    case "A":
      data.raw(record.address.split(".").map(Number));
      break;
    case "CNAME":
    case "PTR":
    case "NS":
      data.name(record.target);
      break;
    case "SRV":
      for (const value of [record.priority, record.weight, record.port]) data.uint16(value);
      data.name(record.target);
      break;
    case "TXT":
      data.text(record.text);
      break;
    case "SOA":
      data.name(record.primary);
      data.name(record.mailbox);
      for (const value of [record.serial, 7_200, 1_800, 86_400, record.minimum]) data.uint32(value);
  }
  const bytes = data.bytes();
  out.uint16(bytes.length);
  out.raw(bytes);
}

class Bytes {
  readonly #bytes: number[] = [];

  uint16(value: number): void {
    this.#bytes.push((value >> 8) & 255, value & 255);
  }

  uint32(value: number): void {
    this.uint16(value >>> 16);
    this.uint16(value & 0xffff);
  }

  raw(bytes: Iterable<number>): void {
    for (const byte of bytes) this.#bytes.push(byte);
  }

  text(text: string): void {
    const codes = Array.from({ length: Math.min(text.length, 255) }, (_, at) => text.charCodeAt(at) & 255);
    this.raw([codes.length, ...codes]);
  }

  /** Uncompressed: our replies are small. */
  name(name: string): void {
    for (const label of name.split(".").filter((part) => part !== "")) this.text(label.slice(0, 63));
    this.#bytes.push(0);
  }

  bytes(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
