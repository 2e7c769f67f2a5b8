/** Which kinds we serve. A kind that nothing acts on is not in here. */
import { apiDeploymentKind } from "#kinds/catamaran/api-deployment.ts";
import { apiKeyKind } from "#kinds/catamaran/api-key.ts";
import { restApiKind } from "#kinds/catamaran/rest-api.ts";
import { webSocketApiKind } from "#kinds/catamaran/web-socket-api.ts";
import { usagePlanKind } from "#kinds/catamaran/usage-plan.ts";
import { autoscalerV1Kind } from "#kinds/autoscaling/autoscaler-v1.ts";
import { bucketKind } from "#kinds/catamaran/bucket.ts";
import { certificateSigningRequestKind } from "#kinds/certificates/certificate-signing-request.ts";
import { configMapKind } from "#kinds/core/config-map.ts";
import { controllerRevisionKind } from "#kinds/apps/controller-revision.ts";
import { customResourceDefinitionKind } from "#kinds/admission/custom-resource-definition.ts";
import { daemonSetKind } from "#kinds/apps/daemon-set.ts";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { endpointSliceKind } from "#kinds/networking/endpoint-slice.ts";
import { endpointsKind } from "#kinds/core/endpoints.ts";
import { eventKind } from "#kinds/core/event.ts";
import { eventV1Kind } from "#kinds/core/event-v1.ts";
import { functionAliasKind } from "#kinds/catamaran/function-alias.ts";
import { functionVersionKind } from "#kinds/catamaran/function-version.ts";
import { layerKind, layerVersionKind } from "#kinds/catamaran/layer-version.ts";
import { archiveKind } from "#kinds/catamaran/archive.ts";
import { eventBusKind } from "#kinds/catamaran/event-bus.ts";
import { functionKind } from "#kinds/catamaran/function.ts";
import { horizontalPodAutoscalerKind } from "#kinds/autoscaling/horizontal-pod-autoscaler.ts";
import { httpApiKind } from "#kinds/catamaran/http-api.ts";
import { iamGroupKind } from "#kinds/catamaran/iam-group.ts";
import { iamInstanceProfileKind } from "#kinds/catamaran/iam-instance-profile.ts";
import { iamOidcProviderKind } from "#kinds/catamaran/iam-oidc-provider.ts";
import { iamPolicyKind } from "#kinds/catamaran/iam-policy.ts";
import { iamRoleKind } from "#kinds/catamaran/iam-role.ts";
import { iamUserKind } from "#kinds/catamaran/iam-user.ts";
import { ingressClassKind } from "#kinds/networking/ingress-class.ts";
import { networkPolicyKind } from "#kinds/networking/network-policy.ts";
import { ingressKind } from "#kinds/networking/ingress.ts";
import { cronJobKind } from "#kinds/batch/cron-job.ts";
import { jobKind } from "#kinds/batch/job.ts";
import type { Kind } from "./kind.ts";
import { leaseKind } from "#kinds/core/lease.ts";
import { nodeMetricsKind, podMetricsKind } from "#kinds/autoscaling/metrics.ts";
import { limitRangeKind } from "#kinds/core/limit-range.ts";
import { namespaceKind } from "#kinds/core/namespace.ts";
import { nodeKind } from "#kinds/core/node.ts";
import { persistentVolumeClaimKind } from "#kinds/core/persistent-volume-claim.ts";
import { persistentVolumeKind } from "#kinds/core/persistent-volume.ts";
import { podKind } from "#kinds/core/pod.ts";
import { podTemplateKind } from "#kinds/core/pod-template.ts";
import { podDisruptionBudgetKind } from "#kinds/policy/pod-disruption-budget.ts";
import { priorityClassKind } from "#kinds/core/priority-class.ts";
import { clusterRoleBindingKind, clusterRoleKind, roleBindingKind, roleKind } from "#kinds/rbac/rbac.ts";
import { replicaSetKind } from "#kinds/apps/replica-set.ts";
import { replicationControllerKind } from "#kinds/core/replication-controller.ts";
import { resourceQuotaKind } from "#kinds/core/resource-quota.ts";
import {
  bindingKind,
  evictionKind,
  localSubjectAccessReviewKind,
  scaleKind,
  selfSubjectAccessReviewKind,
  selfSubjectReviewKind,
  selfSubjectRulesReviewKind,
  subjectAccessReviewKind,
  tokenRequestKind,
  tokenReviewKind,
} from "#kinds/rbac/reviews.ts";
import { eventSourceMappingKind } from "#kinds/catamaran/event-source-mapping.ts";
import { objectTriggerKind } from "#kinds/catamaran/object-trigger.ts";
import { queueKind } from "#kinds/catamaran/queue.ts";
import { runtimeClassKind } from "#kinds/node/runtime-class.ts";
import { scalingSampleKind } from "#kinds/autoscaling/scaling-sample.ts";
import { secretKind } from "#kinds/core/secret.ts";
import { serviceAccountKind } from "#kinds/core/service-account.ts";
import { serviceKind } from "#kinds/core/service.ts";
import { statefulSetKind } from "#kinds/apps/stateful-set.ts";
import { storageClassKind } from "#kinds/storage/storage-class.ts";
import { ruleKind } from "#kinds/catamaran/rule.ts";
import { scheduleGroupKind } from "#kinds/catamaran/schedule-group.ts";
import { scheduleKind } from "#kinds/catamaran/schedule.ts";
import { subscriptionKind } from "#kinds/catamaran/subscription.ts";
import { tableKind } from "#kinds/catamaran/table.ts";
import { topicKind } from "#kinds/catamaran/topic.ts";

/** Everything that is stored (or kept in memory) and served. */
export const builtinKinds: readonly Kind[] = [
  configMapKind,
  endpointsKind,
  eventKind,
  limitRangeKind,
  namespaceKind,
  nodeKind,
  persistentVolumeClaimKind,
  persistentVolumeKind,
  podKind,
  podTemplateKind,
  replicationControllerKind,
  resourceQuotaKind,
  secretKind,
  serviceAccountKind,
  serviceKind,
  customResourceDefinitionKind,
  controllerRevisionKind,
  daemonSetKind,
  deploymentKind,
  replicaSetKind,
  statefulSetKind,
  horizontalPodAutoscalerKind,
  autoscalerV1Kind,
  cronJobKind,
  jobKind,
  certificateSigningRequestKind,
  eventV1Kind,
  leaseKind,
  endpointSliceKind,
  ingressClassKind,
  networkPolicyKind,
  ingressKind,
  runtimeClassKind,
  podDisruptionBudgetKind,
  clusterRoleBindingKind,
  clusterRoleKind,
  roleBindingKind,
  roleKind,
  priorityClassKind,
  storageClassKind,
  podMetricsKind,
  scalingSampleKind,
  nodeMetricsKind,
  functionKind,
  functionVersionKind,
  functionAliasKind,
  layerKind,
  layerVersionKind,
  tableKind,
  httpApiKind,
  restApiKind,
  webSocketApiKind,
  apiDeploymentKind,
  apiKeyKind,
  usagePlanKind,
  iamGroupKind,
  iamInstanceProfileKind,
  iamOidcProviderKind,
  iamPolicyKind,
  iamRoleKind,
  iamUserKind,
  queueKind,
  topicKind,
  subscriptionKind,
  bucketKind,
  eventBusKind,
  ruleKind,
  archiveKind,
  scheduleGroupKind,
  scheduleKind,
  eventSourceMappingKind,
  objectTriggerKind,
];

/** Only asked: POST answers at once, nothing is stored. */
export const askedKinds: readonly Kind[] = [
  bindingKind,
  subjectAccessReviewKind,
  selfSubjectAccessReviewKind,
  localSubjectAccessReviewKind,
  selfSubjectRulesReviewKind,
  selfSubjectReviewKind,
  tokenReviewKind,
];

/** Bodies of subresources: decoded and described, but without a path of their own. */
export const bodyKinds: readonly Kind[] = [scaleKind, evictionKind, tokenRequestKind];
