/** The part of proofs.ts that is about the types of the core group: pods and what is in them, services, nodes, maps. */
import type { TypeName } from "#base/schema.ts";

/** The members of a type, in one text with spaces between. */
export type Members = string;

/** By type, by the test that speaks of the members. */
export type TypeProofs = Readonly<Record<TypeName, Readonly<Record<string, Members>>>>;

export const coreProofs: TypeProofs = {
  "io.k8s.api.core.v1.ResourceQuota": { "src/controllers/upkeep.test.ts": "kind apiVersion metadata spec" },
  "io.k8s.api.core.v1.ResourceQuotaSpec": { "src/deck/admit-quota.test.ts": "hard scopes scopeSelector" },
  "io.k8s.api.core.v1.ScopeSelector": { "src/deck/admit-quota.test.ts": "matchExpressions" },
  "io.k8s.api.core.v1.ScopedResourceSelectorRequirement": {
    "src/deck/admit-quota.test.ts": "scopeName operator values",
  },
  "io.k8s.api.core.v1.LimitRange": { "tests/policy.test.ts": "kind apiVersion metadata spec" },
  "io.k8s.api.core.v1.LimitRangeSpec": { "src/kinds/core/quota-kinds.test.ts": "limits" },
  "io.k8s.api.core.v1.LimitRangeItem": {
    "src/deck/admit-quota.test.ts": "type max min default defaultRequest maxLimitRequestRatio",
  },
  "io.k8s.api.core.v1.ReplicationController": {
    "src/controllers/replication-controller.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.core.v1.ReplicationControllerSpec": {
    "src/controllers/replication-controller.test.ts": "replicas minReadySeconds selector template",
  },
  "io.k8s.api.core.v1.ConfigMap": {
    "tests/kubectl-scenes.ts": "kind apiVersion metadata immutable data",
    "src/pods/materials.test.ts": "binaryData",
  },
  "io.k8s.api.core.v1.Endpoints": {
    "src/controllers/garbage-collector.test.ts": "kind apiVersion metadata",
    "src/kube/bootstrap.test.ts": "subsets",
  },
  "io.k8s.api.core.v1.EndpointSubset": {
    "src/controllers/chain.test.ts": "addresses ports",
    "src/controllers/waiting.test.ts": "notReadyAddresses",
  },
  "io.k8s.api.core.v1.EndpointAddress": {
    "tests/kube-proxy.test.ts": "ip nodeName targetRef",
    "src/node/node.test.ts": "hostname",
  },
  "io.k8s.api.core.v1.ObjectReference": {
    "src/deck/deck.test.ts": "kind namespace name uid apiVersion resourceVersion",
    "src/pods/materials.test.ts": "fieldPath",
  },
  "io.k8s.api.core.v1.EndpointPort": {
    "src/controllers/chain.test.ts": "name port protocol",
  },
  "io.k8s.api.core.v1.Namespace": {
    "src/controllers/upkeep.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.core.v1.NamespaceSpec": {
    "src/controllers/upkeep.test.ts": "finalizers",
  },
  "io.k8s.api.core.v1.Node": {
    "src/controllers/upkeep.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.core.v1.NodeSpec": {
    "src/node/node.test.ts": "podCIDR",
    "src/controllers/upkeep.test.ts": "unschedulable taints",
  },
  "io.k8s.api.core.v1.Taint": {
    "src/controllers/upkeep.test.ts": "key value effect",
  },
  "io.k8s.api.core.v1.Pod": {
    "src/controllers/upkeep.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.core.v1.PodSpec": {
    "src/node/node.test.ts":
      "volumes containers dnsPolicy hostNetwork hostPID hostIPC shareProcessNamespace securityContext hostname dnsConfig os hostUsers resources",
    "src/scheduler/pick.test.ts": "initContainers nodeSelector affinity tolerations priority topologySpreadConstraints",
    "src/policy/pod-security.test.ts": "ephemeralContainers",
    "tests/node-scenes.ts": "restartPolicy serviceAccount",
    "src/deck/deck.test.ts": "terminationGracePeriodSeconds serviceAccountName nodeName priorityClassName",
    "src/pods/next.test.ts": "activeDeadlineSeconds readinessGates",
    "src/kube/restrict-node.test.ts": "imagePullSecrets",
    "tests/kubectl-scenes.ts": "subdomain",
    "src/kinds/rules/check.test.ts": "schedulerName",
    "src/pods/materials.test.ts": "enableServiceLinks",
    "src/kinds/columns.test.ts": "preemptionPolicy",
    "src/node/volumes.test.ts": "automountServiceAccountToken hostAliases",
    "src/scheduler/constraints.test.ts": "overhead",
    "src/deck/admit-runtime-class.test.ts": "runtimeClassName",
    "src/node/container-config.test.ts": "setHostnameAsFQDN",
    "src/controllers/waiting.test.ts": "schedulingGates",
  },
  "io.k8s.api.core.v1.Volume": {
    "src/node/volumes.test.ts": "name emptyDir secret downwardAPI configMap projected persistentVolumeClaim ephemeral",
    "tests/node-scenes.ts": "hostPath",
  },
  "io.k8s.api.core.v1.PersistentVolumeClaimVolumeSource": {
    "src/node/volumes.test.ts": "claimName readOnly",
  },
  "io.k8s.api.core.v1.HostPathVolumeSource": {
    "src/controllers/chain.test.ts": "path type",
  },
  "io.k8s.api.core.v1.EmptyDirVolumeSource": {
    "src/deck/inert.test.ts": "medium",
  },
  "io.k8s.api.core.v1.SecretVolumeSource": {
    "src/node/volumes.test.ts": "secretName items defaultMode optional",
  },
  "io.k8s.api.core.v1.KeyToPath": {
    "src/node/node.test.ts": "key path mode",
  },
  "io.k8s.api.core.v1.DownwardAPIVolumeSource": {
    "src/node/volumes.test.ts": "items defaultMode",
  },
  "io.k8s.api.core.v1.DownwardAPIVolumeFile": {
    "src/pods/materials.test.ts": "path fieldRef resourceFieldRef mode",
  },
  "io.k8s.api.core.v1.ObjectFieldSelector": {
    "src/controllers/garbage-collector.test.ts": "apiVersion",
    "src/pods/materials.test.ts": "fieldPath",
  },
  "io.k8s.api.core.v1.ResourceFieldSelector": {
    "src/pods/materials.test.ts": "containerName resource divisor",
  },
  "io.k8s.api.core.v1.ConfigMapVolumeSource": {
    "src/node/volumes.test.ts": "name items defaultMode optional",
  },
  "io.k8s.api.core.v1.ProjectedVolumeSource": {
    "src/node/volumes.test.ts": "sources defaultMode",
  },
  "io.k8s.api.core.v1.VolumeProjection": {
    "src/pods/materials.test.ts": "secret downwardAPI configMap serviceAccountToken",
  },
  "io.k8s.api.core.v1.SecretProjection": {
    "src/node/volumes.test.ts": "name items optional",
  },
  "io.k8s.api.core.v1.DownwardAPIProjection": {
    "src/node/volumes.test.ts": "items",
  },
  "io.k8s.api.core.v1.ConfigMapProjection": {
    "src/node/volumes.test.ts": "name items optional",
  },
  "io.k8s.api.core.v1.ServiceAccountTokenProjection": {
    "src/pods/materials.test.ts": "audience expirationSeconds path",
  },
  "io.k8s.api.core.v1.Container": {
    "tests/node-scenes.ts":
      "name image command ports envFrom env resources restartPolicy volumeMounts livenessProbe readinessProbe lifecycle imagePullPolicy",
    "src/pods/materials.test.ts": "args securityContext",
    "src/pods/next.test.ts": "startupProbe",
    "tests/kubectl-scenes.ts": "terminationMessagePath",
    "src/kinds/rules/check.test.ts": "terminationMessagePolicy",
    "tests/exec.test.ts": "stdin tty",
    "src/node/container-config.test.ts": "workingDir stdinOnce",
  },
  "io.k8s.api.core.v1.ContainerPort": {
    "tests/node-scenes.ts": "name hostPort containerPort protocol hostIP",
  },
  "io.k8s.api.core.v1.EnvFromSource": {
    "src/pods/materials.test.ts": "prefix configMapRef secretRef",
  },
  "io.k8s.api.core.v1.ConfigMapEnvSource": {
    "src/node/volumes.test.ts": "name optional",
  },
  "io.k8s.api.core.v1.SecretEnvSource": {
    "src/node/volumes.test.ts": "name optional",
  },
  "io.k8s.api.core.v1.EnvVar": {
    "src/node/node.test.ts": "name value valueFrom",
  },
  "io.k8s.api.core.v1.EnvVarSource": {
    "src/pods/materials.test.ts": "fieldRef resourceFieldRef configMapKeyRef secretKeyRef",
  },
  "io.k8s.api.core.v1.ConfigMapKeySelector": {
    "src/node/volumes.test.ts": "name key optional",
  },
  "io.k8s.api.core.v1.SecretKeySelector": {
    "src/node/volumes.test.ts": "name key optional",
  },
  "io.k8s.api.core.v1.ResourceRequirements": {
    "src/controllers/upkeep.test.ts": "limits requests",
    "src/sandboxes/shelf.test.ts": "claims",
  },
  "io.k8s.api.core.v1.ResourceClaim": {
    "src/controllers/upkeep.test.ts": "name request",
  },
  "io.k8s.api.core.v1.VolumeMount": {
    "src/node/volumes.test.ts": "name mountPath subPath readOnly recursiveReadOnly mountPropagation subPathExpr",
  },
  "io.k8s.api.core.v1.Probe": {
    "src/pods/next.test.ts":
      "exec tcpSocket initialDelaySeconds periodSeconds successThreshold failureThreshold terminationGracePeriodSeconds",
    "tests/node-scenes.ts": "httpGet",
    "src/node/node.test.ts": "grpc",
    "tests/functions-stories.ts": "timeoutSeconds",
  },
  "io.k8s.api.core.v1.ExecAction": {
    "src/kube/streams.test.ts": "command",
  },
  "io.k8s.api.core.v1.HTTPGetAction": {
    "src/node/http-probe.test.ts": "path port host scheme httpHeaders",
  },
  "io.k8s.api.core.v1.HTTPHeader": {
    "src/controllers/chain.test.ts": "name value",
  },
  "io.k8s.api.core.v1.TCPSocketAction": {
    "src/kube/bootstrap.test.ts": "port host",
  },
  "io.k8s.api.core.v1.GRPCAction": {
    "src/controllers/chain.test.ts": "port service",
  },
  "io.k8s.api.core.v1.Lifecycle": {
    "src/policy/pod-security.test.ts": "postStart preStop",
  },
  "io.k8s.api.core.v1.LifecycleHandler": {
    "tests/node-scenes.ts": "exec httpGet sleep",
    "src/pods/next.test.ts": "tcpSocket",
  },
  "io.k8s.api.core.v1.SleepAction": {
    "src/deck/deck.test.ts": "seconds",
  },
  "io.k8s.api.core.v1.SecurityContext": {
    "src/policy/pod-security.test.ts":
      "capabilities privileged seLinuxOptions runAsUser runAsNonRoot allowPrivilegeEscalation procMount seccompProfile appArmorProfile",
    "src/node/container-config.test.ts": "runAsGroup readOnlyRootFilesystem",
  },
  "io.k8s.api.core.v1.Capabilities": {
    "src/policy/pod-security.test.ts": "add drop",
  },
  "io.k8s.api.core.v1.SeccompProfile": {
    "src/controllers/chain.test.ts": "type",
  },
  "io.k8s.api.core.v1.AppArmorProfile": {
    "src/controllers/chain.test.ts": "type",
  },
  "io.k8s.api.core.v1.EphemeralContainer": {
    "tests/node-scenes.ts":
      "name image command ports envFrom env resources restartPolicy volumeMounts livenessProbe readinessProbe lifecycle imagePullPolicy",
    "src/pods/materials.test.ts": "args securityContext",
    "src/pods/next.test.ts": "startupProbe",
    "tests/kubectl-scenes.ts": "terminationMessagePath",
    "src/kinds/rules/check.test.ts": "terminationMessagePolicy",
    "tests/exec.test.ts": "stdin tty",
    "src/node/container-config.test.ts": "workingDir stdinOnce targetContainerName",
  },
  "io.k8s.api.core.v1.PodSecurityContext": {
    "src/policy/pod-security.test.ts": "runAsUser runAsNonRoot seLinuxOptions sysctls seccompProfile appArmorProfile",
    "src/node/volumes.test.ts": "fsGroup",
    "src/node/container-config.test.ts": "runAsGroup supplementalGroups",
  },
  "io.k8s.api.core.v1.SELinuxOptions": {
    "src/policy/pod-security.test.ts": "user role type level",
  },
  "io.k8s.api.core.v1.Sysctl": {
    "src/controllers/chain.test.ts": "name value",
  },
  "io.k8s.api.core.v1.LocalObjectReference": {
    "src/cli/merge-kubeconfig.test.ts": "name",
  },
  "io.k8s.api.core.v1.Affinity": {
    "src/scheduler/pick.test.ts": "nodeAffinity podAffinity podAntiAffinity",
  },
  "io.k8s.api.core.v1.NodeAffinity": {
    "src/scheduler/pick.test.ts":
      "requiredDuringSchedulingIgnoredDuringExecution preferredDuringSchedulingIgnoredDuringExecution",
  },
  "io.k8s.api.core.v1.NodeSelector": {
    "src/scheduler/pick.test.ts": "nodeSelectorTerms",
  },
  "io.k8s.api.core.v1.NodeSelectorTerm": {
    "src/scheduler/pick.test.ts": "matchExpressions matchFields",
  },
  "io.k8s.api.core.v1.NodeSelectorRequirement": {
    "src/scheduler/pick.test.ts": "key operator values",
  },
  "io.k8s.api.core.v1.PreferredSchedulingTerm": {
    "src/scheduler/pick.test.ts": "weight preference",
  },
  "io.k8s.api.core.v1.PodAffinity": {
    "src/scheduler/pick.test.ts":
      "requiredDuringSchedulingIgnoredDuringExecution preferredDuringSchedulingIgnoredDuringExecution",
  },
  "io.k8s.api.core.v1.PodAffinityTerm": {
    "src/scheduler/pick.test.ts": "labelSelector topologyKey",
    "src/controllers/upkeep.test.ts": "namespaces",
    "src/scheduler/constraints.test.ts": "namespaceSelector matchLabelKeys mismatchLabelKeys",
  },
  "io.k8s.api.core.v1.WeightedPodAffinityTerm": {
    "src/scheduler/pick.test.ts": "weight podAffinityTerm",
  },
  "io.k8s.api.core.v1.PodAntiAffinity": {
    "src/scheduler/pick.test.ts":
      "requiredDuringSchedulingIgnoredDuringExecution preferredDuringSchedulingIgnoredDuringExecution",
  },
  "io.k8s.api.core.v1.Toleration": {
    "src/scheduler/pick.test.ts": "key operator value effect",
    "src/deck/deck.test.ts": "tolerationSeconds",
  },
  "io.k8s.api.core.v1.HostAlias": {
    "src/kube/bootstrap.test.ts": "ip",
    "src/node/volumes.test.ts": "hostnames",
  },
  "io.k8s.api.core.v1.PodDNSConfig": {
    "src/node/node.test.ts": "nameservers searches options",
  },
  "io.k8s.api.core.v1.PodDNSConfigOption": {
    "src/controllers/chain.test.ts": "name value",
  },
  "io.k8s.api.core.v1.PodReadinessGate": {
    "src/pods/next.test.ts": "conditionType",
  },
  "io.k8s.api.core.v1.TopologySpreadConstraint": {
    "src/scheduler/pick.test.ts": "maxSkew topologyKey whenUnsatisfiable labelSelector",
    "src/scheduler/constraints.test.ts": "minDomains nodeAffinityPolicy nodeTaintsPolicy matchLabelKeys",
  },
  "io.k8s.api.core.v1.PodOS": {
    "src/deck/inert.test.ts": "name",
  },
  "io.k8s.api.core.v1.PodSchedulingGate": {
    "src/cli/merge-kubeconfig.test.ts": "name",
  },
  "io.k8s.api.core.v1.Secret": {
    "tests/kubectl-scenes.ts": "kind apiVersion metadata immutable data type",
    "src/kinds/rules/check.test.ts": "stringData",
  },
  "io.k8s.api.core.v1.ServiceAccount": {
    "src/kube/restrict-node.test.ts": "kind metadata secrets imagePullSecrets",
    "tests/kube-rights.test.ts": "apiVersion",
  },
  "io.k8s.api.core.v1.Service": {
    "src/controllers/upkeep.test.ts": "kind apiVersion metadata spec",
  },
  "io.k8s.api.core.v1.ServiceSpec": {
    "src/network/services.test.ts":
      "ports clusterIP type externalIPs sessionAffinity externalName externalTrafficPolicy sessionAffinityConfig internalTrafficPolicy",
    "src/deck/service-addresses.test.ts": "selector clusterIPs allocateLoadBalancerNodePorts ipFamilies ipFamilyPolicy",
    "src/controllers/waiting.test.ts": "publishNotReadyAddresses",
  },
  "io.k8s.api.core.v1.ServicePort": {
    "src/controllers/chain.test.ts": "name protocol port targetPort",
    "src/network/services.test.ts": "nodePort",
  },
  "io.k8s.api.core.v1.SessionAffinityConfig": {
    "src/network/services.test.ts": "clientIP",
  },
  "io.k8s.api.core.v1.ClientIPConfig": {
    "src/network/services.test.ts": "timeoutSeconds",
  },
  "io.k8s.api.core.v1.PodTemplate": {
    "src/kinds/core/pod-template.test.ts": "apiVersion kind metadata template",
  },
  "io.k8s.api.core.v1.PodTemplateSpec": {
    "src/controllers/chain.test.ts": "metadata spec",
  },
  "io.k8s.api.core.v1.TypedLocalObjectReference": {
    "src/kube/authorize.test.ts": "apiGroup kind name",
  },
};
