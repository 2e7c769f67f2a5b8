/** Runs a controller: wakes keys, asks for the plan, carries it out through Objects, and tries again when that fails. */
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { ObjectKey } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import type { Stop } from "#base/stop.ts";
import type { Kind } from "#kinds/kind.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import type { Controller, Plan, Seen, Watch } from "./controller.ts";
import { EventRecorder } from "./events.ts";
import { applyMergePatch } from "#wire/merge-patch.ts";
import type { Change, Objects, View } from "./objects.ts";
import { isNamespaceTerminating } from "./refusals.ts";
import { storageOf } from "./registry.ts";
import { jsonOf, objectOf } from "./stored.ts";
import type { Indexes } from "./views.ts";
import { WorkQueue } from "./work-queue.ts";

export interface LoopOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: Stop;
  /** How many keys are worked on at once; one key never is by two. Default 4. */
  readonly workers?: number;
}

const DEFAULT_WORKERS = 4;
// A view behind a network lags; planning again before it has seen our own writes would repeat them.
const CATCH_UP_MS = 5_000;
const CATCH_UP_POLL_MS = 10;

/** Resolves when `stop` has fired and all work in hand has ended. */
export async function runController<T extends KubeObject>(
  controller: Controller<T>,
  objects: Objects,
  options: LoopOptions,
): Promise<void> {
  const { clock, log, stop, workers = DEFAULT_WORKERS } = options;
  const views = openViews(controller, objects);
  const queue = new WorkQueue(clock);
  const close = (): void => queue[Symbol.dispose]();
  stop.addEventListener("abort", close, { once: true });
  if (stop.aborted) close();
  const loop = new Loop(controller, { objects, views, queue, clock, log: log.with({ controller: controller.name }) });
  await untilStopped(Promise.all([...views.values()].map((view) => view.synced)), stop);
  if (!stop.aborted) loop.listen();
  await Promise.all(Array.from({ length: workers }, () => loop.work()));
  for (const view of views.values()) view[Symbol.dispose]();
  stop.removeEventListener("abort", close);
}

async function untilStopped(ready: Promise<unknown>, stop: Stop): Promise<void> {
  if (stop.aborted) return;
  await new Promise<void>((resolve, reject) => {
    const end = (): void => resolve();
    stop.addEventListener("abort", end, { once: true });
    ready.then(end, reject).finally(() => stop.removeEventListener("abort", end));
  });
}

type AnyView = View<KubeObject>;

/** One view per kind, with the indexes of everybody who declared some. */
function openViews<T extends KubeObject>(controller: Controller<T>, objects: Objects): ReadonlyMap<string, AnyView> {
  const wanted = new Map<string, { readonly kind: Kind; indexes: Indexes<KubeObject> }>();
  const want = (kind: Kind, indexes: Indexes<KubeObject> = {}): void => {
    const before = wanted.get(nameOfKind(kind));
    if (before === undefined) wanted.set(nameOfKind(kind), { kind, indexes });
    else before.indexes = { ...before.indexes, ...indexes };
  };
  want(controller.kind as unknown as Kind, controller.indexes as Indexes<KubeObject> | undefined);
  for (const watch of controller.watches) want(watch.kind, watch.indexes);
  return new Map([...wanted].map(([name, { kind, indexes }]) => [name, objects.view(kind, { indexes })]));
}

function nameOfKind(kind: Kind): string {
  return `${kind.group}/${kind.plural}`;
}

interface LoopParts {
  readonly objects: Objects;
  readonly views: ReadonlyMap<string, AnyView>;
  readonly queue: WorkQueue;
  readonly clock: Clock;
  readonly log: Log;
}

class Loop<T extends KubeObject> {
  readonly #controller: Controller<T>;
  readonly #parts: LoopParts;
  readonly #recorder: EventRecorder;
  readonly #seen: Seen;

  constructor(controller: Controller<T>, parts: LoopParts) {
    this.#controller = controller;
    this.#parts = parts;
    this.#recorder = new EventRecorder(parts.objects, controller.name);
    this.#seen = {
      view: <U extends KubeObject>(kind: Kind<U>) => this.#viewOf(kind as unknown as Kind) as unknown as View<U>,
    };
  }

  /** The views end with the loop, and their listeners with them. */
  listen(): void {
    const { queue } = this.#parts;
    this.#viewOf(this.#controller.kind as unknown as Kind).onChange((key) => queue.add(key));
    for (const watch of this.#controller.watches) {
      this.#viewOf(watch.kind).onChange((_key, next, previous) => {
        if (previous !== undefined) this.#wake(watch, previous);
        if (next !== undefined) this.#wake(watch, next);
      });
    }
  }

  async work(): Promise<void> {
    const { queue } = this.#parts;
    for (;;) {
      const key = await queue.take();
      if (key === null) return;
      await this.#reconcile(key);
      queue.done(key);
    }
  }

  #wake(watch: Watch, object: KubeObject): void {
    try {
      for (const key of watch.wakes(object, this.#seen)) this.#parts.queue.add(key);
    } catch (thrown) {
      this.#parts.log.error("cannot tell which keys a change wakes", {
        kind: watch.kind.plural,
        object: keyOfObject(object),
        reason: reasonOf(thrown),
      });
    }
  }

  async #reconcile(key: ObjectKey): Promise<void> {
    const { queue, log, clock } = this.#parts;
    try {
      const plan = this.#plan(key);
      for (const change of plan.changes)
        await this.#carryOut(change).catch((thrown) => this.#refused(key, change, thrown));
      queue.forget(key);
      if (plan.againAtMs !== undefined) queue.addAfter(key, Math.max(1, plan.againAtMs - clock.now()));
    } catch (thrown) {
      // Nothing will ever be made in a namespace that is ending; what changes there meanwhile wakes the key again.
      if (isNamespaceTerminating(thrown)) return queue.forget(key);
      queue.addRateLimited(key);
      const fields = { key, reason: reasonOf(thrown), failures: queue.failures(key) };
      if (isRace(thrown)) log.debug("lost a race, looking again", fields);
      else log.warn("a plan failed, trying again", fields);
    }
  }

  /** Tells of a refused create what the controller has to say, then throws it on: the key is tried again. */
  async #refused(key: ObjectKey, change: Change, thrown: unknown): Promise<never> {
    const own = this.#viewOf(this.#controller.kind as unknown as Kind).get(key) as T | undefined;
    if (own === undefined || change.verb !== "create" || !(thrown instanceof Fault) || isFinal(thrown)) throw thrown;
    const told = this.#controller.refused?.(own, change, thrown, this.#parts.clock.now()) ?? [];
    for (const said of told) await this.#carryOut(said);
    throw thrown;
  }

  #plan(key: ObjectKey): Plan {
    const own = this.#viewOf(this.#controller.kind as unknown as Kind);
    return this.#controller.plan(key, own.get(key) as T | undefined, this.#seen, this.#parts.clock.now());
  }

  async #carryOut(change: Change): Promise<void> {
    const { objects, clock } = this.#parts;
    switch (change.verb) {
      case "create":
        return this.#catchUp(change, await objects.create(change.kind, change.object));
      case "patch":
        return this.#catchUp(change, await this.#patch(change));
      case "remove":
        await objects.remove(change.kind, change.key, change.options);
        return;
      case "event":
        return this.#tell(change, clock.now());
    }
  }

  /** As client-go's recorder: an event that the API refuses is not tried again, and nothing else fails with it. */
  async #tell(event: Change & { readonly verb: "event" }, now: number): Promise<void> {
    try {
      await this.#recorder.record(event, now);
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      this.#parts.log.debug("an event was refused", { event: event.reason, reason: reasonOf(thrown) });
    }
  }

  #patch(change: Change & { readonly verb: "patch" }): Promise<KubeObject | null> {
    const decide = (live: KubeObject): KubeObject | null => {
      if (change.uid !== undefined && live.metadata.uid !== change.uid) return null;
      const next = applyMergePatch(jsonOf(live), change.patch);
      return next === jsonOf(live) ? null : objectOf(next);
    };
    return this.#parts.objects.change(
      change.kind,
      change.key,
      decide,
      change.subresource === undefined ? {} : { subresource: change.subresource },
    );
  }

  /** Waits until our view has what we wrote (or something newer); in-process it always has. */
  async #catchUp({ verb, kind }: Change & { readonly kind: Kind }, written: KubeObject | null): Promise<void> {
    const view = this.#parts.views.get(nameOfKind(kind));
    if (written === null || view === undefined) return;
    const { clock } = this.#parts;
    const until = clock.monotonicMs() + CATCH_UP_MS;
    while (isBehind(view, written, verb === "create") && clock.monotonicMs() < until)
      await clock.sleep(CATCH_UP_POLL_MS);
  }

  #viewOf(kind: Kind): AnyView {
    const view = this.#parts.views.get(nameOfKind(kind));
    if (view === undefined)
      throw new RangeError(`${this.#controller.name} looks at ${storageOf(kind)} but does not watch it`);
    return view;
  }
}

/** What was patched and is not there was removed by now; what was created and is not there is still to come. */
function isBehind(view: AnyView, written: KubeObject, isNew: boolean): boolean {
  const present = view.get(keyOfObject(written));
  if (present === undefined) return isNew;
  return Number(present.metadata.resourceVersion) < Number(written.metadata.resourceVersion);
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
