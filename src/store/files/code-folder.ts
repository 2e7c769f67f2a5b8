/** Deployment packages as files named by their digest, and the folders they unpack to. Written whole or not at all, and compared with their digest before they are first used. */
import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { access, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { basename, join } from "node:path";
import { Fault } from "#base/fault.ts";
import type { CodeStore } from "#functions/code-store.ts";
import { damagedPackage } from "./place-entries.ts";
import { linkOver } from "./link-over.ts";
import { unpackZip } from "./unpack-zip.ts";
import { zipEntries } from "./zip-entries.ts";

// A crash leaves half-written things under this name; the next start removes them.
const TEMPORARY = ".new-";
const MERGED = "merged-";
// Between the package and the function that needs it lie milliseconds; a client that is slow may take minutes.
const FRESH_MS = 600_000;

export class CodeFolder implements CodeStore {
  readonly #folder: string;
  readonly #freshMs: number;
  readonly #unpacking = new Map<string, Promise<string>>();
  /** When packages were put, by name. */
  readonly #putAtMs = new Map<string, number>();
  /** What this process wrote itself or compared with its digest: names of zips and of unpacked folders, as they stand in the folder. */
  readonly #sound = new Set<string>();
  /** Packages over each other, by their digests. */
  readonly #merging = new Map<string, Promise<{ readonly sha256: string; readonly folder: string }>>();
  readonly #removing = new Map<string, Promise<void>>();
  #count = 0;

  static async open(folder: string, freshMs: number = FRESH_MS): Promise<CodeFolder> {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    const leftovers = (await readdir(folder)).filter((name) => name.startsWith(TEMPORARY) || name.startsWith(MERGED));
    for (const name of leftovers) await rm(join(folder, name), { recursive: true, force: true });
    return new CodeFolder(folder, freshMs);
  }

  private constructor(folder: string, freshMs: number) {
    this.#folder = folder;
    this.#freshMs = freshMs;
  }

  async put(zip: Uint8Array): Promise<{ readonly sha256: string; readonly size: number }> {
    const sha256 = await digestOf(zip);
    const file = this.#zipOf(sha256);
    this.#putAtMs.set(nameOf(sha256), performance.now());
    await this.#removing.get(nameOf(sha256));
    // One of before may be damaged, and this is how it is mended.
    if (!this.#sound.has(basename(file)) || !(await exists(file))) {
      const temporary = this.#temporary();
      await writeSynced(temporary, zip);
      await rename(temporary, file);
      await syncFolder(this.#folder);
      this.#sound.add(basename(file));
    }
    return { sha256, size: zip.length };
  }

  async get(sha256: string): Promise<Uint8Array | null> {
    const file = this.#zipOf(sha256);
    const zip = await readFile(file).catch((thrown: NodeJS.ErrnoException) => {
      if (thrown.code === "ENOENT") return null;
      throw thrown;
    });
    if (zip === null || this.#sound.has(basename(file))) return zip;
    if ((await digestOf(zip)) !== sha256) throw damagedPackage(sha256);
    this.#sound.add(basename(file));
    return zip;
  }

  /** Hard links to the unpacked files, made anew by each process: what an earlier one made cannot be compared with a digest. */
  merged(sha256s: readonly string[]): Promise<{ readonly sha256: string; readonly folder: string }> {
    const name = sha256s.join(" ");
    let merging = this.#merging.get(name);
    if (merging === undefined) {
      merging = this.#merge(sha256s).catch((thrown: unknown) => {
        this.#merging.delete(name);
        throw thrown;
      });
      this.#merging.set(name, merging);
    }
    return merging;
  }

  async #merge(sha256s: readonly string[]): Promise<{ readonly sha256: string; readonly folder: string }> {
    const [first] = sha256s;
    if (first !== undefined && sha256s.length === 1) return { sha256: first, folder: await this.unpacked(first) };
    const folders: string[] = [];
    for (const sha256 of sha256s) folders.push(await this.unpacked(sha256));
    const sha256 = createHash("sha256").update(sha256s.join(" ")).digest("base64");
    const temporary = this.#temporary();
    const folder = join(this.#folder, `${MERGED}${nameOf(sha256)}`);
    for (const from of folders) await linkOver(from, temporary);
    await rename(temporary, folder);
    return { sha256, folder };
  }

  async unpackedBytes(sha256: string): Promise<number> {
    const zip = await this.get(sha256);
    if (zip === null) throw new Fault("NotFound", `no code with the digest ${sha256}`);
    return zipEntries(zip).reduce((total, { size }) => total + size, 0);
  }

  unpacked(sha256: string): Promise<string> {
    let unpacking = this.#unpacking.get(sha256);
    if (unpacking === undefined) {
      unpacking = this.#unpack(sha256).finally(() => this.#unpacking.delete(sha256));
      this.#unpacking.set(sha256, unpacking);
    }
    return unpacking;
  }

  /** What is put or unpacked meanwhile waits for a removal that has begun, and is then written anew. */
  async keepOnly(wanted: ReadonlySet<string>): Promise<void> {
    await this.#forgetMerged(wanted);
    const names = new Set([...wanted].map(nameOf));
    const unpacking = (): readonly string[] => [...this.#unpacking.keys()].map(nameOf);
    for (const entry of await readdir(this.#folder)) {
      const name = entry.replace(/\.zip$/, "");
      if (
        entry.startsWith(TEMPORARY) ||
        entry.startsWith(MERGED) ||
        names.has(name) ||
        this.#isFresh(name) ||
        unpacking().includes(name)
      )
        continue;
      const removing = this.#remove(entry).finally(() => this.#removing.delete(name));
      this.#removing.set(name, removing);
      await removing;
    }
  }

  async #forgetMerged(wanted: ReadonlySet<string>): Promise<void> {
    for (const [name, merging] of this.#merging) {
      const parts = name.split(" ");
      if (parts.every((part) => wanted.has(part))) continue;
      this.#merging.delete(name);
      const { folder } = await merging;
      if (parts.length > 1) await this.#remove(basename(folder));
    }
  }

  #isFresh(name: string): boolean {
    const atMs = this.#putAtMs.get(name);
    if (atMs === undefined) return false;
    if (performance.now() - atMs < this.#freshMs) return true;
    this.#putAtMs.delete(name);
    return false;
  }

  // Half a folder must never be taken for a whole one: it is renamed first, and the next start removes what a crash leaves.
  async #remove(entry: string): Promise<void> {
    const temporary = this.#temporary();
    this.#sound.delete(entry);
    await rename(join(this.#folder, entry), temporary);
    await rm(temporary, { recursive: true, force: true });
  }

  async #unpack(sha256: string): Promise<string> {
    const name = nameOf(sha256);
    const folder = join(this.#folder, name);
    await this.#removing.get(name);
    const isThere = await exists(folder);
    if (isThere && this.#sound.has(name)) return folder;
    const file = this.#zipOf(sha256);
    if (!(await exists(file))) throw new Fault("NotFound", `no code with the digest ${sha256}`);
    const temporary = this.#temporary();
    try {
      const unpacked = await unpackZip({ file, sha256, copy: isThere ? folder : null, folder: temporary });
      if (unpacked === "anew") {
        if (isThere) await this.#remove(name);
        await rename(temporary, folder);
        await syncFolder(this.#folder);
      }
    } catch (thrown) {
      await rm(temporary, { recursive: true, force: true });
      throw thrown;
    }
    this.#sound.add(basename(file)).add(name);
    return folder;
  }

  #zipOf(sha256: string): string {
    return join(this.#folder, `${nameOf(sha256)}.zip`);
  }

  #temporary(): string {
    return join(this.#folder, `${TEMPORARY}${process.pid}-${this.#count++}`);
  }
}

// About 3 ms each; a whole package would hold everybody up for 50.
const PIECE_BYTES = 4 * 1024 * 1024;

async function digestOf(bytes: Uint8Array): Promise<string> {
  const hash = createHash("sha256");
  for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
    if (from > 0) await new Promise((resolve) => setImmediate(resolve));
    hash.update(bytes.subarray(from, from + PIECE_BYTES));
  }
  return hash.digest("base64");
}

/** Base64 has "/" in it; file names are the URL-safe form. */
function nameOf(sha256: string): string {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(sha256)) throw new Fault("NotFound", `no code with the digest ${sha256}`);
  return sha256.slice(0, -1).replaceAll("+", "-").replaceAll("/", "_");
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}

async function writeSynced(file: string, bytes: Uint8Array): Promise<void> {
  const handle = await open(file, "wx", 0o644);
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** A rename is durable only when the folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
