/** ReplicationController controller: as many pods as asked for (pod-set.ts). */
import { selectorOf } from "#base/selector.ts";
import type { Controller } from "#deck/controller.ts";
import { type ReplicationController, replicationControllerKind } from "#kinds/core/replication-controller.ts";
import { podSetController } from "./pod-set.ts";

export const replicationControllerController: Controller<ReplicationController> = podSetController({
  name: "replication-controller",
  kind: replicationControllerKind,
  selectorOf: ({ spec }) => selectorOf(spec.selector ?? {}),
});
