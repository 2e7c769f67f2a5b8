/** Storage with kubectl on two real nodes: claims are bound where their first pod runs, keep their data, and go with it as their class says. */
import assert from "node:assert/strict";
import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { cannotRun, Stage, until } from "./platform-stage.ts";

const skip = cannotRun("kubectl");

const claim = (name: string, spec = ""): string => `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ${name}}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 64Mi}}${spec}}
---`;

/** Writes a line more each time that it starts, and says all of them. */
const pod = (name: string, claimName: string, spec = ""): string => `
apiVersion: v1
kind: Pod
metadata: {name: ${name}}
spec:
  terminationGracePeriodSeconds: 1
  ${spec}
  containers:
    - name: c
      image: busybox
      command: [sh, -c, 'echo ${name} >> /data/lines; sync; cat /data/lines; sleep 100000']
      volumeMounts: [{name: data, mountPath: /data}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: ${claimName}}}]
---`;

const CLASSES = `
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: kept}
provisioner: catamaran.dev/local
reclaimPolicy: Retain
volumeBindingMode: WaitForFirstConsumer
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: odd}
provisioner: catamaran.dev/local
reclaimPolicy: Delete
volumeBindingMode: WaitForFirstConsumer
parameters: {replicas: "3"}
---`;

const byHand = (path: string): string => `
apiVersion: v1
kind: PersistentVolume
metadata: {name: by-hand}
spec:
  capacity: {storage: 1Gi}
  accessModes: [ReadWriteOnce]
  hostPath: {path: ${path}, type: DirectoryOrCreate}
---`;

test("claims on two nodes", { skip, timeout: 300_000 }, async (t) => {
  await using stage = await Stage.open("storage");
  await stage.up("--nodes", "2");
  const ask = async (...words: string[]): Promise<string> => (await stage.kubectlOk(...words)).trim();
  const apply = async (...texts: string[]): Promise<void> => {
    const file = join(stage.folder, "storage.yaml");
    await writeFile(file, texts.join("\n"));
    await ask("apply", "-f", file);
  };
  const ready = (name: string): Promise<string> => ask("wait", "--for=condition=Ready", `pod/${name}`, "--timeout=60s");
  // A pod without a probe is ready before it has written a word.
  const says = (name: string, lines: string): Promise<string> =>
    until(
      lines,
      () => ask("logs", name),
      (log) => log === lines,
    );
  const field = (path: string, ...of: string[]): Promise<string> => ask("get", ...of, "-o", `jsonpath={${path}}`);
  const folders = async (): Promise<readonly string[]> => {
    const lists = ["node-1", "node-2"].map(
      (node) => readdir(join(stage.dataDir, "nodes", node, "claims")).catch(() => []), // Made with the first claim.
    );
    return (await Promise.all(lists)).flat();
  };

  await t.test("a claim waits for its first pod, gets a volume on its node, and takes later pods there", async () => {
    await apply(CLASSES, claim("data"));
    assert.match(
      await ask("get", "sc"),
      /^local \(default\) +catamaran\.dev\/local +Delete +WaitForFirstConsumer +true/m,
    );
    assert.equal(await field(".status.phase", "pvc", "data"), "Pending");
    await apply(pod("one", "data", "nodeName: ''"));
    await ready("one");
    assert.match(await ask("get", "pvc", "data"), /Bound +pvc-\S+ +64Mi +RWO +local/);
    const node = await field(".spec.nodeName", "pod", "one");
    const volume = await field(".spec.volumeName", "pvc", "data");
    assert.match(await ask("get", "pv", volume), /64Mi +RWO +Delete +Bound +default\/data +local/);
    const finalizers = await field(".metadata.finalizers", "pv", volume);
    assert.ok(finalizers.includes("external-provisioner.volume.kubernetes.io/finalizer"), finalizers);
    await ask("delete", "pod", "one");
    await apply(pod("two", "data"));
    await ready("two");
    assert.equal(await field(".spec.nodeName", "pod", "two"), node);
    await says("two", "one\ntwo");
  });

  await t.test("a claim in use stays until its pod is gone; its data goes with it under Delete", async () => {
    await ask("delete", "pvc", "data", "--wait=false");
    assert.match(await ask("get", "pvc", "data"), /Terminating/);
    assert.equal((await folders()).length, 1);
    await ask("delete", "pod", "two");
    await until(
      "no volume",
      () => ask("get", "pv", "-o", "name"),
      (names) => names === "",
    );
    assert.deepEqual(await folders(), []);
  });

  await t.test("under Retain volume and data stay, released", async () => {
    await apply(claim("kept", ", storageClassName: kept"), pod("three", "kept"));
    await ready("three");
    const volume = await field(".spec.volumeName", "pvc", "kept");
    await ask("delete", "pod/three", "pvc/kept");
    await until(
      "Released",
      () => field(".status.phase", "pv", volume),
      (phase) => phase === "Released",
    );
    await ask("delete", "pv", volume);
    assert.deepEqual(await folders(), [volume]);
  });

  await t.test("a pod cannot go where its volume is not, and says so", async () => {
    await apply(claim("far"), pod("near", "far", "nodeSelector: {kubernetes.io/hostname: node-1}"));
    await ready("near");
    await apply(pod("away", "far", "nodeSelector: {kubernetes.io/hostname: node-2}"));
    const why = (): Promise<string> => field(".status.conditions[0].message", "pod", "away");
    await until("a reason", why, (text) => /1 node\(s\) didn't match PersistentVolume's node affinity/.test(text));
    await ask("delete", "pod/near", "pod/away", "pvc/far");
  });

  await t.test("what the class asks and nobody can do is told to the claim", async () => {
    await apply(claim("odd", ", storageClassName: odd"), pod("four", "odd"));
    const told = (): Promise<string> => ask("describe", "pvc", "odd");
    await until("an event", told, (text) => /ProvisioningFailed .*unknown parameter "replicas"/.test(text));
    await ask("delete", "pod/four", "pvc/odd");
  });

  await t.test("a hard limit holds, grows when it is asked to, and a copy begins with the data", async () => {
    const limited = ", storageClassName: local-limited";
    await apply(claim("small", limited), pod("seven", "small"));
    await ready("seven");
    const full = await stage.kubectl("exec", "seven", "--", "dd", "if=/dev/zero", "of=/data/big", "bs=1M", "count=80");
    assert.match(full.error, /No space left on device/);
    await ask("exec", "seven", "--", "rm", "/data/big");
    const sizeOf = async (name: string): Promise<number> =>
      Number(/ (\d+) /.exec(await ask("exec", name, "--", "df", "/data"))?.[1]);
    const before = await sizeOf("seven");
    assert.ok(before < 64 * 1_024);
    const requests = { storage: "128Mi" };
    await ask("patch", "pvc", "small", "-p", JSON.stringify({ spec: { resources: { requests } } }));
    // Where the kernel does not let it grow under its pod, it grows when the next one starts.
    await until(
      "told",
      () => ask("describe", "pvc", "small"),
      (text) => /FileSystemResize/.test(text),
    );
    await ask("delete", "pod", "seven");
    await apply(pod("eight", "small"));
    await ready("eight");
    const capacity = (): Promise<string> => field(".status.capacity.storage", "pvc", "small");
    await until("the new capacity", capacity, (size) => size === "128Mi");
    assert.ok((await sizeOf("eight")) > 1.8 * before);
    await says("eight", "seven\neight");
    await apply(
      claim("copy", `${limited}, dataSource: {kind: PersistentVolumeClaim, name: small}`).replace("64Mi", "1Mi"),
    );
    await apply(pod("nine", "copy"));
    const told = (): Promise<string> => ask("describe", "pvc", "copy");
    await until("a refusal", told, (text) => /must be greater than or equal in size/.test(text));
    await ask("delete", "pod/nine", "pvc/copy");
    const source = ", dataSource: {kind: PersistentVolumeClaim, name: small}";
    await apply(claim("copy", source).replace("64Mi", "128Mi"), pod("ten", "copy"));
    await ready("ten");
    await says("ten", "seven\neight\nten");
    await ask("delete", "pod/eight", "pod/ten", "pvc/small", "pvc/copy");
  });

  await t.test("a ReadWriteOncePod claim has one pod at a time", async () => {
    await apply(claim("single").replace("ReadWriteOnce", "ReadWriteOncePod"), pod("first", "single"));
    await ready("first");
    await apply(pod("second", "single"));
    const why = (): Promise<string> => field(".status.conditions[0].message", "pod", "second");
    await until("a reason", why, (text) => /ReadWriteOncePod access mode already in-use by another pod/.test(text));
    await ask("delete", "pod", "first");
    await ready("second");
    await ask("delete", "pod/second", "pvc/single");
  });

  await t.test("a volume that was made by hand is bound, and never one of the platform's own folders", async () => {
    await apply(byHand(join(stage.folder, "disk")), claim("hand", ", storageClassName: ''"), pod("five", "hand"));
    await ready("five");
    assert.equal(await field(".spec.volumeName", "pvc", "hand"), "by-hand");
    assert.deepEqual(await readdir(join(stage.folder, "disk")), ["lines"]);
    await ask("delete", "pod/five", "pvc/hand", "pv/by-hand");
    await apply(byHand(stage.dataDir), claim("hand", ", storageClassName: ''"), pod("six", "hand"));
    const told = (): Promise<string> => ask("describe", "pod", "six");
    await until("a refusal", told, (text) => /FailedMount .*belongs to the platform itself/.test(text));
    await ask("delete", "pod/six", "--grace-period=1");
    await ask("delete", "pvc/hand", "pv/by-hand");
  });
});
