/**
 * The bytes of objects as files, encrypted: written aside and fsynced, moved to their place once they belong to an object. A name is
 * never used twice, so that each file has a key of its own and a counter that begins at nought (NIST SP 800-38A, CTR).
 */
import { createCipheriv, createHmac, randomBytes, randomUUID } from "node:crypto";
import { createReadStream } from "node:fs";
import { type FileHandle, mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#base/fault.ts";
import type { ObjectBytes, Piece, Range } from "#managed/bucket/object-bytes.ts";
import { SyncedFolder } from "./synced-folder.ts";

const KEY_FILE = "key";
const ASIDE = "new";
const CIPHER = "aes-256-ctr";
const BLOCK_BYTES = 16;
// One write for so much: chunks of a request are as small as its sender likes.
const WRITE_BYTES = 256 * 1024;
const READ_BYTES = 256 * 1024;
// What the disk has taken by then need not all be waited for at the end.
const FLUSH_BYTES = 64 * 1024 * 1024;

export class ObjectFiles implements ObjectBytes {
  readonly #folder: string;
  readonly #key: Buffer;
  readonly #aside: SyncedFolder;
  readonly #leftovers: readonly string[];

  static async open(folder: string): Promise<ObjectFiles> {
    const aside = join(folder, ASIDE);
    await mkdir(aside, { recursive: true, mode: 0o700 });
    const key = await keyIn(folder);
    return new ObjectFiles(folder, key, await readdir(aside));
  }

  private constructor(folder: string, key: Buffer, leftovers: readonly string[]) {
    this.#folder = folder;
    this.#key = key;
    this.#aside = new SyncedFolder(join(folder, ASIDE));
    this.#leftovers = leftovers;
  }

  async write(source: AsyncIterable<Uint8Array>): Promise<Piece> {
    const id = randomUUID();
    const path = this.#asideOf(id);
    try {
      const size = await this.#writeFile(id, path, source);
      if (size > 0) await this.#aside.sync();
      return { id, size };
    } catch (thrown) {
      await rm(path, { force: true });
      throw fullDisk(thrown) ?? thrown;
    }
  }

  async keep(ids: readonly string[]): Promise<void> {
    const places = new Set<string>();
    for (const id of ids) {
      const place = join(this.#folder, shardOf(id));
      if (!places.has(place)) await mkdir(place, { recursive: true, mode: 0o700 });
      places.add(place);
      await rename(this.#asideOf(id), join(place, id)).catch(unlessGone);
    }
    for (const place of places) await new SyncedFolder(place).sync();
    if (places.size > 0) await new SyncedFolder(this.#folder).sync();
  }

  async *read(id: string, { from, to }: Range): AsyncGenerator<Uint8Array> {
    if (from >= to) return;
    const handle = await this.#open(id);
    // The stream closes the file when it is through, or when its reader stops early.
    const stream = createReadStream("", { fd: handle, start: from, end: to - 1, highWaterMark: READ_BYTES });
    const cipher = this.#cipher(id, from);
    for await (const chunk of stream) yield cipher(chunk as Buffer);
  }

  async remove(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      await rm(this.#asideOf(id), { force: true });
      await rm(join(this.#folder, shardOf(id), id), { force: true });
    }
  }

  leftovers(): Promise<readonly string[]> {
    return Promise.resolve(this.#leftovers);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#aside.sync();
  }

  async #writeFile(id: string, path: string, source: AsyncIterable<Uint8Array>): Promise<number> {
    let file: FileHandle | null = null;
    let size = 0;
    let flushedAt = 0;
    const cipher = this.#cipher(id, 0);
    try {
      for await (const chunk of portions(source)) {
        file ??= await open(path, "wx", 0o600);
        await file.writeFile(cipher(chunk));
        size += chunk.length;
        if (size - flushedAt < FLUSH_BYTES) continue;
        flushedAt = size;
        await file.datasync();
      }
      await file?.sync();
      return size;
    } finally {
      await file?.close();
    }
  }

  /** In its place, or still aside; between the two looks it may have been moved. */
  async #open(id: string): Promise<FileHandle> {
    const place = join(this.#folder, shardOf(id), id);
    for (const path of [place, this.#asideOf(id), place]) {
      const handle = await open(path, "r").catch(unlessGone);
      if (handle !== null) return handle;
    }
    throw new Fault("NotFound", `there is no piece ${id}`);
  }

  #asideOf(id: string): string {
    return join(this.#folder, ASIDE, id);
  }

  /** Encrypts or decrypts what stands at `from` and behind it. */
  #cipher(id: string, from: number): (bytes: Uint8Array) => Buffer {
    const key = createHmac("sha256", this.#key).update(id).digest();
    const counter = Buffer.alloc(BLOCK_BYTES);
    counter.writeBigUInt64BE(BigInt(Math.floor(from / BLOCK_BYTES)), BLOCK_BYTES / 2);
    const cipher = createCipheriv(CIPHER, key, counter);
    cipher.update(Buffer.alloc(from % BLOCK_BYTES));
    return (bytes) => cipher.update(bytes);
  }
}

/** Made once, and durable before anything is encrypted with it. */
async function keyIn(folder: string): Promise<Buffer> {
  const path = join(folder, KEY_FILE);
  const found = await readFile(path).catch(unlessGone);
  if (found !== null) return found;
  const key = randomBytes(32);
  const handle = await open(`${path}.new`, "w", 0o600);
  try {
    await handle.writeFile(key);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.new`, path);
  await new SyncedFolder(folder).sync();
  return key;
}

/** Chunks joined to what is worth a write; a large one goes as it is. */
async function* portions(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of source) {
    waiting.push(chunk);
    size += chunk.length;
    if (size < WRITE_BYTES) continue;
    yield waiting.length === 1 ? chunk : Buffer.concat(waiting, size);
    waiting = [];
    size = 0;
  }
  if (size > 0) yield Buffer.concat(waiting, size);
}

function shardOf(id: string): string {
  return id.slice(0, 2);
}

function unlessGone(thrown: NodeJS.ErrnoException): null {
  if (thrown.code === "ENOENT") return null;
  throw thrown;
}

function fullDisk(thrown: unknown): Fault | null {
  const { code } = thrown as NodeJS.ErrnoException;
  return code === "ENOSPC" || code === "EDQUOT" ? new Fault("Unavailable", "there is no space left for objects") : null;
}
