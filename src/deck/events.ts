/** Kubernetes Events: what happened to an object, said once and counted when it happens again. */
import { timestamp } from "#base/clock.ts";
import { type Event, eventKind } from "#kinds/event.ts";
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
    const created = await this.#objects.create(eventKind, eventOf(happening, this.#component, now));
    this.#known.delete(identity);
    this.#known.set(identity, keyOfObject(created));
    const [oldest] = this.#known.keys();
    if (this.#known.size > REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
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
