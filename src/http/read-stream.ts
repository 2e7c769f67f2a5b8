/** Bodies as streams, in both directions: never more of them in memory than a few chunks, and nobody may be slower than a pace. */
import type { Readable } from "node:stream";
import type { Clock } from "#base/clock.ts";
import { BodyRefused } from "./read-body.ts";

export interface StreamLimits {
  readonly maxBytes: number;
  readonly pace: Pace;
  readonly clock: Pick<Clock, "after">;
}

/** At least so many bytes within each time. */
export interface Pace {
  readonly bytes: number;
  readonly ms: number;
}

/** Throws BodyRefused; the connection is then of no more use unless the rest is read. Chunks come as the sender's network cuts them. */
export async function* readStream(stream: Readable, { maxBytes, pace, clock }: StreamLimits): AsyncGenerator<Buffer> {
  let size = 0;
  let sizeBefore = 0;
  let isSlow = false;
  let isAsked = true;
  let timer = clock.after(pace.ms, look);
  function look(): void {
    // While the receiver is at work the sender cannot send.
    isSlow = isAsked && size - sizeBefore < pace.bytes;
    sizeBefore = size;
    if (isSlow) stream.destroy();
    else timer = clock.after(pace.ms, look);
  }
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      size += (chunk as Buffer).length;
      if (size > maxBytes) throw new BodyRefused("too large", `the body is larger than ${maxBytes} bytes`);
      isAsked = false;
      yield chunk as Buffer;
      isAsked = true;
    }
    if (isSlow || !stream.readableEnded) throw cutOff(isSlow, pace);
  } catch (thrown) {
    // What the stream says of its end says less than what is known here.
    throw thrown instanceof BodyRefused ? thrown : cutOff(isSlow, pace);
  } finally {
    timer[Symbol.dispose]();
  }
}

function cutOff(isSlow: boolean, { bytes, ms }: Pace): BodyRefused {
  return isSlow
    ? new BodyRefused("too slow", `less than ${bytes} bytes of the body came in ${ms} ms`)
    : new BodyRefused("cut off", "the connection ended before the body did");
}

/** `source`, until its reader leaves a chunk lying for `ms`; then `giveUp`, which ends the connection. */
export async function* readAtPace(
  source: AsyncIterable<Uint8Array>,
  { ms, clock, giveUp }: { readonly ms: number; readonly clock: Pick<Clock, "after">; readonly giveUp: () => void },
): AsyncGenerator<Uint8Array> {
  for await (const chunk of source) {
    using _late = clock.after(ms, giveUp);
    yield chunk;
  }
}

/** Reads what is left of a body that nobody wants, so that its sender comes to read the answer; not for ever. */
export async function drain(
  stream: Readable,
  { maxBytes, ms, clock }: { readonly maxBytes: number; readonly ms: number; readonly clock: Pick<Clock, "after"> },
): Promise<void> {
  if (stream.readableEnded || stream.destroyed) return;
  await new Promise<void>((resolve) => {
    let size = 0;
    const timer = clock.after(ms, resolve);
    const end = (): void => {
      timer[Symbol.dispose]();
      resolve();
    };
    stream.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxBytes) end();
    });
    stream.once("end", end).once("close", end).once("error", end);
    stream.resume();
  });
}
