/** How controllers write their changes down: patches as the difference of two states, events, names. */
import { seededRandom, nameSuffix } from "#base/random.ts";
import type { Change } from "#deck/objects.ts";
import type { Kind, SubresourceName } from "#kinds/kind.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";
import { applyMergePatch, mergePatchOf } from "#wire/merge-patch.ts";

/** One patch from `live` to `next`, or nothing when they are the same. */
export function patchTo<T extends KubeObject>(
  kind: Kind<T>,
  live: T,
  next: T,
  subresource?: SubresourceName,
): readonly Change[] {
  const patch = mergePatchOf(live, next);
  if (Object.keys(patch as object).length === 0) return [];
  const { uid } = live.metadata;
  return [
    {
      verb: "patch",
      kind,
      key: keyOfObject(live),
      patch,
      ...(uid !== undefined && { uid }),
      ...(subresource && { subresource }),
    },
  ];
}

/** As patchTo, and only if nobody has changed the object since it was seen: for what two must not take at once. */
export function patchUnchanged<T extends KubeObject>(kind: Kind<T>, live: T, next: T): readonly Change[] {
  const { resourceVersion = "" } = live.metadata;
  return patchTo(kind, live, next).map((change) =>
    change.verb === "patch"
      ? { ...change, patch: applyMergePatch(change.patch, { metadata: { resourceVersion } }) }
      : change,
  );
}

export function create<T extends KubeObject>(kind: Kind<T>, object: T): Change {
  return { verb: "create", kind, object };
}

/** Only this very object, never a namesake that came after it. */
export function remove<T extends KubeObject>(
  kind: Kind<T>,
  object: T,
  options: { readonly gracePeriodSeconds?: number } = {},
): Change {
  const { uid } = object.metadata;
  return { verb: "remove", kind, key: keyOfObject(object), options: { ...options, ...(uid !== undefined && { uid }) } };
}

export function normalEvent(about: KubeObject, reason: string, message: string): Change {
  return { verb: "event", about, type: "Normal", reason, message };
}

export function warningEvent(about: KubeObject, reason: string, message: string): Change {
  return { verb: "event", about, type: "Warning", reason, message };
}

/**
 * `count` names under a prefix. A plan rolls no dice, so the suffixes follow from who asks and when: asking again at
 * another time gives others, which is what gets a controller past a name that is taken.
 */
export function freshNames(prefix: string, count: number, seed: string): readonly string[] {
  const random = seededRandom(hash32(seed));
  const names = new Set<string>();
  while (names.size < count) names.add(`${prefix}${nameSuffix(random)}`);
  return [...names];
}

/** FNV-1a over the text's code units. */
export function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193) >>> 0;
  return hash;
}
