/** The node agent against a real containerd, in namespaces of its own: each scene of node-scenes.ts is a test here. */
import assert from "node:assert/strict";
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

const SCENES = [
  "the node registers itself and is ready",
  "a pod runs, has an address, logs and a token",
  "init containers run before the others; a finished pod succeeds",
  "a failing liveness probe restarts the container",
  "a readiness probe decides over readiness",
  "configMap and secret volumes follow their objects",
  "a missing configMap keeps the pod waiting, and its arrival ends that",
  "an image that nobody has is refused by name",
  "too much memory ends the container with OOMKilled",
  "a crashing container backs off",
  "limits become cgroup limits",
  "system calls are filtered unless a pod asks for all of them",
  "a graceful stop runs the hook, sends the signal and waits",
  "an agent that restarts adopts its pods without restarting them",
  "pods outlive a killed containerd, which comes back",
  "a killed process is started again",
  "a pod that was removed while no agent ran is removed",
  "the endpoint serves logs, usage and health to the API server alone",
  "a service leads pods to its endpoints, by address and by name",
  "the host reaches a service by its address",
  "nodes reach the doors of the machine, and no other listener",
  "a second node joins and listens at a pod's address",
  "a pod reaches the pods of another node",
  "the second node goes",
  "host ports lead to their pod",
  "the guard lets nothing to pod addresses out by another link",
  "all pods together never use more than the node has",
  "a node that is low on memory evicts whoever uses more than it asked for, and says so",
  "everything is removed at the end",
];

const ONLY = process.env["NODE_TEST_ONLY"];
const missing = missingHere();
const instance = `t${process.pid % 100_000}`;

describe("node", { skip: missing ?? false, concurrency: false }, () => {
  const directory = mkdtempSync(join(tmpdir(), "ctm-node-"));
  let stage: ChildProcess;

  before(async () => {
    // A network namespace without a way out, that ends with its last process.
    stage = spawn(
      "unshare",
      ["--net", "--", process.execPath, join(import.meta.dirname, "node-stage.ts"), instance, directory],
      {
        stdio: ["ignore", "inherit", "inherit", "ipc"],
      },
    );
    const { fault } = await answer((message) => message.isReady === true);
    assert.equal(fault, undefined);
  });

  after(async () => {
    stage.send({ end: true });
    const [code] = await new Promise<readonly [number | null]>((resolve) =>
      stage.once("exit", (status) => resolve([status])),
    );
    rmSync(directory, { recursive: true, force: true });
    assert.equal(code, 0);
    assert.deepEqual(leftovers(), []);
  });

  for (const scene of SCENES.filter((name) => ONLY === undefined || name.includes(ONLY))) {
    test(scene, async () => {
      stage.send({ run: scene });
      const { fault } = await answer((message) => message.done === scene);
      if (fault !== undefined) assert.fail(fault);
    });
  }

  function answer(test: (message: Message) => boolean): Promise<Message> {
    const { promise, resolve } = Promise.withResolvers<Message>();
    const listen = (message: Message): void => {
      if (!test(message)) return;
      stage.off("message", listen);
      stage.off("exit", gone);
      resolve(message);
    };
    const gone = (code: number | null): void => resolve({ fault: `the stage ended with ${code}` });
    stage.on("message", listen);
    stage.once("exit", gone);
    return promise;
  }

  /** Everything with the instance's name that is still there. */
  function leftovers(): readonly string[] {
    const mounts = readFileSync("/proc/self/mountinfo", "utf8")
      .split("\n")
      .filter((line) => line.includes(instance) || line.includes(directory));
    const namespaces = execFileSync("ip", ["netns", "list"], { encoding: "utf8" })
      .split("\n")
      .filter((line) => line.includes(instance));
    const cgroups = spawnSync("find", ["/sys/fs/cgroup", "-type", "d", "-path", `*catamaran/${instance}*`], {
      encoding: "utf8",
    })
      .stdout.split("\n")
      .filter(Boolean);
    const processes = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .filter((pid) => commandLine(pid).includes(directory));
    return [...mounts, ...namespaces, ...cgroups, ...processes.map((pid) => `process ${pid} ${commandLine(pid)}`)];
  }
});

interface Message {
  readonly isReady?: boolean;
  readonly done?: string;
  readonly fault?: string;
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return ""; // It ended meanwhile.
  }
}

function missingHere(): string | null {
  if (process.getuid?.() !== 0) return "needs root";
  const absent = ["containerd", "nft", "ip", "nsenter", "unshare", "busybox", "catatonit"].filter(
    (program) => spawnSync("which", [program]).status !== 0,
  );
  return absent.length === 0 ? null : `needs ${absent.join(", ")}`;
}
