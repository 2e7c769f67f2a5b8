/** What shows that each value of a closed set, and each label and annotation that upstream acts on, has its effect here. value-proofs.test.ts demands one of each. */

/** By member, by the test that speaks of the values; in one text with spaces between. */
type ValueProofs = Readonly<Record<string, Readonly<Record<string, string>>>>;

export const valueProofs: ValueProofs = {
  compatibleArchitectures: { "src/kinds/catamaran/layer-version.test.ts": "arm64 x86_64" },
  action: { "src/controllers/job.test.ts": "Count FailIndex FailJob Ignore" },
  addressType: {
    "src/controllers/endpoint-slice-mirroring.test.ts": "IPv4 IPv6",
    "src/network/services.test.ts": "FQDN",
  },
  afterCompletion: { "src/managed/schedule/keep-schedules.test.ts": "DELETE NONE" },
  allowMethods: { "src/gateway/cors.test.ts": "GET" },
  apiGroup: { "src/kube/authorize.test.ts": "rbac.authorization.k8s.io" },
  applicationLevel: { "tests/functions-logging.ts": "DEBUG ERROR FATAL INFO TRACE WARN" },
  policyTypes: { "src/policy/network-policy.test.ts": "Egress Ingress" },
  format: { "src/functions/platform-lines.test.ts": "JSON Text" },
  systemLevel: { "src/functions/platform-lines.test.ts": "DEBUG INFO WARN" },
  recursiveLoop: { "src/functions/engine.test.ts": "Allow Terminate" },
  invokeMode: { "src/gateway/routes.test.ts": "BUFFERED RESPONSE_STREAM" },
  authType: { "src/gateway/routes.test.ts": "NONE AWS_IAM" },
  authorizationType: { "src/gateway/authorizers/attacks.test.ts": "AWS_IAM CUSTOM JWT NONE" },
  authorizerPayloadFormatVersion: { "src/gateway/authorizers/attacks.test.ts": "1.0 2.0" },
  apiKeySource: { "src/gateway/rest/rest-api.test.ts": "AUTHORIZER HEADER" },
  authorizerType: { "src/gateway/authorizers/attacks.test.ts": "JWT REQUEST" },
  contentHandling: { "src/gateway/rest/rest-api.test.ts": "CONVERT_TO_BINARY CONVERT_TO_TEXT" },
  endpointType: { "src/aws/apigateway/service.test.ts": "EDGE REGIONAL" },
  loggingLevel: { "src/gateway/rest/rest-api.test.ts": "ERROR INFO OFF" },
  passthroughBehavior: { "src/gateway/rest/rest-api.test.ts": "NEVER WHEN_NO_MATCH WHEN_NO_TEMPLATES" },
  period: { "src/gateway/rest/rest-api.test.ts": "DAY MONTH WEEK" },
  deduplicationScope: { "src/kinds/catamaran/queue.test.ts": "messageGroup queue" },
  concurrencyPolicy: { "src/controllers/cron-job.test.ts": "Allow Forbid Replace" },
  completionMode: { "src/kinds/batch/job.test.ts": "NonIndexed Indexed" },
  dnsPolicy: { "src/node/node.test.ts": "ClusterFirst ClusterFirstWithHostNet Default None" },
  effect: { "src/scheduler/pick.test.ts": "NoSchedule PreferNoSchedule NoExecute" },
  externalTrafficPolicy: {
    "src/network/services.test.ts": "Local",
    "src/deck/service-addresses.test.ts": "Cluster",
  },
  imagePullPolicy: { "src/pods/rest.test.ts": "Always IfNotPresent Never" },
  integrationType: { "src/gateway/apis/http-api.test.ts": "AWS_PROXY HTTP_PROXY" },
  internalTrafficPolicy: { "src/network/services.test.ts": "Local" },
  ipFamilies: { "src/deck/service-addresses.test.ts": "IPv4 IPv6" },
  ipFamilyPolicy: { "src/deck/service-addresses.test.ts": "SingleStack PreferDualStack RequireDualStack" },
  kind: { "src/kube/authorize.test.ts": "ServiceAccount User Group" },
  operator: { "src/scheduler/pick.test.ts": "Equal Exists", "src/controllers/job.test.ts": "In NotIn" },
  pathType: { "src/gateway/routes.test.ts": "Exact Prefix ImplementationSpecific" },
  keyType: { "src/kinds/catamaran/own-kinds.test.ts": "HASH RANGE" },
  payloadFormatVersion: { "src/gateway/routes.test.ts": "1.0 2.0" },
  permission: { "src/kinds/catamaran/queue.test.ts": "allowAll byQueue denyAll" },
  podReplacementPolicy: { "src/controllers/job.test.ts": "Failed TerminatingOrFailed" },
  preemptionPolicy: {
    "src/deck/priority.test.ts": "Never PreemptLowerPriority",
  },
  protocol: {
    "src/aws/sns/service.test.ts": "http https lambda sqs",
    "src/network/services.test.ts": "TCP UDP SCTP",
  },
  restartPolicy: { "src/pods/rest.test.ts": "Always OnFailure Never" },
  capacity: { "src/kinds/storage/storage.test.ts": "storage" },
  reclaimPolicy: { "tests/storage.test.ts": "Delete Retain" },
  volumeBindingMode: { "src/controllers/storage.test.ts": "Immediate WaitForFirstConsumer" },
  whenDeleted: { "src/controllers/stateful-claims.test.ts": "Delete Retain" },
  whenScaled: { "src/controllers/stateful-claims.test.ts": "Delete Retain" },
  volumeMode: { "src/scheduler/pod-volumes.test.ts": "Block Filesystem" },
  scheme: { "src/node/http-probe.test.ts": "HTTP" },
  scope: { "src/deck/definitions.test.ts": "Namespaced Cluster" },
  selectPolicy: { "src/scaling/pace.test.ts": "Disabled Max Min" },
  filterPolicyScope: { "src/managed/topic/topics.test.ts": "MessageAttributes MessageBody" },
  sessionAffinity: { "src/network/services.test.ts": "ClientIP None" },
  state: { "src/aws/sts/service.test.ts": "Active Inactive" },
  startingPosition: { "src/triggers/table-source.test.ts": "LATEST TRIM_HORIZON" },
  status: { "src/kinds/batch/job.test.ts": "False True Unknown" },
  terminationMessagePolicy: { "src/node/container-config.test.ts": "File FallbackToLogsOnError" },
  signatureVersion: { "src/aws/sns/service.test.ts": "1 2" },
  throughputScope: { "src/managed/topic/topics.test.ts": "MessageGroup Topic" },
  allowedMethods: { "src/aws/s3/cross-origin.test.ts": "DELETE GET HEAD POST PUT" },
  events: {
    "src/aws/s3/notify.test.ts":
      "s3:LifecycleExpiration:* s3:LifecycleExpiration:Delete s3:LifecycleExpiration:DeleteMarkerCreated s3:ObjectCreated:* s3:ObjectCreated:CompleteMultipartUpload s3:ObjectCreated:Copy s3:ObjectCreated:Post s3:ObjectCreated:Put s3:ObjectRemoved:* s3:ObjectRemoved:Delete s3:ObjectRemoved:DeleteMarkerCreated s3:ObjectTagging:* s3:ObjectTagging:Delete s3:ObjectTagging:Put",
  },
  versioning: { "src/kinds/catamaran/bucket.test.ts": "all suspended" },
  throughputLimit: { "src/kinds/catamaran/queue.test.ts": "perMessageGroupId perQueue" },
  type: {
    "src/gateway/rest/rest-api.test.ts": "AWS AWS_PROXY HTTP HTTP_PROXY MOCK REQUEST TOKEN",
    "src/scaling/horizontal.test.ts": "Utilization AverageValue",
    "src/scaling/pace.test.ts": "Percent Pods",
    "src/controllers/chain.test.ts": "Recreate RollingUpdate",
    "src/network/services.test.ts": "ClusterIP ExternalName NodePort",
    "src/kinds/catamaran/table.test.ts": "ALL INCLUDE KEYS_ONLY",
  },
  unhealthyPodEvictionPolicy: { "src/kinds/policy/pod-disruption-budget.test.ts": "AlwaysAllow IfHealthyBudget" },
  view: { "src/managed/table/derived.test.ts": "KEYS_ONLY NEW_IMAGE OLD_IMAGE NEW_AND_OLD_IMAGES" },
  usages: {
    "src/kube/signers.test.ts":
      "any cert~sign client~auth code~signing content~commitment crl~sign data~encipherment decipher~only digital~signature email~protection encipher~only ipsec~end~system ipsec~tunnel ipsec~user key~agreement key~encipherment microsoft~sgc netscape~sgc ocsp~signing s/mime server~auth signing timestamping",
  },
  whenUnsatisfiable: { "src/scheduler/pick.test.ts": "DoNotSchedule ScheduleAnyway" },
};

/** Labels and annotations, by the test that shows what they do, or that they are refused by name. */
export const wordProofs: Readonly<Record<string, string>> = {
  "src/controllers/endpoint-slice-mirroring.test.ts":
    "control-plane.alpha.kubernetes.io/leader endpoints.kubernetes.io/last-change-trigger-time endpointslice.kubernetes.io/managed-by endpointslice.kubernetes.io/skip-mirror",
  "src/controllers/cron-job.test.ts": "batch.kubernetes.io/cronjob-scheduled-timestamp",
  "src/controllers/job.test.ts":
    "batch.kubernetes.io/controller-uid batch.kubernetes.io/job-completion-index batch.kubernetes.io/job-index-failure-count batch.kubernetes.io/job-index-ignored-failure-count batch.kubernetes.io/job-name batch.kubernetes.io/job-tracking kubernetes.io/job-controller",
  "src/controllers/pod-ranking.test.ts": "controller.kubernetes.io/pod-deletion-cost",
  "src/controllers/revisions.test.ts": "deployment.kubernetes.io/revision deployment.kubernetes.io/revision-history",
  "src/controllers/stateful-set.test.ts":
    "apps.kubernetes.io/pod-index controller.kubernetes.io/hash statefulset.kubernetes.io/pod-name",
  "src/controllers/storage.test.ts":
    "kubernetes.io/no-provisioner kubernetes.io/pv-protection kubernetes.io/pvc-protection pv.kubernetes.io/bind-completed pv.kubernetes.io/bound-by-controller pv.kubernetes.io/provisioned-by storageclass.kubernetes.io/is-default-class volume.beta.kubernetes.io/storage-class volume.beta.kubernetes.io/storage-provisioner volume.kubernetes.io/selected-node volume.kubernetes.io/storage-provisioner",
  "src/controllers/upkeep.test.ts":
    "node.kubernetes.io/not-ready node.kubernetes.io/unreachable node.kubernetes.io/unschedulable",
  "src/controllers/zone-disruption.test.ts":
    "failure-domain.beta.kubernetes.io/region failure-domain.beta.kubernetes.io/zone node.kubernetes.io/exclude-disruption topology.kubernetes.io/region topology.kubernetes.io/zone",
  "src/deck/admit-ingress.test.ts": "ingressclass.kubernetes.io/is-default-class kubernetes.io/ingress.class",
  "src/deck/admit-quota.test.ts": "kubernetes.io/limit-ranger",
  "src/deck/deck.test.ts": "kubernetes.io/metadata.name",
  "src/deck/admit-storage.test.ts": "storageclass.beta.kubernetes.io/is-default-class",
  "tests/storage.test.ts": "external-provisioner.volume.kubernetes.io/finalizer",
  "src/deck/inert.test.ts":
    "kubernetes.io/egress-bandwidth kubernetes.io/enforce-mountable-secrets kubernetes.io/ingress-bandwidth service.kubernetes.io/topology-aware-hints service.kubernetes.io/topology-mode",
  "src/kinds/conversions.test.ts":
    "autoscaling.alpha.kubernetes.io/behavior autoscaling.alpha.kubernetes.io/conditions autoscaling.alpha.kubernetes.io/metrics",
  "src/kube/bootstrap-roles.test.ts": "rbac.authorization.kubernetes.io/autoupdate",
  "src/kube/restrict-node.test.ts": "kubernetes.io/os",
  "src/kube/streams.test.ts": "kubectl.kubernetes.io/default-container",
  "src/network/services.test.ts":
    "kubernetes.io/service-name service.kubernetes.io/headless service.kubernetes.io/service-proxy-name",
  "src/policy/pod-security.test.ts": "seccomp.security.alpha.kubernetes.io/pod",
  "src/scheduler/pick.test.ts": "kubernetes.io/hostname",
  "src/wire/apply.test.ts": "kubectl.kubernetes.io/last-applied-configuration",
  "tests/kube-rights.test.ts": "authentication.kubernetes.io/pod-name authentication.kubernetes.io/pod-uid",
};

/** Words that act without a test that names them: this list only gets shorter. */
export const untestedWords: readonly string[] = [
  "autoscaling.alpha.kubernetes.io/current-metrics",
  "beta.kubernetes.io/arch",
  "beta.kubernetes.io/instance-type",
  "beta.kubernetes.io/os",
  "deployment.kubernetes.io/desired-replicas",
  "deployment.kubernetes.io/max-replicas",
  "endpoints.kubernetes.io/managed-by",
  "endpoints.kubernetes.io/over-capacity",
  "kubernetes.io/arch",
  "kubernetes.io/role",
  "node.kubernetes.io/disk-pressure",
  "node.kubernetes.io/instance-type",
  "node.kubernetes.io/memory-pressure",
  "node.kubernetes.io/pid-pressure",
];

/** Values that act without a test that names them: this list only gets shorter. */
export const untestedValues: Readonly<Record<string, string>> = {
  allowMethods: "* POST DELETE HEAD OPTIONS PATCH PUT",
  architectures: "arm64 x86_64",
  attributeType: "B N S",
  billingMode: "PAY_PER_REQUEST PROVISIONED",
  internalTrafficPolicy: "Cluster",
  scheme: "HTTPS",
  type: "LoadBalancer Value",
};
