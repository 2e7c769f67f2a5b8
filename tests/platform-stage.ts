/** A whole platform for system tests, in a network namespace of its own without any route out, driven by its real clients. */
import { execFile, type ExecFileException, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { binaries } from "./kubectl-binaries.ts";

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

const ENTRY = join(import.meta.dirname, "..", "src", "main", "catamaran.ts");

const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin"]; // Not on every user's path.

/** Why the platform cannot be tested here; false when it can. kubectl comes from npm where none is installed. */
export function cannotRun(...programs: readonly string[]): string | false {
  if (process.getuid?.() !== 0) return "needs root";
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  const missing = ["containerd", "ip", "nft", "nsenter", "curl", ...programs].filter(
    (program) => program !== "kubectl" && !folders.some((folder) => existsSync(join(folder, program))),
  );
  return missing.length === 0 ? false : `needs ${missing.join(", ")}`;
}

export class Stage implements AsyncDisposable {
  readonly name: string;
  readonly folder: string;
  readonly dataDir: string;
  #kubectl = "kubectl";
  #environment: Readonly<Record<string, string>> = {};

  static async open(name: string): Promise<Stage> {
    const stage = new Stage(`${name}-${process.pid % 10_000}`, await mkdtemp(join(tmpdir(), "ctm-sys-")));
    stage.#kubectl = (await binaries("kubectl"))[0]?.file ?? "kubectl";
    await execute("ip", ["netns", "add", stage.name]);
    await execute("ip", ["-n", stage.name, "link", "set", "lo", "up"]);
    return stage;
  }

  private constructor(name: string, folder: string) {
    this.name = name;
    this.folder = folder;
    this.dataDir = join(folder, "data");
  }

  get environment(): Readonly<Record<string, string>> {
    return this.#environment;
  }

  /** Any program inside the namespace with the environment of `catamaran env`. */
  run(program: string, ...words: string[]): Promise<Ran> {
    return execute("nsenter", [`--net=/run/netns/${this.name}`, program, ...words], {
      ...process.env,
      AWS_PAGER: "",
      AWS_MAX_ATTEMPTS: "1",
      ...this.#environment,
    });
  }

  catamaran(...words: string[]): Promise<Ran> {
    return this.run(process.execPath, ENTRY, ...words, "--name", this.name, "--data-dir", this.dataDir);
  }

  async up(...words: string[]): Promise<void> {
    const up = await this.catamaran("up", "--detach", ...words);
    if (up.code !== 0)
      throw new Error(
        `up failed: ${up.error}\n${await readFile(join(this.dataDir, "up.log"), "utf8").catch(() => "")}`,
      );
    this.#environment = JSON.parse((await this.catamaran("env", "-o", "json")).out) as Record<string, string>;
  }

  kubectl(...words: string[]): Promise<Ran> {
    return this.run(this.#kubectl, ...words);
  }

  /** Fails the test with what kubectl said. */
  async kubectlOk(...words: string[]): Promise<string> {
    const ran = await this.kubectl(...words);
    if (ran.code !== 0) throw new Error(`kubectl ${words.join(" ")}: ${ran.error}`);
    return ran.out;
  }

  /** Debian's CLI is older than the variable AWS_ENDPOINT_URL. */
  aws(...words: string[]): Promise<Ran> {
    return this.run("aws", "--endpoint-url", this.#environment["AWS_ENDPOINT_URL"] ?? "", ...words);
  }

  /** The processes of one role of this instance. */
  async pidsOf(role: string): Promise<readonly number[]> {
    const found: number[] = [];
    for (const entry of await readdir("/proc")) {
      if (!/^\d+$/.test(entry)) continue;
      const line = (await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "")).split("\0");
      if (line.includes("run") && line.includes(role) && line.includes(this.dataDir) && !line[0]?.includes("nsenter"))
        found.push(Number(entry));
    }
    return found;
  }

  /** Asks the gateway again and again until stopped; counts what was not 200. */
  async keepAsking(
    host: string,
    path = "/",
  ): Promise<{
    readonly stop: () => Promise<{
      readonly asked: number;
      readonly failed: number;
      readonly failures: readonly string[];
    }>;
  }> {
    const { port } = new URL(this.#environment["CATAMARAN_GATEWAY"] ?? "http://127.0.0.1:1");
    const asker = spawn(
      "nsenter",
      [`--net=/run/netns/${this.name}`, process.execPath, join(import.meta.dirname, "asker.mjs"), port, host, path],
      { stdio: ["pipe", "pipe", "inherit"] },
    );
    let out = "";
    asker.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    await new Promise<void>((resolve) => asker.stdout.once("data", () => resolve()));
    return {
      stop: async () => {
        const ended = new Promise((resolve) => asker.once("close", resolve));
        asker.stdin.end();
        await ended;
        return JSON.parse(out.trim().split("\n").at(-1) ?? "{}") as {
          asked: number;
          failed: number;
          failures: string[];
        };
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.catamaran("down", "--purge");
    await execute("ip", ["netns", "del", this.name]);
    await rm(this.folder, { recursive: true, force: true });
  }
}

function execute(program: string, words: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      program,
      words,
      { env, timeout: 120_000, maxBuffer: 16 * 1024 * 1024 },
      (error: ExecFileException | null, out, err) => {
        resolve({
          code: error === null ? 0 : Number(error.code ?? 1),
          out: out.trim(),
          error: `${err.trim()}${error?.killed === true ? " (timed out)" : ""}`,
        });
      },
    );
  });
}

/** Looks again until it holds; fails with the last state after `withinMs`. */
export async function until<T>(
  what: string,
  look: () => Promise<T>,
  holds: (state: T) => boolean,
  withinMs = 30_000,
): Promise<T> {
  const untilMs = performance.now() + withinMs;
  for (;;) {
    const state = await look();
    if (holds(state)) return state;
    if (performance.now() > untilMs)
      throw new Error(`${what} did not come true within ${withinMs / 1000} s; last seen: ${JSON.stringify(state)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
