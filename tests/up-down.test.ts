/** The life of instances: side by side, found by name or directory, refused twice, ended by Ctrl-C, cleaned up after a kill. */
import assert from "node:assert/strict";
import { execFile, execFileSync, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { until } from "./platform-stage.ts";

const BIN = join(import.meta.dirname, "..", "tools", "catamaran.mjs");
// Control plane and functions need nothing of the machine; nodes are the matter of platform.test.ts.
const SMALL = ["--nodes", "0"];
const names = ["up-a", "up-b"].map((name) => `${name}-${process.pid % 10_000}`) as [string, string];
let folder = "";

before(async () => {
  folder = await mkdtemp(join(tmpdir(), "ctm-up-"));
});

after(async () => {
  for (const name of names) await catamaran("down", "--purge", "--name", name, "--data-dir", dataDir(name));
  await rm(folder, { recursive: true, force: true });
});

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

function dataDir(name: string): string {
  return join(folder, name);
}

function catamaran(...words: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...words], { timeout: 60_000 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, error: err }),
    );
  });
}

async function environment(...words: readonly string[]): Promise<Readonly<Record<string, string>>> {
  const { code, out, error } = await catamaran("env", "-o", "json", ...words);
  assert.equal(code, 0, error);
  return JSON.parse(out) as Record<string, string>;
}

const processesOf = (name: string): string =>
  execFileSync("sh", ["-c", `pgrep -af "data-dir ${dataDir(name)}" | grep -v pgrep || true`], {
    encoding: "utf8",
  }).trim();

test("two instances come up side by side, with ports and keys of their own", async () => {
  const [a, b] = names;
  for (const ran of await Promise.all(
    names.map((name) => catamaran("up", "--detach", ...SMALL, "--name", name, "--data-dir", dataDir(name))),
  ))
    assert.equal(ran.code, 0, ran.error);
  const [first, second] = [await environment("--name", a), await environment("--data-dir", dataDir(b))];
  assert.equal(first["KUBECONFIG"], join(dataDir(a), "kubeconfig"));
  for (const name of ["AWS_ENDPOINT_URL", "AWS_SECRET_ACCESS_KEY", "CATAMARAN_GATEWAY", "KUBECONFIG"])
    assert.notEqual(first[name], second[name]);
  const status = await catamaran("status", "--name", a, "-o", "json");
  const parts = JSON.parse(status.out) as readonly { readonly part: string; readonly state: string }[];
  for (const part of ["supervisor", "kubernetes", "aws", "gateway"])
    assert.equal(parts.find((row) => row.part === part)?.state, "ready", `${part}: ${status.out}`);
});

test("env prints shell lines that a shell reads", async () => {
  const { out } = await catamaran("env", "--name", names[0]);
  const seen = execFileSync("sh", ["-c", `${out}\necho "$AWS_DEFAULT_REGION $AWS_ACCOUNT_ID $CATAMARAN_GATEWAY"`], {
    encoding: "utf8",
  });
  assert.match(seen, /^us-east-1 000000000000 http:\/\/127\.0\.0\.1:\d+\n$/);
});

test("a second up of the same name is refused and touches nothing", async () => {
  const [name] = names;
  const before = await readFile(join(dataDir(name), "instance.json"), "utf8");
  const again = await catamaran("up", "--detach", ...SMALL, "--name", name, "--data-dir", dataDir(name));
  assert.equal(again.code, 5);
  assert.match(
    again.error,
    new RegExp(`instance "${name}" is up already \\(process \\d+\\); end it with: catamaran down`),
  );
  const elsewhere = await catamaran("up", "--detach", ...SMALL, "--name", name, "--data-dir", join(folder, "other"));
  assert.equal(elsewhere.code, 5);
  assert.match(elsewhere.error, /belongs to the instance in/);
  assert.equal(await readFile(join(dataDir(name), "instance.json"), "utf8"), before);
});

const mistakes: readonly (readonly [words: readonly string[], code: number, message: RegExp])[] = [
  [["stauts"], 2, /there is no command "stauts"; did you mean "status"\?/],
  [["up", "--nodes", "many"], 2, /--nodes many: a whole number from 0 to 16/],
  [["up", "--colour"], 2, /--colour/],
  [["env", "--name", "nobody"], 3, /there is no instance "nobody"; start it with: catamaran up --detach --name nobody/],
  [["whatif", "--to", "moon"], 2, /--to moon: one of pods, function, hybrid/],
  [["trace"], 2, /trace/],
  [["completion", "tcsh"], 2, /one of bash, zsh, fish/],
];
for (const [words, code, message] of mistakes) {
  test(`catamaran ${words.join(" ")} is refused with exit code ${code} and a way on`, async () => {
    const ran = await catamaran(...words);
    assert.equal(ran.code, code, ran.error);
    assert.match(ran.error, message);
    assert.equal(ran.out, "");
  });
}

test("after kill -9 of the supervisor its processes end by themselves, status says so, and up and down work again", async () => {
  const [, name] = names;
  const { pid } = JSON.parse(await readFile(join(dataDir(name), "supervisor.json"), "utf8")) as {
    readonly pid: number;
  };
  process.kill(pid, "SIGKILL");
  await until(
    "no process is left",
    () => Promise.resolve(processesOf(name)),
    (left) => left === "",
  );
  assert.equal((await catamaran("status", "--name", name)).code, 4);
  const kept = await environment("--name", name);
  assert.equal((await catamaran("up", "--detach", ...SMALL, "--name", name, "--data-dir", dataDir(name))).code, 0);
  assert.deepEqual(await environment("--name", name), kept, "ports and keys are kept");
  const { pid: second } = JSON.parse(await readFile(join(dataDir(name), "supervisor.json"), "utf8")) as {
    readonly pid: number;
  };
  process.kill(second, "SIGKILL");
  assert.equal((await catamaran("down", "--purge", "--name", name)).code, 0);
  assert.equal(existsSync(dataDir(name)), false);
  await until(
    "no process is left",
    () => Promise.resolve(processesOf(name)),
    (left) => left === "",
  );
});

interface Lock {
  readonly pid: number;
  readonly roles: Readonly<Record<string, { readonly pid: number }>>;
}

const lockOf = async (name: string): Promise<Lock> =>
  JSON.parse(await readFile(join(dataDir(name), "supervisor.json"), "utf8")) as Lock;

interface PartSeen {
  readonly part: string;
  readonly state: string;
  readonly detail: string;
}

async function partsOf(name: string): Promise<readonly PartSeen[]> {
  return JSON.parse((await catamaran("status", "--name", name, "-o", "json")).out) as readonly PartSeen[];
}

for (const role of ["control", "gateway"])
  test(`a stopped ${role} is told by status at once, killed and started again with the cause`, async () => {
    const [name] = names;
    const { pid = 0 } = (await lockOf(name)).roles[role] ?? {};
    process.kill(pid, "SIGSTOP");
    const stateOf = (parts: readonly PartSeen[]): string =>
      parts.find(({ part }) => part === `role/${role}`)?.state ?? "";
    const parts = await partsOf(name);
    assert.equal(stateOf(parts), "not answering");
    const door = role === "control" ? "aws" : "gateway";
    assert.equal(parts.find(({ part }) => part === door)?.state, "not answering", "an open port is not an answer");
    const later = await until(
      `${role} runs again`,
      () => partsOf(name),
      (now) => stateOf(now) === "ready",
    );
    const { detail = "" } = later.find(({ part }) => part === `role/${role}`) ?? {};
    assert.match(detail, /started again 1 times, last because: it did not answer for 1\d s/);
    assert.notEqual((await lockOf(name)).roles[role]?.pid, pid);
  });

test("a machine that stood still kills nobody", async () => {
  const [name] = names;
  const before = await lockOf(name);
  const all = [before.pid, ...Object.values(before.roles).map(({ pid }) => pid)];
  for (const pid of all) process.kill(pid, "SIGSTOP");
  await new Promise((resolve) => setTimeout(resolve, 20_000));
  for (const pid of all) process.kill(pid, "SIGCONT");
  await until(
    "all answer",
    () => partsOf(name),
    (parts) => parts.every(({ state }) => state === "ready"),
  );
  assert.deepEqual(await lockOf(name), before);
});

test("down ends an instance of which every process hangs", async () => {
  const [name] = names;
  const { pid, roles } = await lockOf(name);
  for (const one of [pid, ...Object.values(roles).map((role) => role.pid)]) process.kill(one, "SIGSTOP");
  const ran = await catamaran("down", "--name", name);
  assert.equal(ran.code, 0, ran.error);
  assert.match(ran.error, /did not end when asked and are killed: \d+/);
  assert.equal(processesOf(name), "");
});

test("a start that cannot succeed ends with the cause; with the file back it succeeds", async () => {
  const [name] = names;
  const [file, away] = [join(dataDir(name), "journal.db"), join(folder, "away.db")];
  await rename(file, away);
  const ran = await catamaran("up", "--detach", ...SMALL, "--name", name, "--data-dir", dataDir(name));
  assert.equal(ran.code, 4);
  assert.match(
    ran.error,
    /control does not start: .*journal\.db is damaged: it is missing, but revisions up to \d+ were stored in it/,
  );
  assert.equal(processesOf(name), "");
  await rename(away, file);
  const again = await catamaran("up", "--detach", ...SMALL, "--name", name, "--data-dir", dataDir(name));
  assert.equal(again.code, 0, again.error);
});

test("store check names a damaged record, store repair keeps the rest, and the instance starts again", async () => {
  const [name] = names;
  const place = ["--name", name, "--data-dir", dataDir(name)];
  const whileUp = await catamaran("store", "check", ...place);
  assert.equal(whileUp.code, 5, "an instance that is up is left alone");
  assert.equal((await catamaran("down", ...place)).code, 0);
  assert.equal((await catamaran("store", "check", ...place)).code, 0);
  const file = join(dataDir(name), "journal.db");
  const bytes = await readFile(file);
  const at = bytes.indexOf('"kind":"ServiceAccount"');
  bytes.set([0xff], at + 1);
  await writeFile(file, bytes);
  const checked = await catamaran("store", "check", ...place);
  assert.equal(checked.code, 1);
  assert.match(checked.error, /journal\.db: damaged: core\/serviceaccounts\/\S+ at revision \d+/);
  const repaired = await catamaran("store", "repair", ...place);
  assert.equal(repaired.code, 0, repaired.error);
  assert.match(
    repaired.error,
    /the damaged file is in \S+damaged\/journal\.db-\S+\n(.*\n)*journal\.db: lost: core\/serviceaccounts/,
  );
  const again = await catamaran("up", "--detach", ...SMALL, ...place);
  assert.equal(again.code, 0, again.error);
});

test("SIGTERM in the midst of a start ends it in order", async () => {
  const name = names[1];
  const child = spawn(process.execPath, [BIN, "up", ...SMALL, "--name", name, "--data-dir", dataDir(name)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => (words += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  await until(
    "it starts its roles",
    () => Promise.resolve(words),
    (text) => text.includes("certificates"),
  );
  child.kill("SIGTERM");
  assert.equal(await ended, 130, words);
  assert.equal(processesOf(name), "");
});

test("a data folder that cannot be written is a sentence", async () => {
  for (const words of [["up"], ["up", "--detach"]]) {
    const ran = await catamaran(...words, ...SMALL, "--name", "nowhere", "--data-dir", "/sys/nowhere");
    assert.equal(ran.code, 4);
    assert.match(ran.error, /\/sys\/nowhere cannot be written \(\w+\): .* choose another folder with --data-dir\n$/);
    assert.doesNotMatch(ran.error, /at .*\.ts:\d+/);
  }
});

test("down --purge takes away an instance whose facts are damaged", async () => {
  const name = names[1];
  await mkdir(join(dataDir(name), "anchors"), { recursive: true });
  for (const file of ["instance.json", "anchors/instance.json"]) await writeFile(join(dataDir(name), file), "garbage");
  const ran = await catamaran("up", "--detach", ...SMALL, "--name", name, "--data-dir", dataDir(name));
  assert.match(ran.error, /instance\.json is damaged, and so is its copy/);
  assert.equal((await catamaran("down", "--purge", "--name", name, "--data-dir", dataDir(name))).code, 0);
  assert.equal(existsSync(dataDir(name)), false);
});

test("down ends every process and keeps the data; down --purge takes it away", async () => {
  const [name] = names;
  assert.equal((await catamaran("down", "--name", name)).code, 0);
  assert.equal(processesOf(name), "");
  assert.equal(existsSync(join(dataDir(name), "journal.db")), true);
  assert.equal((await catamaran("down", "--purge", "--name", name, "--data-dir", dataDir(name))).code, 0);
  assert.equal(existsSync(dataDir(name)), false);
  assert.equal((await catamaran("down", "--name", name)).code, 3);
});

test("in the foreground, Ctrl-C sent twice at once (as npm passes it on) ends everything in order", async () => {
  const [name] = names;
  const child = spawn(process.execPath, [BIN, "up", ...SMALL, "--name", name, "--data-dir", dataDir(name)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => (words += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  await until(
    "it is ready",
    () => Promise.resolve(words),
    (text) => text.includes("ready in"),
  );
  child.kill("SIGINT");
  child.kill("SIGINT");
  assert.equal(await ended, 0);
  assert.match(words, /✓ control plane .* \(\d+\.\d\d s\)\n/);
  assert.match(words, /ended; data is kept in/);
  assert.equal(processesOf(name), "");
});
