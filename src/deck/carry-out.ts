/** Writes what a plan wants through Objects, and waits until the views have seen it. Decides nothing. */
import type { Clock } from "#base/clock.ts";
import { Fault, reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";
import type { Kind } from "#kinds/kind.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import { applyMergePatch } from "#wire/merge-patch.ts";
import { EventRecorder } from "./events.ts";
import type { Change, Objects, View } from "./objects.ts";
import { jsonOf, objectOf } from "./stored.ts";

// A view behind a network lags; planning again before it has seen our own writes would repeat them.
const CATCH_UP_MS = 5_000;
const CATCH_UP_POLL_MS = 10;

export interface CarryOutOptions {
  /** The field manager and event source. */
  readonly name: string;
  readonly clock: Clock;
  readonly log: Log;
  /** The view of a kind, where there is one. */
  readonly viewOf: (kind: Kind) => View<KubeObject> | undefined;
}

export class CarryOut {
  readonly #objects: Objects;
  readonly #options: CarryOutOptions;
  readonly #recorder: EventRecorder;

  constructor(objects: Objects, options: CarryOutOptions) {
    this.#objects = objects;
    this.#options = options;
    this.#recorder = new EventRecorder(objects, options.name);
  }

  async write(change: Change): Promise<void> {
    switch (change.verb) {
      case "create":
        return this.#catchUp(change, await this.#objects.create(change.kind, change.object));
      case "patch":
        return this.#catchUp(change, await this.#patch(change));
      case "remove":
        await this.#objects.remove(change.kind, change.key, change.options);
        return;
      case "event":
        return this.#tell(change);
    }
  }

  /** As client-go's recorder: an event that the API refuses is not tried again, and nothing else fails with it. */
  async #tell(event: Change & { readonly verb: "event" }): Promise<void> {
    const { clock, log } = this.#options;
    try {
      await this.#recorder.record(event, clock.now());
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown;
      log.debug("an event was refused", { event: event.reason, reason: reasonOf(thrown) });
    }
  }

  #patch(change: Change & { readonly verb: "patch" }): Promise<KubeObject | null> {
    const decide = (live: KubeObject): KubeObject | null => {
      if (change.uid !== undefined && live.metadata.uid !== change.uid) return null;
      const next = applyMergePatch(jsonOf(live), change.patch);
      return next === jsonOf(live) ? null : objectOf(next);
    };
    return this.#objects.change(
      change.kind,
      change.key,
      decide,
      change.subresource === undefined ? {} : { subresource: change.subresource },
    );
  }

  /** Waits until our view has what we wrote (or something newer); in-process it always has. */
  async #catchUp({ verb, kind }: Change & { readonly kind: Kind }, written: KubeObject | null): Promise<void> {
    const { clock, viewOf } = this.#options;
    const view = viewOf(kind);
    if (written === null || view === undefined) return;
    const until = clock.monotonicMs() + CATCH_UP_MS;
    while (isBehind(view, written, verb === "create") && clock.monotonicMs() < until)
      await clock.sleep(CATCH_UP_POLL_MS);
  }
}

/** What was patched and is not there was removed by now; what was created and is not there is still to come. */
function isBehind(view: View<KubeObject>, written: KubeObject, isNew: boolean): boolean {
  const present = view.get(keyOfObject(written));
  if (present === undefined) return isNew;
  return Number(present.metadata.resourceVersion) < Number(written.metadata.resourceVersion);
}
