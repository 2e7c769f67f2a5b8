/** Which kinds we serve. A kind that nothing acts on is not in here. */
import { autoscalerV1Kind } from "./autoscaler-v1.ts";
import { configMapKind } from "./config-map.ts";
import { customResourceDefinitionKind } from "./custom-resource-definition.ts";
import { deploymentKind } from "./deployment.ts";
import { endpointSliceKind } from "./endpoint-slice.ts";
import { endpointsKind } from "./endpoints.ts";
import { eventKind } from "./event.ts";
import { eventV1Kind } from "./event-v1.ts";
import { functionKind } from "./function.ts";
import { horizontalPodAutoscalerKind } from "./horizontal-pod-autoscaler.ts";
import { httpApiKind } from "./http-api.ts";
import { ingressClassKind } from "./ingress-class.ts";
import { ingressKind } from "./ingress.ts";
import type { Kind } from "./kind.ts";
import { leaseKind } from "./lease.ts";
import { nodeMetricsKind, podMetricsKind } from "./metrics.ts";
import { namespaceKind } from "./namespace.ts";
import { nodeKind } from "./node.ts";
import { podKind } from "./pod.ts";
import { priorityClassKind } from "./priority-class.ts";
import { clusterRoleBindingKind, clusterRoleKind, roleBindingKind, roleKind } from "./rbac.ts";
import { replicaSetKind } from "./replica-set.ts";
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
} from "./reviews.ts";
import { secretKind } from "./secret.ts";
import { serviceAccountKind } from "./service-account.ts";
import { serviceKind } from "./service.ts";
import { tableKind } from "./table.ts";

/** Everything that is stored (or kept in memory) and served. */
export const builtinKinds: readonly Kind[] = [
  configMapKind,
  endpointsKind,
  eventKind,
  namespaceKind,
  nodeKind,
  podKind,
  secretKind,
  serviceAccountKind,
  serviceKind,
  customResourceDefinitionKind,
  deploymentKind,
  replicaSetKind,
  horizontalPodAutoscalerKind,
  autoscalerV1Kind,
  eventV1Kind,
  leaseKind,
  endpointSliceKind,
  ingressClassKind,
  ingressKind,
  clusterRoleBindingKind,
  clusterRoleKind,
  roleBindingKind,
  roleKind,
  priorityClassKind,
  podMetricsKind,
  nodeMetricsKind,
  functionKind,
  tableKind,
  httpApiKind,
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
