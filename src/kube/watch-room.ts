/** How many watches may be open and how much may wait in them, for each user and in all: a slow watcher is cut, the others go on. */
import { Fault } from "#base/fault.ts";

// Informers of a controller are some dozens; the limits are for loops that forget to end what they began.
const MAX_WATCHES = 5_000;
const MAX_WATCHES_OF_USER = 2_000;

// A watcher that is this far behind is cut off; it comes back with its last revision (as upstream's slow watchers).
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
// Beyond these sums whoever has more than a socket's worth waiting is too slow.
const MAX_WAITING_OF_USER = 32 * 1024 * 1024;
const MAX_WAITING_OF_ALL = 64 * 1024 * 1024;
const ALWAYS_FREE_BYTES = 512 * 1024;

/** One watch: what waits for its client, and how it is ended. */
interface Watching {
  readonly user: string;
  readonly waiting: () => number;
  /** What waited when it was last looked at. */
  known: number;
}

export interface Place extends Disposable {
  /** False when the watcher is too slow to be given more. */
  hasRoom(): boolean;
}

export class WatchRoom {
  readonly #open = new Set<Watching>();
  readonly #byUser = new Map<string, { count: number; bytes: number }>();
  #bytes = 0;

  /** Faults: TooManyRequests. */
  enter(user: string, waiting: () => number): Place {
    const { count = 0, bytes = 0 } = this.#byUser.get(user) ?? {};
    if (this.#open.size >= MAX_WATCHES || count >= MAX_WATCHES_OF_USER)
      throw new Fault(
        "TooManyRequests",
        `${count} watches of ${JSON.stringify(user)} are open already; try again later`,
        {
          retryAfterSeconds: 1,
        },
      );
    const watching: Watching = { user, waiting, known: 0 };
    this.#open.add(watching);
    this.#byUser.set(user, { count: count + 1, bytes });
    return { hasRoom: () => this.#hasRoom(watching), [Symbol.dispose]: () => this.#leave(watching) };
  }

  #leave(watching: Watching): void {
    if (!this.#open.delete(watching)) return;
    this.#note(watching, 0);
    const left = this.#byUser.get(watching.user);
    if (left === undefined) return;
    left.count--;
    if (left.count === 0) this.#byUser.delete(watching.user);
  }

  #hasRoom(watching: Watching): boolean {
    const waiting = watching.waiting();
    this.#note(watching, waiting);
    if (waiting <= ALWAYS_FREE_BYTES) return true;
    if (waiting > MAX_WAITING_BYTES) return false;
    if (!this.#isFull(watching.user)) return true;
    // The sums are of when each was last written to; only under pressure all are looked at.
    for (const each of this.#open) this.#note(each, each.waiting());
    return !this.#isFull(watching.user);
  }

  #isFull(user: string): boolean {
    return this.#bytes > MAX_WAITING_OF_ALL || (this.#byUser.get(user)?.bytes ?? 0) > MAX_WAITING_OF_USER;
  }

  #note(watching: Watching, waiting: number): void {
    const more = waiting - watching.known;
    watching.known = waiting;
    this.#bytes += more;
    const ofUser = this.#byUser.get(watching.user);
    if (ofUser !== undefined) ofUser.bytes += more;
  }
}
