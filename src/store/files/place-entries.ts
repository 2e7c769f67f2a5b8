/** Unpacks a zip file into a new folder, or finds that it is unpacked already. Synchronous, and so for a worker thread, or for little. */
import { createHash } from "node:crypto";
import {
  closeSync,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { crc32, inflateRawSync } from "node:zlib";
import { Fault } from "#base/fault.ts";
import { invalid, type ZipEntry, zipEntries } from "./zip-entries.ts";

/** What a worker is given. */
export interface Unpacking {
  readonly file: string;
  /** In base64. */
  readonly sha256: string;
  /** Where it was unpacked earlier: kept when every entry is still there as the file has it. */
  readonly copy: string | null;
  /** New, for when there is no sound copy. */
  readonly folder: string;
}

/** A fault as data, because errors of other threads lose their class. */
export type Unpacked = "as before" | "anew" | { readonly code: Fault["code"]; readonly message: string };

export function unpackFile({ file, sha256, copy, folder }: Unpacking): Unpacked {
  try {
    const zip = readFileSync(file);
    if (createHash("sha256").update(zip).digest("base64") !== sha256) throw damagedPackage(sha256);
    const entries = zipEntries(zip);
    if (copy !== null && holdsEntries(entries, copy)) return "as before";
    placeEntries(entries, folder);
    return "anew";
  } catch (thrown) {
    if (thrown instanceof Fault) return { code: thrown.code, message: thrown.message };
    throw thrown;
  }
}

export function damagedPackage(sha256: string): Fault {
  return new Fault(
    "InternalError",
    `the stored package ${sha256} is damaged: it does not match its SHA-256. Upload the code of its functions again`,
  );
}

/** By the checksums in the zip's own directory. What a function that is not isolated wrote beside its code does not count. */
export function holdsEntries(entries: readonly ZipEntry[], folder: string): boolean {
  // Of two entries with the same name the later one was placed over the other.
  const byPath = new Map(entries.map((entry) => [join(folder, entry.name), entry]));
  return [...byPath].every(([path, entry]) => {
    try {
      return isPlaced(path, entry);
    } catch {
      return false; // It is not there, or cannot be read: then it is unpacked again.
    }
  });
}

function isPlaced(path: string, entry: ZipEntry): boolean {
  const stats = lstatSync(path);
  if (entry.is === "folder") return stats.isDirectory();
  if (entry.is === "link") return stats.isSymbolicLink() && hasContent(Buffer.from(readlinkSync(path)), entry);
  const isExecutable = (stats.mode & 0o111) !== 0;
  return stats.isFile() && isExecutable === entry.isExecutable && hasContent(readFileSync(path), entry);
}

function hasContent(bytes: Uint8Array, { size, crc32: expected }: ZipEntry): boolean {
  return bytes.length === size && crc32(bytes) === expected;
}

/** Links come last, so that nothing is written through one. May leave a part behind. */
export function placeEntries(entries: readonly ZipEntry[], folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const made = new Set([folder]);
  for (const entry of entries.filter(({ is }) => is !== "link")) placing(entry, () => place(entry, folder, made));
  for (const entry of entries.filter(({ is }) => is === "link")) placing(entry, () => link(entry, folder, made));
}

/** A name that is a file here and a folder there is the package's fault; a full disk is ours. */
function placing({ name }: ZipEntry, work: () => void): void {
  try {
    work();
  } catch (thrown) {
    const code = (thrown as NodeJS.ErrnoException).code ?? "";
    const isTheirs = ["EEXIST", "ENOTDIR", "EISDIR", "ENAMETOOLONG", "ELOOP"].includes(code);
    throw isTheirs ? invalid(`the entry ${JSON.stringify(name)} does not fit the others`, thrown) : thrown;
  }
}

function place(entry: ZipEntry, folder: string, made: Set<string>): void {
  const path = join(folder, entry.name);
  if (entry.is === "folder") return makeFolder(path.replace(/\/$/, ""), made);
  makeFolder(dirname(path), made);
  const bytes = contentOf(entry);
  const descriptor = openSync(path, "w", 0o644);
  try {
    // The process's umask must not decide what a function may run.
    fchmodSync(descriptor, entry.isExecutable ? 0o755 : 0o644);
    for (let from = 0; from < bytes.length;) from += writeSync(descriptor, bytes, from);
  } finally {
    closeSync(descriptor);
  }
}

function makeFolder(path: string, made: Set<string>): void {
  if (made.has(path)) return;
  mkdirSync(path, { recursive: true, mode: 0o755 });
  made.add(path);
}

/** What really comes out is counted: a size that is said is only a promise. */
function contentOf(entry: ZipEntry): Uint8Array {
  const { name, data, size, isDeflated } = entry;
  const bytes = isDeflated ? inflated(name, data, size) : data;
  if (!hasContent(bytes, entry))
    throw invalid(`the entry ${JSON.stringify(name)} does not have the size and checksum that it says`);
  return bytes;
}

function inflated(name: string, data: Uint8Array, size: number): Uint8Array {
  if (size === 0 && data.length <= 2) return new Uint8Array(0);
  try {
    return inflateRawSync(data, { maxOutputLength: Math.max(1, size) });
  } catch (cause) {
    throw invalid(`the entry ${JSON.stringify(name)} is damaged, or larger than it says`, cause);
  }
}

// Linux's PATH_MAX.
const TARGET_BYTES = 4_096;

/** Relative, up only at its beginning and never above the package: then no chain of links can lead out of it either. */
function link(entry: ZipEntry, folder: string, made: Set<string>): void {
  const target = entry.size > TARGET_BYTES ? "" : Buffer.from(contentOf(entry)).toString("utf8");
  const path = entry.name.replace(/\/$/, "");
  const steps = target.split("/").filter((step) => step !== "." && step !== "");
  const firstDown = steps.findIndex((step) => step !== "..");
  const ups = firstDown < 0 ? steps.length : firstDown;
  const depth = path.split("/").filter((step) => step !== "." && step !== "").length - 1;
  if (
    target === "" ||
    target.startsWith("/") ||
    target.includes("\0") ||
    ups > depth ||
    steps.slice(ups).includes("..")
  )
    throw invalid(`the symbolic link ${JSON.stringify(entry.name)} would leave its folder`);
  makeFolder(dirname(join(folder, path)), made);
  symlinkSync(target, join(folder, path));
}
