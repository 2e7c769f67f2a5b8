/** Measures `catamaran up`: time until a node is Ready and every door answers, and what an idle instance holds in memory. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const BIN = join(import.meta.dirname, "..", "tools", "catamaran.mjs");
const ROUNDS = Number(process.argv[2] ?? 5);
const SETTLED_MS = 10_000; // Pools are filled and the first collections are over.

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

function catamaran(...words: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...words], (error, out, err) =>
      resolve({ code: error === null ? 0 : 1, out, error: err }),
    );
  });
}

/** What names the instance's folders, and everything that descends from it: pooled environments, shims. */
async function processesOf(dataDir: string, runDir: string): Promise<readonly number[]> {
  const parents = new Map<number, number>();
  const found = new Set<number>();
  for (const entry of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const pid = Number(entry);
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    parents.set(pid, Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1] ?? 0));
    const line = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    if (pid !== process.pid && (line.includes(dataDir) || line.includes(`${runDir}/`))) found.add(pid);
  }
  const isOurs = (pid: number): boolean => pid > 1 && (found.has(pid) || isOurs(parents.get(pid) ?? 0));
  return [...parents.keys()].filter(isOurs);
}

async function pssKib(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  return Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
}

async function nameOf(pid: number): Promise<string> {
  const words = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0");
  const role = words[words.indexOf("run") + 1] ?? "";
  if (words.includes("run") && words.some((word) => word.endsWith("catamaran.ts"))) return role;
  if (words.includes("up")) return "supervisor";
  return words.find((word) => word.includes("launcher-main"))?.includes("launcher") === true
    ? "launcher"
    : (words[0]?.split("/").at(-1) ?? "?");
}

const folder = await mkdtemp(join(tmpdir(), "ctm-bench-up-"));
const name = `bench-${process.pid % 10_000}`;
const place = ["--name", name, "--data-dir", join(folder, "data")];
try {
  for (let round = 0; round <= ROUNDS; round++) {
    const startedAt = performance.now();
    const up = await catamaran("up", "--detach", ...place);
    const tookMs = performance.now() - startedAt;
    if (up.code !== 0) throw new Error(up.error);
    const inside = /ready in ([\d.]+) s/.exec(await readFile(join(folder, "data", "up.log"), "utf8"))?.[1];
    console.log(
      `${round === 0 ? "first start" : `warm start ${round}`}: ready in ${inside} s, the command returned after ${(tookMs / 1000).toFixed(2)} s`,
    );
    if (round < ROUNDS) await catamaran("down", ...place);
  }
  await new Promise((resolve) => setTimeout(resolve, SETTLED_MS));
  let total = 0;
  const { runDir } = JSON.parse(await readFile(join(folder, "data", "instance.json"), "utf8")) as {
    readonly runDir: string;
  };
  for (const pid of await processesOf(join(folder, "data"), runDir)) {
    const kib = await pssKib(pid);
    total += kib;
    console.log(`${(await nameOf(pid)).padEnd(12)} ${(kib / 1024).toFixed(1).padStart(6)} MiB`);
  }
  console.log(`${"together".padEnd(12)} ${(total / 1024).toFixed(1).padStart(6)} MiB (PSS, idle)`);
} finally {
  await catamaran("down", "--purge", ...place);
  await rm(folder, { recursive: true, force: true });
}
