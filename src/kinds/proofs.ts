/** What shows that each member of the types we take has an effect: the test that asks for it. proofs.test.ts demands one of every member. */
import type { TypeName } from "#base/schema.ts";
import { storageProofs } from "./storage-proofs.ts";
import { iamProofs } from "./iam-proofs.ts";
import { apiProofs } from "./api-proofs.ts";
import { policyProofs } from "./policy-proofs.ts";
import { bucketProofs } from "./bucket-proofs.ts";
import { coreProofs, type Members, type TypeProofs } from "./core-proofs.ts";
import { messageProofs } from "./message-proofs.ts";

export const proofs: TypeProofs = {
  ...coreProofs,
  ...bucketProofs,
  ...policyProofs,
  ...messageProofs,
  ...iamProofs,
  ...apiProofs,
  ...storageProofs,
  "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": {
    "src/deck/deck.test.ts":
      "name generateName namespace uid resourceVersion generation creationTimestamp deletionTimestamp deletionGracePeriodSeconds labels finalizers managedFields",
    "src/controllers/chain.test.ts": "annotations ownerReferences",
  },
  "io.k8s.apimachinery.pkg.apis.meta.v1.OwnerReference": {
    "tests/kubectl-manifests.ts": "apiVersion kind name uid controller blockOwnerDeletion",
  },
  "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry": {
    "src/deck/deck.test.ts": "manager operation apiVersion time subresource",
    "src/deck/versions.test.ts": "fieldsV1",
  },
  "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector": {
    "src/kinds/rbac/gathered-rules.test.ts": "matchLabels matchExpressions",
  },
  "io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement": {
    "src/deck/deck.test.ts": "key operator values",
  },
  "io.k8s.api.apps.v1.Deployment": {
    "src/controllers/upkeep.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.apps.v1.DeploymentSpec": {
    "src/controllers/chain.test.ts":
      "replicas selector template strategy minReadySeconds revisionHistoryLimit paused progressDeadlineSeconds",
  },
  "io.k8s.api.apps.v1.DaemonSet": {
    "src/controllers/daemon-set.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.apps.v1.DaemonSetSpec": {
    "src/controllers/daemon-set.test.ts": "selector template updateStrategy minReadySeconds revisionHistoryLimit",
  },
  "io.k8s.api.apps.v1.DaemonSetUpdateStrategy": {
    "src/controllers/daemon-set.test.ts": "type rollingUpdate",
  },
  "io.k8s.api.apps.v1.RollingUpdateDaemonSet": {
    "src/controllers/daemon-set.test.ts": "maxUnavailable maxSurge",
  },
  "io.k8s.api.apps.v1.StatefulSet": {
    "src/controllers/stateful-set.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.apps.v1.StatefulSetSpec": {
    "src/controllers/stateful-set.test.ts":
      "replicas selector template serviceName podManagementPolicy updateStrategy revisionHistoryLimit minReadySeconds ordinals",
    "src/controllers/stateful-claims.test.ts": "persistentVolumeClaimRetentionPolicy volumeClaimTemplates",
  },
  "io.k8s.api.apps.v1.StatefulSetOrdinals": {
    "src/controllers/stateful-set.test.ts": "start",
  },
  "io.k8s.api.apps.v1.StatefulSetPersistentVolumeClaimRetentionPolicy": {
    "src/controllers/stateful-claims.test.ts": "whenDeleted whenScaled",
  },
  "io.k8s.api.apps.v1.StatefulSetUpdateStrategy": {
    "src/controllers/stateful-set.test.ts": "type rollingUpdate",
  },
  "io.k8s.api.apps.v1.RollingUpdateStatefulSetStrategy": {
    "src/controllers/stateful-set.test.ts": "partition",
    "src/deck/inert.test.ts": "maxUnavailable",
  },
  "io.k8s.api.apps.v1.ControllerRevision": {
    "src/controllers/daemon-set.test.ts": "kind apiVersion metadata data revision",
  },
  "io.k8s.api.apps.v1.DeploymentStrategy": {
    "src/controllers/chain.test.ts": "type",
    "tests/kubectl-scenes.ts": "rollingUpdate",
  },
  "io.k8s.api.apps.v1.RollingUpdateDeployment": {
    "src/kinds/rules/check.test.ts": "maxUnavailable maxSurge",
  },
  "io.k8s.api.apps.v1.ReplicaSet": {
    "src/controllers/upkeep.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.apps.v1.ReplicaSetSpec": {
    "src/controllers/chain.test.ts": "replicas minReadySeconds selector template",
  },
  "io.k8s.api.batch.v1.CronJob": { "src/controllers/cron-job.test.ts": "kind apiVersion metadata spec" },
  "io.k8s.api.batch.v1.CronJobSpec": {
    "src/controllers/cron-job.test.ts":
      "schedule timeZone startingDeadlineSeconds concurrencyPolicy suspend jobTemplate successfulJobsHistoryLimit failedJobsHistoryLimit",
  },
  "io.k8s.api.batch.v1.JobTemplateSpec": { "src/controllers/cron-job.test.ts": "metadata spec" },
  "io.k8s.api.batch.v1.Job": {
    "src/controllers/job.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.batch.v1.JobSpec": {
    "src/controllers/job.test.ts":
      "parallelism completions activeDeadlineSeconds podFailurePolicy successPolicy backoffLimit selector template ttlSecondsAfterFinished completionMode suspend podReplacementPolicy managedBy backoffLimitPerIndex maxFailedIndexes",
    "src/kinds/batch/job.test.ts": "manualSelector",
  },
  "io.k8s.api.batch.v1.PodFailurePolicy": { "src/controllers/job.test.ts": "rules" },
  "io.k8s.api.batch.v1.PodFailurePolicyRule": { "src/controllers/job.test.ts": "action onExitCodes onPodConditions" },
  "io.k8s.api.batch.v1.PodFailurePolicyOnExitCodesRequirement": {
    "src/controllers/job.test.ts": "containerName operator values",
  },
  "io.k8s.api.batch.v1.PodFailurePolicyOnPodConditionsPattern": { "src/controllers/job.test.ts": "type" },
  "io.k8s.api.batch.v1.SuccessPolicy": { "src/controllers/job.test.ts": "rules" },
  "io.k8s.api.batch.v1.SuccessPolicyRule": { "src/controllers/job.test.ts": "succeededIndexes succeededCount" },
  "dev.catamaran.v1.ScalingSample": { "src/main/metric-parts.test.ts": "apiVersion kind metadata spec" },
  "dev.catamaran.v1.ScalingSampleSpec": { "src/main/metric-parts.test.ts": "values" },
  "dev.catamaran.v1.ScalingSampleValue": { "src/main/metric-parts.test.ts": "kind name metric value" },
  "io.k8s.api.autoscaling.v2.HorizontalPodAutoscaler": {
    "src/controllers/upkeep.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec": {
    "src/scaling/horizontal.test.ts": "scaleTargetRef minReplicas maxReplicas metrics behavior",
  },
  "io.k8s.api.autoscaling.v2.CrossVersionObjectReference": {
    "src/controllers/garbage-collector.test.ts": "kind name apiVersion",
  },
  "io.k8s.api.autoscaling.v2.MetricSpec": {
    "src/scaling/horizontal.test.ts": "type object pods resource containerResource",
    "src/network/services.test.ts": "external",
  },
  "io.k8s.api.autoscaling.v2.ObjectMetricSource": {
    "src/controllers/upkeep.test.ts": "target metric",
    "src/main/metric-parts.test.ts": "describedObject",
  },
  "io.k8s.api.autoscaling.v2.MetricTarget": {
    "src/scaling/horizontal.test.ts": "type value averageValue averageUtilization",
  },
  "io.k8s.api.autoscaling.v2.MetricIdentifier": {
    "src/controllers/chain.test.ts": "name selector",
  },
  "io.k8s.api.autoscaling.v2.PodsMetricSource": {
    "src/controllers/upkeep.test.ts": "metric target",
  },
  "io.k8s.api.autoscaling.v2.ResourceMetricSource": {
    "src/controllers/upkeep.test.ts": "name target",
  },
  "io.k8s.api.autoscaling.v2.ContainerResourceMetricSource": {
    "src/scaling/horizontal.test.ts": "name target container",
  },
  "io.k8s.api.autoscaling.v2.ExternalMetricSource": {
    "src/controllers/upkeep.test.ts": "metric target",
  },
  "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerBehavior": {
    "src/scaling/pace.test.ts": "scaleUp scaleDown",
  },
  "io.k8s.api.autoscaling.v2.HPAScalingRules": {
    "src/scaling/horizontal.test.ts": "tolerance",
    "src/scaling/pace.test.ts": "stabilizationWindowSeconds selectPolicy policies",
  },
  "io.k8s.api.autoscaling.v2.HPAScalingPolicy": {
    "src/controllers/chain.test.ts": "type value periodSeconds",
  },
  "io.k8s.api.autoscaling.v1.HorizontalPodAutoscaler": {
    "src/controllers/upkeep.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.autoscaling.v1.HorizontalPodAutoscalerSpec": {
    "src/controllers/upkeep.test.ts": "scaleTargetRef minReplicas maxReplicas",
    "src/kinds/conversions.test.ts": "targetCPUUtilizationPercentage",
  },
  "io.k8s.api.autoscaling.v1.CrossVersionObjectReference": {
    "src/controllers/garbage-collector.test.ts": "kind name apiVersion",
  },
  "io.k8s.api.coordination.v1.Lease": {
    "src/controllers/upkeep.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.coordination.v1.LeaseSpec": {
    "src/kinds/columns.test.ts": "holderIdentity",
    "src/controllers/heartbeats.test.ts": "renewTime",
    "src/controllers/chain.test.ts": "strategy",
  },
  "io.k8s.api.discovery.v1.EndpointSlice": {
    "src/controllers/upkeep.test.ts": "kind apiVersion metadata endpoints ports",
    "tests/network.test.ts": "addressType",
  },
  "io.k8s.api.discovery.v1.Endpoint": {
    "src/controllers/chain.test.ts": "addresses conditions targetRef nodeName",
    "src/node/node.test.ts": "hostname zone",
  },
  "io.k8s.api.discovery.v1.EndpointConditions": {
    "src/controllers/chain.test.ts": "ready serving terminating",
  },
  "io.k8s.api.discovery.v1.ForZone": {
    "src/cli/merge-kubeconfig.test.ts": "name",
  },
  "io.k8s.api.discovery.v1.ForNode": {
    "src/cli/merge-kubeconfig.test.ts": "name",
  },
  "io.k8s.api.discovery.v1.EndpointPort": {
    "src/controllers/chain.test.ts": "name protocol port",
  },
  "io.k8s.api.networking.v1.IngressClass": {
    "src/controllers/upkeep.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.networking.v1.IngressClassSpec": {
    "src/dashboard/rows.test.ts": "controller",
    "src/gateway/http-event.test.ts": "parameters",
  },
  "io.k8s.api.networking.v1.IngressClassParametersReference": {
    "src/kube/authorize.test.ts": "apiGroup scope",
    "src/gateway/http-event.test.ts": "kind name",
    "src/gateway/match.test.ts": "namespace",
  },
  "io.k8s.api.networking.v1.NetworkPolicy": {
    "src/controllers/upkeep.test.ts": "kind apiVersion",
    "src/policy/network-policy.test.ts": "metadata spec",
  },
  "io.k8s.api.networking.v1.NetworkPolicySpec": {
    "src/policy/network-policy.test.ts": "podSelector ingress egress policyTypes",
  },
  "io.k8s.api.networking.v1.NetworkPolicyIngressRule": {
    "src/policy/network-policy.test.ts": "ports from",
  },
  "io.k8s.api.networking.v1.NetworkPolicyEgressRule": {
    "src/policy/network-policy.test.ts": "ports to",
  },
  "io.k8s.api.networking.v1.NetworkPolicyPeer": {
    "src/policy/network-policy.test.ts": "podSelector namespaceSelector ipBlock",
  },
  "io.k8s.api.networking.v1.NetworkPolicyPort": {
    "src/policy/network-policy.test.ts": "protocol port endPort",
  },
  "io.k8s.api.networking.v1.IPBlock": {
    "src/policy/network-policy.test.ts": "cidr except",
  },
  "io.k8s.api.networking.v1.Ingress": {
    "src/controllers/upkeep.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.networking.v1.IngressSpec": {
    "src/kinds/columns.test.ts": "ingressClassName",
    "src/kinds/rules.test.ts": "defaultBackend",
    "tests/kube-proxy.test.ts": "tls",
    "src/gateway/cors.test.ts": "rules",
  },
  "io.k8s.api.networking.v1.IngressBackend": {
    "src/gateway/match.test.ts": "service",
    "src/gateway/http-event.test.ts": "resource",
  },
  "io.k8s.api.networking.v1.IngressServiceBackend": {
    "src/gateway/match.test.ts": "name port",
  },
  "io.k8s.api.networking.v1.ServiceBackendPort": {
    "src/controllers/chain.test.ts": "name number",
  },
  "io.k8s.api.networking.v1.IngressTLS": {
    "src/gateway/request-target.test.ts": "hosts",
    "tests/node-scenes.ts": "secretName",
  },
  "io.k8s.api.networking.v1.IngressRule": {
    "src/gateway/forward-headers.test.ts": "host http",
  },
  "io.k8s.api.networking.v1.HTTPIngressRuleValue": {
    "src/gateway/match.test.ts": "paths",
  },
  "io.k8s.api.networking.v1.HTTPIngressPath": {
    "src/gateway/match.test.ts": "path pathType backend",
  },
  "io.k8s.api.rbac.v1.ClusterRoleBinding": {
    "src/kube/authorize.test.ts": "kind apiVersion metadata subjects roleRef",
  },
  "io.k8s.api.rbac.v1.Subject": {
    "src/kube/authorize.test.ts": "kind apiGroup name namespace",
  },
  "io.k8s.api.rbac.v1.RoleRef": {
    "src/kube/authorize.test.ts": "apiGroup kind name",
  },
  "io.k8s.api.rbac.v1.ClusterRole": {
    "tests/kube-rights.test.ts": "kind apiVersion metadata rules aggregationRule",
  },
  "io.k8s.api.rbac.v1.PolicyRule": {
    "src/kube/authorize.test.ts": "verbs apiGroups resources resourceNames nonResourceURLs",
  },
  "io.k8s.api.rbac.v1.AggregationRule": {
    "src/kinds/rbac/gathered-rules.test.ts": "clusterRoleSelectors",
  },
  "io.k8s.api.rbac.v1.RoleBinding": {
    "src/kube/authorize.test.ts": "kind apiVersion metadata subjects roleRef",
  },
  "io.k8s.api.rbac.v1.Role": {
    "src/kube/authorize.test.ts": "kind apiVersion metadata rules",
  },
  "io.k8s.api.scheduling.v1.PriorityClass": {
    "tests/kubectl-manifests.ts": "kind apiVersion metadata value description",
    "src/deck/priority.test.ts": "globalDefault preemptionPolicy",
  },
  "dev.catamaran.v1.Function": {
    "src/controllers/upkeep.test.ts": "apiVersion kind",
    "src/kinds/catamaran/own-kinds.test.ts": "metadata spec",
  },
  "dev.catamaran.v1.FunctionSpec": {
    "tests/functions-stories.ts": "runtime handler memoryMib timeoutSeconds environment code url",
    "tests/aws-cli.test.ts": "role",
    "src/kinds/admission/crd.test.ts": "description",
    "src/aws/lambda/configuration.test.ts": "reservedConcurrency tags",
    "src/aws/lambda/layers.test.ts": "layers policy",
    "tests/functions-logging.ts": "logging",
    "src/aws/lambda/event-invoke.test.ts": "asynchronous deadLetterTarget",
    "src/functions/engine.test.ts": "recursiveLoop",
  },
  "dev.catamaran.v1.FunctionCode": {
    "src/kinds/catamaran/own-kinds.test.ts": "sha256 size",
  },
  "dev.catamaran.v1.FunctionVersion": {
    "src/kinds/catamaran/function-version.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.FunctionVersionSpec": {
    "src/kinds/catamaran/function-version.test.ts":
      "function version runtime handler role description memoryMib timeoutSeconds ephemeralStorageMib architectures environment code layers logGroup logging publishedFrom",
    "src/aws/lambda/layers.test.ts": "policy",
    "src/aws/lambda/event-invoke.test.ts": "deadLetterTarget",
    "src/functions/engine.test.ts": "provisionedConcurrency",
  },
  "dev.catamaran.v1.FunctionAlias": {
    "src/kinds/catamaran/function-version.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.FunctionAliasSpec": {
    "src/kinds/catamaran/function-version.test.ts": "function alias version description additional url",
    "src/aws/lambda/layers.test.ts": "policy",
    "src/functions/engine.test.ts": "provisionedConcurrency",
  },
  "dev.catamaran.v1.FunctionAliasPart": {
    "src/kinds/catamaran/function-version.test.ts": "version weight",
  },
  "dev.catamaran.v1.FunctionLogging": {
    "tests/functions-logging.ts": "format applicationLevel",
    "src/functions/platform-lines.test.ts": "systemLevel",
  },
  "dev.catamaran.v1.FunctionLayer": {
    "tests/functions-layers.ts": "arn code",
  },
  "dev.catamaran.v1.Layer": {
    "src/kinds/catamaran/layer-version.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.LayerVersion": {
    "src/kinds/catamaran/layer-version.test.ts": "apiVersion kind metadata spec",
  },
  "dev.catamaran.v1.LayerVersionSpec": {
    "src/kinds/catamaran/layer-version.test.ts":
      "layer version code description licenseInfo compatibleRuntimes compatibleArchitectures policy",
  },
  "dev.catamaran.v1.FunctionUrl": {
    "src/gateway/cors.test.ts": "cors",
    "src/gateway/routes.test.ts": "authType invokeMode",
  },
  "dev.catamaran.v1.Cors": {
    "src/gateway/cors.test.ts": "allowCredentials allowHeaders allowMethods allowOrigins exposeHeaders maxAge",
  },
  "dev.catamaran.v1.Table": {
    "src/controllers/upkeep.test.ts": "apiVersion kind",
    "src/kinds/catamaran/own-kinds.test.ts": "metadata spec",
  },
  "dev.catamaran.v1.TableSpec": {
    "src/kinds/columns.test.ts": "keySchema billingMode",
    "src/kinds/catamaran/table.test.ts": "localIndexes globalIndexes",
    "src/managed/table/derived.test.ts": "timeToLive stream",
    "src/aws/lambda/configuration.test.ts": "tags",
  },
  "dev.catamaran.v1.IndexProjection": {
    "src/kinds/catamaran/table.test.ts": "type nonKeyAttributes",
  },
  "dev.catamaran.v1.LocalIndex": {
    "src/kinds/catamaran/table.test.ts": "name keySchema projection",
  },
  "dev.catamaran.v1.GlobalIndex": {
    "src/kinds/catamaran/table.test.ts": "name keySchema projection provisionedThroughput",
  },
  "dev.catamaran.v1.TimeToLive": {
    "src/managed/table/derived.test.ts": "attribute",
  },
  "dev.catamaran.v1.TableStream": {
    "src/managed/table/derived.test.ts": "view",
  },
  "dev.catamaran.v1.AttributeDefinition": {
    "src/kinds/columns.test.ts": "attributeName",
  },
  "dev.catamaran.v1.KeyPart": {
    "src/kinds/columns.test.ts": "attributeName keyType",
  },
  "dev.catamaran.v1.OrderedReading": {
    "src/triggers/table-source.test.ts":
      "startingPosition parallelizationFactor maximumRetryAttempts maximumRecordAgeSeconds bisectOnError onFailure",
  },
};

/** What the server keeps for others and upstream's own does not act on either, or what asks for what happens anyway. */
export const kept: Readonly<Record<TypeName, Members>> = {
  "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": "selfLink",
  "io.k8s.apimachinery.pkg.apis.meta.v1.ManagedFieldsEntry": "fieldsType",
  "io.k8s.api.core.v1.NodeSpec": "externalID",
  "io.k8s.api.core.v1.SeccompProfile": "localhostProfile",
  "io.k8s.api.core.v1.AppArmorProfile": "localhostProfile",
  "io.k8s.api.core.v1.PodSecurityContext": "supplementalGroupsPolicy fsGroupChangePolicy",
  "io.k8s.api.coordination.v1.LeaseSpec": "acquireTime leaseTransitions preferredHolder",
  "io.k8s.api.discovery.v1.Endpoint": "deprecatedTopology hints",
  "io.k8s.api.discovery.v1.EndpointHints": "forZones forNodes",
};

/** What acts without a test that names it: this list only gets shorter. */
export const untested: Readonly<Record<TypeName, Members>> = {
  "io.k8s.api.core.v1.EndpointPort": "appProtocol",
  "io.k8s.api.core.v1.NodeSpec": "podCIDRs providerID",
  "io.k8s.api.core.v1.Taint": "timeAdded",
  "io.k8s.api.core.v1.EmptyDirVolumeSource": "sizeLimit",
  "io.k8s.api.core.v1.ServiceAccount": "automountServiceAccountToken",
  "io.k8s.api.core.v1.ServicePort": "appProtocol",
  "io.k8s.api.coordination.v1.LeaseSpec": "leaseDurationSeconds",
  "io.k8s.api.discovery.v1.EndpointPort": "appProtocol",
  "dev.catamaran.v1.FunctionSpec": "ephemeralStorageMib architectures logGroup",
  "dev.catamaran.v1.TableSpec": "attributeDefinitions provisionedThroughput tableClass deletionProtection",
  "dev.catamaran.v1.AttributeDefinition": "attributeType",
  "dev.catamaran.v1.Throughput": "readCapacityUnits writeCapacityUnits",
};
