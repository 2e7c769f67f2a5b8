/** What a mapping reads from: found by the mapping's spec, and opened as something that polls until it is disposed. */
import type { Json } from "#base/json.ts";
import { keyOf } from "#base/key.ts";
import type { Log } from "#base/log.ts";
import { type Watch, watching } from "#deck/controller.ts";
import type { InvokeResult } from "#functions/invocation.ts";
import {
  type EventSourceMapping,
  eventSourceMappingKind,
  type EventSourceMappingSpec,
} from "#kinds/catamaran/event-source-mapping.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject } from "#kinds/object.ts";

/** What every poller is given. */
export interface Polling {
  readonly mapping: EventSourceMapping;
  /** Runs the function and waits for its answer. */
  readonly invoke: (payload: Uint8Array) => Promise<InvokeResult>;
  /** Told after each batch: "OK" or what went wrong. */
  readonly report: (result: string) => void;
  readonly log: Log;
}

export interface Opened {
  /** Of what is read, as text: another one polls anew. */
  readonly version: string;
  start(polling: Polling): AsyncDisposable;
}

export interface EventSource {
  /** The member of the spec that names what is read, also in sentences: "queue". */
  readonly noun: "queue" | "table";
  /** Wakes the mappings of what changed. */
  readonly watch: Watch;
  /** A text tells why there is nothing to read. */
  find(namespace: string, name: string): Promise<Opened | string>;
  /** What is kept of a mapping that is gone. */
  forget(uid: string): Promise<void>;
}

/** The index of mappings by what they read. */
export function sourceKeys({ metadata, spec }: EventSourceMapping): readonly string[] {
  const { namespace = "" } = metadata;
  return SOURCES.flatMap((noun) => {
    const name = spec[noun];
    return name === undefined ? [] : [sourceKey(noun, namespace, name)];
  });
}

const SOURCES = ["queue", "table"] as const;

function sourceKey(noun: EventSource["noun"], namespace: string, name: string): string {
  return `${noun} ${keyOf(namespace, name)}`;
}

export function watchOf<T extends KubeObject>(kind: Kind<T>, noun: EventSource["noun"]): Watch {
  return watching({
    kind,
    wakes: ({ metadata }, seen) =>
      seen
        .view(eventSourceMappingKind)
        .by("source", sourceKey(noun, metadata.namespace ?? "", metadata.name))
        .map((mapping) => keyOf(mapping.metadata.namespace ?? "", mapping.metadata.name)),
  });
}

export function sourceOf(
  sources: readonly EventSource[],
  spec: EventSourceMappingSpec,
): { readonly source: EventSource; readonly name: string } | null {
  for (const source of sources) {
    const name = spec[source.noun];
    if (name !== undefined) return { source, name };
  }
  return null;
}

/** A record of a stream, as the poller of streams sees it. */
export interface OrderedRecord {
  /** Grows; what a function's answer names it by is `id`. */
  readonly sequence: number;
  readonly id: string;
  /** Records of one key are handed over in order. */
  readonly key: string;
  readonly atMs: number;
  /** As the function sees it. */
  readonly shown: Json;
}
