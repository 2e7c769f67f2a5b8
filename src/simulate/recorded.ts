/** A trace of what really ran: requests or invocations as the meter has them. Pure. */
import { GrowingFloats } from "./columns.ts";
import type { Trace } from "./trace.ts";

export interface Recording {
  readonly name: string;
  /** Where the window begins, in ms of wall time. */
  readonly fromMs: number;
  readonly toMs: number;
  /** CPU of one request at a whole core, in ms: measured over the window, or assumed. What else it took, it waited. */
  readonly cpuMs: number;
}

/** Gathers what is metered when it ends; a trace wants it by when it came. */
export class Recorder {
  readonly #cameMs = new GrowingFloats();
  readonly #tookMs = new GrowingFloats();

  get requests(): number {
    return this.#cameMs.length;
  }

  add(endedMs: number, tookMs: number): void {
    this.#cameMs.push(endedMs - tookMs);
    this.#tookMs.push(tookMs);
  }

  trace({ name, fromMs, toMs, cpuMs }: Recording): Trace {
    const [came, took] = [this.#cameMs.taken(), this.#tookMs.taken()];
    const order = Uint32Array.from({ length: came.length }, (_, i) => i).sort(
      (a, b) => (came[a] ?? 0) - (came[b] ?? 0),
    );
    return {
      name,
      lengthMs: Math.max(1, toMs - fromMs),
      // One that was under way when the window began came at its beginning, as far as the trace goes.
      arrivalsMs: Float64Array.from(order, (i) => Math.max(0, (came[i] ?? 0) - fromMs)),
      cpuMicros: Uint32Array.from(order, (i) => Math.round(1000 * Math.min(cpuMs, took[i] ?? 0))),
      waitMicros: Uint32Array.from(order, (i) => Math.round(1000 * Math.max(0, (took[i] ?? 0) - cpuMs))),
    };
  }
}
