/** Unpacks a zip into a new folder: only plain files and folders below it, with their exec bits, up to Lambda's size. */
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { unzip, type UnzipFileInfo } from "fflate";
import { Fault } from "#base/fault.ts";

// Lambda's limit on an unzipped package.
const UNPACKED_BYTES = 250 * 1024 * 1024;
// A package of more entries is an attack or a mistake; node_modules of a large application has 50,000.
const ENTRIES = 200_000;

/** Throws the fault Invalid, and may leave a part behind in `folder`. */
export async function unpackZip(zip: Uint8Array, folder: string): Promise<void> {
  const modes = readModes(zip);
  const files = await inflate(zip);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const [name, bytes] of Object.entries(files)) {
    const mode = ((modes.get(name) ?? 0) & 0o111) === 0 ? 0o644 : 0o755;
    await place(join(folder, name), bytes, mode).catch((cause: NodeJS.ErrnoException) => {
      // A name that is a file here and a folder there is the package's fault; a full disk is ours.
      const isTheirs =
        cause.code === "EEXIST" || cause.code === "ENOTDIR" || cause.code === "EISDIR" || cause.code === "ENAMETOOLONG";
      throw isTheirs ? invalid(`the entry ${JSON.stringify(name)} does not fit the others`, cause) : cause;
    });
  }
}

async function place(path: string, bytes: Uint8Array, mode: number): Promise<void> {
  if (path.endsWith("/")) {
    await mkdir(path, { recursive: true, mode: 0o755 });
    return;
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  await writeFile(path, bytes, { mode });
  // The process's umask must not decide what a function may run.
  await chmod(path, mode);
}

function inflate(zip: Uint8Array): Promise<Readonly<Record<string, Uint8Array>>> {
  let total = 0;
  let entries = 0;
  let fault: Fault | null = null;
  const filter = ({ name, originalSize }: UnzipFileInfo): boolean => {
    total += originalSize;
    entries++;
    fault ??= entryFault(name);
    if (total > UNPACKED_BYTES) fault ??= invalid(`it unpacks to more than ${UNPACKED_BYTES} bytes`);
    if (entries > ENTRIES) fault ??= invalid(`it has more than ${ENTRIES} entries`);
    return fault === null;
  };
  return new Promise((resolve, reject) => {
    unzip(zip, { filter }, (error, files) => {
      if (fault !== null) reject(fault);
      else if (error !== null) reject(invalid(error.message, error));
      else resolve(files);
    });
  });
}

/** Nothing may land outside of the folder, on any way. */
function entryFault(name: string): Fault | null {
  const isSafe =
    name !== "" &&
    !name.startsWith("/") &&
    !name.includes("\\") &&
    !name.includes("\0") &&
    !name.split("/").includes("..");
  return isSafe ? null : invalid(`the entry ${JSON.stringify(name)} would leave its folder`);
}

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const COMMENT_BYTES = 65_535;
const UNIX = 3;
const TYPE_MASK = 0o170000;
const SYMLINK = 0o120000;

/** Unix modes by name from the central directory, which fflate does not show. Refuses symbolic links. */
function readModes(zip: Uint8Array): ReadonlyMap<string, number> {
  const view = new DataView(zip.buffer, zip.byteOffset, zip.byteLength);
  const end = findEnd(view);
  const modes = new Map<string, number>();
  let at = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (at + ENTRY_BYTES > zip.length || view.getUint32(at, true) !== ENTRY_SIGNATURE)
      throw invalid("its directory is damaged");
    const nameLength = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(zip.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameLength));
    const mode = view.getUint8(at + 5) === UNIX ? view.getUint32(at + 38, true) >>> 16 : 0;
    if ((mode & TYPE_MASK) === SYMLINK) throw invalid(`the entry ${JSON.stringify(name)} is a symbolic link`);
    modes.set(name, mode);
    at += ENTRY_BYTES + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return modes;
}

function findEnd(view: DataView): number {
  const first = Math.max(0, view.byteLength - END_BYTES - COMMENT_BYTES);
  for (let at = view.byteLength - END_BYTES; at >= first; at--)
    if (view.getUint32(at, true) === END_SIGNATURE) return at;
  throw invalid("it is not a zip file");
}

function invalid(why: string, cause?: unknown): Fault {
  return new Fault("Invalid", `the deployment package cannot be used: ${why}`, cause === undefined ? {} : { cause });
}
