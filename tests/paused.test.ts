/** What stands still for a while: control, the whole platform, containerd. Pods serve on, nodes come back, and down always ends. PAUSE_S=60 makes it long. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { cannotRun, Stage, until } from "./platform-stage.ts";

const skip = cannotRun("kubectl");
// Longer than it takes until a role that does not answer is killed.
const PAUSE_MS = Number(process.env["PAUSE_S"] ?? 20) * 1_000;
// Until the agent says that its runtime does not answer: a call's own time limit, and a look.
const NOTICED_MS = 60_000;
// down gives the roles 20 s, whatever hangs 5 s more; the rest is taking things away on a busy machine.
const DOWN_MS = 45_000;

const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
        - name: web
          image: busybox
          command: [sh, -c, "mkdir -p /www; echo page > /www/index.html; httpd -f -p 8080 -h /www"]
          readinessProbe: {httpGet: {path: /, port: 8080}, periodSeconds: 1}
          resources: {requests: {cpu: 20m, memory: 16Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  rules: [{host: web.test, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]
`;

let stage: Stage;

before(async () => {
  if (skip !== false) return;
  stage = await Stage.open("pause");
  await stage.up();
  const file = join(stage.folder, "web.yaml");
  await writeFile(file, WEB);
  await stage.kubectlOk("apply", "-f", file);
  await stage.kubectlOk("rollout", "status", "deploy/web", "--timeout=60s");
});

after(async () => {
  if (skip === false) await stage[Symbol.asyncDispose]();
});

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

function signalAll(pids: readonly number[], name: NodeJS.Signals): void {
  for (const pid of pids) process.kill(pid, name);
}

/** Names, restarts and readiness of the pods, and since when the node is ready: what a pause must not change. */
function condition(): Promise<string> {
  return stage.kubectlOk(
    "get",
    "nodes,pods",
    "-o",
    'jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[*].restartCount} {.status.conditions[?(@.type=="Ready")].status} {.status.conditions[?(@.type=="Ready")].lastTransitionTime} {.spec.taints}{"\\n"}{end}',
  );
}

const nodeReady = async (): Promise<string> =>
  (await stage.kubectl("get", "nodes", "-o", 'jsonpath={.items[0].status.conditions[?(@.type=="Ready")].status}')).out;

const containerd = (): number =>
  Number(readFileSync(join("/run/catamaran", stage.name, "node-1", "containerd.pid"), "utf8"));

async function wholePlatform(): Promise<readonly number[]> {
  const lock = JSON.parse(await readFile(join(stage.dataDir, "supervisor.json"), "utf8")) as {
    readonly pid: number;
    readonly roles: Readonly<Record<string, { readonly pid: number }>>;
  };
  return [lock.pid, ...Object.values(lock.roles).map(({ pid }) => pid)];
}

async function inTime(what: string, words: readonly string[], ms = DOWN_MS): Promise<void> {
  const startedAt = performance.now();
  const ran = await stage.catamaran(...words);
  assert.equal(ran.code, 0, ran.error);
  assert.ok(performance.now() - startedAt < ms, `${what} took ${Math.round(performance.now() - startedAt)} ms`);
}

test("control stands still: no request to a pod fails, the node stays ready, no pod is touched", { skip }, async () => {
  const earlier = await condition();
  const asking = await stage.keepAsking("web.test");
  const pids = await stage.pidsOf("control");
  signalAll(pids, "SIGSTOP");
  await sleep(PAUSE_MS);
  const answers = (): Promise<string> => stage.kubectl("get", "--raw", "/readyz").then(({ out }) => out);
  await until("the API answers", answers, (out) => out === "ok");
  assert.notDeepEqual(await stage.pidsOf("control"), pids, "its supervisor killed it and started it again");
  await sleep(5_000);
  const { asked, failed, failures } = await asking.stop();
  assert.ok(asked > 50, `${asked} asked`);
  assert.equal(failed, 0, `${failed} of ${asked} failed: ${failures.join("; ")}`);
  assert.equal(await condition(), earlier);
});

test(
  "the whole platform stands still: afterwards the node is ready as before, no pod is touched",
  { skip },
  async () => {
    const earlier = await condition();
    const pids = await wholePlatform();
    signalAll(pids, "SIGSTOP");
    await sleep(PAUSE_MS);
    signalAll(pids, "SIGCONT");
    const asking = await stage.keepAsking("web.test");
    await sleep(8_000);
    const { asked, failed, failures } = await asking.stop();
    assert.equal(failed, 0, `${failed} of ${asked} failed: ${failures.join("; ")}`);
    assert.equal(await condition(), earlier);
    assert.deepEqual(await wholePlatform(), pids);
  },
);

test(
  "containerd hangs: the node says so, its pods serve on; it answers again: the node is ready",
  { skip },
  async () => {
    const asking = await stage.keepAsking("web.test");
    process.kill(containerd(), "SIGSTOP");
    await until("the node is not ready", nodeReady, (ready) => ready === "False", NOTICED_MS);
    process.kill(containerd(), "SIGCONT");
    await until("the node is ready", nodeReady, (ready) => ready === "True", NOTICED_MS);
    await stage.kubectlOk("rollout", "status", "deploy/web", "--timeout=60s");
    const { asked, failed, failures } = await asking.stop();
    // The node's pods are unready until its agent says otherwise, as upstream has it (MarkPodsNotReady).
    assert.ok(failed < asked / 20, `${failed} of ${asked} failed: ${failures.join("; ")}`);
  },
);

test("down ends though containerd hangs; the next up has the node and its pods again", { skip }, async () => {
  process.kill(containerd(), "SIGSTOP");
  await inTime("down", ["down"]);
  await stage.up();
  await until("the node is ready", nodeReady, (ready) => ready === "True", NOTICED_MS);
  await stage.kubectlOk("rollout", "status", "deploy/web", "--timeout=60s");
});

test("containerd's records are garbage: the next up puts them aside, and the pods run again", { skip }, async () => {
  await inTime("down", ["down"]);
  const records = join(stage.dataDir, "nodes", "node-1", "containerd", "io.containerd.metadata.v1.bolt", "meta.db");
  await writeFile(records, Buffer.alloc(65_536, "garbage"));
  await stage.up();
  await until("the node is ready", nodeReady, (ready) => ready === "True", NOTICED_MS);
  await stage.kubectlOk("rollout", "status", "deploy/web", "--timeout=60s");
});

test(
  "down --purge ends though containerd hangs and its records are garbage, and leaves nothing",
  { skip },
  async () => {
    const records = join(stage.dataDir, "nodes", "node-1", "containerd", "io.containerd.metadata.v1.bolt", "meta.db");
    process.kill(containerd(), "SIGSTOP");
    await rm(records);
    await writeFile(records, Buffer.alloc(65_536, "garbage"));
    await inTime("down --purge", ["down", "--purge"]);
    assert.equal((await stage.run("sh", "-c", `pgrep -af "${stage.dataDir}" | grep -v pgrep || true`)).out, "");
  },
);
