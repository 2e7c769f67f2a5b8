/** The whole platform under kubectl, aws and curl: workloads, self-healing, kills, and nothing left at the end. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { zipSync } from "fflate";
import { cannotRun, Stage, until } from "./platform-stage.ts";

const skip = cannotRun("kubectl");
const skipAws = skip || cannotRun("aws");

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
      terminationGracePeriodSeconds: 5
      containers:
        - name: web
          image: busybox
          command: [sh, -c, "mkdir -p /www; echo page > /www/index.html; echo started $VERSION; trap 'sleep 1; exit 0' TERM; httpd -f -p 8080 -h /www & wait $!"]
          env: [{name: VERSION, value: "1"}]
          ports: [{name: http, containerPort: 8080}]
          readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
          resources: {requests: {cpu: 20m, memory: 16Mi}, limits: {memory: 64Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
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
  stage = await Stage.open("plat");
  await stage.up();
  const file = join(stage.folder, "web.yaml");
  await writeFile(file, WEB);
  assert.match(await stage.kubectlOk("apply", "-f", file), /deployment.apps\/web created/);
  await stage.kubectlOk("rollout", "status", "deploy/web", "--timeout=60s");
});

after(async () => {
  if (skip === false) await stage[Symbol.asyncDispose]();
});

async function readyPods(): Promise<readonly string[]> {
  const out = await stage.kubectlOk(
    "get",
    "pods",
    "-l",
    "app=web",
    "-o",
    'jsonpath={range .items[*]}{.metadata.name} {.metadata.deletionTimestamp} {.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}',
  );
  return out
    .split("\n")
    .filter((line) => line.endsWith("  True"))
    .map((line) => line.split(" ")[0] ?? "");
}

const threeReady = (): Promise<readonly string[]> =>
  until("three ready pods", readyPods, (pods) => pods.length === 3, 60_000);

test("apply twice says unchanged; get, describe, logs and top print what a cluster prints", { skip }, async () => {
  assert.match(
    await stage.kubectlOk("apply", "-f", join(stage.folder, "web.yaml")),
    /deployment.apps\/web unchanged\nservice\/web unchanged\ningress.networking.k8s.io\/web unchanged/,
  );
  assert.match(await stage.kubectlOk("get", "nodes"), /NAME +STATUS +ROLES +AGE +VERSION\nnode-1 +Ready/);
  assert.match(
    await stage.kubectlOk("get", "all", "-o", "wide"),
    /pod\/web-\S+ +1\/1 +Running +0 +\S+ +10\.\S+ +node-1/,
  );
  assert.match(
    await stage.kubectlOk("describe", "deploy", "web"),
    /Replicas: +3 desired \| 3 updated \| 3 total \| 3 available/,
  );
  assert.match(await stage.kubectlOk("logs", "deploy/web"), /started 1/);
  const top = await until(
    "kubectl top",
    () => stage.kubectl("top", "pods"),
    ({ code, out }) => code === 0 && /web-\S+ +\d+m +\d+Mi/.test(out),
    30_000,
  );
  assert.match(top.out, /NAME +CPU\(cores\) +MEMORY\(bytes\)/);
});

test("a pod reaches the service by name, and the API server with its account's token", { skip }, async () => {
  const pod = (await readyPods())[0] ?? "";
  const script =
    "nslookup web.default.svc.cluster.local | grep -q Address && echo found; test -s /var/run/secrets/kubernetes.io/serviceaccount/token && echo token";
  const check = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "check" },
    spec: { restartPolicy: "Never", containers: [{ name: "c", image: "busybox", command: ["sh", "-c", script] }] },
  };
  await writeFile(join(stage.folder, "check.json"), JSON.stringify(check));
  await stage.kubectlOk("apply", "-f", join(stage.folder, "check.json"));
  const logs = await until(
    "the check's words",
    () => stage.kubectl("logs", "check"),
    ({ out }) => out.includes("token"),
    20_000,
  );
  assert.match(logs.out, /found/);
  assert.notEqual(pod, "");
  await stage.kubectlOk("delete", "pod", "check", "--grace-period=0", "--force");
});

test("a rolling update and its undo fail no request", { skip }, async () => {
  await threeReady();
  const asking = await stage.keepAsking("web.test");
  await stage.kubectlOk("set", "env", "deploy/web", "VERSION=2");
  await stage.kubectlOk("rollout", "status", "deploy/web", "--timeout=60s");
  assert.match(await stage.kubectlOk("rollout", "history", "deploy/web"), /REVISION +CHANGE-CAUSE\n1 .*\n2 /);
  await stage.kubectlOk("rollout", "undo", "deploy/web");
  await stage.kubectlOk("rollout", "status", "deploy/web", "--timeout=60s");
  const { asked, failed, failures } = await asking.stop();
  assert.equal(failed, 0, `${failed} of ${asked} failed: ${failures.join("; ")}`);
  assert.ok(asked > 50);
});

const kills: readonly { readonly title: string; readonly kill: () => Promise<void>; readonly mayFail: boolean }[] = [
  {
    title: "a container's process",
    mayFail: true,
    kill: async () => void execFileSync("kill", ["-9", await podProcess()]),
  },
  { title: "the node agent", mayFail: false, kill: () => killRole("node") },
  { title: "the control plane", mayFail: false, kill: () => killRole("control") },
];

/** One web server of this instance: its control group carries the instance's name. */
async function podProcess(): Promise<string> {
  const servers = execFileSync("pgrep", ["-f", "httpd -f -p 8080 -h /www"], { encoding: "utf8" }).trim().split("\n");
  const groups = await Promise.all(servers.map((pid) => readFile(`/proc/${pid}/cgroup`, "utf8").catch(() => "")));
  const index = groups.findIndex((group) => group.includes(`/catamaran/${stage.name}/`));
  assert.ok(index >= 0, "no process of a web pod was found");
  return servers[index] ?? "";
}

async function killRole(role: string): Promise<void> {
  const pids = await stage.pidsOf(role);
  assert.equal(pids.length, 1, `${role}: ${pids.join(", ")}`);
  process.kill(pids[0] ?? 0, "SIGKILL");
  await until(
    `${role} is back`,
    () => stage.pidsOf(role),
    (now) => now.length === 1 && now[0] !== pids[0],
  );
}

for (const { title, kill, mayFail } of kills) {
  test(
    `kill -9 of ${title}: three ready again without help${mayFail ? "" : ", no request fails, no pod restarts"}`,
    { skip },
    async () => {
      const earlier = await threeReady();
      const asking = await stage.keepAsking("web.test");
      await kill();
      await until(
        "the API answers",
        () => stage.kubectl("get", "--raw", "/readyz"),
        ({ out }) => out === "ok",
      );
      if (!mayFail) await new Promise((resolve) => setTimeout(resolve, 3_000));
      const later = await threeReady();
      const { asked, failed, failures } = await asking.stop();
      if (mayFail) return;
      assert.deepEqual(later.toSorted(), earlier.toSorted());
      assert.equal(failed, 0, `${failed} of ${asked} failed: ${failures.join("; ")}`);
      const restarts = await stage.kubectlOk(
        "get",
        "pods",
        "-l",
        "app=web",
        "-o",
        "jsonpath={.items[*].status.containerStatuses[0].restartCount}",
      );
      assert.ok(restarts.split(" ").filter((count) => count !== "0").length <= 1, `restarts: ${restarts}`);
    },
  );
}

test(
  "what was acknowledged is there after the control plane was killed five times while writing",
  { skip },
  async () => {
    for (let round = 0; round < 5; round++) {
      await stage.kubectlOk("create", "configmap", `kept-${round}`, `--from-literal=round=${round}`);
      const [pid] = await stage.pidsOf("control");
      process.kill(pid ?? 0, "SIGKILL");
      await until(
        "control is back",
        () => stage.kubectl("get", "--raw", "/readyz"),
        ({ out }) => out === "ok",
      );
    }
    const names = await stage.kubectlOk("get", "configmaps", "-o", "name");
    for (let round = 0; round < 5; round++) assert.match(names, new RegExp(`configmap/kept-${round}\\b`));
  },
);

test("a function answers through Invoke and through its URL, isolated", { skip: skipAws }, async () => {
  const zip = join(stage.folder, "fn.zip");
  const code =
    'import { readdirSync } from "node:fs"; export const handler = async (event) => ({ statusCode: 200, body: JSON.stringify({ path: event.rawPath ?? null, uid: process.getuid(), processes: readdirSync("/proc").filter((name) => /^\\d+$/.test(name)).length }) });';
  await writeFile(zip, zipSync({ "index.mjs": Buffer.from(code) }));
  const created = await stage.aws(
    "lambda",
    "create-function",
    "--function-name",
    "where",
    "--runtime",
    "nodejs24.x",
    "--handler",
    "index.handler",
    "--role",
    "arn:aws:iam::000000000000:role/t",
    "--zip-file",
    `fileb://${zip}`,
  );
  assert.equal(created.code, 0, created.error);
  await stage.aws("lambda", "wait", "function-active-v2", "--function-name", "where");
  const url = await stage.aws(
    "lambda",
    "create-function-url-config",
    "--function-name",
    "where",
    "--auth-type",
    "NONE",
    "--query",
    "FunctionUrl",
    "--output",
    "text",
  );
  const open = [
    "--function-name",
    "where",
    "--statement-id",
    "url",
    "--principal",
    "*",
    "--function-url-auth-type",
    "NONE",
  ];
  await stage.aws("lambda", "add-permission", "--action", "lambda:InvokeFunctionUrl", ...open);
  const page = await until(
    "the function's URL",
    () => stage.run("curl", "-s", "-m", "20", `${url.out}some/path`),
    ({ out }) => out.includes("path"),
  );
  const { path, processes } = JSON.parse(page.out) as { readonly path: string; readonly processes: number };
  assert.equal(path, "/some/path");
  assert.ok(processes <= 3, `it sees ${processes} processes`);
  assert.match(await stage.kubectlOk("get", "functions"), /where +nodejs24.x +index.handler +128Mi +Active/);
});

test("down leaves no process, mount, namespace, link, table or cgroup", { skip }, async () => {
  assert.equal((await stage.catamaran("down")).code, 0);
  const leftovers = [
    [
      "processes",
      execFileSync("sh", ["-c", `pgrep -af "${stage.dataDir}" | grep -v pgrep || true`], { encoding: "utf8" }),
    ],
    [
      "mounts",
      execFileSync("sh", ["-c", `grep -E "${stage.name}" /proc/mounts | grep -v "/run/netns/${stage.name} " || true`], {
        encoding: "utf8",
      }),
    ],
    ["namespaces", execFileSync("sh", ["-c", `ip netns | grep -E "ctm-${stage.name}" || true`], { encoding: "utf8" })],
    ["links", (await stage.run("sh", "-c", "ip -o link | grep -v ': lo:' || true")).out],
    ["tables", (await stage.run("nft", "list", "tables")).out],
    [
      "cgroups",
      execFileSync("sh", ["-c", `find /sys/fs/cgroup -type d -name "${stage.name}" || true`], { encoding: "utf8" }),
    ],
  ] as const;
  for (const [what, left] of leftovers) assert.equal(left.trim(), "", `${what} left`);
});
