/**
 * Requests to Services: counted for their autoscalers, and held while the workload behind one sleeps. The control process knows which may
 * sleep and wakes them (contract.ts, keepLoad); here is only who waits, for how long, and within which limits.
 */
import type { Clock } from "#base/clock.ts";
import type { Control, ServiceLoad } from "#control/contract.ts";
import type { EdgeViews } from "./edge-views.ts";
import type { Exchange } from "./exchange.ts";
import type { ServiceTarget } from "./route.ts";
import type { Address } from "./service-backend.ts";

/** How long a request was held, in milliseconds. */
export const WAITED = "x-catamaran-waited-ms";

// More connections than the gateway takes would not help; a quarter of the bytes that bodies may fill.
const MAX_HELD = 10_000;
const MAX_HELD_BYTES = 64 * 1024 * 1024;
// A pod with its image there is ready in a second; one whose image has to be fetched may need this.
const HOLD_MS = 60_000;
const RETRY_AFTER_S = 5;
const TRY_AGAIN_MS = 250;

export interface SleepersOptions {
  readonly keepLoad: Control["keepLoad"];
  readonly views: Pick<EdgeViews, "addresses" | "onEndpoints">;
  readonly clock: Clock;
}

export type Held =
  | { readonly is: "ready"; readonly addresses: readonly Address[]; readonly waitedMs?: number }
  | { readonly is: "refused"; readonly why: string; readonly retryAfterS?: number };

/** One request at its Service, from arrival to answer. */
export interface Visit extends Disposable {
  /** Resolves at once when a pod is ready, or when there is nothing to wait for. */
  readonly wait: () => Promise<Held>;
  /** After a pod could not be reached: resolves to whether a sleeping workload may be asked again. */
  readonly mayTryAgain: () => Promise<boolean>;
}

export class Sleepers {
  readonly #options: SleepersOptions;
  readonly #loads = new Map<
    string,
    { readonly namespace: string; readonly name: string; arrived: number; open: number }
  >();
  readonly #waiting = new Set<() => void>();
  #heldBytes = 0;
  #asking: Promise<ReadonlySet<string>> | null = null;

  constructor(options: SleepersOptions) {
    this.#options = options;
    options.views.onEndpoints(() => {
      for (const look of this.#waiting) look();
    });
  }

  enter(target: ServiceTarget, exchange: Pick<Exchange, "response" | "body">): Visit {
    const { namespace, name } = target;
    const key = `${namespace}/${name}`;
    const load = this.#loads.get(key) ?? { namespace, name, arrived: 0, open: 0 };
    this.#loads.set(key, load);
    load.arrived++;
    load.open++;
    const startMs = this.#options.clock.monotonicMs();
    const untilMs = startMs + HOLD_MS;
    return {
      wait: () => this.#wait(target, exchange, { startMs, untilMs }),
      mayTryAgain: async () => {
        if (this.#options.clock.monotonicMs() >= untilMs || !(await this.#mayWake(key))) return false;
        await this.#options.clock.sleep(TRY_AGAIN_MS);
        return true;
      },
      [Symbol.dispose]: () => void load.open--,
    };
  }

  /** What goes on at each Service; also said once when it is over. What control does not take while it is away is worthless later. */
  async report(): Promise<void> {
    if (this.#loads.size > 0) await this.#tell().catch(() => {});
  }

  async #wait(
    target: ServiceTarget,
    { response, body }: Pick<Exchange, "response" | "body">,
    { startMs, untilMs }: { readonly startMs: number; readonly untilMs: number },
  ): Promise<Held> {
    const { views, clock } = this.#options;
    const found = views.addresses(target);
    if (found.length > 0) return { is: "ready", addresses: found };
    const { namespace, name, port } = target;
    const why = `Service ${namespace}/${name} has no ready endpoint for port ${port}`;
    // Counted before the question goes out, so that who asks at once with thousands does not pass the limit.
    if (this.#waiting.size >= MAX_HELD || this.#heldBytes + body.length > MAX_HELD_BYTES)
      return { is: "refused", why: "too many requests wait for workloads that sleep", retryAfterS: RETRY_AFTER_S };
    this.#heldBytes += body.length;
    const isOver = Promise.withResolvers<void>();
    const look = (): void => {
      if (views.addresses(target).length > 0) isOver.resolve();
    };
    this.#waiting.add(look);
    using _late = clock.after(Math.max(0, untilMs - clock.monotonicMs()), () => isOver.resolve());
    const leave = (): void => isOver.resolve();
    response.once("close", leave);
    try {
      if (!(await this.#mayWake(`${namespace}/${name}`))) {
        const addresses = views.addresses(target);
        return addresses.length > 0 ? { is: "ready", addresses } : { is: "refused", why };
      }
      look();
      await isOver.promise;
    } finally {
      this.#waiting.delete(look);
      this.#heldBytes -= body.length;
      response.off("close", leave);
    }
    const addresses = views.addresses(target);
    const waitedMs = Math.round(clock.monotonicMs() - startMs);
    if (addresses.length > 0) return { is: "ready", addresses, waitedMs };
    return { is: "refused", why: `${why} after ${waitedMs} ms`, retryAfterS: RETRY_AFTER_S };
  }

  /** One question at a time, however many wait; whoever comes while one is under way is counted in the next. */
  async #mayWake(key: string): Promise<boolean> {
    try {
      if (this.#asking !== null) await this.#asking;
      return (await (this.#asking ?? this.#tell())).has(key);
    } catch {
      // The control process is away for longer than the client's patience: nobody would wake anything.
      return false;
    }
  }

  #tell(): Promise<ReadonlySet<string>> {
    const loads: readonly ServiceLoad[] = Array.from(this.#loads.values(), (load) => ({ ...load }));
    for (const [key, load] of this.#loads) {
      load.arrived = 0;
      if (load.open === 0) this.#loads.delete(key);
    }
    const asking = this.#options.keepLoad(loads).then((keys) => new Set(keys));
    this.#asking = asking;
    const forget = (): void => void (this.#asking === asking && (this.#asking = null));
    asking.then(forget, forget);
    return asking;
  }
}
