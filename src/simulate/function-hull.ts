/**
 * Requests on functions, one environment each as Lambda has it: provisioned ones first, then the idle one used last, a new one where
 * none is idle; refused by the engine's own rule of concurrency, billed by its own rule of billed time. Pure.
 */
import { throttleReason } from "#functions/concurrency.ts";
import { billedMs } from "#functions/report.ts";
import { FinishTimes } from "./finish-times.ts";
import { cpuShare, type FunctionPlan } from "./plans.ts";

/** What a replay on functions used. */
export interface FunctionRun {
  readonly requests: number;
  readonly cold: number;
  readonly throttled: number;
  /** Ended at the time-out, and billed until then. */
  readonly timedOut: number;
  /** Sum of configured MB x billed ms: what Lambda bills. */
  readonly billedMbMs: number;
  /** Sum of configured MB x ms over all environments, idle ones too: what a machine keeps for them. */
  readonly keptMbMs: number;
  readonly mostEnvironments: number;
}

export class FunctionHull {
  readonly #plan: FunctionPlan;
  readonly #share: number;
  readonly #busyProvisioned = new FinishTimes();
  readonly #busy = new FinishTimes();
  /** Idle since, the longest first: environments come free in order of time, and the last one is taken first. */
  readonly #idle = new IdleTimes();
  #requests = 0;
  #cold = 0;
  #throttled = 0;
  #timedOut = 0;
  #billedMs = 0;
  #keptMs = 0;
  #most = 0;

  constructor(plan: FunctionPlan) {
    this.#plan = plan;
    this.#share = cpuShare(plan.memoryMib);
    this.#most = plan.provisioned;
  }

  get environments(): number {
    return this.#plan.provisioned + this.#busy.size + this.#idle.size;
  }

  /** Latency in ms; NaN for one that was refused or timed out. Asked in order of time. */
  serve(atMs: number, cpuMicros: number, waitMicros: number): number {
    this.#pass(atMs);
    const { reserved, limits, initMs, timeoutMs } = this.#plan;
    const own = this.#busy.size + this.#busyProvisioned.size;
    if (throttleReason(limits, reserved ?? 0, reserved, { own, unreserved: own }) !== null) {
      this.#throttled++;
      return Number.NaN;
    }
    this.#requests++;
    const neededMs = (cpuMicros / this.#share + waitMicros) / 1000;
    const ranMs = Math.min(timeoutMs, neededMs);
    const init = this.#take(atMs, ranMs) ? 0 : initMs;
    this.#billedMs += billedMs(init, ranMs);
    if (neededMs <= timeoutMs) return init + ranMs;
    this.#timedOut++;
    return Number.NaN;
  }

  /** Whether an environment was there. */
  #take(atMs: number, ranMs: number): boolean {
    if (this.#busyProvisioned.size < this.#plan.provisioned) {
      this.#busyProvisioned.push(atMs + ranMs);
      return true;
    }
    const idleSince = this.#idle.pop();
    const isWarm = idleSince !== null;
    const heldMs = isWarm ? ranMs : this.#plan.initMs + ranMs;
    this.#keptMs += heldMs + (isWarm ? atMs - idleSince : 0);
    this.#busy.push(atMs + heldMs);
    if (!isWarm) this.#cold++;
    this.#most = Math.max(this.#most, this.environments);
    return isWarm;
  }

  /** What came free before that moment is idle, what was idle for too long is gone. */
  #pass(atMs: number): void {
    while (this.#busyProvisioned.first <= atMs) this.#busyProvisioned.shift();
    for (let free = this.#busy.first; free <= atMs; free = this.#busy.first) {
      this.#busy.shift();
      this.#idle.push(free);
    }
    const { keepAliveMs } = this.#plan;
    this.#keptMs += this.#idle.dropBefore(atMs - keepAliveMs) * keepAliveMs;
  }

  finish(lengthMs: number): FunctionRun {
    this.#pass(lengthMs);
    const { memoryMib, provisioned } = this.#plan;
    return {
      requests: this.#requests,
      cold: this.#cold,
      throttled: this.#throttled,
      timedOut: this.#timedOut,
      billedMbMs: this.#billedMs * memoryMib,
      keptMbMs: (this.#keptMs + this.#idle.sumUntil(lengthMs) + provisioned * lengthMs) * memoryMib,
      mostEnvironments: this.#most,
    };
  }
}

/** A stack of times that only grow, from whose bottom the old ones go. */
class IdleTimes {
  #times = new Float64Array(64);
  #bottom = 0;
  #top = 0;

  get size(): number {
    return this.#top - this.#bottom;
  }

  push(time: number): void {
    if (this.#top === this.#times.length) this.#makeRoom();
    this.#times[this.#top++] = time;
  }

  pop(): number | null {
    return this.size === 0 ? null : (this.#times[--this.#top] ?? null);
  }

  /** How many there were. */
  dropBefore(time: number): number {
    const from = this.#bottom;
    while (this.#bottom < this.#top && (this.#times[this.#bottom] ?? 0) < time) this.#bottom++;
    return this.#bottom - from;
  }

  sumUntil(time: number): number {
    return this.#times.subarray(this.#bottom, this.#top).reduce((sum, since) => sum + Math.max(0, time - since), 0);
  }

  #makeRoom(): void {
    const kept = this.#times.subarray(this.#bottom, this.#top);
    const next = kept.length * 2 > this.#times.length ? new Float64Array(this.#times.length * 2) : this.#times;
    next.set(kept);
    this.#times = next;
    this.#top = kept.length;
    this.#bottom = 0;
  }
}
