/** Functions in isolated sandboxes: the stories, what a function cannot see or do, and that nothing is left. Needs root and crun or runc. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import http from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { silent } from "#base/log.ts";
import { startLauncher } from "#sandboxes/launcher-process.ts";
import { openSandboxes } from "#sandboxes/pool.ts";
import { forbiddenCalls, probeSource } from "./functions-probes.ts";
import { layerStories } from "./functions-layers.ts";
import { loggingStories } from "./functions-logging.ts";
import { streamingStories } from "./functions-streaming.ts";
import { nodeStories, NODES_FOLDER } from "./functions-nodes.ts";
import { runtimeStories } from "./functions-runtimes.ts";
import { sandboxStories } from "./functions-stories.ts";
import { Bench, FolderCode, realClock } from "./functions-support.ts";

const skip = process.getuid?.() === 0 ? false : "needs root";

test("functions in isolated sandboxes", { skip }, async (t) => {
  const folder = await mkdtemp("/run/ctm-test-");
  const instance = path.basename(folder).slice(4);
  await using code = await FolderCode.open();
  await using door = await fakeDoor();
  {
    await using launcher = await startLauncher({ instance, folder, node: process.execPath });
    assert.ok(launcher !== null);
    await using sandboxes = await openSandboxes({
      nodesFolder: NODES_FOLDER,
      code,
      clock: realClock,
      log: silent,
      region: "us-east-1",
      launcherFolder: folder,
      aws: { host: "127.0.0.1", port: door.port },
    });
    if (sandboxes.driver.startsWith("process")) return t.skip("neither crun nor runc works here");
    t.diagnostic(`driver: ${sandboxes.driver}`);
    await using bench = await Bench.open(sandboxes, code);
    await sandboxStories(t, bench, { isIsolated: true, runtimes: sandboxes.runtimes() });
    await runtimeStories(t, bench, { isIsolated: true, runtimes: sandboxes.runtimes() });
    await layerStories(t, bench, { isIsolated: true, runtimes: sandboxes.runtimes() });
    await loggingStories(t, bench, { isIsolated: true, runtimes: sandboxes.runtimes() });
    await streamingStories(t, bench);
    await nodeStories(t, bench);
    await t.test("the stock AWS SDK reaches the AWS endpoint from inside, and nothing else is reached", () =>
      sdkStory(bench),
    );
    if (process.arch === "x64")
      await probes(t, bench, { folder, port: door.port, secrets: [code.root, process.cwd(), folder] });
  }
  await t.test("nothing is left", () => nothingLeft(instance, folder));
  await rm(folder, { recursive: true, force: true });
});

for (const oci of ["runc", "crun"]) {
  test(`${oci}: a launcher that is killed is survived; frozen sandboxes of it end`, { skip }, async (t) => {
    const folder = await mkdtemp("/run/ctm-test-");
    const config = { instance: path.basename(folder).slice(4), folder, node: process.execPath, ociRuntimes: [oci] };
    await using code = await FolderCode.open();
    {
      await using first = await startLauncher(config);
      await using sandboxes = await openSandboxes({
        code,
        clock: realClock,
        log: silent,
        region: "us-east-1",
        launcherFolder: folder,
      });
      if (!sandboxes.driver.startsWith(oci)) return t.skip(`${oci} does not work here`);
      await using bench = await Bench.open(sandboxes, code);
      await bench.create("f", { "index.js": "exports.handler = async () => 'alive'" });
      assert.equal(await bench.ask("f"), "alive");
      await realClock.sleep(100);
      assert.equal(bench.functions.stats()[0]?.frozen, 1);
      first?.kill("SIGKILL");
      await first?.ended;
      await assert.rejects(bench.invoke("f"), /Unavailable|launcher/);
      await using second = await startLauncher(config);
      await waitFor(async () => (await bench.ask("f")) === "alive");
      assert.ok(second !== null);
    }
    nothingLeft(config.instance, folder);
    await rm(folder, { recursive: true, force: true });
    return undefined;
  });
}

async function waitFor(isTrue: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 100; i++) {
    const was = await isTrue().catch(() => false);
    if (was) return;
    await realClock.sleep(50);
  }
  assert.fail("it did not come back within 5 s");
}

interface Door extends AsyncDisposable {
  readonly port: number;
}

/** Answers DynamoDB's GetItem with what was asked, as far as the SDK cares. */
async function fakeDoor(): Promise<Door> {
  const server = http.createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
    request.on("end", () => {
      const { Key } = JSON.parse(body) as { readonly Key: { readonly id: { readonly S: string } } };
      const isSigned = request.headers.authorization?.startsWith("AWS4-HMAC-SHA256 Credential=test/") === true;
      response.writeHead(200, { "content-type": "application/x-amz-json-1.0" });
      response.end(
        JSON.stringify({
          Item: { id: Key.id, target: { S: String(request.headers["x-amz-target"]) }, signed: { BOOL: isSigned } },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}

async function sdkStory(bench: Bench): Promise<void> {
  const source = `
    import { DynamoDBClient, GetItemCommand } from "@aws-sdk/client-dynamodb";
    const client = new DynamoDBClient();
    export const handler = async (event) => (await client.send(new GetItemCommand({ TableName: "users", Key: { id: { S: event.id } } }))).Item;
  `;
  await bench.create("reads-a-table", { "index.mjs": source }, { timeoutSeconds: 10, memoryMib: 256 });
  for (const id of ["a", "b"])
    assert.deepEqual(await bench.ask("reads-a-table", { id }), {
      id: { S: id },
      target: { S: "DynamoDB_20120810.GetItem" },
      signed: { BOOL: true },
    });
}

interface Findings {
  readonly status: Readonly<Record<string, string>>;
  readonly uidMap: readonly number[];
  readonly user: readonly number[];
  readonly processes: readonly string[];
  readonly processLimit: string;
  readonly families: Readonly<Record<string, boolean>>;
  readonly interfaces: readonly string[];
  readonly sockets: readonly string[];
  readonly environment: readonly string[];
  readonly connections: Readonly<Record<string, string>>;
  readonly tmp: string;
  readonly setuid: string;
  readonly su: number | null;
  readonly files: number;
  readonly writes: Readonly<Record<string, string>>;
  readonly reads: Readonly<Record<string, string>>;
  readonly calls: Readonly<Record<string, string>>;
}

const FAMILIES = { unix: true, inet: true, inet6: true, route: true, netfilter: false, packet: false, vsock: false };

async function probes(
  t: TestContext,
  bench: Bench,
  host: { readonly folder: string; readonly port: number; readonly secrets: readonly string[] },
): Promise<void> {
  await bench.create("writes-tmp", {
    "index.js": 'exports.handler = async () => require("fs").writeFileSync("/tmp/other", "secret")',
  });
  await bench.ask("writes-tmp");
  await bench.create("probes", { "index.js": probeSource }, { timeoutSeconds: 20, memoryMib: 512 });
  const found = (await bench.ask("probes", {
    secrets: host.secrets,
    port: host.port,
    socket: path.join(host.folder, "launcher.sock"),
    calls: forbiddenCalls,
  })) as Findings;
  const facts: readonly (readonly [string, unknown, unknown])[] = [
    [
      "has no capability, gains none, is filtered",
      found.status,
      { caps: "0000000000000000", bounding: "0000000000000000", newPrivileges: "1", seccomp: "2" },
    ],
    [
      "is nobody of this machine",
      [found.uidMap[0], (found.uidMap[1] ?? 0) >= 0x1000_0000, found.uidMap[2], found.user],
      [0, true, 65_536, [993, 990]],
    ],
    ["sees its own processes only, and is not the first of them", found.processes, ["1", "2"]],
    ["may have as many processes as on Lambda", found.processLimit, "742"],
    ["opens no socket that leaves its network namespace", found.families, FAMILIES],
    ["has no network but its own loopback", found.interfaces, ["lo"]],
    ["sees no socket of the runtime", found.sockets, []],
    ["has no variable of the machine", found.environment, []],
    ["sees nothing in another function's /tmp", found.tmp, "refused: ENOENT"],
    ["cannot become root", [found.setuid.startsWith("refused"), found.su === 0], [true, false]],
    ["may open 1,024 files at most", found.files < 1024 && found.files > 900, true],
  ];
  for (const [title, actual, expected] of facts)
    await t.test(`a function ${title}`, () => assert.deepEqual(actual, expected));
  for (const [title, answers] of Object.entries({
    connect: found.connections,
    write: found.writes,
    read: found.reads,
    call: found.calls,
  })) {
    for (const [what, answer] of Object.entries(answers))
      await t.test(`a function cannot ${title}: ${what}`, () => assert.match(answer, /^refused/));
  }
}

function nothingLeft(instance: string, folder: string): void {
  assert.doesNotMatch(readFileSync("/proc/self/mountinfo", "utf8"), new RegExp(instance));
  assert.deepEqual(readdirSync(folder), []);
  for (const controller of readdirSync("/sys/fs/cgroup"))
    assert.equal(existsSync(`/sys/fs/cgroup/${controller}/ctm-${instance}-fn`), false, controller);
  const alive = readdirSync("/proc").filter(
    (name) => /^\d+$/.test(name) && name !== String(process.pid) && commandOf(name).includes(instance),
  );
  assert.deepEqual(alive, []);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
