/** What the gateway counts: requests per backend, their latency, and the usage records that go to the ledger. */
import { Histogram } from "#base/histogram.ts";
import type { RequestUsage } from "#metering/usage.ts";

// A minute of two thousand requests a second; beyond it the control process has been away for long.
const MAX_PENDING = 120_000;

export interface BackendTraffic {
  readonly backend: string;
  readonly requests: number;
  readonly failed: number;
  readonly latencyMicrosP50: number;
  readonly latencyMicrosP99: number;
}

export class Traffic {
  #pending: RequestUsage[] = [];
  readonly #latency = new Map<string, Histogram>();
  readonly #failed = new Map<string, number>();
  #dropped = 0;

  record(usage: RequestUsage): void {
    const histogram = this.#latency.get(usage.backend) ?? new Histogram();
    histogram.record(usage.latencyMicros);
    this.#latency.set(usage.backend, histogram);
    if (usage.status >= 500) this.#failed.set(usage.backend, (this.#failed.get(usage.backend) ?? 0) + 1);
    if (this.#pending.length < MAX_PENDING) this.#pending.push(usage);
    else this.#dropped++;
  }

  /** Hands over what was not delivered yet; give it back with `restore` when that fails. */
  take(): readonly RequestUsage[] {
    const taken = this.#pending;
    this.#pending = [];
    return taken;
  }

  restore(usage: readonly RequestUsage[]): void {
    this.#pending = [...usage, ...this.#pending].slice(0, MAX_PENDING);
  }

  /** Usage records that found no place while the control process was away. */
  get dropped(): number {
    return this.#dropped;
  }

  summary(): readonly BackendTraffic[] {
    return [...this.#latency].map(([backend, histogram]) => ({
      backend,
      requests: histogram.count,
      failed: this.#failed.get(backend) ?? 0,
      latencyMicrosP50: histogram.quantile(0.5),
      latencyMicrosP99: histogram.quantile(0.99),
    }));
  }
}
