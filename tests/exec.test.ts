/** kubectl exec, attach, cp and port-forward into real containers, for every kubectl at hand: bytes, ends, codes, refusals, and nothing left open. */
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { binaries } from "./kubectl-binaries.ts";
import { cannotRun, type Ran, Stage, until } from "./platform-stage.ts";

const kubectls = await binaries("kubectl");
const skip = cannotRun("ss") || (kubectls.length === 0 && "there is no kubectl here");
const skipTerminal = existsSync("/usr/bin/script") ? false : "needs script, which makes a terminal";

const POD = "apiVersion: v1\nkind: Pod\nspec:\n  terminationGracePeriodSeconds: 1\n";
const PODS = `
${POD}  containers:
    - {name: web, image: busybox, command: [sh, -c, "mkdir -p /www; echo page > /www/index.html; httpd -f -p 8080 -h /www"]}
metadata: {name: one}
---
${POD}  containers:
    - {name: side, image: busybox, command: [sleep, "1000"]}
    - {name: main, image: busybox, command: [sleep, "1000"]}
metadata: {name: two, annotations: {kubectl.kubernetes.io/default-container: main}}
---
${POD}  containers:
    - {name: c, image: busybox, stdin: true, command: [sh, -c, "while read -r line; do echo got $line; done; sleep 1000"]}
metadata: {name: talk}
---
${POD}  restartPolicy: Never
  containers: [{name: c, image: busybox, command: ["true"]}]
metadata: {name: over}
---
${POD}  nodeSelector: {no: where}
  containers: [{name: c, image: busybox}]
metadata: {name: homeless}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: reader}
rules: [{apiGroups: [""], resources: [pods, pods/exec], verbs: [get]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}, {apiGroup: rbac.authorization.k8s.io, kind: User, name: worker}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: worker}
rules: [{apiGroups: [""], resources: [pods/exec], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: worker}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: worker}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: worker}]
`;

let stage: Stage;

before(async () => {
  if (skip !== false) return;
  stage = await Stage.open("exec");
  await stage.up();
  await writeFile(join(stage.folder, "pods.yaml"), PODS);
  await stage.kubectlOk("apply", "-f", join(stage.folder, "pods.yaml"));
  await stage.kubectlOk("wait", "--for=condition=Ready", "pod", "one", "two", "talk", "--timeout=60s");
  await stage.kubectlOk("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod", "over", "--timeout=60s");
});

after(async () => {
  if (skip === false) await stage[Symbol.asyncDispose]();
});

/** A line of shell in which $K is the kubectl. */
function shell(file: string, line: string): Promise<Ran> {
  return stage.run("env", `K=${file}`, "sh", "-c", line);
}

async function streamsOpen(): Promise<number> {
  const metrics = await stage.kubectlOk("get", "--raw", "/metrics");
  return Number(/longrunning_requests\{verb="CONNECT"\} (\d+)/.exec(metrics)?.[1]);
}

const noneOpen = (): Promise<number> => until("no stream is open", streamsOpen, (open) => open === 0);

interface Row {
  readonly line: string;
  readonly code?: number;
  readonly out?: string | RegExp;
  readonly error?: string | RegExp;
}

const rows: readonly Row[] = [
  { line: "$K exec one -- sh -c 'echo out; echo err >&2; exit 3'", code: 3, out: "out", error: /^err$/m },
  { line: "printf abc | $K exec -i one -- cat", out: "abc" },
  { line: "head -c 3000000 /dev/zero | $K exec -i one -- sh -c 'cat | wc -c'", out: "3000000" },
  { line: "$K exec one -- head -c 3000000 /dev/zero | wc -c", out: "3000000" },
  { line: "$K exec one -- cat", out: "" },
  { line: "$K exec one -- kill -9 0", code: 137 },
  { line: "$K exec two -c side -- hostname", out: "two" },
  { line: "$K exec deploy/none -- true", code: 1, error: /deployments.apps "none" not found/ },
  { line: "$K exec none -- true", code: 1, error: 'Error from server (NotFound): pods "none" not found' },
  {
    line: "$K exec two -c zz -- true",
    code: 1,
    error: /container zz is not valid for pod two|container "?zz"? not found/,
  },
  {
    line: "$K exec homeless -- true",
    code: 1,
    error: "Error from server (BadRequest): pod homeless does not have a host assigned",
  },
  {
    line: "$K exec over -- true",
    code: 1,
    error: /cannot exec into a container in a completed pod; current phase is Succeeded/,
  },
  { line: "$K exec one -- nothere", code: 1, error: /OCI runtime exec failed: .*nothere.* not found/ },
  { line: "$K exec one", code: 1, error: /you must specify at least one command for the container/ },
  {
    line: "$K exec --as=reader one -- true",
    code: 1,
    error: /Forbidden.*User "reader" cannot create resource "pods\/exec"/,
  },
  { line: "$K exec --as=worker one -- echo worked", out: "worked" },
  { line: "(sleep 0.5; echo hello; sleep 0.5) | timeout 3 $K attach -i talk", out: "got hello" },
  { line: "$K attach over", code: 1, error: /cannot attach a container in a completed pod/ },
  { line: "$K port-forward pod/homeless 0:80", code: 1, error: /unable to forward port because pod is not running/ },
];

function matches(found: string, expected: string | RegExp): void {
  if (typeof expected === "string") assert.equal(found, expected);
  else assert.match(found, expected);
}

for (const { title, file } of kubectls) {
  describe(`kubectl ${title}`, { skip }, () => {
    for (const { line, code = 0, out, error } of rows)
      test(line, async () => {
        const ran = await shell(file, line);
        assert.equal(ran.code, code, `${ran.out}\n${ran.error}`);
        if (out !== undefined) matches(ran.out, out);
        if (error !== undefined) matches(ran.error.replace(/^WARNING: version difference.*\n/, ""), error);
      });

    test("exec -it has a terminal of the size of the client's", { skip: skipTerminal }, async () => {
      // The size comes behind the start, and the terminal echoes that its own input is over, whenever that is.
      const sized = "for i in 1 2 3 4 5 6 7 8 9; do stty size 2>&1 | grep -q ^[1-9] && break; sleep 0.3; done";
      const inside = `stty rows 40 cols 120; $K exec -it one -- sh -c 'tty; ${sized}; stty size; exit 4'`;
      const ran = await shell(file, `script -qec "${inside}" /dev/null < /dev/null`);
      assert.match(ran.out, /^[^\n]*\/dev\/pts\/0\r?\n[^\n]*\b40 120\r?\n/);
      assert.equal(ran.code, 4, ran.out);
    });

    test("cp brings a file there and back", async () => {
      const [there, back] = [join(stage.folder, "there"), join(stage.folder, "back")];
      const bytes = randomBytes(3_000_000);
      await writeFile(there, bytes);
      assert.equal((await shell(file, `$K cp ${there} two:/tmp/file`)).code, 0);
      const sum = createHash("sha1").update(bytes).digest("hex");
      assert.match((await shell(file, "$K exec two -- sha1sum /tmp/file")).out, new RegExp(`^${sum} `));
      assert.equal((await shell(file, `$K cp two:/tmp/file ${back}`)).code, 0);
      assert.ok(bytes.equals(await readFile(back)));
    });

    test("port-forward carries requests side by side; a port where nobody listens ends only its own", async () => {
      const forward = spawn(
        "nsenter",
        [`--net=/run/netns/${stage.name}`, file, "port-forward", "pod/one", ":8080", ":81"],
        { env: { ...process.env, ...stage.environment }, stdio: ["ignore", "pipe", "ignore"] },
      );
      let said = "";
      forward.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
      const portOf = (to: number): string => new RegExp(`127.0.0.1:(\\d+) -> ${to}\n`).exec(said)?.[1] ?? "";
      try {
        await until(
          "the ports",
          () => Promise.resolve(portOf(81)),
          (port) => port !== "",
        );
        const ask = (port: string): Promise<Ran> => stage.run("curl", "-s", "-m", "5", `http://127.0.0.1:${port}/`);
        const pages = await Promise.all(Array.from({ length: 5 }, () => ask(portOf(8080))));
        assert.deepEqual(
          pages.map(({ out }) => out),
          Array.from({ length: 5 }, () => "page"),
        );
        assert.notEqual((await ask(portOf(81))).code, 0);
      } finally {
        forward.kill();
      }
      await noneOpen();
    });

    test("a client that is killed, and a pod that is deleted, end their streams", async () => {
      const name = "gone";
      await stage.kubectlOk("run", name, "--image=busybox", "--grace-period=1", "--", "sleep", "1000");
      await stage.kubectlOk("wait", "--for=condition=Ready", "pod", name, "--timeout=30s");
      const deleted = shell(file, `$K exec ${name} -- sleep 500`);
      const killed = shell(file, `timeout -s KILL 2 $K exec ${name} -- sleep 500`);
      await until("both are open", streamsOpen, (open) => open === 2);
      await killed;
      await until("one is open", streamsOpen, (open) => open === 1);
      await stage.kubectlOk("delete", "pod", name, "--grace-period=1", "--wait=false");
      assert.equal((await deleted).code, 137);
      await noneOpen();
    });
  });
}

test("containerd's streaming server listens on the node's loopback only", { skip }, async () => {
  const [node] = await stage.pidsOf("node");
  const lines = execFileSync("nsenter", [`--net=/proc/${node}/ns/net`, "ss", "-ltnpH"], { encoding: "utf8" })
    .split("\n")
    .filter((line) => line.includes('"containerd"'));
  assert.equal(lines.length, 1, lines.join("\n"));
  assert.match(lines[0] ?? "", / 127\.0\.0\.1:\d+ /);
});
