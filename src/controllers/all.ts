/** Every controller there is: the control process runs one loop for each. */
import type { AnyController } from "#deck/controller.ts";
import type { Kind } from "#kinds/kind.ts";
import { builtinKinds } from "#kinds/registry.ts";
import { bindingController } from "./binding.ts";
import { certificateExpiryController } from "./certificate-expiry.ts";
import { clusterRoleAggregationController } from "./cluster-role-aggregation.ts";
import { claimBinder } from "./claim-binder.ts";
import { claimExpansion } from "./claim-expansion.ts";
import { daemonSetController } from "./daemon-set.ts";
import { deploymentController } from "./deployment.ts";
import { disruptionController } from "./disruption.ts";
import type { Edge } from "./edge.ts";
import { ephemeralClaims } from "./ephemeral-claims.ts";
import { endpointSliceController } from "./endpoint-slice.ts";
import { endpointSliceMirroringController } from "./endpoint-slice-mirroring.ts";
import { endpointsController } from "./endpoints.ts";
import { eventExpiryController } from "./event-expiry.ts";
import { functionRoleController } from "./function-role.ts";
import { garbageCollector } from "./garbage-collector.ts";
import { horizontalPodAutoscalerController } from "./horizontal-pod-autoscaler.ts";
import { httpApiAddressController, restApiAddressController, webSocketApiAddressController } from "./api-address.ts";
import { ingressAddressController } from "./ingress-address.ts";
import { cronJobController } from "./cron-job.ts";
import { jobController } from "./job.ts";
import { jobExpiryController } from "./job-expiry.ts";
import { namespaceController } from "./namespace.ts";
import { namespaceContentsController } from "./namespace-contents.ts";
import { nodeLifecycleController } from "./node-lifecycle.ts";
import { podGarbageController } from "./pod-garbage.ts";
import { replicaSetController } from "./replica-set.ts";
import { replicationControllerController } from "./replication-controller.ts";
import { staleDisruptionController } from "./stale-disruption.ts";
import { resourceQuotaController } from "./resource-quota.ts";
import { statefulSetController } from "./stateful-set.ts";
import { claimProtection, volumeProtection } from "./storage-protection.ts";
import { volumePhaseController } from "./volume-phases.ts";

/** Those that look at the same few kinds for ever. */
export const steadyControllers: readonly AnyController[] = [
  bindingController(),
  daemonSetController,
  deploymentController,
  replicaSetController,
  replicationControllerController,
  cronJobController,
  jobController,
  jobExpiryController,
  statefulSetController,
  claimBinder,
  claimExpansion,
  ephemeralClaims,
  volumePhaseController,
  claimProtection,
  volumeProtection,
  endpointSliceController,
  endpointSliceMirroringController,
  endpointsController,
  nodeLifecycleController,
  podGarbageController,
  disruptionController,
  staleDisruptionController,
  horizontalPodAutoscalerController(),
  eventExpiryController,
  functionRoleController,
  certificateExpiryController,
  clusterRoleAggregationController,
];

/** Those that tell objects of this instance: where its gateway serves what it serves, whose certificates pods may trust. */
export function instanceControllers({
  edge,
  ca,
}: {
  readonly edge: Edge;
  readonly ca: string;
}): readonly AnyController[] {
  return [
    ingressAddressController(edge),
    httpApiAddressController(edge),
    restApiAddressController(edge),
    webSocketApiAddressController(edge),
    namespaceContentsController(ca),
  ];
}

/** Those that look at every kind: to be started anew when CustomResourceDefinitions change what there is. */
export function kindControllers(kinds: readonly Kind[]): readonly AnyController[] {
  return [garbageCollector(kinds), namespaceController(kinds), resourceQuotaController(kinds)];
}

export const allControllers: readonly AnyController[] = [...steadyControllers, ...kindControllers(builtinKinds)];
