/** Kubernetes Events: what happened to an object, said once and counted when it happens again. */
import { timestamp } from "#base/clock.ts";
import { Fault } from "#base/fault.ts";
import { type Event, eventKind } from "#kinds/core/event.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import type { Objects } from "./objects.ts";

export interface Happening {
  readonly about: KubeObject;
  readonly type: "Normal" | "Warning";
  readonly reason: string;
  readonly message: string;
  /** The part of the object that it is about: "spec.containers{web}". */
  readonly fieldPath?: string;
}

// client-go's correlator remembers 4,096 events; ours is per component.
const REMEMBERED = 1_024;

/** Records events of one component. */
export class EventRecorder {
  readonly #objects: Objects;
  readonly #component: string;
  #said = 0;
  /** Which Event counts which happening, oldest first. */
  readonly #known = new Map<string, string>();

  constructor(objects: Objects, component: string) {
    this.#objects = objects;
    this.#component = component;
  }

  async record(happening: Happening, now: number): Promise<void> {
    const { about, type, reason, message, fieldPath = "" } = happening;
    const identity = [about.kind, keyOfObject(about), about.metadata.uid, fieldPath, type, reason, message].join("\n");
    const known = this.#known.get(identity);
    if (known !== undefined && (await this.#count(known, now))) return;
    const created = await this.#create(happening, now);
    this.#known.delete(identity);
    this.#known.set(identity, keyOfObject(created));
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
  }

  /** Named after the time, as upstream's: lists then tell what happened within one second in the order in which it did. */
  async #create(happening: Happening, now: number): Promise<Event> {
    const event = eventOf(happening, this.#component, now);
    const name = `${happening.about.metadata.name}.${this.#suffix(now)}`;
    try {
      return await this.#objects.create(eventKind, { ...event, metadata: { ...event.metadata, name } });
    } catch (thrown) {
      if (!(thrown instanceof Fault) || thrown.code !== "AlreadyExists") throw thrown;
      return this.#objects.create(eventKind, event);
    }
  }

  /** Hexadecimal nanoseconds; those below a millisecond count what this recorder said, and keep components apart. */
  #suffix(now: number): string {
    this.#said = (this.#said + 1) % 1_000;
    const nanos = BigInt(Math.trunc(now)) * 1_000_000n + BigInt(this.#said * 1_000 + lettersOf(this.#component));
    return nanos.toString(16);
  }

  /** False when the event is gone: they live for an hour. */
  async #count(key: string, now: number): Promise<boolean> {
    const counted = await this.#objects.change(eventKind, key, (event) => ({
      ...event,
      count: (event.count ?? 1) + 1,
      lastTimestamp: timestamp(now),
    }));
    return counted !== null;
  }
}

/** A number below 1,000 that few components share. */
function lettersOf(component: string): number {
  let sum = 0;
  for (let at = 0; at < component.length; at++) sum = (sum * 31 + component.charCodeAt(at)) % 1_000;
  return sum;
}

function eventOf({ about, type, reason, message, fieldPath }: Happening, component: string, now: number): Event {
  const { name, uid, resourceVersion } = about.metadata;
  // Events about cluster-scoped objects live in "default", as upstream's.
  const namespace = about.metadata.namespace ?? "default";
  return {
    metadata: { name: "", generateName: `${name}.`, namespace },
    involvedObject: {
      ...(about.kind !== undefined && { kind: about.kind }),
      ...(about.apiVersion !== undefined && { apiVersion: about.apiVersion }),
      ...(about.metadata.namespace !== undefined && { namespace }),
      name,
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      ...(fieldPath !== undefined && { fieldPath }),
    },
    type,
    reason,
    message,
    source: { component },
    reportingComponent: component,
    reportingInstance: "",
    count: 1,
    firstTimestamp: timestamp(now),
    lastTimestamp: timestamp(now),
    eventTime: null,
  };
}
