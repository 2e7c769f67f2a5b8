/** Who owns what by selector: adopts orphans that match, releases what matches no longer. Upstream's controller ref manager. */
import { keyOf, type ObjectKey } from "#base/key.ts";
import { matches, type Selector } from "#base/selector.ts";
import type { Seen } from "#deck/controller.ts";
import type { Change, View } from "#deck/objects.ts";
import type { Kind } from "#kinds/kind.ts";
import { controllerOf, keyOfObject, type KubeObject } from "#kinds/object.ts";
import { controllerOfKind, controllerReference, withoutOwner, withOwner } from "#kinds/owners.ts";
import { patchTo } from "./changes.ts";

export interface Claimed<T> {
  readonly owned: readonly T[];
  readonly changes: readonly Change[];
}

/** `dependents` has the indexes of pod-facts.ts. What is adopted counts as owned at once. */
export function claim<O extends KubeObject, T extends KubeObject>(
  owner: { readonly kind: Kind<O>; readonly object: O; readonly selector: Selector },
  dependents: { readonly kind: Kind<T>; readonly view: View<T> },
): Claimed<T> {
  const { object, selector } = owner;
  const { uid = "" } = object.metadata;
  const { kind, view } = dependents;
  const mine = view.by("controller", uid);
  const owned = mine.filter(({ metadata }) => matches(selector, metadata.labels));
  const released = mine.filter(
    ({ metadata }) => !matches(selector, metadata.labels) && metadata.deletionTimestamp === undefined,
  );
  const isLeaving = object.metadata.deletionTimestamp !== undefined;
  const adopted = isLeaving
    ? []
    : view
        .by("orphans", object.metadata.namespace ?? "")
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined && matches(selector, metadata.labels));
  const release = (dependent: T): readonly Change[] => patchTo(kind, dependent, withoutOwner(dependent, uid));
  const adopt = (dependent: T): readonly Change[] =>
    patchTo(kind, dependent, withOwner(dependent, controllerReference(owner.kind, object)));
  return {
    owned: [...owned, ...adopted],
    changes: isLeaving ? [] : [...released.flatMap(release), ...adopted.flatMap(adopt)],
  };
}

/** Owners by selector; an empty one selects nothing. */
export interface OwnerRules<O extends KubeObject> {
  readonly kind: Kind<O>;
  readonly selectorOf: (owner: O) => Selector;
}

/** Its owner, or for an orphan everybody who might adopt it. */
export function wakesOfDependent<O extends KubeObject>(
  { kind, selectorOf }: OwnerRules<O>,
  dependent: KubeObject,
  seen: Seen,
): readonly ObjectKey[] {
  const { namespace = "", labels } = dependent.metadata;
  const owner = controllerOfKind(kind, dependent);
  if (owner !== undefined) return [keyOf(namespace, owner.name)];
  if (controllerOf(dependent) !== undefined) return [];
  const isMatch = (selector: Selector): boolean => selector.length > 0 && matches(selector, labels);
  return seen
    .view(kind)
    .list(namespace)
    .filter((one) => isMatch(selectorOf(one)))
    .map(keyOfObject);
}
