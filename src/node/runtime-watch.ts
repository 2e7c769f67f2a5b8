/** Notices changes in the runtime: containerd's own events at once, and a look at everything now and then in case one was missed. */
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Stop } from "#base/stop.ts";
import type { GrpcClient } from "./grpc.ts";
import { decode, encode } from "./messages.ts";
import type { Glimpse, RuntimeView } from "./runtime-view.ts";

export interface RuntimeWatchOptions {
  readonly runtime: RuntimeView;
  readonly grpc: GrpcClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: Stop;
  /** A pod's sandboxes or containers are not as they were at the last look; or it was never seen. */
  readonly onChange: (uid: string, glimpse: Glimpse) => void;
  readonly isBusy: () => boolean;
}

const BUSY_MS = 1_000;
const IDLE_MS = 10_000;
// CRI learns of an exit from the same event as we do, some milliseconds later; the second look is for a slow machine.
const AFTER_EVENT_MS = [10, 200];
const RECONNECT_MS = 500;

export class RuntimeWatch {
  readonly #options: RuntimeWatchOptions;
  #seen: ReadonlyMap<string, Glimpse> = new Map();
  #looking: Promise<void> | null = null;
  #isWanted = false;
  readonly #timers = new Set<Disposable>();

  constructor(options: RuntimeWatchOptions) {
    this.#options = options;
  }

  async run(): Promise<void> {
    await Promise.all([this.#lookRegularly(), this.#followEvents()]);
  }

  close(): void {
    for (const timer of this.#timers) timer[Symbol.dispose]();
  }

  async #lookRegularly(): Promise<void> {
    const { clock, stop, isBusy } = this.#options;
    while (!stop.aborted) {
      await this.#look();
      await clock.sleep(isBusy() ? BUSY_MS : IDLE_MS, stop);
    }
  }

  /** One look at a time; a wish during a look leads to one more. */
  async #look(): Promise<void> {
    if (this.#looking !== null) {
      this.#isWanted = true;
      return this.#looking;
    }
    this.#looking = this.#lookOnce().finally(() => (this.#looking = null));
    await this.#looking;
    if (!this.#isWanted) return;
    this.#isWanted = false;
    await this.#look();
  }

  async #lookOnce(): Promise<void> {
    const { runtime, onChange, log, stop } = this.#options;
    try {
      const now = await runtime.glimpses();
      if (stop.aborted) return;
      const before = this.#seen;
      this.#seen = now;
      for (const [uid, glimpse] of now)
        if (before.get(uid)?.fingerprint !== glimpse.fingerprint) onChange(uid, glimpse);
      for (const [uid, glimpse] of before) if (!now.has(uid)) onChange(uid, { ...glimpse, fingerprint: "" });
    } catch (thrown) {
      log.debug("the runtime did not answer", { reason: reasonOf(thrown) });
    }
  }

  async #followEvents(): Promise<void> {
    const { grpc, clock, stop, log } = this.#options;
    const filters = { filters: [`topic=="/tasks/exit"`, `topic=="/tasks/oom"`] };
    while (!stop.aborted) {
      // What happened before this connection was not heard.
      this.#lookSoon();
      try {
        const request = encode({ filters: { number: 1, type: "string", is: "list" } }, filters);
        for await (const message of grpc.stream("/containerd.services.events.v1.Events/Subscribe", request, { stop })) {
          const { topic = "" } = decode<{ topic?: string }>({ topic: { number: 3, type: "string" } }, message);
          log.debug("runtime event", { topic });
          this.#lookSoon();
        }
      } catch (thrown) {
        log.debug("the runtime's events ended", { reason: reasonOf(thrown) });
      }
      await clock.sleep(RECONNECT_MS, stop);
    }
  }

  #lookSoon(): void {
    for (const ms of AFTER_EVENT_MS) {
      const timer = this.#options.clock.after(ms, () => {
        this.#timers.delete(timer);
        void this.#look(); // Never rejects.
      });
      this.#timers.add(timer);
    }
  }
}
