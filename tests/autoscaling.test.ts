/** The horizontal autoscaler on real pods under real load: up towards ten by upstream's pace, and back, with events that say why. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { cannotRun, Stage, until } from "./platform-stage.ts";

const skip = cannotRun("kubectl");

// The pods burn what they may while the config map says so; it reaches them as a file.
const MANIFESTS = `
apiVersion: v1
kind: ConfigMap
metadata: {name: mode}
data: {burn: "no"}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: burner}
spec:
  replicas: 3
  selector: {matchLabels: {app: burner}}
  template:
    metadata: {labels: {app: burner}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - name: burner
          image: busybox
          command: [sh, -c, 'while true; do if grep -q yes /mode/burn; then i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done; else sleep 1; fi; done']
          volumeMounts: [{name: mode, mountPath: /mode}]
          resources: {requests: {cpu: 20m, memory: 16Mi}, limits: {cpu: 60m, memory: 32Mi}}
      volumes: [{name: mode, configMap: {name: mode}}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: burner}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: burner}
  minReplicas: 3
  maxReplicas: 10
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]
  behavior: {scaleDown: {stabilizationWindowSeconds: 5}}
`;

test("load takes the autoscaler from 3 to 10 and rest takes it back", { skip, timeout: 300_000 }, async () => {
  await using stage = await Stage.open("hpa");
  await stage.up();
  const file = join(stage.folder, "burner.yaml");
  await writeFile(file, MANIFESTS);
  await stage.kubectlOk("apply", "-f", file);
  await stage.kubectlOk("rollout", "status", "deploy/burner", "--timeout=60s");
  const replicas = async (): Promise<number> =>
    Number(await stage.kubectlOk("get", "deploy", "burner", "-o", "jsonpath={.status.replicas}"));
  const turn = (burn: string): Promise<string> =>
    stage.kubectlOk("patch", "configmap", "mode", "-p", JSON.stringify({ data: { burn } }));
  await until(
    "a first reading",
    () => stage.kubectlOk("get", "hpa", "burner"),
    (line) => /cpu: \d+%\/70%/.test(line),
    60_000,
  );
  assert.equal(await replicas(), 3);
  await turn("yes");
  await until("ten replicas", replicas, (count) => count === 10, 120_000);
  await turn("no");
  await until("three replicas again", replicas, (count) => count === 3, 120_000);
  const events = await stage.kubectlOk(
    "get",
    "events",
    "--field-selector",
    "involvedObject.kind=HorizontalPodAutoscaler",
    "-o",
    'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}',
  );
  assert.match(
    events,
    /SuccessfulRescale: New size: \d+; reason: cpu resource utilization \(percentage of request\) above target/,
  );
  assert.match(events, /SuccessfulRescale: New size: 3; reason: All metrics below target/);
});
