/** Policy under kubectl on two real nodes: drains that respect budgets. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
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

let stage: Stage;

before(async () => {
  if (skip !== false) return;
  stage = await Stage.open("policy");
  await stage.up("--nodes", "2");
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
