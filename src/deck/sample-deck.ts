/** A deck over memory with a clock that stands still, and small objects to put into it. For tests only. */
import type { ObjectKey } from "#base/key.ts";
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject, ObjectMeta } from "#kinds/object.ts";
import type { Pod } from "#kinds/core/pod.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { Deck, type DeckOptions } from "./deck.ts";
import { FakeClock } from "./fake-clock.ts";
import type { Journal } from "./journal.ts";

export interface SampleDeck {
  readonly deck: Deck;
  readonly clock: FakeClock;
}

export async function openSampleDeck(journal: Journal, options: Partial<DeckOptions> = {}): Promise<SampleDeck> {
  const clock = new FakeClock(Date.parse("2026-01-02T03:04:05Z"));
  const deck = await Deck.open({
    journal,
    clock,
    random: seededRandom(1),
    log: silent,
    kinds: builtinKinds,
    ...options,
  });
  return { deck, clock };
}

/** A kind's object that only has metadata, or what `rest` says. */
export function object<T extends KubeObject = KubeObject>(
  name: string,
  rest: object = {},
  metadata: Partial<ObjectMeta> = {},
): T {
  return { metadata: { name, namespace: "default", ...metadata }, ...rest } as T;
}

export function pod(name: string, metadata: Partial<ObjectMeta> = {}, spec: object = {}): Pod {
  return object<Pod>(name, { spec: { containers: [{ name: "main", image: "busybox" }], ...spec } }, metadata);
}

/** The object that must be there. */
export function present<T extends KubeObject>(deck: Deck, kind: Kind<T>, key: ObjectKey): T {
  const stored = deck.read(kind, key);
  if (stored === null) throw new RangeError(`${key} is not there`);
  return stored.object as T;
}
