/** Keeps object triggers: an enabled one watches, a changed one watches anew, a disabled or deleted one ends. */
import type { Clock } from "#base/clock.ts";
import { keyOf, type ObjectKey } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import { parseSelector } from "#base/selector.ts";
import type { Keeper } from "#deck/controller.ts";
import type { Objects } from "#deck/objects.ts";
import { type ObjectTrigger, objectTriggerKind, type ObjectTriggerStatus } from "#kinds/catamaran/object-trigger.ts";
import type { Kind } from "#kinds/kind.ts";
import type { Database } from "#managed/database.ts";
import type { Pushes } from "#managed/push.ts";
import { ObjectWatch } from "./object-watch.ts";

export interface ObjectTriggerKeeping {
  readonly objects: Objects;
  /** Undefined for a kind that is not served now. */
  readonly kindOf: (apiVersion: string, kind: string) => Kind | undefined;
  readonly database: Database;
  readonly pushes: Pushes;
  readonly functionArn: (name: string) => string;
  readonly clock: Clock;
  readonly log: Log;
}

interface Running {
  /** Of the trigger, as text: another one watches anew. */
  readonly version: string;
  readonly parts: AsyncDisposable;
}

const FINALIZER = "catamaran.dev/watched-objects";
// A definition may be made later.
const LOOK_AGAIN_MS = 5_000;

export class ObjectTriggerKeeper implements Keeper<ObjectTrigger>, AsyncDisposable {
  readonly name = "catamaran-object-triggers";
  readonly kind: typeof objectTriggerKind = objectTriggerKind;
  readonly #keeping: ObjectTriggerKeeping;
  readonly #running = new Map<ObjectKey, Running>();

  constructor(keeping: ObjectTriggerKeeping) {
    this.#keeping = keeping;
  }

  async keep(key: ObjectKey, trigger: ObjectTrigger | undefined): Promise<number | undefined> {
    const { objects, database, clock, kindOf } = this.#keeping;
    if (trigger === undefined) return this.#end(key);
    const { finalizers = [], deletionTimestamp } = trigger.metadata;
    const isHeld = finalizers.includes(FINALIZER);
    if (deletionTimestamp !== undefined) {
      await this.#end(key);
      if (!isHeld) return undefined;
      await database.drop(collectionOf(trigger));
      await objects.change(objectTriggerKind, key, (live) => withFinalizers(live, without(live)));
      return undefined;
    }
    if (!isHeld) {
      await objects.change(objectTriggerKind, key, (live) => withFinalizers(live, [...without(live), FINALIZER]));
      return undefined;
    }
    const { apiVersion, kind: kindName, enabled } = trigger.spec;
    const kind = kindOf(apiVersion, kindName);
    if (enabled === false || kind?.scope !== "Namespaced") {
      await this.#end(key);
      if (enabled === false) return this.#tell(key, trigger, { state: "Disabled" });
      const message = `there is no namespaced kind ${kindName} in ${apiVersion}`;
      await this.#tell(key, trigger, { state: "Failed", message });
      return clock.now() + LOOK_AGAIN_MS;
    }
    await this.#watch(key, trigger, kind);
    return this.#tell(key, trigger, { state: "Watching" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((key) => this.#end(key)));
  }

  async #watch(key: ObjectKey, trigger: ObjectTrigger, kind: Kind): Promise<void> {
    const version = JSON.stringify([trigger.metadata.uid, trigger.spec]);
    if (this.#running.get(key)?.version === version) return;
    await this.#end(key);
    const { objects, database, pushes, functionArn, clock, log } = this.#keeping;
    const { namespace = "", name } = trigger.metadata;
    const { selector, filter, function: target } = trigger.spec;
    const labels = selector === undefined ? {} : { labels: parseSelector(selector) };
    const parts = new AsyncDisposableStack();
    const view = parts.use(objects.view(kind, { namespace, ...labels }));
    const source = `catamaran.dev/v1 ObjectTrigger ${keyOf(namespace, name)}`;
    const address = { target: functionArn(target), source, namespace };
    const collection = collectionOf(trigger);
    parts.use(new ObjectWatch({ view, database, pushes, collection, filter, address, clock, log }));
    this.#running.set(key, { version, parts });
  }

  async #end(key: ObjectKey): Promise<undefined> {
    const running = this.#running.get(key);
    this.#running.delete(key);
    await running?.parts[Symbol.asyncDispose]();
  }

  async #tell(key: ObjectKey, { status = {} }: ObjectTrigger, next: ObjectTriggerStatus): Promise<undefined> {
    if (status.state === next.state && status.message === next.message) return;
    const decide = (live: ObjectTrigger): ObjectTrigger => ({ ...live, status: next });
    await this.#keeping.objects.change(objectTriggerKind, key, decide, { subresource: "status" });
  }
}

function collectionOf({ metadata }: ObjectTrigger): string {
  return `object trigger ${metadata.name}.${metadata.uid ?? ""}`;
}

function without({ metadata: { finalizers = [] } }: ObjectTrigger): readonly string[] {
  return finalizers.filter((name) => name !== FINALIZER);
}

function withFinalizers(trigger: ObjectTrigger, finalizers: readonly string[]): ObjectTrigger {
  return { ...trigger, metadata: { ...trigger.metadata, finalizers } };
}
