/** Two connections become one: bytes go both ways until either ends. Knows nothing of what they mean. */
import type { Duplex } from "node:stream";
import { Socket } from "node:net";
import type { Clock } from "#base/clock.ts";

// A peer that vanished without a word is noticed after this and the kernel's probes; one that is only silent stays.
const KEEP_ALIVE_MS = 30_000;
// Once one side has ended, the other takes what is still on its way within this time, or loses it.
const LINGER_MS = 30_000;

/** Resolves when both are closed; never rejects. Each side is read no faster than the other is written. */
export async function join(one: Duplex, other: Duplex, clock: Clock): Promise<void> {
  const closed = [whenClosed(one), whenClosed(other)] as const;
  forward(one, other);
  forward(other, one);
  const linger = Promise.race(closed).then(() => {
    letGo(one);
    letGo(other);
    return clock.after(LINGER_MS, () => {
      one.destroy();
      other.destroy();
    });
  });
  await Promise.all(closed);
  (await linger)[Symbol.dispose]();
}

function whenClosed(side: Duplex): Promise<void> {
  return new Promise((resolve) => {
    if (side.destroyed) return resolve();
    side.once("close", resolve);
    // `close` follows, and the other side learns by it.
    side.on("error", () => {});
  });
}

function forward(from: Duplex, to: Duplex): void {
  if (from instanceof Socket) {
    from.setTimeout(0);
    from.setNoDelay(true);
    from.setKeepAlive(true, KEEP_ALIVE_MS);
  }
  from.pipe(to);
}

/** The side that is left gets what is queued for it and then the end; what it still says interests nobody. */
function letGo(side: Duplex): void {
  if (side.destroyed) return;
  side.unpipe();
  side.resume();
  side.end();
}
