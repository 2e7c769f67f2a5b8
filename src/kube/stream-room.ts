/** How many connections into pods may be open at once, for each user and in all: exec, attach, port-forward, logs and what is proxied. */
import type { Duplex } from "node:stream";
import { Fault } from "#base/fault.ts";

export interface StreamLimits {
  readonly total: number;
  readonly perUser: number;
}

// Each is four connections on one machine; a forgotten loop of clients must not take all descriptors, nor all that others may have.
const LIMITS: StreamLimits = { total: 384, perUser: 256 };

export interface StreamPlace extends Disposable {
  /** Those that are cut when the door closes. */
  readonly hold: (...connections: readonly Duplex[]) => void;
}

export class StreamRoom {
  readonly #limits: StreamLimits;
  readonly #open = new Set<{ readonly user: string; readonly held: Duplex[] }>();

  constructor(limits: StreamLimits = LIMITS) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#open.size;
  }

  /** Faults: TooManyRequests. */
  enter(user: string): StreamPlace {
    const { total, perUser } = this.#limits;
    if (this.#open.size >= total) throw full(`${total} streams are open already`);
    if (this.#countOf(user) >= perUser) throw full(`${perUser} streams of ${JSON.stringify(user)} are open already`);
    const stream = { user, held: [] as Duplex[] };
    this.#open.add(stream);
    return {
      hold: (...connections) => void stream.held.push(...connections),
      [Symbol.dispose]: () => void this.#open.delete(stream),
    };
  }

  /** They are few: counting them costs less than keeping a count. */
  #countOf(user: string): number {
    let count = 0;
    for (const stream of this.#open) if (stream.user === user) count++;
    return count;
  }

  cutAll(): void {
    for (const { held } of this.#open) for (const connection of held) connection.destroy();
  }
}

function full(why: string): Fault {
  return new Fault("TooManyRequests", `${why}; try again later`, { retryAfterSeconds: 1 });
}
