/** A request's body as bytes, within limits of size, time and memory. What a refusal looks like is each door's own. */
import type { Readable } from "node:stream";
import type { Clock } from "#base/clock.ts";
import type { HeldBytes } from "./held-bytes.ts";

export interface BodyLimits {
  readonly maxBytes: number;
  /** From the head of the request to the last byte of its body. */
  readonly deadlineMs: number;
  readonly held: HeldBytes;
  readonly clock: Clock;
}

export interface Sender {
  /** Whom the bytes are charged to: an address, or who signed. */
  readonly peer: string;
  /** The Content-Length header as it came, if it did: a body that says that it is too large is not waited for. */
  readonly contentLength?: string | undefined;
}

/**
 * - `too large`: more than `maxBytes` (413).
 * - `too slow`: not whole in time (408).
 * - `too many`: the peer, or all peers together, hold too much already (503, again later).
 * - `cut off`: the connection ended before the body did; nobody is there to be told.
 */
export type BodyRefusal = "too large" | "too slow" | "too many" | "cut off";

export class BodyRefused extends Error {
  readonly reason: BodyRefusal;

  constructor(reason: BodyRefusal, message: string) {
    super(message);
    this.reason = reason;
  }
}

/** The bytes count as held until this is disposed: do so when they are no longer needed. */
export interface Body extends Disposable {
  readonly bytes: Buffer;
}

// Copying so much takes 2 ms, and sixty megabytes at once 45, for which nobody else would be served.
const JOINED_BYTES = 2 * 1024 * 1024;

const NOTHING: Body = { bytes: Buffer.alloc(0), [Symbol.dispose]: () => {} };

/** Rejects with BodyRefused; the stream is then paused, and its connection is of no more use (close it with the answer). */
export async function readBody(stream: Readable, { peer, contentLength }: Sender, limits: BodyLimits): Promise<Body> {
  const { maxBytes, held } = limits;
  // RFC 9110 8.6: digits only. Without the header a body may still come in chunks, or over HTTP/2.
  const length = Number(contentLength);
  if (length > maxBytes) throw tooLarge(maxBytes);
  if (contentLength === "0") return NOTHING;
  // A small body comes in one piece with its head, and Node has it a moment after that.
  await Promise.resolve();
  if (stream.destroyed) throw cutOff();
  if (stream.readableLength !== length) return bodyByAndBy(stream, peer, limits);
  if (!held.take(peer, length)) throw refusedFor(stream, tooMany());
  const bytes = stream.read() as Buffer;
  return { bytes, [Symbol.dispose]: () => held.give(peer, length) };
}

function refusedFor(stream: Readable, refused: BodyRefused): BodyRefused {
  stream.pause();
  return refused;
}

function tooLarge(maxBytes: number): BodyRefused {
  return new BodyRefused("too large", `the body is larger than ${maxBytes} bytes`);
}

function tooMany(): BodyRefused {
  return new BodyRefused("too many", "too many request bodies are being received at once; try again later");
}

function cutOff(): BodyRefused {
  return new BodyRefused("cut off", "the connection ended before the body did");
}

function bodyByAndBy(stream: Readable, peer: string, limits: BodyLimits): Promise<Body> {
  const { maxBytes, held, clock } = limits;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let isOver = false;
    const release = (): void => held.give(peer, size);
    const refuse = (refused: BodyRefused): void => {
      if (isOver) return;
      stop();
      release();
      reject(refusedFor(stream, refused));
    };
    const late = clock.after(limits.deadlineMs, () =>
      refuse(new BodyRefused("too slow", `the body was not complete within ${limits.deadlineMs} ms`)),
    );
    const onData = (chunk: Buffer): void => {
      if (isOver) return;
      if (size + chunk.length > maxBytes) return refuse(tooLarge(maxBytes));
      if (!held.take(peer, chunk.length)) return refuse(tooMany());
      size += chunk.length;
      chunks.push(chunk);
    };
    const onEnd = (): void => {
      if (isOver) return;
      stop();
      if (size === 0) return resolve(NOTHING);
      const bodyOf = (bytes: Buffer): Body => ({ bytes, [Symbol.dispose]: release });
      resolve(size > JOINED_BYTES ? joined(chunks, size).then(bodyOf) : bodyOf(Buffer.concat(chunks, size)));
    };
    const onGone = (): void => refuse(cutOff());
    // Listeners stay until the request is gone: to take them away costs more than that they hear nothing new.
    const stop = (): void => {
      isOver = true;
      late[Symbol.dispose]();
    };
    // By events: iterating over a request costs as much as verifying its signature.
    stream.on("data", onData).on("end", onEnd).on("error", onGone).on("close", onGone);
  });
}

/** Not of the length that a header declares: then a head alone would take the memory of a whole body. */
async function joined(chunks: readonly Buffer[], size: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(size);
  let at = 0;
  let turnAt = JOINED_BYTES;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
    if (at < turnAt) continue;
    turnAt = at + JOINED_BYTES;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return bytes;
}
