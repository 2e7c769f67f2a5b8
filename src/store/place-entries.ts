/** Unpacks a zip file into a new folder. Synchronous, and so for a worker thread, or for little. */
import { closeSync, fchmodSync, mkdirSync, openSync, readFileSync, symlinkSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { crc32, inflateRawSync } from "node:zlib";
import { Fault } from "#base/fault.ts";
import { invalid, type ZipEntry, zipEntries } from "./zip-entries.ts";

/** What a worker is given. */
export interface Unpacking {
  readonly file: string;
  readonly folder: string;
}

/** Null when it is done; a fault as data, because errors of other threads lose their class. */
export type Unpacked = { readonly code: Fault["code"]; readonly message: string } | null;

export function unpackFile({ file, folder }: Unpacking): Unpacked {
  try {
    placeEntries(zipEntries(readFileSync(file)), folder);
    return null;
  } catch (thrown) {
    if (thrown instanceof Fault) return { code: thrown.code, message: thrown.message };
    throw thrown;
  }
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
function contentOf({ name, data, size, isDeflated, crc32: expected }: ZipEntry): Uint8Array {
  const bytes = isDeflated ? inflated(name, data, size) : data;
  if (bytes.length !== size || crc32(bytes) !== expected)
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
