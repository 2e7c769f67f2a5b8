/** One plan of one controller over given objects, without a deck and a loop. For tests only. */
import type { Controller, Plan, Seen } from "#deck/controller.ts";
import type { Change } from "#deck/objects.ts";
import { storageOf } from "#deck/registry.ts";
import { IndexedView } from "#deck/views.ts";
import { WatchedViews } from "#deck/watched-views.ts";
import { type Kind, resourceOf } from "#kinds/kind.ts";
import { keyOfObject, type KubeObject } from "#kinds/object.ts";

/** What else is there: objects by their kinds. */
export type There = readonly (readonly [kind: Kind, objects: readonly KubeObject[]])[];

export interface PlanOptions<M> {
  readonly there?: There;
  readonly memory?: M;
  readonly now?: number;
}

/** `object` is what the plan is about: the object, or the key of one that is gone. */
export function planOf<T extends KubeObject, M, S extends Seen>(
  controller: Controller<T, M, S>,
  object: T | string,
  { there = [], memory, now = 0 }: PlanOptions<M> = {},
): Plan<M> {
  const own: There = typeof object === "string" ? [] : [[controller.kind, [object]]];
  const seen = seenBy(controller, [...own, ...there]);
  const key = typeof object === "string" ? object : keyOfObject(object);
  return controller.plan(key, typeof object === "string" ? undefined : object, seen, memory, now);
}

/** The views that the controller would have of these objects, and what it derives of them. */
export function seenBy<T extends KubeObject, M, S extends Seen>(controller: Controller<T, M, S>, there: There): S {
  const views = new WatchedViews(controller, {
    view: (kind, { indexes } = {}) => {
      const view = new IndexedView(indexes);
      for (const [of, objects] of there)
        if (storageOf(of) === storageOf(kind)) for (const each of objects) view.put(keyOfObject(each), each as never);
      return view;
    },
  });
  return (controller.derive?.(views) ?? views) as S;
}

/** The changes in short: "create pods default/web-1", "patch pods/status default/web-1", "event Normal Created". */
export function brief(changes: readonly Change[]): readonly string[] {
  return changes.map((change) => {
    switch (change.verb) {
      case "create":
        return `create ${resourceOf(change.kind)} ${keyOfObject(change.object)}`;
      case "patch": {
        const subresource = change.subresource === undefined ? "" : `/${change.subresource}`;
        return `patch ${resourceOf(change.kind)}${subresource} ${change.key}`;
      }
      case "remove":
        return `remove ${resourceOf(change.kind)} ${change.key}`;
      case "event":
        return `event ${change.type} ${change.reason}: ${change.message}`;
    }
  });
}
