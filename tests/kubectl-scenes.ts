/** Commands and what they print, as a real cluster prints it; one table row is one story. */
import { manifests } from "./kubectl-manifests.ts";

export interface Step {
  /** Words after `kubectl`; a string is split at blanks. {{name}} is what an earlier step kept. */
  readonly run: string | readonly string[];
  readonly input?: string;
  /** The whole text, or patterns that it matches. */
  readonly prints?: string | RegExp | readonly RegExp[];
  /** 0 when absent. */
  readonly exit?: number;
  /** Ends a command that would not end by itself. */
  readonly stopMs?: number;
  /** Remembers what was printed under this name. */
  readonly keepAs?: string;
}

export interface Scene {
  readonly title: string;
  readonly steps: readonly Step[];
}

const { deployment, pods, definition, custom, readerRole, replicaSet, event } = manifests;

export const scenes: readonly Scene[] = [
  {
    title: "the server tells its version, groups and kinds",
    steps: [
      { run: "version", prints: /Server Version: v1\.34\.\d+\+catamaran/ },
      {
        run: "api-versions",
        prints: [/^apps\/v1$/m, /^v1$/m, /^autoscaling\/v2$/m, /^rbac\.authorization\.k8s\.io\/v1$/m],
      },
      {
        run: "api-resources",
        prints: [
          /^deployments +deploy +apps\/v1 +true +Deployment$/m,
          /^horizontalpodautoscalers +hpa +autoscaling\/v2 +true/m,
          /^namespaces +ns +v1 +false +Namespace$/m,
        ],
      },
      { run: "cluster-info", prints: /Kubernetes control plane.* is running at .*127\.0\.0\.1/ },
      {
        run: "get ns -o name",
        prints: "namespace/default\nnamespace/kube-node-lease\nnamespace/kube-public\nnamespace/kube-system",
      },
      { run: "get nope", prints: `error: the server doesn't have a resource type "nope"`, exit: 1 },
    ],
  },
  {
    title: "apply creates, then changes nothing, then configures",
    steps: [
      { run: "apply -f -", input: deployment(2), prints: "deployment.apps/web created" },
      { run: "apply -f -", input: deployment(2), prints: "deployment.apps/web unchanged" },
      { run: "diff -f -", input: deployment(2), prints: "" },
      {
        run: "diff -f -",
        input: deployment(5),
        prints: [/^- {2}replicas: 2$/m, /^\+ {2}replicas: 5$/m, /^- {2}generation: 1$/m],
        exit: 1,
      },
      {
        run: "apply --dry-run=server -f -",
        input: deployment(5),
        prints: "deployment.apps/web configured (server dry run)",
      },
      { run: "get deploy web -o jsonpath={.spec.replicas}", prints: "2" },
      { run: "apply -f -", input: deployment(3), prints: "deployment.apps/web configured" },
      {
        run: "create -f -",
        input: deployment(3),
        prints: 'Error from server (AlreadyExists): error when creating "STDIN": deployments.apps "web" already exists',
        exit: 1,
      },
    ],
  },
  {
    title: "get prints tables, names, YAML and paths",
    steps: [
      { run: "get deploy", prints: /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +0\/3 +0 +0 +\d+s$/m },
      { run: "get deploy -o wide", prints: /^NAME .* CONTAINERS +IMAGES +SELECTOR\nweb .* web +nginx:1 +app=web$/m },
      { run: "get deploy web -o name", prints: "deployment.apps/web" },
      {
        run: "get deploy web -o yaml",
        prints: [
          /^ {2}generation: 2$/m,
          /^ {2}progressDeadlineSeconds: 600$/m,
          /^ {8}imagePullPolicy: IfNotPresent$/m,
          /^ {8}terminationMessagePath: \/dev\/termination-log$/m,
        ],
      },
      { run: "get deploy nope", prints: 'Error from server (NotFound): deployments.apps "nope" not found', exit: 1 },
      { run: "get cronthing/x", exit: 1 },
      { run: "get rs", prints: "No resources found in default namespace." },
      {
        run: "describe deploy web",
        prints: [
          /^Replicas: +3 desired \| 0 updated \| 0 total/m,
          /^RollingUpdateStrategy: +25% max unavailable, 25% max surge$/m,
        ],
      },
    ],
  },
  {
    title: "label, annotate, scale, set image, patch, edit",
    steps: [
      { run: "label deploy web tier=front", prints: "deployment.apps/web labeled" },
      { run: "label deploy web tier=front", prints: "deployment.apps/web not labeled" },
      { run: "label deploy web tier-", prints: "deployment.apps/web unlabeled" },
      { run: "annotate deploy web note=x", prints: "deployment.apps/web annotated" },
      { run: "scale deploy web --replicas=4", prints: "deployment.apps/web scaled" },
      {
        run: "scale deploy web --current-replicas=9 --replicas=4",
        prints: /Expected replicas to be 9, was 4/,
        exit: 1,
      },
      { run: "set image deploy/web web=nginx:2", prints: "deployment.apps/web image updated" },
      { run: "rollout restart deploy/web", prints: "deployment.apps/web restarted" },
      { run: ["patch", "deploy", "web", "-p", '{"spec":{"paused":true}}'], prints: "deployment.apps/web patched" },
      {
        run: ["patch", "deploy", "web", "-p", '{"spec":{"paused":true}}'],
        prints: "deployment.apps/web patched (no change)",
      },
      {
        run: ["patch", "deploy", "web", "--type=json", "-p", '[{"op":"remove","path":"/spec/paused"}]'],
        prints: "deployment.apps/web patched",
      },
      {
        run: ["patch", "deploy", "web", "--type=json", "-p", '[{"op":"test","path":"/spec/replicas","value":7}]'],
        prints: /^The request is invalid: .*testing .*\/spec\/replicas.* failed|the server rejected our request/,
        exit: 1,
      },
      {
        run: ["patch", "deploy", "web", "--type=merge", "-p", '{"spec":{"minReadySeconds":5}}'],
        prints: "deployment.apps/web patched",
      },
      { run: "edit deploy web", prints: "deployment.apps/web edited" },
      {
        run: "get deploy web -o jsonpath={.spec.replicas}/{.spec.minReadySeconds}/{.spec.paused}/{.spec.template.spec.containers[0].image}",
        prints: "4/6//nginx:2",
      },
      {
        run: ["patch", "deploy", "web", "-p", '{"spec":{"selector":{"matchLabels":{"app":"other"}}}}'],
        prints: /is invalid: .*spec\.selector: Invalid value: .*field is immutable|spec\.template\.metadata\.labels/s,
        exit: 1,
      },
    ],
  },
  {
    title: "create from the command line, which sends protobuf",
    steps: [
      { run: "create cm settings --from-literal=a=b", prints: "configmap/settings created" },
      { run: "get cm settings -o jsonpath={.data.a}", prints: "b" },
      { run: "create secret generic pass --from-literal=p=q", prints: "secret/pass created" },
      { run: "get secret pass -o jsonpath={.type}/{.data.p}", prints: "Opaque/cQ==" },
      { run: "create ns foo", prints: "namespace/foo created" },
      { run: "create ns foo", prints: 'Error from server (AlreadyExists): namespaces "foo" already exists', exit: 1 },
      { run: "create deployment made --image=nginx --replicas=2 -n foo", prints: "deployment.apps/made created" },
      {
        run: "get deploy -n foo -o jsonpath={.items[0].spec.replicas}/{.items[0].spec.template.spec.containers[0].imagePullPolicy}",
        prints: "2/Always",
      },
      {
        run: "autoscale deploy made --min=1 --max=3 --cpu-percent=50 -n foo",
        prints: /^horizontalpodautoscaler\.autoscaling\/made autoscaled$/m,
      },
      { run: "get hpa -n foo", prints: /made +Deployment\/made +cpu: <unknown>\/50% +1 +3 +0/ },
      { run: "expose deploy made --port=80 -n foo", prints: "service/made exposed" },
      { run: "get svc -n foo", prints: /made +ClusterIP +10\.128\.\d+\.\d+ +<none> +80\/TCP/ },
      { run: "run one --image=x -n foo", prints: "pod/one created" },
      { run: "create ingress ing --rule=a.b/=made:80 -n foo", prints: "ingress.networking.k8s.io/ing created" },
      {
        run: "create deployment x --image=y -n nowhere",
        prints: 'error: failed to create deployment: namespaces "nowhere" not found',
        exit: 1,
      },
      { run: "delete ns foo --wait=false", prints: /^namespace "foo" deleted/ },
      { run: "get ns foo", prints: /^foo +Terminating/m },
    ],
  },
  {
    title: "objects that are wrong are refused by field",
    steps: [
      {
        run: "apply -f -",
        input: manifests.unknownFields,
        prints:
          'Error from server (BadRequest): error when creating "STDIN": ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dat", unknown field "spec"',
        exit: 1,
      },
      {
        run: "apply --validate=warn -f -",
        input: manifests.unknownFields,
        prints: ['Warning: unknown field "dat"', 'Warning: unknown field "spec"', "configmap/bad created"].map(
          (text) => new RegExp(text),
        ),
      },
      {
        run: "create -f -",
        input: manifests.badPod,
        prints: [
          /^The Pod "Bad_Name" is invalid: $/m,
          /^\* metadata\.name: Invalid value: "Bad_Name": a lowercase RFC 1123 subdomain/m,
          /^\* spec\.containers\[0\]\.name: Required value$/m,
          /^\* spec\.restartPolicy: Unsupported value: "Foo": supported values: "Always", "OnFailure", "Never"$/m,
        ],
        exit: 1,
      },
      {
        run: "create -f -",
        input: manifests.wrongType,
        prints:
          /cannot be handled as a Deployment: .*json: cannot unmarshal string into Go struct field .*replicas of type int32/,
        exit: 1,
      },
      {
        run: "create -f -",
        input: manifests.longName,
        prints: /metadata\.name: Invalid value: "a+": must be no more than 253/,
        exit: 1,
      },
      {
        run: "apply -f -",
        input: "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n bad: [",
        prints: /error: error parsing STDIN: error converting YAML to JSON/,
        exit: 1,
      },
      {
        run: "create -f -",
        input: "apiVersion: foo.example/v1\nkind: Nope\nmetadata: {name: x}\n",
        prints: /no matches for kind "Nope" in version "foo\.example\/v1"/,
        exit: 1,
      },
    ],
  },
  {
    title: "server-side apply: owners, conflicts, taking over",
    steps: [
      { run: "apply --server-side -f -", input: manifests.owned("1"), prints: "configmap/owned serverside-applied" },
      { run: "apply --server-side -f -", input: manifests.owned("1"), prints: "configmap/owned serverside-applied" },
      {
        run: "apply --server-side --field-manager=other -f -",
        input: manifests.owned("2"),
        prints: [/^error: Apply failed with 1 conflict: conflict with "kubectl": \.data\.a$/m, /--force-conflicts/],
        exit: 1,
      },
      {
        run: "apply --server-side --field-manager=other --force-conflicts -f -",
        input: manifests.owned("2"),
        prints: "configmap/owned serverside-applied",
      },
      {
        run: "get cm owned --show-managed-fields -o jsonpath={.metadata.managedFields[*].manager}/{.data.a}",
        prints: "other/2",
      },
    ],
  },
  {
    title: "explain knows types, required fields and enums",
    steps: [
      {
        run: "explain deploy.spec.strategy",
        prints: [
          /^GROUP: +apps$/m,
          /^KIND: +Deployment$/m,
          /^FIELD: strategy <DeploymentStrategy>$/m,
          /rollingUpdate\t<RollingUpdateDeployment>/,
        ],
      },
      { run: "explain pod.spec.containers.resources", prints: /limits\t<map\[string\]Quantity>/ },
      { run: "explain pod.spec.nope", prints: /error: field "nope" does not exist/, exit: 1 },
    ],
  },
  {
    title: "definitions: a new kind with columns, validation, status and scale",
    steps: [
      {
        run: "apply -f -",
        input: definition,
        prints: "customresourcedefinition.apiextensions.k8s.io/crons.example.com created",
      },
      {
        run: "wait --for=condition=Established crd/crons.example.com --timeout=10s",
        prints: "customresourcedefinition.apiextensions.k8s.io/crons.example.com condition met",
      },
      { run: "apply -f -", input: custom("one", "* *"), prints: "cron.example.com/one created" },
      { run: "apply -f -", input: custom("one", "* *"), prints: "cron.example.com/one unchanged" },
      { run: "get crons", prints: /^NAME +SPEC +REPLICAS +AGE\none +\* \* +1 +\d+s$/m },
      {
        run: "apply -f -",
        input: custom("two", "*"),
        prints: `The Cron "two" is invalid: spec.cronSpec: Invalid value: "*": spec.cronSpec in body should match '^\\S+ \\S+$'`,
        exit: 1,
      },
      { run: "scale cron one --replicas=3", prints: "cron.example.com/one scaled" },
      {
        run: [
          "patch",
          "cron",
          "one",
          "--subresource=status",
          "--type=merge",
          "-p",
          '{"status":{"replicas":7},"spec":{"cronSpec":"no no"}}',
        ],
        prints: "cron.example.com/one patched",
      },
      { run: "get cr one -o jsonpath={.spec.replicas}/{.status.replicas}/{.spec.cronSpec}", prints: "3/7/* *" },
      { run: "explain cron.spec", prints: [/^GROUP: +example\.com$/m, /cronSpec\t<string> -required-/] },
      {
        run: "delete crd crons.example.com",
        prints: /^customresourcedefinition\.apiextensions\.k8s\.io "crons\.example\.com" deleted/,
      },
      { run: "get crons", exit: 1 },
    ],
  },
  {
    title: "lists: selectors, pages, sorting",
    steps: [
      { run: "apply -f -", input: pods(6), prints: /^pod\/p6 created$/m },
      {
        run: "get pods -o wide",
        prints: [
          /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES$/m,
          /^p1 +0\/1 +Pending +0 +\d+s +<none> +one +<none> +<none>$/m,
        ],
      },
      { run: "get pods --field-selector=spec.nodeName=one -o name", prints: "pod/p1\npod/p2" },
      { run: "get pods --field-selector=status.phase!=Pending", prints: "No resources found in default namespace." },
      { run: "get pods --field-selector=foo=bar", prints: /field label not supported: foo/, exit: 1 },
      { run: "get pods -l parity=1 --chunk-size=2 -o name", prints: "pod/p1\npod/p3\npod/p5" },
      { run: ["get", "pods", "-l", "parity in (0),parity!=1", "-o", "name"], prints: "pod/p2\npod/p4\npod/p6" },
      {
        run: "get pods --chunk-size=4 --no-headers -o custom-columns=N:.metadata.name",
        prints: "p1\np2\np3\np4\np5\np6",
      },
      {
        run: "get pods --sort-by={.metadata.labels.parity} -o name",
        prints: "pod/p2\npod/p4\npod/p6\npod/p1\npod/p3\npod/p5",
      },
      {
        run: "get pods p1 nope -o name",
        prints: 'pod/p1\nError from server (NotFound): pods "nope" not found',
        exit: 1,
      },
      { run: "get pods -w --request-timeout=2s -o name", prints: /pod\/p6/, stopMs: 1_000 },
      { run: "get all -o name", prints: [/^pod\/p1$/m, /^deployment\.apps\/web$/m] },
    ],
  },
  {
    title: "delete: by name, by label, gracefully on a node, and waiting",
    steps: [
      { run: "delete pod p3 --dry-run=server", prints: /^pod "p3" deleted.* \(server dry run\)/ },
      { run: "delete pods --all --dry-run=server", prints: /^pod "p6" deleted.* \(server dry run\)/m },
      { run: "get pod p3 -o name", prints: "pod/p3" },
      { run: "delete pod p3 p4", prints: /^pod "p3" deleted.*\npod "p4" deleted/ },
      { run: "delete pod p1 --wait=false", prints: /^pod "p1" deleted/ },
      { run: "get pod p1", prints: /^p1 +0\/1 +Terminating/m },
      { run: "delete pod p1 --force --grace-period=0", prints: /pod "p1" force deleted/ },
      { run: "wait --for=delete pod/p1 --timeout=5s" },
      { run: "delete pods -l parity=0 --force --grace-period=0", prints: /pod "p6" force deleted/ },
      { run: "delete pod nope", prints: 'Error from server (NotFound): pods "nope" not found', exit: 1 },
      { run: "delete pod nope --ignore-not-found", prints: "" },
      { run: "get pods -o name", prints: "pod/p5" },
    ],
  },
  {
    title: "rollout: history, status and wait read what controllers write",
    steps: [
      { run: "get deploy web -o jsonpath={.metadata.uid}", keepAs: "uid" },
      { run: "apply -f -", input: replicaSet, prints: "replicaset.apps/web-1 created" },
      { run: "annotate deploy web deployment.kubernetes.io/revision=1", prints: "deployment.apps/web annotated" },
      { run: "rollout history deploy web", prints: /REVISION +CHANGE-CAUSE\n1 +<none>/ },
      { run: "rollout history deploy web --revision=1", prints: /Image:\s+nginx:1/ },
      {
        run: [
          "patch",
          "deploy",
          "web",
          "--subresource=status",
          "--type=merge",
          "-p",
          '{"status":{"observedGeneration":99,"replicas":4,"updatedReplicas":4,"readyReplicas":4,"availableReplicas":4}}',
        ],
        prints: "deployment.apps/web patched",
      },
      { run: "rollout status deploy web --timeout=10s", prints: 'deployment "web" successfully rolled out' },
      {
        run: "wait deploy web --for=jsonpath={.status.readyReplicas}=4 --timeout=10s",
        prints: "deployment.apps/web condition met",
      },
      {
        run: "wait deploy web --for=condition=Available --timeout=1s",
        prints: /timed out waiting for the condition/,
        exit: 1,
      },
      { run: "delete deploy web", prints: /^deployment\.apps "web" deleted/ },
      { run: "wait --for=delete deploy/web --timeout=5s" },
    ],
  },
  {
    title: "events: listed, described, by both of their groups",
    steps: [
      { run: "get pod p5 -o jsonpath={.metadata.uid}", keepAs: "pod" },
      { run: "create -f -", input: event, prints: "event/e1 created" },
      {
        run: "get events",
        prints: /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n\S+ +Normal +Scheduled +pod\/p5 +hello$/m,
      },
      { run: "events --for pod/p5", prints: /\(x3 over \S+\) +Normal +Scheduled +Pod\/p5 +hello/ },
      { run: "get events.events.k8s.io -o jsonpath={.items[0].note}/{.items[0].regarding.name}", prints: "hello/p5" },
      { run: "describe pod p5", prints: /Normal +Scheduled +\S+ \(x3 over \S+\) +x +hello/ },
    ],
  },
  {
    title: "who may do what: the administrator, impersonation, a service account with a role",
    steps: [
      { run: "auth whoami", prints: [/Username +kubernetes-admin/, /Groups +\[system:masters system:authenticated\]/] },
      { run: "auth can-i create pods", prints: "yes" },
      { run: "auth can-i --list", prints: /\*\.\* +\[\] +\[\] +\[\*\]/ },
      { run: "auth can-i create pods --as=bob", prints: "no", exit: 1 },
      {
        run: "get pods --as=bob",
        prints:
          'Error from server (Forbidden): pods is forbidden: User "bob" cannot list resource "pods" in API group "" in the namespace "default"',
        exit: 1,
      },
      {
        run: "apply -f -",
        input: readerRole,
        prints:
          "serviceaccount/reader created\nrole.rbac.authorization.k8s.io/pod-reader created\nrolebinding.rbac.authorization.k8s.io/pod-reader created",
      },
      {
        run: "create token reader --duration=1m",
        prints: /spec\.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes/,
        exit: 1,
      },
      { run: "create token reader", prints: /^eyJ[\w-]+\.[\w-]+\.[\w-]+\s*$/, keepAs: "token" },
      {
        run: "--kubeconfig=/dev/null --server={{server}} --certificate-authority={{folder}}/pki/ca.crt --token={{token}} get pods -n default -o name",
        prints: "pod/p5",
      },
      {
        run: "--kubeconfig=/dev/null --server={{server}} --certificate-authority={{folder}}/pki/ca.crt --token={{token}} get pods -A",
        prints:
          'Error from server (Forbidden): pods is forbidden: User "system:serviceaccount:default:reader" cannot list resource "pods" in API group "" at the cluster scope',
        exit: 1,
      },
      {
        run: "--kubeconfig=/dev/null --server={{server}} --certificate-authority={{folder}}/pki/ca.crt --token={{token}} get secrets -n default",
        prints: /^Error from server \(Forbidden\): secrets is forbidden/,
        exit: 1,
      },
      {
        run: "--kubeconfig=/dev/null --server={{server}} --certificate-authority={{folder}}/pki/ca.crt --token={{token}} delete pod p5 -n default",
        prints:
          'Error from server (Forbidden): pods "p5" is forbidden: User "system:serviceaccount:default:reader" cannot delete resource "pods" in API group "" in the namespace "default"',
        exit: 1,
      },
      {
        run: "--kubeconfig=/dev/null --server={{server}} --certificate-authority={{folder}}/pki/ca.crt --token={{token}} logs p5 -n default",
        prints: /pods "p5" is forbidden: User .* cannot get resource "pods\/log"/,
        exit: 1,
      },
      {
        run: "--kubeconfig=/dev/null --server={{server}} --certificate-authority={{folder}}/pki/ca.crt --token=nonsense get pods",
        prints: "error: You must be logged in to the server (Unauthorized)",
        exit: 1,
      },
      {
        run: "--kubeconfig=/dev/null --server={{server}} --token={{token}} get pods",
        prints: /certificate signed by unknown authority/,
        exit: 1,
      },
      {
        run: "--kubeconfig=/dev/null --server={{server}} --certificate-authority={{folder}}/pki/ca.crt get pods",
        prints: /(Unauthorized)|Username/,
        exit: 1,
      },
      { run: "delete sa reader", prints: /^serviceaccount "reader" deleted/ },
      {
        run: "--kubeconfig=/dev/null --server={{server}} --certificate-authority={{folder}}/pki/ca.crt --token={{token}} get pods -n default",
        prints: "error: You must be logged in to the server (Unauthorized)",
        exit: 1,
      },
    ],
  },
  {
    title: "pods without a node refuse logs and streams by name",
    steps: [
      { run: "logs p5", prints: "Error from server (BadRequest): pod p5 does not have a host assigned", exit: 1 },
      { run: "exec p5 -- ls", exit: 1, prints: /./ },
      { run: "top pods", exit: 1, prints: /metrics not available yet|Metrics API not available/ },
      { run: "get --raw /healthz", prints: "ok" },
      {
        run: "get --raw /metrics",
        prints: /apiserver_request_total\{verb="LIST",group="",resource="pods",code="200"\} \d+/,
      },
      {
        run: "get --raw /nope",
        prints: "Error from server (NotFound): the server could not find the requested resource",
        exit: 1,
      },
    ],
  },
  {
    title: "policy: budgets, quotas, limits and the containers that kubectl debug adds",
    steps: [
      {
        run: "create pdb guard --selector=app=guarded --min-available=50%",
        prints: "poddisruptionbudget.policy/guard created",
      },
      { run: "get pdb guard", prints: /^guard +50% +N\/A +0 /m },
      {
        run: "create quota none --hard=services.loadbalancers=0,count/pods=100 --scopes=BestEffort",
        exit: 1,
        prints: /spec\.scopes: Invalid value: \["BestEffort"\]: unsupported scope applied to resource/,
      },
      { run: "create quota none --hard=services.loadbalancers=0", prints: "resourcequota/none created" },
      {
        run: "create service loadbalancer outside --tcp=80",
        exit: 1,
        prints:
          /services "outside" is forbidden: exceeded quota: none, requested: services\.loadbalancers=1, used: services\.loadbalancers=0, limited: services\.loadbalancers=0/,
      },
      { run: "delete pdb/guard quota/none", prints: /deleted/ },
      { run: "debug p5 --image=x --profile=general -c look", prints: "" },
      { run: "get pod p5 -o jsonpath={.spec.ephemeralContainers[*].name}", prints: "look" },
    ],
  },
];
