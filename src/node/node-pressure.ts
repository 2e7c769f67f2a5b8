/** Watches what the node has left, frees what nobody needs, and evicts pods one at a time. The deciding is pods/pressure.ts's. */
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Stop } from "#base/stop.ts";
import type { Pod } from "#kinds/core/pod.ts";
import {
  evictionOf,
  pressuresOf,
  rememberPressures,
  shortagesOf,
  type Eviction,
  type PodUse,
  type PressureMemory,
  type PressureType,
  type Shortage,
  type Supplies,
} from "#pods/pressure.ts";
import type { Cgroups } from "./cgroups.ts";
import { podCgroup, type NodeFacts } from "./node-facts.ts";

export interface NodePressureOptions {
  readonly facts: NodeFacts;
  readonly cgroups: Pick<Cgroups, "usage" | "processes">;
  readonly measure: () => Promise<Supplies>;
  readonly pods: () => readonly Pod[];
  /** Removes images that nobody uses. */
  readonly freeDisk: () => Promise<void>;
  readonly evict: (eviction: Eviction) => void;
  readonly clock: Pick<Clock, "now" | "sleep">;
  readonly log: Log;
  readonly stop: Stop;
}

// Kubelet's monitoring interval.
const LOOK_MS = 10_000;

export class NodePressure {
  readonly #options: NodePressureOptions;
  #memory: PressureMemory = {};

  constructor(options: NodePressureOptions) {
    this.#options = options;
  }

  types(): ReadonlySet<PressureType> {
    return pressuresOf(this.#memory, this.#options.clock.now());
  }

  /** Until `stop` fires. */
  async run(): Promise<void> {
    const { clock, log, stop } = this.#options;
    while (!stop.aborted) {
      await this.look().catch((thrown: unknown) =>
        log.debug("what the node has left was not looked at", { reason: reasonOf(thrown) }),
      );
      await clock.sleep(LOOK_MS, stop);
    }
  }

  async look(): Promise<void> {
    const { clock, evict, log } = this.#options;
    const shortages = await this.#shortages();
    if (shortages.length === 0) return;
    const now = clock.now();
    this.#memory = rememberPressures(this.#memory, shortages, now);
    const eviction = evictionOf(shortages, await this.#uses(), now);
    log.warn("the node is low on resources", {
      resources: shortages.map(({ resource }) => resource).join(", "),
      evicted: eviction?.pod.metadata.name ?? "",
    });
    if (eviction !== null) evict(eviction);
  }

  /** What no pod has to go for is given up first. */
  async #shortages(): Promise<readonly Shortage[]> {
    const { measure, freeDisk } = this.#options;
    const shortages = shortagesOf(await measure());
    if (!shortages.some(({ type }) => type === "DiskPressure")) return shortages;
    await freeDisk();
    return shortagesOf(await measure());
  }

  #uses(): Promise<readonly PodUse[]> {
    const { pods, facts, cgroups } = this.#options;
    return Promise.all(
      pods().map(async (pod): Promise<PodUse> => {
        const group = podCgroup(facts, pod.metadata.uid ?? "");
        const [usage, processes] = await Promise.all([cgroups.usage(group), cgroups.processes(group)]);
        return { pod, memoryBytes: usage?.memoryBytes ?? 0, pids: processes.length };
      }),
    );
  }
}
