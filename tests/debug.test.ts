/** Looking into what runs: kubectl debug of a pod and of a node. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { cannotRun, Stage, until } from "./platform-stage.ts";

const skip = cannotRun("kubectl");

let stage: Stage;

before(async () => {
  if (skip !== false) return;
  stage = await Stage.open("debug");
  await stage.up();
  await stage.kubectlOk("run", "web", "--image=busybox", "--", "sh", "-c", "sleep 4321");
  await stage.kubectlOk("wait", "--for=condition=Ready", "pod/web", "--timeout=60s");
});

after(async () => {
  if (skip === false) await stage[Symbol.asyncDispose]();
});

test(
  "kubectl debug adds a container that sees the processes of its target, in the pod's network",
  { skip },
  async () => {
    const look = "ps | grep 'sleep 432[1]' && hostname && exit 7";
    const words = ["--image=busybox", "--target=web", "-c", "look", "--", "sh", "-c", look];
    await stage.kubectlOk("debug", "web", ...words);
    const state = (): Promise<string> =>
      stage.kubectlOk(
        "get",
        "pod",
        "web",
        "-o",
        "jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.exitCode}",
      );
    await until("the end of the container", state, (code) => code === "7", 30_000);
    assert.match(await stage.kubectlOk("logs", "web", "-c", "look"), /sleep 4321[\s\S]*web/);
    assert.match(await stage.kubectlOk("get", "pod", "web"), /1\/1\s+Running/);
    assert.match(await stage.kubectlOk("describe", "pod", "web"), /Ephemeral Containers:\s+look:[\s\S]*Exit Code:\s+7/);
    // Nothing of the pod was started again for it.
    assert.equal(
      await stage.kubectlOk("get", "pod", "web", "-o", "jsonpath={.status.containerStatuses[0].restartCount}"),
      "0",
    );
  },
);

test("kubectl exec reaches an ephemeral container", { skip }, async () => {
  await stage.kubectlOk("debug", "web", "--image=busybox", "-c", "stay", "--", "sleep", "1000");
  const running = (): Promise<string> =>
    stage.kubectlOk(
      "get",
      "pod",
      "web",
      "-o",
      "jsonpath={.status.ephemeralContainerStatuses[?(@.name=='stay')].state}",
    );
  await until("the container", running, (text) => text.includes("running"), 30_000);
  assert.equal((await stage.kubectlOk("exec", "web", "-c", "stay", "--", "echo", "inside")).trim(), "inside");
});

test("kubectl debug of a node is a pod in the node's namespaces with its files under /host", { skip }, async () => {
  const node = (await stage.kubectlOk("get", "nodes", "-o", "jsonpath={.items[0].metadata.name}")).trim();
  const said = await stage.kubectlOk(
    "debug",
    `node/${node}`,
    "--image=busybox",
    "--",
    "sh",
    "-c",
    "ls /host/etc/hostname && ls /proc | grep -c '^[0-9]'",
  );
  const pod = /node-debugger-\S+/.exec(said)?.[0] ?? "";
  const phase = (): Promise<string> => stage.kubectlOk("get", "pod", pod, "-o", "jsonpath={.status.phase}");
  await until("the end of the pod", phase, (text) => text === "Succeeded", 30_000);
  const [file = "", processes = "0"] = (await stage.kubectlOk("logs", pod)).split("\n");
  assert.equal(file, "/host/etc/hostname");
  assert.ok(Number(processes) > 5, `it sees ${processes} processes`);
  await stage.kubectlOk("delete", "pod", pod, "--force");
});
