/** Policy under kubectl on two real nodes: drains that respect budgets, quotas, limit ranges. */
import assert from "node:assert/strict";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { sampleRequest } from "#kube/sample-request.ts";
import { cannotRun, Stage, until } from "./platform-stage.ts";

const skip = cannotRun("kubectl");

const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: web
          image: busybox
          command: [sh, -c, "sleep 2; touch /tmp/ready; sleep 1000"]
          readinessProbe: {exec: {command: [cat, /tmp/ready]}, periodSeconds: 1}
          resources: {requests: {cpu: 10m, memory: 8Mi}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
`;

const AUDIT = `
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: Metadata, resources: [{group: "", resources: [secrets]}]}
  - {level: Request, verbs: [create], userGroups: ["system:masters"], resources: [{group: "", resources: [configmaps]}]}
`;

let stage: Stage;

before(async () => {
  if (skip !== false) return;
  stage = await Stage.open("policy");
  const policy = join(stage.folder, "audit.yaml");
  await writeFile(policy, AUDIT);
  await stage.up("--nodes", "2", "--audit-policy", policy);
});

after(async () => {
  if (skip === false) await stage[Symbol.asyncDispose]();
});

async function apply(name: string, text: string): Promise<string> {
  const file = join(stage.folder, `${name}.yaml`);
  await writeFile(file, text);
  return stage.kubectlOk("apply", "-f", file);
}

async function healthy(): Promise<number> {
  const out = await stage.kubectlOk("get", "pdb", "web", "-o", "jsonpath={.status.currentHealthy}");
  return Number(out || "0");
}

test("kubectl drain empties a node one pod at a time, and the budget holds all the while", { skip }, async () => {
  await apply("web", WEB);
  await stage.kubectlOk("rollout", "status", "deploy/web", "--timeout=60s");
  await until("three healthy pods", healthy, (count) => count === 3, 30_000);
  assert.match(await stage.kubectlOk("get", "pdb", "web"), /web\s+2\s+N\/A\s+1\s/);
  const name = (
    await stage.kubectlOk("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[0].spec.nodeName}")
  ).trim();

  let fewest = 3;
  const watching = { isOver: false };
  const watch = (async () => {
    while (!watching.isOver) fewest = Math.min(fewest, await healthy());
  })();
  const drained = await stage.kubectl("drain", name, "--ignore-daemonsets", "--force", "--timeout=90s");
  watching.isOver = true;
  await watch;
  assert.equal(drained.code, 0, drained.error);
  assert.match(drained.out, new RegExp(`node/${name} drained`));
  assert.ok(fewest >= 2, `the budget asks for 2 healthy pods, there were ${fewest}`);
  await stage.kubectlOk("rollout", "status", "deploy/web", "--timeout=60s");
  const nodes = await stage.kubectlOk("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].spec.nodeName}");
  assert.ok(!nodes.includes(name), nodes);
  await stage.kubectlOk("uncordon", name);
});

test(
  "an eviction that the budget forbids is refused with its cause, and a dry run takes nothing",
  { skip },
  async () => {
    await until("three healthy pods", healthy, (count) => count === 3, 60_000);
    const pods = (
      await stage.kubectlOk("get", "pods", "-l", "app=web", "-o", "jsonpath={.items[*].metadata.name}")
    ).split(" ");
    const evict = async (pod: string, query = ""): Promise<string> => {
      const file = join(stage.folder, "eviction.json");
      await writeFile(
        file,
        JSON.stringify({ apiVersion: "policy/v1", kind: "Eviction", metadata: { name: pod, namespace: "default" } }),
      );
      const { out, error } = await stage.kubectl(
        "create",
        "--raw",
        `/api/v1/namespaces/default/pods/${pod}/eviction${query}`,
        "-f",
        file,
      );
      return out + error;
    };
    const [first = "", second = ""] = pods;
    assert.match(await evict(first, "?dryRun=All"), /"status":"Success"/);
    assert.match(await evict(first), /"status":"Success"/);
    assert.match(await evict(second), /Cannot evict pod as it would violate the pod's disruption budget/);
    await stage.kubectlOk("delete", "pdb,deploy", "web");
  },
);

test(
  "a quota refuses what would exceed it, says what is used, and a Deployment tells why it has no pods",
  { skip },
  async () => {
    await stage.kubectlOk("create", "namespace", "team");
    await stage.kubectlOk(
      "-n",
      "team",
      "create",
      "quota",
      "compute",
      "--hard=pods=2,requests.cpu=100m,limits.memory=64Mi,count/deployments.apps=1",
    );
    const run = (name: string, cpu: string, memory: string): ReturnType<Stage["kubectl"]> => {
      const resources = { requests: { cpu, memory }, limits: { memory } };
      const spec = {
        containers: [{ name, image: "busybox", command: ["sleep", "1000"], resources }],
        terminationGracePeriodSeconds: 0,
      };
      return stage.kubectl("-n", "team", "run", name, "--image=busybox", `--overrides=${JSON.stringify({ spec })}`);
    };
    assert.match(
      (await run("bare", "10m", "128Mi")).error,
      /exceeded quota: compute, requested: limits.memory=128Mi, used: limits.memory=0, limited: limits.memory=64Mi/,
    );
    assert.match(
      (await stage.kubectl("-n", "team", "run", "mute", "--image=busybox")).error,
      /failed quota: compute: must specify limits.memory for: mute; requests.cpu for: mute/,
    );
    assert.equal((await run("one", "60m", "32Mi")).code, 0);
    assert.match(
      (await run("two", "60m", "32Mi")).error,
      /exceeded quota: compute, requested: requests.cpu=60m, used: requests.cpu=60m, limited: requests.cpu=100m/,
    );
    const used = (): Promise<string> => stage.kubectlOk("-n", "team", "get", "quota", "compute", "--no-headers");
    await until("the quota to say what is used", used, (row) => row.includes("pods: 1/2"), 10_000);
    assert.match(
      await used(),
      /compute\s+count\/deployments.apps: 0\/1, pods: 1\/2, requests.cpu: 60m\/100m\s+limits.memory: 32Mi\/64Mi/,
    );
    await stage.kubectlOk("-n", "team", "create", "deployment", "many", "--image=busybox", "--", "sleep", "1000");
    const events = (): Promise<string> => stage.kubectlOk("-n", "team", "get", "events");
    await until("the refusal as an event", events, (text) => /FailedCreate .*failed quota: compute/.test(text), 10_000);
    await stage.kubectlOk("-n", "team", "delete", "pod", "one", "--wait=true");
    await until("the quota to be free again", used, (row) => row.includes("pods: 0/2"), 10_000);
  },
);

test(
  "a limit range gives what pods leave out, refuses what is out of its bounds, and describe shows it",
  { skip },
  async () => {
    await stage.kubectlOk("create", "namespace", "limited");
    await apply(
      "limits",
      `
apiVersion: v1
kind: LimitRange
metadata: {name: bounds, namespace: limited}
spec:
  limits:
    - {type: Container, default: {cpu: 200m, memory: 32Mi}, defaultRequest: {cpu: 50m}, max: {memory: 64Mi}}
`,
    );
    assert.match(
      await stage.kubectlOk("-n", "limited", "describe", "limits", "bounds"),
      /Container\s+memory\s+-\s+64Mi\s+32Mi\s+32Mi\s+-/,
    );
    await stage.kubectlOk("-n", "limited", "run", "plain", "--image=busybox", "--", "sleep", "1000");
    const given = await stage.kubectlOk(
      "-n",
      "limited",
      "get",
      "pod",
      "plain",
      "-o",
      "jsonpath={.spec.containers[0].resources}",
    );
    assert.deepEqual(JSON.parse(given), {
      limits: { cpu: "200m", memory: "32Mi" },
      requests: { cpu: "50m", memory: "32Mi" },
    });
    const greedy = await stage.kubectl(
      "-n",
      "limited",
      "run",
      "greedy",
      "--image=busybox",
      `--overrides=${JSON.stringify({ spec: { containers: [{ name: "greedy", image: "busybox", resources: { limits: { memory: "128Mi" } } }] } })}`,
    );
    assert.match(
      greedy.error,
      /pods "greedy" is forbidden: maximum memory usage per Container is 64Mi, but limit is 128Mi/,
    );
    await stage.kubectlOk("delete", "namespace", "limited", "team", "--wait=false");
  },
);

test("a RuntimeClass chooses the runtime; one that no node has is told as an event", { skip }, async () => {
  const both = ["runc", "crun"].filter((name) => cannotRun(name) === false);
  await apply(
    "classes",
    [...both, "nowhere"]
      .map((name) => `apiVersion: node.k8s.io/v1\nkind: RuntimeClass\nmetadata: {name: ${name}}\nhandler: ${name}\n`)
      .join("---\n"),
  );
  for (const name of [...both, "nowhere"]) {
    const overrides = { spec: { runtimeClassName: name, terminationGracePeriodSeconds: 0 } };
    await stage.kubectlOk(
      "run",
      `by-${name}`,
      "--image=busybox",
      `--overrides=${JSON.stringify(overrides)}`,
      "--",
      "sleep",
      "1000",
    );
  }
  for (const name of both) await stage.kubectlOk("wait", "--for=condition=Ready", `pod/by-${name}`, "--timeout=60s");
  const events = (): Promise<string> =>
    stage.kubectlOk("get", "events", "--field-selector=involvedObject.name=by-nowhere");
  await until(
    "the failed sandbox",
    events,
    (text) => /FailedCreatePodSandBox.*no runtime for "nowhere" is configured/.test(text),
    30_000,
  );
  const classes = [...both, "nowhere"];
  await stage.kubectlOk("delete", "pod", ...classes.map((name) => `by-${name}`), "--force");
  await stage.kubectlOk("delete", "runtimeclass", ...classes);
});

test(
  "kubectl certificate approve: a user's request becomes a certificate by which the API knows him",
  { skip },
  async () => {
    const { request, key } = await sampleRequest({ subject: "CN=jane,O=team-a" });
    await apply(
      "jane",
      `
apiVersion: certificates.k8s.io/v1
kind: CertificateSigningRequest
metadata: {name: jane}
spec: {request: ${request}, signerName: kubernetes.io/kube-apiserver-client, usages: [client auth], expirationSeconds: 3600}
`,
    );
    assert.match(await stage.kubectlOk("get", "csr", "jane"), /kube-apiserver-client\s+\S*admin\S*\s+60m\s+Pending/);
    await stage.kubectlOk("certificate", "approve", "jane");
    const row = (): Promise<string> => stage.kubectlOk("get", "csr", "jane", "--no-headers");
    await until("the certificate", row, (text) => text.includes("Approved,Issued"), 10_000);
    const certificate = await stage.kubectlOk("get", "csr", "jane", "-o", "jsonpath={.status.certificate}");
    const files = { key: join(stage.folder, "jane.key"), crt: join(stage.folder, "jane.crt") };
    await writeFile(files.key, key);
    await writeFile(files.crt, Buffer.from(certificate, "base64"));
    const as = ["--client-certificate", files.crt, "--client-key", files.key, "--user", "jane"];
    await stage.kubectlOk(
      "config",
      "set-credentials",
      "jane",
      "--client-certificate",
      files.crt,
      "--client-key",
      files.key,
    );
    assert.match(await stage.kubectlOk("auth", "whoami", ...as.slice(4)), /jane[\s\S]*team-a/);
    const denied = await stage.kubectl("certificate", "deny", "jane");
    assert.match(denied.error + denied.out, /mutually exclusive|already approved|denied/i);
  },
);

test("Secrets are encrypted where they are stored, also after their key was rotated", { skip }, async () => {
  const word = "correct-horse-battery-staple";
  const isOnDisk = async (): Promise<boolean> => {
    const files = (await readdir(stage.dataDir)).filter((name) => name.startsWith("journal.db"));
    const texts = await Promise.all(files.map((name) => readFile(join(stage.dataDir, name), "latin1")));
    return texts.some((text) => text.includes(word) || text.includes(Buffer.from(word).toString("base64")));
  };
  await stage.kubectlOk("create", "secret", "generic", "door", `--from-literal=code=${word}`);
  assert.equal(await isOnDisk(), false);
  const rotated = await stage.catamaran("secrets", "rotate-key");
  assert.match(rotated.error, /^[1-9]\d* records of Secrets are sealed by a new key/);
  assert.equal(await isOnDisk(), false);
  const [control] = await stage.pidsOf("control");
  process.kill(control ?? 0, "SIGKILL");
  const read = (): Promise<string> =>
    stage.kubectl("get", "secret", "door", "-o", "jsonpath={.data.code}").then(({ out }) => out);
  const code = await until("the API to be back", read, (text) => text !== "", 30_000);
  assert.equal(Buffer.from(code, "base64").toString(), word);
});

test("the audit log says what its policy wants, and nothing of a Secret's content", { skip }, async () => {
  await stage.kubectlOk("create", "configmap", "told", "--from-literal=a=b");
  await stage.kubectlOk("create", "secret", "generic", "kept", "--from-literal=code=never-written-down");
  await stage.kubectl("get", "secret", "missing");
  const log = (): Promise<string> => readFile(join(stage.dataDir, "log", "audit.log"), "utf8");
  const text = await until("the events", log, (lines) => lines.includes('"missing"'), 10_000);
  const events = text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, never>);
  const about = (name: string): object | undefined =>
    events.find(({ objectRef, requestObject }) => JSON.stringify([objectRef, requestObject]).includes(`"${name}"`));
  assert.partialDeepStrictEqual(about("missing"), {
    level: "Metadata",
    verb: "get",
    stage: "ResponseComplete",
    responseStatus: { code: 404 },
  });
  assert.partialDeepStrictEqual(about("told"), {
    level: "Request",
    verb: "create",
    responseStatus: { code: 201 },
    requestObject: { data: { a: "b" } },
  });
  assert.doesNotMatch(text, /never-written-down|bmV2ZXItd3JpdHRlbi1kb3du/);
  const refusedUp = await stage.catamaran("up", "--audit-policy", join(stage.folder, "web.yaml"));
  assert.notEqual(refusedUp.code, 0);
});

test(
  "a token Secret of a service account is filled and believed, until it goes with its account",
  { skip },
  async () => {
    await stage.kubectlOk("create", "serviceaccount", "robot");
    await apply(
      "robot",
      `
apiVersion: v1
kind: Secret
metadata: {name: robot, annotations: {kubernetes.io/service-account.name: robot}}
type: kubernetes.io/service-account-token
`,
    );
    const read = (): Promise<string> =>
      stage.kubectl("get", "secret", "robot", "-o", "jsonpath={.data.token}").then(({ out }) => out);
    const token = Buffer.from(await until("the token", read, (text) => text !== "", 10_000), "base64").toString();
    await stage.kubectlOk("config", "set-credentials", "robot", `--token=${token}`);
    assert.match(await stage.kubectlOk("auth", "whoami", "--user", "robot"), /system:serviceaccount:default:robot/);
    await stage.kubectlOk("delete", "serviceaccount", "robot");
    await until("the Secret to go", read, (text) => text === "", 10_000);
    assert.notEqual((await stage.kubectl("auth", "whoami", "--user", "robot")).code, 0);
  },
);
