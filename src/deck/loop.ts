/** Runs controllers and keepers: wakes keys, has one step done per key and never two at once, and tries again what failed. */
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import { type Stop, stopper, whenStopped } from "#base/stop.ts";
import { Tasks } from "#base/tasks.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import { CarryOut } from "./carry-out.ts";
import type { AnyController, Keeper, Plan, Refusal, Seen, Watch, Watcher } from "./controller.ts";
import type { Objects } from "./objects.ts";
import { isNamespaceTerminating } from "./refusals.ts";
import { WatchedViews } from "./watched-views.ts";
import { WorkQueue } from "./work-queue.ts";

export interface LoopOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: Stop;
  /** How many keys are worked on at once; one key never is by two. Default 4. */
  readonly workers?: number;
}

const DEFAULT_WORKERS = 4;

/** Resolves when `stop` has fired and all work in hand has ended. */
export async function runController(controller: AnyController, objects: Objects, options: LoopOptions): Promise<void> {
  using views = new WatchedViews(controller, objects);
  const log = options.log.with({ controller: controller.name });
  const carryOut = new CarryOut(objects, {
    ...options,
    log,
    name: controller.name,
    viewOf: (kind) => views.find(kind),
  });
  const planner = new Planner(controller, views, carryOut, options.clock);
  await new Loop(controller, views, planner, { ...options, log }).run();
}

/** Resolves when `stop` has fired and all work in hand has ended. */
export async function runKeeper(keeper: Keeper, objects: Objects, options: LoopOptions): Promise<void> {
  using views = new WatchedViews(keeper, objects);
  const own = views.view(keeper.kind);
  const steps: Steps = {
    seen: () => views,
    step: (key) => keeper.keep(key, own.get(key)),
    listen: (wake) => keeper.listen?.(wake),
  };
  await new Loop(keeper, views, steps, { ...options, log: options.log.with({ keeper: keeper.name }) }).run();
}

/** A keeper that runs until it is disposed of, which waits for all work in hand. */
export function startKeeper(keeper: Keeper, objects: Objects, options: Omit<LoopOptions, "stop">): AsyncDisposable {
  const { stop, fire } = stopper();
  const tasks = new Tasks(options.log);
  tasks.run(keeper.name, () => runKeeper(keeper, objects, { ...options, stop }));
  return {
    [Symbol.asyncDispose]: () => {
      fire();
      return tasks.ended();
    },
  };
}

/** What a loop does with a key. */
interface Steps {
  /** What wakes look at. */
  seen(): Seen;
  /** Resolves to the wall time (ms) at which to look again, if any. */
  step(key: ObjectKey): Promise<number | undefined>;
  listen?(wake: (key: ObjectKey) => void): Disposable | undefined;
}

class Loop {
  readonly #watcher: Watcher;
  readonly #views: WatchedViews;
  readonly #steps: Steps;
  readonly #options: LoopOptions;
  readonly #queue: WorkQueue;

  constructor(watcher: Watcher, views: WatchedViews, steps: Steps, options: LoopOptions) {
    this.#watcher = watcher;
    this.#views = views;
    this.#steps = steps;
    this.#options = options;
    this.#queue = new WorkQueue(options.clock);
  }

  async run(): Promise<void> {
    const { stop, workers = DEFAULT_WORKERS } = this.#options;
    using _closing = whenStopped(stop, () => this.#queue[Symbol.dispose]());
    await untilStopped(this.#views.synced, stop);
    if (stop.aborted) return;
    using _listening = this.#listen();
    await Promise.all(Array.from({ length: workers }, () => this.#work()));
  }

  /** The listeners of views end with the views. */
  #listen(): Disposable | undefined {
    const { kind, watches = [] } = this.#watcher;
    this.#views.view(kind).onChange((key) => this.#queue.add(key));
    for (const watch of watches) {
      this.#views.view(watch.kind).onChange((_key, next, previous) => {
        if (previous !== undefined) this.#wake(watch, previous);
        if (next !== undefined) this.#wake(watch, next);
      });
    }
    return this.#steps.listen?.((key) => this.#queue.add(key));
  }

  #wake(watch: Watch, object: KubeObject): void {
    try {
      for (const key of watch.wakes(object, this.#steps.seen())) this.#queue.add(key);
    } catch (thrown) {
      this.#options.log.error("cannot tell which keys a change wakes", {
        kind: watch.kind.plural,
        object: keyOfObject(object),
        reason: reasonOf(thrown),
      });
    }
  }

  async #work(): Promise<void> {
    for (;;) {
      const key = await this.#queue.take();
      if (key === null) return;
      await this.#look(key);
      this.#queue.done(key);
    }
  }

  async #look(key: ObjectKey): Promise<void> {
    const { clock } = this.#options;
    try {
      const againAtMs = await this.#steps.step(key);
      this.#queue.forget(key);
      if (againAtMs !== undefined) this.#queue.addAfter(key, Math.max(1, againAtMs - clock.now()));
    } catch (thrown) {
      this.#retry(key, thrown);
    }
  }

  #retry(key: ObjectKey, thrown: unknown): void {
    const { log } = this.#options;
    // Nothing will ever be made in a namespace that is ending; what changes there meanwhile wakes the key again.
    if (isNamespaceTerminating(thrown)) return this.#queue.forget(key);
    this.#queue.addRateLimited(key);
    const fields = { key, reason: reasonOf(thrown), failures: this.#queue.failures(key) };
    if (isRace(thrown)) log.debug("lost a race, looking again", fields);
    else log.warn("a step failed, trying again", fields);
  }
}

/** A controller's step: plan, write, and only then remember. */
class Planner implements Steps {
  readonly #controller: AnyController;
  readonly #views: WatchedViews;
  readonly #carryOut: CarryOut;
  readonly #clock: Clock;
  /** Of which object it is remembered: a namesake that came after it starts anew. */
  readonly #memories = new Map<ObjectKey, { readonly uid: string | undefined; readonly memory: unknown }>();
  #seen: Seen | null = null;

  constructor(controller: AnyController, views: WatchedViews, carryOut: CarryOut, clock: Clock) {
    this.#controller = controller;
    this.#views = views;
    this.#carryOut = carryOut;
    this.#clock = clock;
  }

  seen(): Seen {
    return (this.#seen ??= this.#controller.derive?.(this.#views) ?? this.#views);
  }

  async step(key: ObjectKey): Promise<number | undefined> {
    const object = this.#views.view(this.#controller.kind).get(key);
    const plan = this.#plan(key, object);
    for (const change of plan.changes)
      await this.#carryOut.write(change).catch((thrown) => this.#refused(key, { change, plan }, thrown));
    if (object === undefined || plan.memory === undefined) this.#memories.delete(key);
    else this.#memories.set(key, { uid: object.metadata.uid, memory: plan.memory });
    return plan.againAtMs;
  }

  #plan(key: ObjectKey, object: KubeObject | undefined): Plan<unknown> {
    const known = this.#memories.get(key);
    const isSame = known !== undefined && known.uid === object?.metadata.uid;
    return this.#controller.plan(key, object, this.seen(), isSame ? known.memory : undefined, this.#clock.now());
  }

  /** Tells of a refused change what the controller has to say, then throws it on: the key is tried again. */
  async #refused(key: ObjectKey, refused: Omit<Refusal, "fault">, thrown: unknown): Promise<never> {
    const own = this.#views.view(this.#controller.kind).get(key);
    if (own === undefined || !(thrown instanceof Fault) || isFinal(thrown)) throw thrown;
    const told = this.#controller.refused?.(own, { ...refused, fault: thrown }, this.#clock.now()) ?? [];
    for (const said of told) await this.#carryOut.write(said);
    throw thrown;
  }
}

async function untilStopped(ready: Promise<unknown>, stop: Stop): Promise<void> {
  if (stop.aborted) return;
  await new Promise<void>((resolve, reject) => {
    const end = (): void => resolve();
    stop.addEventListener("abort", end, { once: true });
    ready.then(end, reject).finally(() => stop.removeEventListener("abort", end));
  });
}

/** Nothing to be told of: the next look finds the object as it is, or the namespace gone. */
function isFinal(thrown: Fault): boolean {
  return isRace(thrown) || isNamespaceTerminating(thrown);
}

function isRace(thrown: unknown): boolean {
  return (
    thrown instanceof Fault &&
    (thrown.code === "Conflict" || thrown.code === "AlreadyExists" || thrown.code === "NotFound")
  );
}
