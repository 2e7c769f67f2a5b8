/** ReplicaSet controller: as many pods as asked for (pod-set.ts). */
import { fromLabelSelector } from "#base/selector.ts";
import type { Controller } from "#deck/controller.ts";
import { type ReplicaSet, replicaSetKind } from "#kinds/apps/replica-set.ts";
import { podSetController } from "./pod-set.ts";

export const replicaSetController: Controller<ReplicaSet> = podSetController({
  name: "replicaset-controller",
  kind: replicaSetKind,
  selectorOf: ({ spec }) => fromLabelSelector(spec.selector) ?? [],
});
