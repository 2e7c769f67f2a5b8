/** What a kill, a stranger or a bad disk leaves in an instance's folders: each start either serves or says what is wrong and how to go on. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { zipSync } from "fflate";
import { AwsClient } from "#compare/aws-client.ts";
import { cannotRun, type Ran } from "./platform-stage.ts";
import { realClock } from "#machine/real-clock.ts";

const ENTRY = join(import.meta.dirname, "..", "src", "main", "catamaran.ts");
const skip = cannotRun();
const folder = mkdtempSync(join(tmpdir(), "ctm-left-"));
const dataDir = join(folder, "data");
const name = `left-${process.pid % 10_000}`;
const runDir = join("/run/catamaran", name);

function catamaran(...words: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [ENTRY, ...words, "--name", name, "--data-dir", dataDir],
      { timeout: 120_000 },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, error: err }),
    );
  });
}

function up(): Promise<Ran> {
  const ports = ["kube", "aws", "gateway", "dashboard"].flatMap((door) => [`--${door}-port`, "0"]);
  return catamaran("up", "--detach", "--nodes", "0", ...ports);
}

async function environment(): Promise<Readonly<Record<string, string>>> {
  return JSON.parse((await catamaran("env", "-o", "json")).out) as Readonly<Record<string, string>>;
}

async function lambda(method: string, path: string, input?: object): Promise<string> {
  const seen = await environment();
  const aws = new AwsClient(
    {
      endpoint: seen["AWS_ENDPOINT_URL"] ?? "",
      accessKeyId: seen["AWS_ACCESS_KEY_ID"] ?? "",
      secretAccessKey: seen["AWS_SECRET_ACCESS_KEY"] ?? "",
      region: "us-east-1",
    },
    realClock,
  );
  return aws.lambda(method, path, input).then((answer) => JSON.stringify(answer), String);
}

const invoke = (): Promise<string> => lambda("POST", "/2015-03-31/functions/echo/invocations", { said: "hello" });
const zip = zipSync({ "index.mjs": Buffer.from("export const handler = async (event) => event;") });
const code = { ZipFile: Buffer.from(zip).toString("base64") };

before(async () => {
  if (skip !== false) return;
  assert.equal((await up()).code, 0);
  await lambda("POST", "/2015-03-31/functions", {
    FunctionName: "echo",
    Runtime: "nodejs24.x",
    Handler: "index.handler",
    Role: "arn:aws:iam::000000000000:role/t",
    Code: code,
  });
  assert.match(await invoke(), /hello/);
  assert.equal((await catamaran("image", "load", "busybox")).code, 0);
  assert.equal((await catamaran("down")).code, 0);
});

after(async () => {
  if (skip === false) await catamaran("down", "--purge");
  rmSync(folder, { recursive: true, force: true });
});

const inData = (...path: readonly string[]): string => join(dataDir, ...path);

function becomesFile(path: string): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, "a file of somebody");
}

function becomesFolder(path: string): void {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(join(path, "of-somebody"), { recursive: true });
}

const garbage = (path: string): void => writeFileSync(path, "\u0000garbage");

function packages(): readonly string[] {
  return readdirSync(inData("code")).map((entry) => inData("code", entry));
}

const SOCKETS = ["supervisor.sock", "invoke.sock", "launcher/launcher.sock"].map((path) => join(runDir, path));

/** Whoever damages may need until the start is over. */
type Damage = () => (() => void) | Promise<() => void> | void;

const cases: readonly {
  readonly title: string;
  readonly damage: Damage;
  /** What `up` says when it refuses; otherwise it must serve, functions too. */
  readonly refused?: RegExp;
  readonly mend?: () => void;
}[] = [
  {
    title:
      "kubeconfig, list of processes, half a new kubeconfig and the images' index are garbage, the reserve is cut short",
    damage: () => {
      for (const file of ["kubeconfig", "kubeconfig.new", "supervisor.json", "images/index.json"])
        garbage(inData(file));
      truncateSync(inData("reserve"), 100);
    },
  },
  {
    title: "kubeconfig, reserve and the folder of sockets are gone",
    damage: () => {
      for (const path of [inData("kubeconfig"), inData("reserve"), runDir])
        rmSync(path, { recursive: true, force: true });
    },
  },
  { title: "stale sockets are there", damage: () => SOCKETS.forEach(becomesFile) },
  { title: "folders are in the sockets' places", damage: () => SOCKETS.forEach(becomesFolder) },
  { title: "another process has the doors' ports", damage: takePorts },
  {
    title: "a folder is in the kubeconfig's place",
    damage: () => becomesFolder(inData("kubeconfig")),
    refused: /kubeconfig.* cannot be written \(EISDIR\)/,
    mend: () => rmSync(inData("kubeconfig"), { recursive: true }),
  },
  {
    title: "a file is in the place of the logs' folder",
    damage: () => becomesFile(inData("log")),
    refused: /data\/log.* cannot be written \((EEXIST|ENOTDIR)\)/,
    mend: () => rmSync(inData("log")),
  },
  {
    title: "a file is in the place of the code folder",
    damage: () => becomesFile(inData("code")),
    refused: /control does not start: .*data\/code/,
    mend: () => rmSync(inData("code")),
  },
  {
    title: "a file is in the place of the launcher's folder",
    damage: () => becomesFile(join(runDir, "launcher")),
    refused: /run\/catamaran\/\S+launcher/,
    mend: () => rmSync(join(runDir, "launcher"), { force: true }),
  },
];

/** Everything that the instance had listens to somebody else. */
async function takePorts(): Promise<() => void> {
  const { ports } = JSON.parse(readFileSync(inData("instance.json"), "utf8")) as {
    readonly ports: Readonly<Record<string, number>>;
  };
  const servers = await Promise.all(
    Object.values(ports).map(async (port) => {
      const server = createServer((socket) => socket.destroy());
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
      return server;
    }),
  );
  return () => {
    for (const server of servers) server.close();
  };
}

test("a function's package that is damaged is named, and loading it again mends it", { skip }, async () => {
  for (const path of packages()) {
    rmSync(path, { recursive: true });
    if (path.endsWith(".zip")) garbage(path);
  }
  assert.equal((await up()).code, 0);
  assert.match(await invoke(), /no code with the digest|is damaged/);
  await lambda("PUT", "/2015-03-31/functions/echo/code", code);
  assert.match(await invoke(), /hello/);
  assert.equal((await catamaran("down")).code, 0);
});

for (const { title, damage, refused, mend } of cases)
  test(`${title}: ${refused === undefined ? "it serves" : "it says so"}`, { skip }, async () => {
    const undo = await damage();
    const ran = await up();
    undo?.();
    if (refused !== undefined) {
      assert.equal(ran.code, 4, ran.error);
      assert.match(ran.error, refused);
      assert.doesNotMatch(ran.error, /at .*\.ts:\d+/);
      mend?.();
      return;
    }
    assert.equal(ran.code, 0, ran.error);
    assert.equal((await catamaran("status")).code, 0);
    assert.equal((await catamaran("down")).code, 0);
  });

test("an index of images that is garbage is named; without it they are loaded again", { skip }, async () => {
  garbage(inData("images", "index.json"));
  const ran = await catamaran("image", "ls");
  assert.equal(ran.code, 1, ran.error);
  assert.match(ran.error, /images\/index\.json is damaged: .*Remove \S+images and load or build the images again/);
  rmSync(inData("images"), { recursive: true });
  assert.equal((await catamaran("image", "load", "busybox")).code, 0);
});
