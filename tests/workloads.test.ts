/** Workloads with kubectl on two real nodes: sets with claims, sets on every node, jobs by index and by the clock, controllers of old. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { cannotRun, Stage, until } from "./platform-stage.ts";

const skip = cannotRun("kubectl");

const sleeper = (command = "sleep 100000", more = ""): string => `
      terminationGracePeriodSeconds: 0
      containers: [{name: c, image: busybox, command: [sh, -c, '${command}']${more}}]`;

const STATEFUL = `
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {clusterIP: None, selector: {app: db}, ports: [{port: 80}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  serviceName: db
  replicas: 2
  selector: {matchLabels: {app: db}}
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Delete, whenScaled: Retain}
  template:
    metadata: {labels: {app: db}}
    spec:${sleeper("echo $HOSTNAME >> /data/starts; sync; while true; do sleep 1000; done", ", volumeMounts: [{name: data, mountPath: /data}]")}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 8Mi}}}
`;

const DAEMON = (version: string): string => `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: everywhere}
spec:
  selector: {matchLabels: {app: everywhere}}
  updateStrategy: {rollingUpdate: {maxSurge: 1, maxUnavailable: 0}}
  template:
    metadata: {labels: {app: everywhere}, annotations: {version: "${version}"}}
    spec:${sleeper()}
`;

const INDEXED = `
apiVersion: batch/v1
kind: Job
metadata: {name: parts}
spec:
  completions: 4
  parallelism: 2
  completionMode: Indexed
  template:
    spec:
      restartPolicy: Never${sleeper("echo part $JOB_COMPLETION_INDEX")}
`;

const CRON = `
apiVersion: batch/v1
kind: CronJob
metadata: {name: tick}
spec:
  schedule: "* * * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers: [{name: c, image: busybox, command: [echo, tick]}]
`;

const CONTROLLER = `
apiVersion: v1
kind: ReplicationController
metadata: {name: old}
spec:
  replicas: 2
  template:
    metadata: {labels: {app: old}}
    spec:${sleeper()}
`;

test("workloads on two nodes", { skip, timeout: 300_000 }, async (t) => {
  await using stage = await Stage.open("work");
  await stage.up("--nodes", "2");
  const ask = async (...words: string[]): Promise<string> => (await stage.kubectlOk(...words)).trim();
  const apply = async (text: string): Promise<void> => {
    const file = join(stage.folder, "workload.yaml");
    await writeFile(file, text);
    await ask("apply", "-f", file);
  };
  const rolledOut = (what: string): Promise<string> => ask("rollout", "status", what, "--timeout=60s");
  await apply(CRON);

  await t.test(
    "a StatefulSet keeps its data over kill -9 of its process, the agent and the control process",
    async () => {
      await apply(STATEFUL);
      await rolledOut("sts/db");
      const starts = async (): Promise<string> =>
        (await stage.kubectl("exec", "db-0", "--", "cat", "/data/starts")).out;
      const started = (times: number): Promise<string> =>
        until(`${times} starts`, starts, (text) => text === Array.from({ length: times }, () => "db-0").join("\n"));
      const node = await ask("get", "pod", "db-0", "-o", "jsonpath={.spec.nodeName}");
      await started(1);
      // The shell is process 1 of its container: only the kernel's own signal from outside ends it.
      const shells = await stage.run("pgrep", "-f", "echo .HOSTNAME >> /data/starts");
      const pids = shells.out.split("\n").filter((line) => /^\d+$/.test(line));
      assert.equal(pids.length, 2);
      for (const pid of pids) process.kill(Number(pid), "SIGKILL");
      await started(2);
      for (const role of [node, "control"]) for (const pid of await stage.pidsOf(role)) process.kill(pid, "SIGKILL");
      await until(
        "the API again",
        () => stage.kubectl("get", "pod", "db-0"),
        ({ code }) => code === 0,
      );
      await started(2);
      await ask("delete", "pod", "db-0");
      await rolledOut("sts/db");
      await started(3);
      assert.equal(await ask("get", "pod", "db-0", "-o", "jsonpath={.spec.nodeName}"), node);
    },
  );

  await t.test("its claims stay when it shrinks, are used when it grows, and go when it is deleted", async () => {
    const claims = (): Promise<string> => ask("get", "pvc", "-o", "name");
    await ask("scale", "sts/db", "--replicas=1");
    await until(
      "one pod",
      () => ask("get", "pods", "-l", "app=db", "-o", "name"),
      (names) => names === "pod/db-0",
    );
    assert.equal((await claims()).split("\n").length, 2);
    await ask("scale", "sts/db", "--replicas=2");
    await rolledOut("sts/db");
    await until(
      "two starts",
      () => ask("exec", "db-1", "--", "cat", "/data/starts"),
      (text) => text === "db-1\ndb-1\ndb-1",
    );
    await ask("delete", "sts/db", "svc/db");
    await until("no claims", claims, (names) => names === "");
  });

  await t.test("a DaemonSet runs on both nodes, and surges when it is updated", async () => {
    await apply(DAEMON("1"));
    await rolledOut("ds/everywhere");
    const nodes = (): Promise<string> =>
      ask("get", "pods", "-l", "app=everywhere", "-o", "jsonpath={.items[*].spec.nodeName}");
    assert.deepEqual((await nodes()).split(" ").toSorted(), ["node-1", "node-2"]);
    await apply(DAEMON("2"));
    await rolledOut("ds/everywhere");
    const versions = (): Promise<string> =>
      ask("get", "pods", "-l", "app=everywhere", "-o", "jsonpath={.items[*].metadata.annotations.version}");
    await until("the new ones alone", versions, (text) => text === "2 2");
    await ask("rollout", "undo", "ds/everywhere");
    await until("the old ones again", versions, (text) => text === "1 1");
    await ask("delete", "ds/everywhere");
  });

  await t.test("a Job runs each of its indexes once", async () => {
    await apply(INDEXED);
    await ask("wait", "--for=condition=Complete", "job/parts", "--timeout=60s");
    assert.equal(await ask("get", "job", "parts", "-o", "jsonpath={.status.completedIndexes}"), "0-3");
    const lines = await ask("logs", "-l", "job-name=parts", "--tail=-1");
    assert.deepEqual(lines.split("\n").toSorted(), ["part 0", "part 1", "part 2", "part 3"]);
  });

  await t.test("a ReplicationController keeps its number of pods", async () => {
    await apply(CONTROLLER);
    const ready = (): Promise<string> => ask("get", "rc", "old", "-o", "jsonpath={.status.readyReplicas}");
    await until("two ready", ready, (count) => count === "2");
    const [first = ""] = (await ask("get", "pods", "-l", "app=old", "-o", "name")).split("\n");
    await ask("delete", first);
    await until("two again", ready, (count) => count === "2");
    await ask("scale", "rc/old", "--replicas=1");
    await until("one", ready, (count) => count === "1");
    await ask("delete", "rc/old");
  });

  await t.test("a CronJob starts a Job at the full minute", async () => {
    const jobs = (): Promise<string> => ask("get", "jobs", "-o", "name");
    // On a quick machine the minute has only begun.
    await until("a job of the CronJob", jobs, (names) => names.includes("job.batch/tick-"), 75_000);
    const name = (await jobs()).split("\n").find((each) => each.includes("tick-")) ?? "";
    await ask("wait", "--for=condition=Complete", name, "--timeout=30s");
    assert.equal(await ask("logs", name), "tick");
  });
});
