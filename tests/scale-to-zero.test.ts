/** A Deployment at zero on a real node: a hundred first requests at once are held and answered, then it sleeps again. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { cannotRun, Stage, until } from "./platform-stage.ts";

const skip = cannotRun("kubectl");

const MANIFESTS = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 0
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 0
      containers:
        - {name: web, image: busybox, command: [sh, -c, 'mkdir -p /w && echo awake > /w/index.html && exec httpd -f -p 8080 -h /w'], readinessProbe: {tcpSocket: {port: 8080}, periodSeconds: 1}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {rules: [{host: web.test, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 0
  maxReplicas: 3
  metrics: [{type: Object, object: {describedObject: {apiVersion: v1, kind: Service, name: web}, metric: {name: requests-per-second}, target: {type: AverageValue, averageValue: "50"}}}]
  behavior: {scaleDown: {stabilizationWindowSeconds: 10}}
`;

test("a hundred first requests wake a Deployment at zero, and none is lost", { skip, timeout: 180_000 }, async () => {
  await using stage = await Stage.open("zero");
  await stage.up();
  const file = join(stage.folder, "zero.yaml");
  await writeFile(file, MANIFESTS);
  await stage.kubectlOk("apply", "-f", file);
  const samples = (): Promise<string> => stage.kubectlOk("get", "scalingsamples", "-o", "name");
  await until("the Service is measured", samples, (names) => names.includes("web"));
  const ask = 'for i in $(seq 100); do curl -s -m 70 -D - -H "host: web.test" $CATAMARAN_GATEWAY/ & done; wait';
  const { out } = await stage.run("sh", "-c", ask);
  assert.equal(out.match(/^HTTP\/1.1 200/gm)?.length, 100);
  assert.ok((out.match(/^x-catamaran-waited-ms: \d+/gim)?.length ?? 0) > 0);
  const replicas = (): Promise<string> => stage.kubectlOk("get", "deploy", "web", "-o", "jsonpath={.spec.replicas}");
  await until("the Deployment sleeps again", replicas, (count) => count === "0", 90_000);
});
