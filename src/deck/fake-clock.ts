/** A clock that stands still until a test or a simulation moves it. */
import type { Clock } from "#base/clock.ts";
import { Heap } from "#base/heap.ts";
import { never, type Stop } from "#base/stop.ts";

interface Alarm {
  readonly atMs: number;
  readonly order: number;
  work: (() => void) | null;
}

export class FakeClock implements Clock {
  readonly #startMs: number;
  readonly #alarms = new Heap<Alarm>((a, b) => (a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs));
  #elapsedMs = 0;
  #count = 0;

  constructor(startMs = 0) {
    this.#startMs = startMs;
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  sleep(ms: number, stop: Stop = never): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.after(ms, resolve);
      stop.addEventListener("abort", () => {
        timer[Symbol.dispose]();
        resolve();
      });
    });
  }

  after(ms: number, work: () => void): Disposable {
    const alarm: Alarm = { atMs: this.#elapsedMs + ms, order: this.#count++, work };
    this.#alarms.push(alarm);
    return { [Symbol.dispose]: () => void (alarm.work = null) };
  }

  /** Moves time on and runs what comes due, in order. */
  advance(ms: number): void {
    const until = this.#elapsedMs + ms;
    for (let alarm = this.#alarms.peek(); alarm !== undefined && alarm.atMs <= until; alarm = this.#alarms.peek()) {
      this.#alarms.pop();
      this.#elapsedMs = alarm.atMs;
      alarm.work?.();
    }
    this.#elapsedMs = until;
  }
}
