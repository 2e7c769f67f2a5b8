/** The objects of the kubectl stories, as people write them; never as one flow mapping, which older kubectls take for JSON. */

const OWNER =
  "{apiVersion: apps/v1, kind: Deployment, name: web, uid: '{{uid}}', controller: true, blockOwnerDeletion: true}";

function pod(number: number): string {
  const node = number <= 2 ? ", nodeName: one" : "";
  return `apiVersion: v1
kind: Pod
metadata: {name: p${number}, labels: {parity: "${number % 2}"}}
spec: {containers: [{name: c, image: i}]${node}}
`;
}

export const manifests = {
  deployment: (replicas: number): string => `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: web, image: "nginx:1", ports: [{containerPort: 80}]}]
`,
  pods: (count: number): string => Array.from({ length: count }, (_, index) => pod(index + 1)).join("---\n"),
  owned: (value: string): string => `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: owned}\ndata: {a: "${value}"}\n`,
  unknownFields: `apiVersion: v1
kind: ConfigMap
metadata: {name: bad}
dat: {a: "2"}
spec: {}
`,
  badPod: `apiVersion: v1
kind: Pod
metadata: {name: Bad_Name}
spec: {containers: [{name: "", image: ""}], restartPolicy: Foo}
`,
  wrongType: `apiVersion: apps/v1
kind: Deployment
metadata: {name: wrong}
spec: {replicas: three, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: i}]}}}
`,
  longName: `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${"a".repeat(300)}}\n`,
  definition: `apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crons.example.com}
spec:
  group: example.com
  scope: Namespaced
  names: {plural: crons, singular: cron, kind: Cron, shortNames: [cr]}
  versions:
    - name: v1
      served: true
      storage: true
      subresources: {status: {}, scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}}
      additionalPrinterColumns:
        - {name: Spec, type: string, jsonPath: .spec.cronSpec}
        - {name: Replicas, type: integer, jsonPath: .spec.replicas}
        - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
      schema:
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              required: [cronSpec]
              properties:
                cronSpec: {type: string, description: when to run, pattern: '^\\S+ \\S+$'}
                replicas: {type: integer, default: 1, maximum: 5}
            status: {type: object, properties: {replicas: {type: integer}}}
`,
  custom: (name: string, cronSpec: string): string =>
    `apiVersion: example.com/v1\nkind: Cron\nmetadata: {name: ${name}}\nspec: {cronSpec: "${cronSpec}"}\n`,
  readerRole: `apiVersion: v1
kind: ServiceAccount
metadata: {name: reader}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: pod-reader}
rules: [{apiGroups: [""], resources: [pods], verbs: [get, list]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: pod-reader}
subjects: [{kind: ServiceAccount, name: reader, namespace: default}]
roleRef: {kind: Role, name: pod-reader, apiGroup: rbac.authorization.k8s.io}
`,
  replicaSet: `apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-1
  labels: {app: web}
  annotations: {deployment.kubernetes.io/revision: "1"}
  ownerReferences: [${OWNER}]
spec:
  replicas: 1
  selector: {matchLabels: {app: web, pod-template-hash: abc}}
  template:
    metadata: {labels: {app: web, pod-template-hash: abc}}
    spec: {containers: [{name: web, image: "nginx:1"}]}
`,
  event: `apiVersion: v1
kind: Event
metadata: {name: e1, namespace: default}
involvedObject: {apiVersion: v1, kind: Pod, name: p5, namespace: default, uid: "{{pod}}"}
reason: Scheduled
message: hello
type: Normal
firstTimestamp: "2026-11-23T06:00:00Z"
lastTimestamp: "2026-11-23T06:10:00Z"
count: 3
source: {component: x}
`,
} as const;
