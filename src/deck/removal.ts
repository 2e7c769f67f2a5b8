/** What a delete does to an object: gone at once, or marked and left to its finalizers and its grace period. Decides, never writes. */
import { timestamp } from "#base/clock.ts";
import type { Kind } from "#kinds/kind.ts";
import type { KubeObject, ObjectMeta } from "#kinds/object.ts";
import type { RemoveOptions } from "./objects.ts";

export type Removal =
  | { readonly is: "gone" }
  | { readonly is: "marked"; readonly next: KubeObject }
  | { readonly is: "pending" };

export function removalOf(kind: Kind, live: KubeObject, options: RemoveOptions, now: number): Removal {
  const finalizers = finalizersFor(live.metadata, options.propagation);
  const grace = kind.grace?.(live, options.gracePeriodSeconds) ?? 0;
  const metadata = marked(live.metadata, finalizers, grace, now);
  const isHeld = finalizers.length > 0 || specFinalizers(kind, live).length > 0;
  if (!isHeld && grace === 0) return { is: "gone" };
  if (metadata === null) return { is: "pending" };
  const next: KubeObject = { ...live, metadata };
  return { is: "marked", next: kind.onMarked?.(next) ?? next };
}

/** A marked object goes when nothing holds it any more: an update took the last finalizer. */
export function isReleased(kind: Kind, next: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = next.metadata;
  return (
    deletionTimestamp !== undefined &&
    deletionGracePeriodSeconds === 0 &&
    finalizers.length === 0 &&
    specFinalizers(kind, next).length === 0
  );
}

function specFinalizers(kind: Kind, object: KubeObject): readonly string[] {
  return kind.specFinalizers?.(object) ?? [];
}

/** The mark, or null when the object is marked already and nothing becomes sooner or different. */
function marked(metadata: ObjectMeta, finalizers: readonly string[], grace: number, now: number): ObjectMeta | null {
  const { finalizers: _before, ...kept } = metadata;
  const withFinalizers: ObjectMeta = finalizers.length === 0 ? kept : { ...kept, finalizers };
  const isMarked = metadata.deletionTimestamp !== undefined;
  const isSooner = !isMarked || grace < (metadata.deletionGracePeriodSeconds ?? 0);
  const isDifferent = finalizers.join() !== (metadata.finalizers ?? []).join();
  if (!isSooner) return isDifferent ? withFinalizers : null;
  return {
    ...withFinalizers,
    deletionTimestamp: timestamp(now + grace * 1_000),
    deletionGracePeriodSeconds: grace,
    ...(metadata.generation !== undefined && !isMarked ? { generation: metadata.generation + 1 } : {}),
  };
}

/** The garbage collector acts on these two; background deletion needs neither. */
function finalizersFor(metadata: ObjectMeta, propagation: RemoveOptions["propagation"]): readonly string[] {
  const before = metadata.finalizers ?? [];
  if (propagation === undefined) return before;
  const others = before.filter((finalizer) => finalizer !== "foregroundDeletion" && finalizer !== "orphan");
  switch (propagation) {
    case "Background":
      return others;
    case "Foreground":
      return [...others, "foregroundDeletion"];
    case "Orphan":
      return [...others, "orphan"];
  }
}
