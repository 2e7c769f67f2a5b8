/** Writing and reading tar archives (ustar with pax headers for what does not fit). Knows nothing of images. */
import { draft, put } from "#base/dictionary.ts";
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { lstat, open, readdir, readlink, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { createGunzip } from "node:zlib";
import { Fault } from "#base/fault.ts";

const BLOCK = 512;
const COPY_BYTES = 1024 * 1024;
// What an archive may hold, unpacked: the biggest images people have are a tenth of it, and have hundreds of entries.
const MAX_ARCHIVE_BYTES = 256 * 1024 ** 3;
const MAX_ENTRIES = 100_000;
const MAX_EXTENSION_BYTES = 1024 * 1024;
const TYPES = { file: "0", link: "1", symlink: "2", directory: "5" } as const;

export interface TarFacts {
  readonly name: string;
  readonly type: keyof typeof TYPES;
  readonly mode: number;
  readonly size?: number;
  /** Where a link or symlink points. */
  readonly target?: string;
}

/** Writes one archive and computes its digest on the way. Times and owners are zero, so equal content has equal bytes. */
export class TarWriter {
  readonly #file: FileHandle;
  readonly #hash = createHash("sha256");
  readonly #directories = new Set<string>();
  /** What waits to be written: thousands of small files are hundreds of writes. */
  readonly #buffer = Buffer.allocUnsafe(COPY_BYTES);
  #buffered = 0;
  #size = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async addBytes(name: string, bytes: Uint8Array, mode = 0o644): Promise<void> {
    await this.#addParents(name);
    await this.#header({ name, type: "file", mode, size: bytes.length });
    await this.#write(bytes);
    await this.#pad(bytes.length);
  }

  async addFile(name: string, path: string, mode?: number): Promise<void> {
    await this.#addParents(name);
    await using source = await open(path);
    const facts = await source.stat();
    await this.#header({ name, type: "file", mode: mode ?? facts.mode & 0o7777, size: facts.size });
    let copied = 0;
    const buffer = Buffer.allocUnsafe(COPY_BYTES);
    for (;;) {
      const { bytesRead } = await source.read(buffer, 0, COPY_BYTES);
      if (bytesRead === 0) break;
      copied += bytesRead;
      await this.#write(buffer.subarray(0, bytesRead));
    }
    if (copied !== facts.size) throw new Fault("Conflict", `${path} changed while it was copied`);
    await this.#pad(copied);
  }

  async addSymlink(name: string, target: string): Promise<void> {
    await this.#addParents(name);
    await this.#header({ name, type: "symlink", mode: 0o777, target });
  }

  async addDirectory(name: string, mode = 0o755): Promise<void> {
    const bare = name.replace(/\/+$/, "");
    if (bare === "" || bare === "." || this.#directories.has(bare)) return;
    await this.#addParents(bare);
    this.#directories.add(bare);
    await this.#header({ name: `${bare}/`, type: "directory", mode });
  }

  /** A file, symlink or whole folder of this machine, in the order of names. `wants` gets the path below `path`. */
  async addTree(
    name: string,
    path: string,
    wants: (relative: string) => boolean = () => true,
    relative = "",
  ): Promise<void> {
    const facts = await lstat(path);
    if (facts.isSymbolicLink()) return this.addSymlink(name, await readlink(path));
    if (facts.isFile()) return this.addFile(name, path);
    if (!facts.isDirectory()) throw new Fault("Invalid", `${path} is neither a file, a folder nor a symbolic link`);
    await this.addDirectory(name, facts.mode & 0o7777);
    for (const child of (await readdir(path)).toSorted()) {
      const below = relative === "" ? child : `${relative}/${child}`;
      if (wants(below)) await this.addTree(join(name, child), join(path, child), wants, below);
    }
  }

  async end(): Promise<{ readonly digest: string; readonly size: number }> {
    await this.#write(Buffer.alloc(2 * BLOCK));
    await this.#flush();
    return { digest: `sha256:${this.#hash.digest("hex")}`, size: this.#size };
  }

  async #addParents(name: string): Promise<void> {
    const slash = name.replace(/\/+$/, "").lastIndexOf("/");
    if (slash > 0) await this.addDirectory(name.slice(0, slash));
  }

  async #header(facts: TarFacts): Promise<void> {
    const records = [
      ...(fits(facts.name) ? [] : [["path", facts.name]]),
      ...((facts.target?.length ?? 0) > 100 ? [["linkpath", facts.target ?? ""]] : []),
    ];
    if (records.length > 0) {
      const body = Buffer.from(records.map(([key = "", value = ""]) => paxRecord(key, value)).join(""));
      await this.#write(headerBlock({ name: "pax", type: "file", mode: 0o644, size: body.length }, "x"));
      await this.#write(body);
      await this.#pad(body.length);
    }
    await this.#write(headerBlock(facts, TYPES[facts.type]));
  }

  async #pad(size: number): Promise<void> {
    const rest = size % BLOCK;
    if (rest > 0) await this.#write(Buffer.alloc(BLOCK - rest));
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const part = bytes.subarray(at, at + COPY_BYTES - this.#buffered);
      this.#buffer.set(part, this.#buffered);
      this.#buffered += part.length;
      at += part.length;
      if (this.#buffered === COPY_BYTES) await this.#flush();
    }
  }

  async #flush(): Promise<void> {
    const bytes = this.#buffer.subarray(0, this.#buffered);
    this.#hash.update(bytes);
    this.#size += bytes.length;
    for (let at = 0; at < bytes.length;) at += (await this.#file.write(bytes, at)).bytesWritten;
    this.#buffered = 0;
  }
}

function fits(name: string): boolean {
  return Buffer.byteLength(name) <= 100;
}

function headerBlock({ name, mode, size = 0, target = "" }: TarFacts, type: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  block.write(name.slice(0, 100), 0, 100);
  block.write(octal(mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write("        ", 148);
  block.write(type, 156);
  block.write(target.slice(0, 100), 157, 100);
  block.write("ustar\u000000", 257, "latin1");
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function octal(value: number, digits: number): string {
  const text = value.toString(8).padStart(digits, "0");
  if (text.length > digits) throw new Fault("RequestTooLarge", `${value} does not fit into a tar header`);
  return text;
}

/** "<length> key=value\n", where the length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  const bare = Buffer.byteLength(rest);
  let length = bare + String(bare).length;
  if (bare + String(length).length !== length) length = bare + String(length).length;
  return `${length}${rest}`;
}

export interface TarEntry extends TarFacts {
  readonly size: number;
  /** Must be read to its end, or left alone, before the next entry is asked for. */
  readonly body: AsyncIterable<Buffer>;
}

/** The entries of an archive, plain or gzip. Kinds of entry that are neither file, link nor folder are passed over. */
export async function* readTar(path: string): AsyncGenerator<TarEntry> {
  const source = new ByteSource(await plainBytes(path));
  let pax: Readonly<Record<string, string>> = {};
  let entries = 0;
  for (;;) {
    const block = await source.take(BLOCK);
    if (block === null || block.every((byte) => byte === 0)) return;
    checkSum(block, path);
    const size = Number(pax["size"] ?? sizeOf(block));
    if (!(size >= 0 && size <= MAX_ARCHIVE_BYTES))
      throw new Fault("Invalid", `${path} says that an entry has ${size} bytes`);
    const end = source.position + Math.ceil(size / BLOCK) * BLOCK;
    if (++entries > MAX_ENTRIES || end > MAX_ARCHIVE_BYTES)
      throw new Fault(
        "RequestTooLarge",
        `${path} holds more than ${MAX_ENTRIES} entries or ${MAX_ARCHIVE_BYTES} bytes`,
      );
    const flag = cut(block, 156, 1) || "0";
    if ("xgLK".includes(flag) && size > MAX_EXTENSION_BYTES)
      throw new Fault("Invalid", `${path} has a name of ${size} bytes`);
    if ("xgLK".includes(flag)) pax = { ...pax, ...extension(flag, (await source.take(size)) ?? Buffer.alloc(0)) };
    else {
      const facts = factsOf(block, flag, pax);
      if (facts !== null) yield { ...facts, size, body: source.upTo(source.position + size) };
      pax = {};
    }
    await source.skipTo(end);
  }
}

/** Octal text; GNU tar writes what does not fit (8 GiB and more) as a big-endian number with the first bit set. */
function sizeOf(block: Buffer): number {
  const field = block.subarray(124, 136);
  if (((field[0] ?? 0) & 0x80) === 0) return Number.parseInt(cut(block, 124, 12).trim() || "0", 8);
  return field.subarray(1).reduce((value, byte) => value * 256 + byte, (field[0] ?? 0) & 0x7f);
}

/** What a header that only describes the next one says: pax records, or GNU tar's long names. */
function extension(flag: string, body: Buffer): Readonly<Record<string, string>> {
  if (flag === "x") return paxRecords(body);
  if (flag === "L") return { path: longName(body) };
  return flag === "K" ? { linkpath: longName(body) } : {};
}

function factsOf(block: Buffer, flag: string, pax: Readonly<Record<string, string>>): TarFacts | null {
  const type = (Object.keys(TYPES) as (keyof typeof TYPES)[]).find((key) => TYPES[key] === flag);
  if (type === undefined) return null;
  const prefix = cut(block, 257, 5) === "ustar" ? cut(block, 345, 155) : "";
  const name = pax["path"] ?? (prefix === "" ? cut(block, 0, 100) : `${prefix}/${cut(block, 0, 100)}`);
  const mode = Number.parseInt(cut(block, 100, 8).trim() || "0", 8);
  return { name, type, mode, target: pax["linkpath"] ?? cut(block, 157, 100) };
}

async function plainBytes(path: string): Promise<AsyncIterable<Buffer>> {
  await using file = await open(path);
  const { buffer } = await file.read(Buffer.alloc(2), 0, 2, 0);
  const bytes = createReadStream(path, { highWaterMark: COPY_BYTES });
  if (buffer[0] !== 0x1f || buffer[1] !== 0x8b) return bytes;
  const plain = createGunzip();
  bytes.on("error", (cause) => plain.destroy(cause));
  return bytes.pipe(plain);
}

function checkSum(block: Buffer, path: string): void {
  let sum = 0;
  for (let at = 0; at < BLOCK; at++) sum += at >= 148 && at < 156 ? 32 : (block[at] ?? 0);
  if (Number.parseInt(cut(block, 148, 8).trim(), 8) !== sum) throw new Fault("Invalid", `${path} is not a tar archive`);
}

function cut(block: Buffer, start: number, length: number): string {
  const part = block.subarray(start, start + length);
  const end = part.indexOf(0);
  return part.subarray(0, end === -1 ? length : end).toString("utf8");
}

function longName(body: Buffer): string {
  return body.toString("utf8").replace(/\0+$/, "");
}

function paxRecords(body: Buffer): Readonly<Record<string, string>> {
  const records = draft<string>();
  for (let at = 0; at < body.length;) {
    const space = body.indexOf(32, at);
    const length = Number(body.subarray(at, space).toString());
    if (space === -1 || !(length > 0)) break;
    const [key = "", ...value] = body
      .subarray(space + 1, at + length - 1)
      .toString("utf8")
      .split("=");
    put(records, key, value.join("="));
    at += length;
  }
  return records;
}

/** Counts what was read, so that an entry's unread rest can be skipped. */
class ByteSource {
  readonly #chunks: AsyncIterator<Buffer>;
  #pending: Buffer = Buffer.alloc(0);
  position = 0;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  async take(size: number): Promise<Buffer | null> {
    const parts: Buffer[] = [];
    const end = this.position + size;
    for await (const part of this.upTo(end)) parts.push(part);
    return this.position < end ? null : Buffer.concat(parts);
  }

  async *upTo(end: number): AsyncGenerator<Buffer> {
    while (this.position < end) {
      if (this.#pending.length === 0) {
        const next = await this.#chunks.next();
        if (next.done === true) return;
        this.#pending = next.value;
      }
      const part = this.#pending.subarray(0, end - this.position);
      this.#pending = this.#pending.subarray(part.length);
      this.position += part.length;
      yield part;
    }
  }

  async skipTo(end: number): Promise<void> {
    for await (const _part of this.upTo(end)) continue;
  }
}
