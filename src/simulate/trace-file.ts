/** A trace as bytes: one line that says what it is, then three columns of variable-length numbers. Pure; whoever writes files may compress it. */
import { Fault } from "#base/fault.ts";
import { decodeUtf8, encodeUtf8 } from "#base/utf8.ts";
import type { Trace } from "./trace.ts";

const KIND = "catamaran-trace";
const VERSION = 1;
const MAX_HEAD_BYTES = 4096;
/** More would not fit into what a replay may take. */
export const MAX_REQUESTS = 20_000_000;

interface Head {
  readonly kind: typeof KIND;
  readonly version: number;
  readonly name: string;
  readonly lengthMs: number;
  readonly requests: number;
}

/** Arrivals as differences in microseconds, then CPU, then waiting; each number as LEB128 (protobuf's varint). */
export function encodeTrace({ name, lengthMs, arrivalsMs, cpuMicros, waitMicros }: Trace): Uint8Array {
  const head: Head = { kind: KIND, version: VERSION, name, lengthMs, requests: arrivalsMs.length };
  const out = new NumberWriter(encodeUtf8(`${JSON.stringify(head)}\n`));
  let before = 0;
  for (const at of arrivalsMs) {
    const micros = Math.round(at * 1000);
    out.write(micros - before);
    before = micros;
  }
  for (const micros of cpuMicros) out.write(micros);
  for (const micros of waitMicros) out.write(micros);
  return out.bytes();
}

/** Fault: BadRequest, with what is wrong with it. */
export function decodeTrace(bytes: Uint8Array): Trace {
  const end = bytes.subarray(0, MAX_HEAD_BYTES).indexOf(10);
  if (end < 0) throw notATrace("its first line is missing");
  const { name, lengthMs, requests } = headOf(decodeUtf8(bytes.subarray(0, end)));
  const reader = new NumberReader(bytes, end + 1);
  let micros = 0;
  const arrivalsMs = Float64Array.from({ length: requests }, () => (micros += reader.read()) / 1000);
  const column = (): Uint32Array => Uint32Array.from({ length: requests }, () => reader.read());
  const trace = { name, lengthMs, arrivalsMs, cpuMicros: column(), waitMicros: column() };
  if (!reader.isAtEnd) throw notATrace("it is longer than its first line says");
  return trace;
}

function headOf(line: string): Head {
  const head: unknown = parsed(line);
  if (typeof head !== "object" || head === null || !("kind" in head) || head.kind !== KIND)
    throw notATrace("its first line does not say so");
  const { version, name, lengthMs, requests } = head as unknown as Head;
  if (version !== VERSION) throw notATrace(`it is of version ${String(version)}, and this program reads ${VERSION}`);
  if (typeof name !== "string" || !(lengthMs > 0) || !Number.isInteger(requests) || requests < 0)
    throw notATrace("its first line lacks name, lengthMs or requests");
  if (requests > MAX_REQUESTS) throw notATrace(`it has ${requests} requests, and ${MAX_REQUESTS} are read at most`);
  return { kind: KIND, version, name, lengthMs, requests };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function notATrace(why: string): Fault {
  return new Fault("BadRequest", `this is no trace of catamaran: ${why}`);
}

class NumberWriter {
  #bytes = new Uint8Array(1 << 16);
  #length = 0;

  constructor(head: Uint8Array) {
    this.#bytes.set(head);
    this.#length = head.length;
  }

  write(value: number): void {
    if (this.#bytes.length - this.#length < 8) this.#grow();
    let left = value;
    while (left > 0x7f) {
      this.#bytes[this.#length++] = (left % 128) | 0x80;
      left = Math.floor(left / 128);
    }
    this.#bytes[this.#length++] = left;
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }

  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}

class NumberReader {
  readonly #bytes: Uint8Array;
  #at: number;

  constructor(bytes: Uint8Array, at: number) {
    this.#bytes = bytes;
    this.#at = at;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  read(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw notATrace("it breaks off");
      value += (byte & 0x7f) * factor;
      if (value > Number.MAX_SAFE_INTEGER) throw notATrace("a number in it is too large");
      if (byte < 0x80) return value;
    }
  }
}
