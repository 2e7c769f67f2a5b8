/** DNS messages as bytes and as values: dns-packet's codec within the limits of a server that anybody may ask. Pure; knows no zone. */
import { Buffer } from "node:buffer";
import {
  AUTHORITATIVE_ANSWER,
  decode,
  type DecodedPacket,
  encode,
  type OptAnswer,
  type Question,
  RECURSION_AVAILABLE,
  RECURSION_DESIRED,
  type SoaAnswer,
  type SrvAnswer,
  type StringAnswer,
  TRUNCATED_RESPONSE,
  type TxtAnswer,
} from "dns-packet";
import { Fault } from "#base/fault.ts";

/** A record of a reply, in dns-packet's words: what a name leads to is in `data`. */
export type DnsRecord = StringAnswer | SoaAnswer | SrvAnswer | TxtAnswer;

/** RFC 1035 §4.1.1 and RFC 2136 §2.2. */
export const responseCode = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
} as const;

export interface Query {
  readonly id: number;
  readonly opcode: number;
  readonly wantsRecursion: boolean;
  /** As asked, upper and lower case kept; "." for the root, and types without a name are "UNKNOWN_65". */
  readonly question: Question;
  /** What the asker can take over UDP, in bytes (RFC 6891 §6.2.3); null when it did not say (then 512). */
  readonly udpSize: number | null;
}

export interface Reply {
  /** One of `responseCode`. */
  readonly code: number;
  readonly isAuthoritative: boolean;
  readonly canRecurse: boolean;
  readonly answers: readonly DnsRecord[];
  readonly authority?: readonly DnsRecord[];
  readonly additional?: readonly DnsRecord[];
}

const HEADER_BYTES = 12;
// Beside its question a query carries an OPT record and perhaps a signature; the codec makes room for what the header promises.
const MAX_RECORDS = 8;
const MAX_LABEL_BYTES = 63; // RFC 1035 §2.3.4.
const RESPONSE = 0x8000;

/** What we take over UDP, in bytes: the size that passes every link unfragmented (https://www.dnsflagday.net/2020/). */
export const UDP_BYTES = 1_232;

/** Throws a Fault ("BadRequest") for what is not a query with exactly one question. */
export function decodeQuery(bytes: Uint8Array): Query {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (buffer.length < HEADER_BYTES) throw malformed("shorter than a header");
  const flags = buffer.readUInt16BE(2);
  if ((flags & RESPONSE) !== 0) throw malformed("a response, not a query");
  const [questions, ...others] = [4, 6, 8, 10].map((at) => buffer.readUInt16BE(at));
  if (questions !== 1) throw malformed(`${questions} questions`);
  if (others.reduce((sum, count) => sum + count, 0) > MAX_RECORDS) throw malformed(`more than ${MAX_RECORDS} records`);
  const { questions: [question] = [], additionals = [] } = decoded(buffer);
  if (question === undefined) throw malformed("no question");
  // The codec reads labels as UTF-8; what it could not read cannot go back as it came, and no zone or resolver knows it.
  if (question.name.includes("\uFFFD")) throw malformed("a name that is not text");
  return {
    id: buffer.readUInt16BE(0),
    opcode: (flags >> 11) & 15,
    wantsRecursion: (flags & RECURSION_DESIRED) !== 0,
    question,
    udpSize: additionals.find((record) => record.type === "OPT")?.udpPayloadSize ?? null,
  };
}

function decoded(bytes: Buffer): DecodedPacket {
  try {
    return decode(bytes);
  } catch (cause) {
    throw new Fault("BadRequest", `not a DNS query: ${(cause as Error).message}`, { cause });
  }
}

function malformed(what: string): Fault {
  return new Fault("BadRequest", `not a DNS query: ${what}`);
}

/** The reply as bytes, cut (with the truncation mark) when longer than `limit` bytes. */
export function encodeReply(query: Query, reply: Reply, limit: number): Uint8Array {
  const whole = written(query, reply.answers.every(isWritable) ? reply : failed(reply), 0);
  if (whole.length <= limit) return whole;
  return written(query, { ...reply, answers: [], authority: [], additional: [] }, TRUNCATED_RESPONSE);
}

/** A Service's externalName may hold labels that are longer than DNS has them; the codec would write nonsense. */
function isWritable(record: DnsRecord): boolean {
  const target = record.type === "CNAME" ? record.data : "";
  return target.split(".").every((label) => label.length <= MAX_LABEL_BYTES);
}

function failed({ isAuthoritative, canRecurse }: Reply): Reply {
  return { code: responseCode.serverFailure, isAuthoritative, canRecurse, answers: [] };
}

function written({ id, opcode, wantsRecursion, question, udpSize }: Query, reply: Reply, mark: number): Uint8Array {
  const { answers, authority = [], additional = [] } = reply;
  const marks = [
    mark,
    reply.isAuthoritative ? AUTHORITATIVE_ANSWER : 0,
    wantsRecursion ? RECURSION_DESIRED : 0,
    reply.canRecurse ? RECURSION_AVAILABLE : 0,
  ];
  return encode({
    type: "response",
    id,
    flags: marks.reduce((flags, bit) => flags | bit, (opcode << 11) | reply.code),
    questions: [question],
    answers: [...answers],
    authorities: [...authority],
    additionals: [...additional, ...(udpSize === null ? [] : [OUR_SIZE])],
  });
}

const OUR_SIZE: OptAnswer = {
  type: "OPT",
  name: ".",
  udpPayloadSize: UDP_BYTES,
  extendedRcode: 0,
  ednsVersion: 0,
  flags: 0,
  flag_do: false,
  options: [],
};
