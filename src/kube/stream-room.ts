/** How many connections into pods may be open at once: exec, attach, port-forward, logs and what is proxied. */
import type { Duplex } from "node:stream";
import { Fault } from "#base/fault.ts";
import type { Door } from "./door.ts";

// Each is four connections on one machine; a forgotten loop of clients must not take all descriptors.
const MAX_STREAMS = 256;

/** One of the streams that may be open at once; the door cuts those that it holds when it closes. */
export function roomFor({
  streams,
}: Door): Disposable & { readonly hold: (...connections: readonly Duplex[]) => void } {
  if (streams.size >= MAX_STREAMS)
    throw new Fault("TooManyRequests", `${MAX_STREAMS} streams are open already; try again later`, {
      retryAfterSeconds: 1,
    });
  const held: Duplex[] = [];
  const cut = (): void => {
    for (const connection of held) connection.destroy();
  };
  streams.add(cut);
  return { hold: (...connections) => void held.push(...connections), [Symbol.dispose]: () => streams.delete(cut) };
}
