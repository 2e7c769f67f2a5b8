/** A deck over memory with a clock that stands still, and small objects to put into it. For tests only. */
import { silent } from "#base/log.ts";
import { seededRandom } from "#base/random.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject, ObjectMeta } from "#kinds/object.ts";
import type { Pod } from "#kinds/pod.ts";
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

export function clusterObject<T extends KubeObject>(_kind: Kind<T>, name: string, rest: object = {}): T {
  return { metadata: { name }, ...rest } as T;
}
